"""Which commands are understood without the parser of options, and that it would understand the same."""

import os
import random
from pathlib import Path
from typing import Any

import pytest

from fusee.cli.execution import Request
from fusee.cli.plain import plain_request
from fusee.cli.run import run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("app.wasm", "run", "validate", "--dir"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "program"),
    [
        (["app.wasm"], ["app.wasm"]),
        (["run", "app.wasm"], ["app.wasm"]),
        (["app.wasm", "--dir", "run", "--"], ["app.wasm", "--dir", "run", "--"]),
        (["run", "app.wasm", "-h"], ["app.wasm", "-h"]),
        (["run", "run"], ["run"]),  # a file of that name
        (["run"], []),  # the command, which misses its file
        ([], []),
        (["-h"], []),
        (["run", "--dir", "."], []),
        (["run", "--dir"], []),
        (["run", "--invoke", "-1", "app.wasm"], []),
        (["run", "--invoke=main", "app.wasm"], []),
        (["run", "--count", "app.wasm"], []),
        (["run", "-"], []),
        (["run", "-C", "compiler=native", "missing.wasm"], []),
        (["validate", "app.wasm"], []),
        (["validte"], []),  # neither a file nor a command
    ],
)
def test_plain(arguments: list[str], program: list[str], folder: Path) -> None:
    asked = plain_request(arguments)
    assert asked == ({"file": program[0], "arguments": tuple(program[1:])} if program else None)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--invoke", "main", "app.wasm", "1"],
        ["-C", "compiler=tiered", "--invoke", "a", "--invoke", "b", "app.wasm", "--invoke", "c"],
        ["--dir", ".", "--dir", "a::b", "--env", "A=1", "--env", "B", "--argv0", "", "app.wasm"],
        ["-W", "fuel=1", "-S", "cli=n", "-D", "checked", "-O", "opt-level=2", "-W", "simd=n", "app.wasm", "-W"],
    ],
)
def test_options_are_understood_as_by_their_parser(arguments: list[str], folder: Path) -> None:
    asked = plain_request(arguments)
    assert asked is not None
    assert plain_request(["run", *arguments]) == asked
    parsed: dict[str, Any] = run.make_context("run", list(arguments)).params
    assert Request(**asked) == Request(**parsed | {"file": os.fspath(parsed["file"])})


WORDS = [
    "run", "app.wasm", "validate", "missing.wasm", "", "a=b", ".", "-", "--", "-h", "--help", "-x", "--dir=.", "-Wx",
    "--inv", "--dir", "--env", "--argv0", "--invoke", "-W", "-S", "-D", "-O", "-C", "--wasm", "--count", "\udc80",
]  # fmt: skip


def test_random_commands_are_understood_as_by_their_parser(folder: Path) -> None:
    rng, plain = random.Random(1), 0
    for _ in range(5000):
        arguments = rng.choices(WORDS, k=rng.randrange(1, 7))
        asked = plain_request(arguments)
        if asked is not None:
            plain += 1
            given = arguments[arguments[0] == "run" :]
            parsed: dict[str, Any] = run.make_context("run", given).params
            assert Request(**asked) == Request(**parsed | {"file": os.fspath(parsed["file"])})
    assert plain > 200
