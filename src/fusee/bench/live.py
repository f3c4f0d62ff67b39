"""The table while it fills, for those who wait."""

from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner

from fusee.bench.measure import Row
from fusee.bench.report import Report
from fusee.bench.table import ratio_table


class LiveTable:
    """Shows rows as they are measured; nothing where the output is not a terminal."""

    def __init__(self, console: Console, report: Report, cases: int) -> None:
        self._rows: list[Row] = []
        self._report = replace(report, rows=self._rows)  # what is known so far
        self._cases = cases
        self._live = Live(console=console, transient=True, refresh_per_second=4)
        self._is_on = console.is_terminal
        self._stack = ExitStack()

    def __enter__(self) -> "LiveTable":
        if self._is_on:
            self._stack.enter_context(self._live)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def watch(self, row: Row, engine: str) -> None:
        """Draw anew: it is this engine's turn with this row."""
        if row not in self._rows:
            self._rows.append(row)
        if self._is_on:
            self._live.update(Group(ratio_table(self._report), self._status(row, engine)))

    def _status(self, row: Row, engine: str) -> Spinner:
        done = min((len(timing.process_seconds) for timing in row.timings.values()), default=0)
        turn = f", run {done + 1} of {self._report.repetitions}" if row.timings else ", trying"
        text = f"{len(self._rows)} of {self._cases}: {row.case.name} under {engine}{turn}" if engine else ""
        return Spinner("dots", text=text)
