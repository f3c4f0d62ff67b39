"""Runs several scripts, each on an engine with the features that the script is written for."""

from collections.abc import Callable, Iterable
from pathlib import Path

from fusee.wast.driver import Driver
from fusee.wast.gates import Gate, gate_of
from fusee.wast.report import FileReport, Report
from fusee.wast.runner import run_script
from fusee.wast.script import ScriptError, open_script

MakeDriver = Callable[[Gate], Driver]


def run_files(
    paths: Iterable[Path], make_driver: MakeDriver, on_done: Callable[[FileReport], None] = lambda report: None
) -> Report:
    """Runs scripts one after the other; a script that cannot be read is a failure of its own."""
    report = Report()
    for path in paths:
        done = _run_file(path, make_driver)
        report.files.append(done)
        on_done(done)
    return report


def _run_file(path: Path, make_driver: MakeDriver) -> FileReport:
    gate = gate_of(path)
    report = FileReport(path)
    if gate.skip:
        report.skips[f"{gate.skip}, the whole file"] += 1
        return report
    try:
        with open_script(path) as script:
            return run_script(script, make_driver(gate))
    except ScriptError as error:
        report.fail(error.line, "script", str(error))
    return report
