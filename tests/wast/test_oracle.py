"""The runner on an engine that is known to be right: whatever fails here, the runner has misread."""

from pathlib import Path

import pytest

from fusee.wast.script import find_scripts
from fusee.wast.suite import run_files

# Scripts whose results wasmtime's C interface does not let us see: kinds of references, and exceptions.
OPAQUE = {
    *("array", "array_new_data", "array_new_elem", "struct", "i31", "extern", "ref_null"),
    *("throw", "throw_ref", "try_table"),
}


@pytest.mark.slow
def test_wasmtime_passes(suite: Path) -> None:
    pytest.importorskip("wasmtime", reason="the oracle: pip install wasmtime")
    from tests.wast.wasmtime_driver import WasmtimeDriver

    scripts = [path for path in find_scripts([suite]) if path.stem not in OPAQUE]
    report = run_files(scripts, lambda gate: WasmtimeDriver())
    assert report.failures == []
    assert report.passed > 60_000
    assert set(report.skips) == {"text format"}
