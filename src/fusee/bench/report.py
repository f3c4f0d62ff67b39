"""All that one run of `fusee bench` found out, and what follows from it."""

import math
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fusee.bench.device import DeviceCounts
from fusee.bench.engines import Engine
from fusee.bench.load import Load
from fusee.bench.measure import Clock, Row


@dataclass
class Report:
    """One run. The first engine is the subject: ratios say how many times faster than the others it is."""

    engines: Sequence[Engine]
    rows: Sequence[Row] = ()
    loads: Sequence[Load] = ()
    devices: Sequence[DeviceCounts] = ()
    repetitions: int = 0
    clock: Clock = Clock.USER
    command: str = ""
    date: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))

    @property
    def subject(self) -> str:
        """The engine whose speed is asked for."""
        return self.engines[0].name

    @property
    def peers(self) -> list[str]:
        """The engines that it is compared with."""
        return [engine.name for engine in self.engines[1:]]

    def means(self) -> dict[str, dict[str, float]]:
        """Geometric means of ratios per peer: over all programs, over the hold-out, and over the rest.

        The last two only where there are both.
        """
        groups = {"all": list(self.rows)}
        held_out = [row for row in self.rows if row.case.hold_out]
        if held_out and len(held_out) < len(self.rows):
            rest = [row for row in self.rows if not row.case.hold_out]
            groups |= {"hold-out": held_out, "rest": rest}
        return {group: self._means(rows) for group, rows in groups.items()}

    def _means(self, rows: Iterable[Row]) -> dict[str, float]:
        rows = list(rows)
        ratios = {peer: [r for row in rows if (r := row.ratio(self.subject, peer))] for peer in self.peers}
        return {peer: statistics.geometric_mean(each) for peer, each in ratios.items() if each}

    def document(self) -> dict[str, Any]:
        """The numbers for programs, as `--json` writes them."""
        subject = self.engines[0]
        names = [row.case.name for row in self.rows] or list(dict.fromkeys(n for d in self.devices for n in _names(d)))
        by_name: dict[str, dict[str, Any]] = {name: {"name": name} for name in names}
        for row in self.rows:
            by_name[row.case.name] |= self._row(row)
        for device in self.devices:
            for name, count in device.counts.items():
                counts = {"total": count.total, "loading": count.loading}
                by_name[name].setdefault("instructions", {})[device.target] = counts
            for name, reason in device.reasons.items():
                by_name[name].setdefault("skipped", {})[device.target] = reason
        return {
            "workloads": list(by_name.values()),
            "geometric_means": {g: {p: rounded(m) for p, m in each.items()} for g, each in self.means().items()},
            "load": [{"name": load.name, "bytes": load.bytes, "seconds": load.seconds} for load in self.loads],
            "peers": {engine.name: describe(engine) for engine in self.engines[1:]},
            "subject": {subject.name: describe(subject)},
            "machine": machine(),
            "repetitions": self.repetitions,
            "clock": self.clock.name.lower(),
            "command": self.command,
            "date": self.date,
        }

    def _row(self, row: Row) -> dict[str, Any]:
        case, timings, subject = row.case, row.timings, self.subject
        entry: dict[str, Any] = {
            "language": case.language,
            "proposals": sorted(case.proposals),
            "hold_out": case.hold_out,
            "bytes": case.full.module.stat().st_size,
        }
        if subject in timings:
            own = timings[subject]
            entry[f"{subject}_seconds"] = own.call
            entry[f"{subject}_process_seconds"] = own.whole
            ratios = {peer: row.ratio(subject, peer) for peer in self.peers}
            entry["ratios"] = {peer: rounded(ratio) for peer, ratio in ratios.items() if ratio}
            entry["process_ratios"] = {
                peer: rounded(timings[peer].whole / own.whole)
                for peer in self.peers
                if peer in timings and timings[peer].is_clear
            }
        entry["seconds"] = {name: timing.call for name, timing in timings.items()}
        entry["startup_seconds"] = {name: timing.startup for name, timing in timings.items()}
        entry["peak_bytes"] = {name: timing.peak for name, timing in timings.items() if timing.peak}
        reasons = row.reasons()
        return entry | ({"skipped": reasons} if reasons else {})


def _names(device: DeviceCounts) -> list[str]:
    return [*device.counts, *device.reasons]


def describe(engine: Engine) -> dict[str, str]:
    """What an engine is and how it is called."""
    text = {"version": engine.version, "command": engine.flags}
    return text | ({"note": engine.note} if engine.note else {})


def rounded(ratio: float) -> float:
    """Three significant digits: more would claim a precision that timing does not have."""
    return round(ratio, 2 - math.floor(math.log10(ratio)))


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    return {
        "processor": _processor_name(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor()
