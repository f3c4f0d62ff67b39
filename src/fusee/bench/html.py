"""The report as one HTML page that needs nothing beside itself."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from fusee.bench.charts import Chart, draw
from fusee.bench.device import DeviceCounts
from fusee.bench.measure import Row
from fusee.bench.process import TIMEOUT_SECONDS
from fusee.bench.report import Report, machine
from fusee.bench.table import DASH, label, skipped_lines
from fusee.style import STYLE

_MEAN = "geometric mean"


def html_report(report: Report) -> str:
    """The page. Raises `ImportError` where matplotlib or Jinja is missing."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["times"] = _times
    environment.globals |= {"dash": DASH, "label": label, "style": Markup(STYLE)}
    return environment.get_template("report.html").render(
        report=report,
        means=report.means(),
        machine=machine(),
        charts={name: Markup(draw(chart)) for name, chart in _charts(report).items()},
        sorted_rows=_sorted(report),
        skipped=skipped_lines(report),
        timeout=TIMEOUT_SECONDS,
    )


def _times(ratio: float | None) -> str:
    return DASH if ratio is None else f"{ratio:.2f}×"


def _charts(report: Report) -> dict[str, Chart]:
    """Those that there are numbers for."""
    engines = [engine.name for engine in report.engines]
    looks = {name: look for look, name in enumerate(engines)}
    peers = {peer: looks[peer] for peer in report.peers}
    mean = {_MEAN: report.means()["all"]} if len(report.rows) > 1 else {}
    charts = {
        "speed": Chart(
            {label(row): _ratios(report, row) for row in _sorted(report)} | mean,
            peers,
            "times faster than the peer (logarithmic; shaded: the peer is faster)",
            equal=1.0,
            summary=_MEAN,
        ),
        "load": Chart(
            {
                load.name: {name: load.bytes / 1e6 / seconds for name, seconds in load.seconds.items()}
                for load in report.loads
            },
            looks,
            "megabytes of WebAssembly loaded per second (logarithmic; more is better)",
        ),
        "memory": Chart(
            {
                label(row): {name: timing.peak / 1e6 for name, timing in row.timings.items() if timing.peak}
                for row in report.rows
            },
            looks,
            "peak memory of the process in MB (logarithmic; less is better)",
        ),
    }
    charts |= {device.target: _device_chart(device) for device in report.devices}
    return {name: chart for name, chart in charts.items() if any(chart.rows.values())}


def _device_chart(device: DeviceCounts) -> Chart:
    rows = {name: {device.target: float(count.total)} for name, count in device.counts.items()}
    return Chart(rows, {device.target: 0}, "executed instructions (logarithmic)", label_format="{:,.0f}")


def _ratios(report: Report, row: Row) -> dict[str, float]:
    return {peer: ratio for peer in report.peers if (ratio := row.ratio(report.subject, peer)) is not None}


def _sorted(report: Report) -> list[Row]:
    """By the first peer's ratio, those that it could not run at the end."""
    first = report.peers[:1]

    def key(row: Row) -> float:
        ratios = [row.ratio(report.subject, peer) for peer in first]
        return -(ratios[0] or 0.0) if ratios else 0.0

    return sorted(report.rows, key=key)
