"""Charts as SVG, to stand inside an HTML page. One kind serves all: dots on a logarithmic axis.

Ratios, bytes per second and peaks of memory all span orders of magnitude, where bars from zero would mislead.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

# Okabe and Ito's colours, which people with any kind of colour vision can tell apart; shapes say the same again.
_COLOURS = ("#E69F00", "#0072B2", "#D55E00", "#009E73", "#7A7A7A", "#CC79A7", "#56B4E9", "#000000")
_MARKERS = ("D", "o", "s", "^", "v", "P", "X", "*")
_AREAS = (40, 46, 40, 56, 56, 56, 52, 80)  # in square points, so that all shapes look equally large
_INK = "#333333"
_GRID = "#dddddd"
_SHADE = "#f4f1ea"
_PAPER = "#fdfcf9"  # the page's
_WIDTH_INCHES = 9.0
_ROW_INCHES = 0.27
_MARGIN_INCHES = 1.1
_TALL_ROWS = 20  # from there on the axis is labelled on both sides

_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "fusee",  # the same chart has the same bytes
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _GRID,
    "xtick.color": _INK,
    "ytick.color": _INK,
}

Values = Mapping[str, Mapping[str, float]]  # by row, then by series


@dataclass(frozen=True)
class Chart:
    """What is drawn: one line per row, one kind of dot per series."""

    rows: Values
    series: Mapping[str, int]  # the names with their looks: the same number looks alike in all charts
    axis: str  # what the numbers are, with their unit
    equal: float | None = None  # where a line is drawn: on its left somebody else is better
    summary: str | None = None  # the row that stands apart, last
    label_format: str | None = None  # writes each value beside its dot, where there is one series


def draw(chart: Chart) -> str:
    """The chart as an `<svg>` element."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH_INCHES, _MARGIN_INCHES + _ROW_INCHES * len(chart.rows)), layout="constrained")
        axes = figure.add_subplot()
        names = list(chart.rows)[::-1]
        for series, look in chart.series.items():
            points = [(chart.rows[name][series], y) for y, name in enumerate(names) if series in chart.rows[name]]
            if points:
                _dots(axes, points, series, look % len(_COLOURS))
        _value_axis(axes, chart)
        _name_axis(axes, chart, names)
        if len(chart.series) > 1:
            figure.legend(loc="outside upper center", ncols=len(chart.series), frameon=False)
        return _svg(figure)


def _dots(axes: Axes, points: Sequence[tuple[float, int]], name: str, look: int) -> None:
    values, places = zip(*points, strict=True)
    axes.scatter(
        values, places, s=_AREAS[look], label=name, zorder=2 + len(_COLOURS) - look, linewidths=0.8,
        edgecolors="white", color=_COLOURS[look], marker=_MARKERS[look],
    )  # fmt: skip


def _value_axis(axes: Axes, chart: Chart) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(chart.axis)
    axes.grid(axis="x", color=_GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", which="both", length=0, labeltop=len(chart.rows) > _TALL_ROWS)
    low, high = axes.get_xlim()
    axes.set_xlim(low / 1.1, high * 1.1)
    if chart.equal is not None:
        axes.axvline(chart.equal, color=_INK, linewidth=1.2, zorder=1)
        axes.axvspan(min(low, chart.equal) / 10, chart.equal, color=_SHADE, linewidth=0, zorder=0)


def _name_axis(axes: Axes, chart: Chart, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.7, len(names) - 0.3)
    axes.tick_params(axis="y", length=0)
    for y in range(len(names)):
        axes.axhline(y, color=_GRID, linewidth=0.5, zorder=0.5)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    if chart.summary in names:
        axes.axhline(names.index(chart.summary) + 0.5, color=_INK, linewidth=0.8)
        axes.get_yticklabels()[names.index(chart.summary)].set_fontweight("bold")
    if chart.label_format is not None:
        for y, name in enumerate(names):
            for value in chart.rows[name].values():
                axes.annotate(
                    chart.label_format.format(value), (value, y), (8, 0), textcoords="offset points",
                    va="center", fontsize=8.5, bbox={"facecolor": _PAPER, "edgecolor": "none", "pad": 1},
                )  # fmt: skip


def _svg(figure: Figure) -> str:
    """Without the XML prologue and the metadata, which have no place inside a page."""
    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", transparent=True, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type"))
    )
    text = buffer.getvalue()
    return text[text.index("<svg") :]
