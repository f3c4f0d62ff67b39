"""`fusee bench` as users call it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fusee.bench.tasks import EMPTY_COMMAND
from fusee.bench.workloads import find_workloads

FIB = find_workloads("fib")[0]
# Prints a version, or "Result: " and the number that it is made with.
PEER = '#!/bin/sh\ncase "$*" in *--version*) echo "Wasm3 v0";; *) echo "Result: {}";; esac\n'


def bench(*arguments: str | Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """One repetition, on as few peers as are named."""
    command = [sys.executable, "-m", "fusee", "bench", "--repetitions", "1", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


@pytest.fixture
def numbers(tmp_path: Path) -> Any:
    """Runs the command with `--json` and reads what it wrote."""

    def run(*arguments: str | Path) -> Any:
        result = bench("--json", "numbers.json", *arguments, cwd=tmp_path)
        assert (result.returncode, result.stderr) == (0, "")
        return json.loads((tmp_path / "numbers.json").read_text())

    return run


def peer(folder: Path, name: str, answer: int) -> str:
    """An executable that gives the same answer to everything, as an argument for `--peer`."""
    program = folder / name
    program.write_text(PEER.format(answer))
    program.chmod(0o755)
    return f"wasm3-{name}={program}"


def test_a_module_of_the_users_is_compared_with_those_who_agree(tmp_path: Path, numbers: Any) -> None:
    right, wrong = peer(tmp_path, "right", 55), peer(tmp_path, "wrong", 54)
    document = numbers("--peer", right, "--peer", wrong, "--peers", "wasm3-right,wasm3-wrong",
                       FIB.path, "--invoke", "run", "10")  # fmt: skip
    row = document["workloads"][0]
    assert row["name"] == "fib"
    assert list(row["seconds"]) == ["fusee", "wasm3-right"]
    assert row["skipped"]["wasm3-wrong"] == "gave 54 instead of 55"
    assert list(document["peers"]) == ["wasm3-right", "wasm3-wrong"]
    assert document["load"] == []  # of so small a module no time can be told


def test_a_wasi_command_of_the_users(tmp_path: Path, numbers: Any) -> None:
    (tmp_path / "app.wasm").write_bytes(EMPTY_COMMAND)
    document = numbers("--peers", "", "app.wasm", "--", "--verbose")
    assert [row["name"] for row in document["workloads"]] == ["app"]
    assert document["workloads"][0]["ratios"] == {}


def test_a_device_counts_instead_of_timing(numbers: Any) -> None:
    pytest.importorskip("unicorn", reason="emulates devices: pip install 'fusee[emulator]'")
    target = "arm64_32-apple-watchos"
    row = numbers("--target", target, "--workload", "fib")["workloads"][0]
    count = row.pop("instructions")[target]
    assert count["total"] > count["loading"] > 1_000
    assert row == {"name": "fib"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--workload", "fob"), "no workload named 'fob'"),
        (("--peers", "v8"), "no peer named 'v8' was found"),
        (("--peer", "v8=/bin/v8"), "NAME=PROGRAM"),
        (("--invoke", "run"), "--invoke needs a FILE"),
        (("--target", "host", "--target", "arm65"), "--target: unknown triple 'arm65'"),
        (("--json", "/proc/none/x"), "/proc/none/x: No such file or directory"),
    ],
)
def test_what_cannot_be_is_said_at_once(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    result = bench(*arguments, cwd=tmp_path)
    assert result.returncode == 1
    assert message in result.stderr


def test_a_module_that_fusee_cannot_run_fails_the_command(tmp_path: Path) -> None:
    (tmp_path / "bad.wasm").write_bytes(b"\0asm\1\0\0\0\xff")
    result = bench("--peers", "", "bad.wasm", cwd=tmp_path)
    assert result.returncode == 1
    assert "bad.wasm" in result.stderr
