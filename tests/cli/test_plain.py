"""Which commands are understood without the parser of options."""

from pathlib import Path

import pytest

from fusee.cli.plain import plain_program


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
        (["run", "--dir", ".", "app.wasm"], []),
        (["run", "-"], []),
        (["validate", "app.wasm"], []),
        (["validte"], []),  # neither a file nor a command
    ],
)
def test_plain(arguments: list[str], program: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("app.wasm", "run", "validate"):
        (tmp_path / name).write_bytes(b"")
    assert plain_program(arguments) == program
