"""What a measurement says: a table for people and a document for programs."""

import math
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table

from fusee.bench.engines import Engine
from fusee.bench.measure import Results, Timing


def geometric_mean(ratios: Iterable[float]) -> float:
    """The mean that treats 2 times faster and 2 times slower as opposites."""
    return statistics.geometric_mean(ratios)


def call_ratio(timings: dict[str, Timing], subject: str, peer: str) -> float:
    """How many times faster than the peer the subject is, start-up left out."""
    return timings[peer].call / timings[subject].call


def ratio_table(engines: Sequence[Engine], results: Results) -> Table:
    """One row per workload: the subject's seconds, then how many times faster than each peer it is."""
    subject, *peers = (engine.name for engine in engines)
    table = Table(title=f"User time per call; columns of peers: times faster than the peer {subject} is")
    table.add_column("workload")
    table.add_column(f"{subject} call", justify="right")
    table.add_column("start-up", justify="right")
    for peer in peers:
        table.add_column(peer, justify="right")
    for workload, timings in results.items():
        own = timings[subject]
        ratios = [f"{call_ratio(timings, subject, peer):.2f}×" for peer in peers]
        table.add_row(workload, f"{own.call:.3f} s", f"{own.whole - own.call:.3f} s", *ratios)
    table.add_section()
    means = [geometric_mean(call_ratio(t, subject, peer) for t in results.values()) for peer in peers]
    table.add_row("geometric mean", "", "", *(f"{mean:.2f}×" for mean in means), style="bold")
    return table


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


def document(engines: Sequence[Engine], results: Results) -> dict[str, Any]:
    """The same as the table, and the seconds behind it, for `--json`."""
    subject, *peers = (engine.name for engine in engines)
    rows = []
    for workload, timings in results.items():
        own = timings[subject]
        rows.append(
            {
                "name": workload,
                f"{subject}_seconds": own.call,
                f"{subject}_process_seconds": own.whole,
                "ratios": {peer: _rounded(call_ratio(timings, subject, peer)) for peer in peers},
                "process_ratios": {peer: _rounded(timings[peer].whole / own.whole) for peer in peers},
                "peer_seconds": {peer: timings[peer].call for peer in peers},
            }
        )
    return {
        "workloads": rows,
        "peers": {engine.name: engine.description for engine in engines[1:]},
        "subject": {engines[0].name: engines[0].description},
        "machine": machine(),
    }


def _rounded(ratio: float) -> float:
    """Three significant digits: more would claim a precision that timing does not have."""
    return round(ratio, 2 - math.floor(math.log10(ratio)))
