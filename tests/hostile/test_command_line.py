"""The command line says in one line what is wrong with a file, and never shows a Python traceback."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.encoding import one_function
from tests.hostile.giants import GIANTS, UNAFFORDABLE
from tests.hostile.samples import ARITHMETIC

WATCHDOG_SECONDS = 120

BAD_FILES = {
    "an empty file": b"",
    "text": b"This is not a module.\n",
    "half a module": ARITHMETIC[: len(ARITHMETIC) // 2],
    "a million operands that stay": GIANTS["a million operands that stay"][0](),
    "a memory of 2^32-1 pages": GIANTS["a memory of 2^32-1 pages"][0](),
    "a table of 2^32-1 functions": UNAFFORDABLE["a table of 2^32-1 functions"][0](),
}


def fusee(command: str, module: bytes, folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    file = folder / "guest.wasm"
    file.write_bytes(module)
    arguments = [sys.executable, "-m", "fusee", command, *options, str(file)]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=WATCHDOG_SECONDS)


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_gives_one_line_and_status_1(name: str, tmp_path: Path) -> None:
    result = fusee("run", BAD_FILES[name], tmp_path)
    assert result.returncode == 1
    assert result.stdout == ""
    assert re.fullmatch(r"fusee: [^\n]+\n", result.stderr)


def test_a_missing_file_gives_one_line_and_status_1(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "fusee", "run", str(tmp_path / "nowhere.wasm")]
    result = subprocess.run(arguments, capture_output=True, text=True, timeout=WATCHDOG_SECONDS)
    assert result.returncode == 1
    assert re.fullmatch(r"fusee: [^\n]*nowhere\.wasm[^\n]*\n", result.stderr)


def test_endless_recursion_is_a_trap_with_a_backtrace_and_status_134(tmp_path: Path) -> None:
    calls_itself = one_function(b"\x10\x00")
    result = fusee("run", calls_itself, tmp_path, "--invoke", "f")
    assert result.returncode == 134
    assert "call stack exhausted" in result.stderr
    assert "wasm backtrace:" in result.stderr
    assert len(result.stderr) < 10_000
