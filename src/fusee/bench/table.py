"""What people see in the terminal."""

from rich.table import Table

from fusee.bench.measure import Row
from fusee.bench.report import Report

DASH = "–"


def ratio_table(report: Report) -> Table:
    """One row per program: the subject's seconds, then how many times faster than each peer it is."""
    subject, rows = report.subject, report.rows
    table = Table(
        title=f"{report.clock.value} under {subject}, and how many times faster than each peer that is",
        caption="° hold-out; means are geometric",
    )
    table.add_column("workload", no_wrap=True)
    for heading in ("seconds", "start-up", *report.peers):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        own = row.timings.get(subject)
        seconds = [f"{own.call:.3f}", f"{own.startup:.3f}"] if own and own.process_seconds else [DASH, DASH]
        table.add_row(label(row), *seconds, *(_times(_ratio(row, subject, peer)) for peer in report.peers))
    if len(rows) > 1 and report.peers:
        table.add_section()
        for group, means in report.means().items():
            cells = (_times(means.get(peer)) for peer in report.peers)
            table.add_row(f"mean, {group}", "", "", *cells, style="bold")
    return table


def label(row: Row) -> str:
    """A program's name, with a mark if it belongs to the hold-out."""
    return f"{row.case.name} °" if row.case.hold_out else row.case.name


def _ratio(row: Row, subject: str, peer: str) -> float | None:
    """None also while a row is only begun."""
    has_times = all(name in row.timings and row.timings[name].process_seconds for name in (subject, peer))
    return row.ratio(subject, peer) if has_times else None


def _times(ratio: float | None) -> str:
    return DASH if ratio is None else f"{ratio:.2f}×"


def load_table(report: Report) -> Table:
    """Per module, one row for each engine: what loading it takes."""
    table = Table(title="Loading, until functions can be called: user and system time")
    for heading in ("module", "size", "engine", "time", "speed"):
        table.add_column(heading, justify="left" if heading in ("module", "engine") else "right")
    for load in report.loads:
        table.add_section()
        for place, (engine, seconds) in enumerate(load.seconds.items()):
            module = (load.name, f"{load.bytes / 1e6:.2f} MB") if place == 0 else ("", "")
            table.add_row(*module, engine, f"{seconds * 1e3:.1f} ms", f"{load.bytes / 1e6 / seconds:.1f} MB/s")
    return table


def device_table(report: Report) -> Table:
    """One row per program: executed instructions on each device."""
    table = Table(title="Executed instructions at the small argument (of which loading)")
    table.add_column("workload", no_wrap=True)
    for device in report.devices:
        table.add_column(device.target, justify="right")
    names = dict.fromkeys(name for device in report.devices for name in (*device.counts, *device.reasons))
    for name in names:
        counts = [device.counts.get(name) for device in report.devices]
        table.add_row(name, *(f"{count.total:,} ({count.loading:,})" if count else DASH for count in counts))
    return table


def skipped_lines(report: Report) -> list[str]:
    """Why there are dashes: one line per engine and reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in report.rows:
        for engine, reason in row.reasons().items():
            reasons.setdefault((engine, reason), []).append(row.case.name)
    for device in report.devices:
        for name, reason in device.reasons.items():
            reasons.setdefault((device.target, reason), []).append(name)
    return [f"{engine} on {', '.join(names)}: {reason}" for (engine, reason), names in reasons.items()]
