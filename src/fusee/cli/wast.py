"""`fusee wast`: run specification scripts."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fusee.cli.modules import prefer_shipped

if TYPE_CHECKING:
    from fusee.wast import Report

_MANY: Final = 10


@click.command()
@click.option("--checked", is_flag=True, help="Use the build of the engine that checks its own memory accesses.")
@click.option("--target", metavar="TRIPLE", help="Run the build for another machine, on an emulated device.")
@click.option("--json", "as_json", is_flag=True, help="Show the report as JSON.")
@click.option("--expect", "known", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
              help="A TOML file of known failures; one that passes counts as a failure.")  # fmt: skip
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def wast(checked: bool, target: str | None, as_json: bool, known: Path | None, paths: tuple[Path, ...]) -> int:
    """Run specification scripts: .wast files, or all those directly in a directory."""
    from fusee.wast.report import load_known_failures

    if target:
        prefer_shipped(target)
    scripts, status = _find_all(paths)
    if not scripts:
        return status
    report = _run_all(scripts, checked, target)
    if known is not None:
        report.expect(load_known_failures(known))
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=2))
    else:
        _show(report)
    return 1 if report.failures else status


def _find_all(paths: tuple[Path, ...]) -> tuple[list[Path], int]:
    """The scripts at all paths where there are any, and an exit status: an error is shown for each of the others."""
    from fusee.cli.main import fail
    from fusee.wast import ScriptError, find_scripts

    scripts, status = [], 0
    for path in paths:
        try:
            scripts += find_scripts([path])
        except ScriptError as error:
            status = fail(str(error))
    return scripts, status


def _run_all(scripts: list[Path], checked: bool, target: str | None) -> "Report":
    """Runs scripts, with a progress bar where somebody may be waiting."""
    from fusee.cli.whole import need_whole_engine
    from fusee.wast import run_files
    from fusee.wast.engine_driver import EngineDriver
    from fusee.wast.gates import Gate

    need_whole_engine()  # what is tested is the real thing

    def make_driver(gate: Gate) -> EngineDriver:
        return EngineDriver(gate, checked, target)

    if len(scripts) < _MANY or not sys.stderr.isatty():
        return run_files(scripts, make_driver)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("specification scripts", total=len(scripts))
        return run_files(scripts, make_driver, lambda report: progress.advance(task))


def _show(report: "Report") -> None:
    for failure in report.failures:
        click.echo(str(failure))
    for reason, count in report.skips.most_common():
        click.echo(f"skipped {count}: {reason}")
    click.echo(report.summary)
