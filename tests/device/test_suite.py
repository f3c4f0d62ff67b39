"""A part of the official test suite on devices' code; `fusee wast --target TRIPLE DIRECTORY` runs all of it."""

import os
from pathlib import Path

import pytest

from fusee.wast import run_files
from fusee.wast.engine_driver import EngineDriver
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
@pytest.mark.parametrize("name", CHOSEN)
@pytest.mark.parametrize("triple", TARGETS)
def test_script(triple: str, name: str) -> None:
    report = run_files([SUITE / f"{name}.wast"], lambda gate: EngineDriver(gate, target=triple))
    assert [str(failure) for failure in report.failures] == []
    assert report.passed > 0
