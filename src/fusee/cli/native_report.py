"""`fusee build --native`: what was chosen of modules, as text and as a page that needs nothing beside itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

import click

from fusee.style import STYLE

if TYPE_CHECKING:
    from fusee.package.natives import NativeModule

_MOST_ROWS: Final = 40  # of the text; the page has all
NATIVE: Final = "native"
DASH: Final = "–"


@dataclass(frozen=True)
class Choice:
    """What became of a function."""

    index: int
    name: str  # empty if the module gives it none
    share: float  # of what the module executes
    wasm_bytes: int
    native_bytes: int | None
    choice: str  # "native", or why it is not


@dataclass(frozen=True)
class ModuleReport:
    """What became of a module."""

    name: str
    is_counted: bool  # whether shares are of what was executed, or of what is guessed
    share: float
    native_bytes: int  # with constants
    functions: list[Choice]  # the hottest first

    @property
    def native_count(self) -> int:
        return sum(function.native_bytes is not None for function in self.functions)


def report_of(module: "NativeModule", sizes: Any) -> ModuleReport:
    """What `sizes.json` says of a module's native code, and why the rest stays interpreted."""
    from fusee.native.choose import candidates

    made = sizes[module.name]
    native, failed = ({int(index): item for index, item in made[part].items()} for part in ("functions", "failed"))
    functions = []
    for found in candidates(module.binary, module.executions):
        index, share = found.index, found.weight
        unwanted = "beyond what was asked for" if share else "not executed"
        choice = NATIVE if index in native else found.reason or failed.get(index) or unwanted
        functions.append(Choice(index, module.names.get(index, ""), share, found.size, native.get(index), choice))
    return ModuleReport(module.name, module.executions is not None, made["share"], made["text"], functions)


def show_report(report: ModuleReport, is_long: bool) -> None:
    """Print how much of a module became native code; with `is_long` its functions, too."""
    functions = report.functions
    click.echo(
        f"{report.name}: {report.native_count} of {len(functions)} functions native, {report.native_bytes} bytes,"
        f" {report.share:.1%} of what is executed"
    )
    if not is_long:
        return
    for function in functions[:_MOST_ROWS]:
        size = f"{function.native_bytes or 0:8} native"
        name = f" {function.name!r}" if function.name else ""
        line = f"{function.share:8.2%} {function.wasm_bytes:8} bytes of Wasm {size}  function {function.index}{name}"
        click.echo(f"{line}: {function.choice}")
    if len(functions) > _MOST_ROWS:
        click.echo(f"and {len(functions) - _MOST_ROWS} more")


def html_report(reports: Iterable[ModuleReport], triple: str) -> str:
    """The page: a table of every module's functions."""
    title = f"Native code for {escape(triple)}"
    return _PAGE.format(title=title, style=STYLE, modules="\n".join(map(_module, reports)))


def _module(report: ModuleReport) -> str:
    wasm_bytes = sum(function.wasm_bytes for function in report.functions if function.native_bytes is not None)
    ratio = f"{report.native_bytes / wasm_bytes:.2f} bytes for one of WebAssembly" if wasm_bytes else DASH
    return _MODULE.format(
        name=escape(report.name),
        native=f"{report.native_count:,}",
        all=f"{len(report.functions):,}",
        share=f"{report.share:.1%}",
        source=_COUNTED if report.is_counted else _GUESSED,
        bytes=f"{report.native_bytes:,}",
        ratio=ratio,
        rows="\n".join(map(_row, report.functions)),
    )


def _row(function: Choice) -> str:
    size = DASH if function.native_bytes is None else f"{function.native_bytes:,}"
    numbers = "".join(f"<td>{text}</td>" for text in (f"{function.share:.2%}", f"{function.wasm_bytes:,}", size))
    soft = "" if function.choice == NATIVE else " soft"
    names = f'<td>{function.index}</td><td class="text">{escape(function.name) or DASH}</td>'
    return f'<tr>{names}{numbers}<td class="text{soft}">{escape(function.choice)}</td></tr>'


_COUNTED: Final = "as a profile has counted it"
_GUESSED: Final = "guessed by loops: there is no profile"

_MODULE: Final = """<h2>{name}</h2>
<ul class="cards">
  <li><strong>{share}</strong> of what is executed is native<small>{source}</small></li>
  <li><strong>{native}</strong> of {all} functions</li>
  <li><strong>{bytes}</strong> bytes of native code<small>{ratio}</small></li>
</ul>
<div class="scroll"><table>
<tr><th>function</th><th class="text">name</th><th>share</th><th>Wasm bytes</th><th>native bytes</th>
<th class="text">choice</th></tr>
{rows}
</table></div>"""

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<h1>{title}</h1>
<p>What of each module the library has native code of, the hottest functions first. Native bytes are those of a
function's code; constants that several share are in the sum only.</p>
{modules}
</body>
</html>
"""
