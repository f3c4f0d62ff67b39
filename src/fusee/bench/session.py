"""One run of `fusee bench` from beginning to end."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from fusee.bench.device import DeviceCounts, count_instructions
from fusee.bench.engines import Engine
from fusee.bench.live import LiveTable
from fusee.bench.load import Load, measure_load
from fusee.bench.measure import measure
from fusee.bench.report import Report
from fusee.bench.table import DASH, device_table, load_table, ratio_table, skipped_lines
from fusee.bench.tasks import Case

HOST = "host"


@dataclass(frozen=True)
class Session:
    """Fills a report, and tells on the console how far it is and what came out."""

    console: Console
    report: Report
    cases: Sequence[Case]
    modules: Sequence[Path]  # whose loading is timed
    empty: Path  # a WASI command that does nothing

    def run(self, targets: Sequence[str]) -> None:
        """Time on the host and count on devices, as `targets` say."""
        report = self.report
        if HOST in targets:
            with LiveTable(self.console, report, len(self.cases)) as live:
                report.rows = measure(report.engines, self.cases, report.repetitions, live.watch, report.clock)
            report.loads = self._measure_loads()
        report.devices = [self._count(target) for target in targets if target != HOST]

    def _measure_loads(self) -> list[Load]:
        report = self.report
        with self.console.status("loading") as status:
            loads = []
            for module in self.modules:
                status.update(f"loading {module.stem}")
                engines = [engine for engine in report.engines if self._can_load(engine, module)]
                loads.append(measure_load(engines, module, self.empty, report.repetitions))
        return loads

    def _can_load(self, engine: Engine, module: Path) -> bool:
        """Whether the engine ran something of this module, or of any if none of the programs timed is of it."""
        rows = [row for row in self.report.rows if row.case.full.module == module] or self.report.rows
        return any(engine.name in row.timings for row in rows)

    def _count(self, target: str) -> DeviceCounts:
        with self.console.status(f"building for {target}") as status:
            return count_instructions(target, self.cases, lambda case: status.update(f"{case.name} on {target}"))

    def show(self) -> None:
        """Print what was found out."""
        report, console = self.report, self.console
        if report.rows:
            console.print(ratio_table(report))
        if report.loads:
            console.print(load_table(report))
        if report.devices:
            console.print(device_table(report))
        for line in skipped_lines(report):
            console.print(f"[bold]{DASH}[/] {escape(line)}", highlight=False)
        for engine in report.engines:
            note = f" ({engine.note})" if engine.note else ""
            console.print(f"[bold]{engine.name}[/]: {escape(engine.version + note)}", highlight=False)

    @property
    def failures(self) -> list[str]:
        """What went wrong with Fusee itself, here or on a device: a peer may lack something, the subject not."""
        rows, subject = self.report.rows, self.report.subject
        failed = [f"{row.case.name}: {row.skipped[subject]}" for row in rows if subject in row.skipped]
        for device in self.report.devices:
            failed += [f"{name} on {device.target}: {reason}" for name, reason in device.skipped.items()]
        return failed
