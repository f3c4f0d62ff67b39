"""A whole run with engines that only pretend, and what its user sees meanwhile."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from fusee.bench.answers import WrongAnswer
from fusee.bench.device import parse_count
from fusee.bench.live import LiveTable
from fusee.bench.measure import Row, measure
from fusee.bench.report import Report
from fusee.bench.session import HOST, Session
from fusee.bench.tasks import Case, Host, Task, case_of_workload
from fusee.bench.workloads import find_workloads
from tests.bench.parrots import echo, failing

FIB = case_of_workload(find_workloads("fib")[0])


def session(*, is_terminal: bool = False, fails: bool = False) -> tuple[Session, io.StringIO]:
    """A run of one workload, not yet begun, and where it prints."""
    output = io.StringIO()
    console = Console(file=output, force_terminal=is_terminal, width=120)
    engines = [failing("trap", "fusee") if fails else echo(FIB, "fusee"), echo(FIB, "twin"), failing("old", "fossil")]
    return Session(console, Report(engines, repetitions=1), [FIB], [], Path("empty.wasm")), output


def test_a_run_fills_the_report_and_shows_it() -> None:
    run, output = session()
    run.run([HOST])
    run.show()
    assert list(run.report.rows[0].timings) == ["fusee", "twin"]
    text = output.getvalue()
    assert "fib" in text
    assert "– fossil on fib: old" in text
    assert "twin: knows it all" in text
    assert run.failures == []


def test_only_the_subjects_failure_is_one_of_the_run() -> None:
    run, _ = session(fails=True)
    run.run([HOST])
    assert run.failures == ["fib: trap"]


def test_the_table_is_drawn_while_it_fills_but_only_on_a_terminal() -> None:
    engines = [echo(FIB, "fusee"), echo(FIB, "twin")]
    for is_terminal in (True, False):
        output = io.StringIO()
        console = Console(file=output, force_terminal=is_terminal, width=120)
        with LiveTable(console, Report(engines, repetitions=2), 1) as live:
            measure(engines, [FIB], 2, live.watch)
        assert ("fib" in output.getvalue()) is is_terminal


def test_the_line_below_says_whose_turn_it_is() -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=120)
    with LiveTable(console, Report([echo(FIB, "fusee")], repetitions=5), 3) as live:
        live.watch(Row(FIB), "fusee")
    assert "1 of 3: fib under fusee, trying" in output.getvalue()


def test_what_is_not_for_devices_is_said_and_no_failure() -> None:
    run, output = session()
    reason = "is a library, which is called from Python"
    task = Task(Path("app.wasm"), host=Host("some.host", reason))
    hosted = replace(run, cases=[Case("app", task, task, task)])
    hosted.run(["arm64_32-apple-watchos"])
    hosted.show()
    assert f"arm64_32-apple-watchos on app: {reason}" in output.getvalue()
    assert hosted.failures == []
    (row,) = hosted.report.document()["workloads"]
    assert row == {"name": "app", "skipped": {"arm64_32-apple-watchos": reason}}


def test_counts_are_read() -> None:
    count = parse_count("     989,928 instructions\n      18,202 before and between calls into the program\n  7 run\n")
    assert (count.total, count.loading) == (989_928, 18_202)
    with pytest.raises(WrongAnswer, match="fusee: no such target"):
        parse_count("fusee: no such target\nat all")
