"""`fusee bench`: time programs under Fusee and under every peer that this machine has."""

import json
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click
from rich.console import Console

from fusee.bench.engines import Engine, fusee_engine
from fusee.bench.load import large_modules, sample_module
from fusee.bench.measure import Clock
from fusee.bench.peers import choose_peers
from fusee.bench.real import cases_of_programs
from fusee.bench.report import Report
from fusee.bench.session import HOST, Session
from fusee.bench.tasks import Case, Task, case_of_program, case_of_workload, empty_command
from fusee.bench.workloads import find_workloads
from fusee.cli.modules import check_writable, parse_target
from fusee.cli.prepare import prepare_apart
from fusee.cli.selection import TUNE_HELP, checked


@click.command("bench")
@click.option("--workload", "--workloads", "workloads", metavar="NAME,…", help="Only these workloads.")
@click.option("--peers", "names", metavar="NAME,…", help="Only these of the peers found; an empty list for none. "
              "Fusee's own native code is named so, too: native, tiered, tiered-cold.")  # fmt: skip
@click.option("--peer", "programs", metavar="NAME=PROGRAM", multiple=True, help="A peer that is not on the PATH.")
@click.option("--repetitions", type=click.IntRange(min=1), default=5, show_default=True, help="Runs of each pair.")
@click.option("--target", "targets", metavar="TRIPLE", multiple=True, default=(HOST,), show_default=True,
              help="Instead of timing, count what this device executes, in the emulator; repeat for both.")  # fmt: skip
@click.option("--invoke", metavar="NAME", help="Call this export of FILE with the arguments.")
@click.option("--dir", "directory", type=click.Path(path_type=Path, exists=True, file_okay=False, resolve_path=True),
              help="Run FILE in this directory, and give it to the program as '.'.")  # fmt: skip
@click.option("--real", is_flag=True, help="Real programs from PyPI and npm, as far as they are installed.")
@click.option("--ignore-output", is_flag=True, help="Engines need only agree on the exit status: FILE prints times.")
@click.option("--tune", "trees", metavar="FILE", type=click.Path(path_type=Path), help=TUNE_HELP)
@click.option("--wall", is_flag=True, help="Time whole processes by the clock on the wall, start-up included.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write the numbers to this file.")
@click.option("--html", "html_path", type=click.Path(path_type=Path), help="Also write a report with charts.")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False, resolve_path=True))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(
    workloads: str | None,
    names: str | None,
    programs: tuple[str, ...],
    repetitions: int,
    targets: tuple[str, ...],
    invoke: str | None,
    directory: Path | None,
    real: bool,
    ignore_output: bool,
    trees: Path | None,
    wall: bool,
    json_path: Path | None,
    html_path: Path | None,
    file: Path | None,
    arguments: tuple[str, ...],
) -> int:
    """Compare Fusee's speed with its peers', on workloads with known answers or on FILE.

    Each run is a process of its own, timed from outside in user time, all engines in turn; the table shows medians.
    FILE is a WASI command, or a module with an export to --invoke; engines must agree on its results.
    """
    if invoke is not None and file is None:
        raise click.UsageError("--invoke needs a FILE")
    _check(targets, (json_path, html_path))
    html = _find_html() if html_path else None
    with empty_command() as empty:
        try:
            engines = [fusee_engine(None if trees is None else checked(trees)), *choose_peers(names, programs)]
            if file is not None:
                cases = [case_of_program(Task(file, invoke, arguments, directory), empty, not ignore_output)]
            elif real:
                cases = _real_cases(empty)
            else:
                cases = [case_of_workload(workload) for workload in find_workloads(workloads)]
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        samples = [sample_module(empty.parent)] if file is None else []
        if HOST in targets:
            prepare_apart(trees)
        report = _new_report(engines, repetitions, Clock.WALL if wall else Clock.USER)
        session = Session(Console(), report, cases, [*samples, *large_modules(cases)], empty)
        session.run(targets)
    session.show()
    if json_path:
        json_path.write_text(json.dumps(report.document(), indent=2) + "\n")
    if html_path and html:
        html_path.write_text(html(report))
    for failure in session.failures:
        click.echo(f"fusee: {failure}", err=True)
    return 1 if session.failures else 0


def _check(targets: Iterable[str], paths: Iterable[Path | None]) -> None:
    """Refuse targets that there are not, and files that cannot be written, before minutes of measuring."""
    for triple in targets:
        if triple != HOST:
            parse_target(triple)
    for path in paths:
        check_writable(path)


def _real_cases(empty: Path) -> list[Case]:
    """The real programs that are installed; says which are not."""
    cases, missing = cases_of_programs(empty)
    for name, remedy in missing.items():
        click.echo(f"fusee: {name} is left out: {remedy}", err=True)
    return cases


def _new_report(engines: Sequence[Engine], repetitions: int, clock: Clock) -> Report:
    return Report(engines, repetitions=repetitions, clock=clock, command=shlex.join(["fusee", *sys.argv[1:]]))


def _find_html() -> Callable[[Report], str]:
    """What writes the page. Whether it is there is asked before minutes of measuring."""
    try:
        from fusee.bench.html import html_report
    except ImportError as error:
        raise click.ClickException(f"{error.name} is missing: pip install 'fusee[bench]'") from None
    return html_report
