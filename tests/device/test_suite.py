"""A part of the official test suite on devices' code; `fusee wast --target TRIPLE DIRECTORY` runs all of it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.device.conftest import TARGETS

SUITE = Path(os.environ.get("WASM_TESTSUITE") or Path(__file__).parents[3] / "shared" / "testsuite")

# Every family of instructions, and all that depends on the width of pointers.
CHOSEN = (
    "address", "address64", "align", "br_table", "bulk", "call", "call_indirect", "conversions", "data", "elem",
    "endianness", "f32", "f64", "func_ptrs", "global", "i32", "i64", "imports", "linking", "load64", "local_tee",
    "memory", "memory64", "memory_copy", "memory_grow", "memory_grow64", "memory_trap", "ref_func", "select",
    "stack", "start", "table_copy", "table_get", "table_grow", "traps", "unreachable",
)  # fmt: skip


@pytest.mark.skipif(not SUITE.is_dir(), reason="no test suite: set WASM_TESTSUITE to a copy of it")
@pytest.mark.parametrize("triple", TARGETS)
def test_scripts(triple: str) -> None:
    """In a process of their own: each script has a device, and the emulator gives little of them back."""
    scripts = [str(SUITE / f"{name}.wast") for name in CHOSEN]
    command = [sys.executable, "-m", "fusee", "wast", "--target", triple, *scripts]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    passed = re.search(r"([0-9,]+) passed, 0 failed", done.stdout)
    assert passed and int(passed[1].replace(",", "")) > 10_000
