"""`fusee build`: write the device library."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fusee.cli.families import check_families, families
from fusee.cli.modules import check_writable
from fusee.cli.native import byte_count, native_module
from fusee.cli.native_report import html_report, report_of, show_report
from fusee.cli.selection import TUNE_HELP, checked
from fusee.cli.split import split_components

if TYPE_CHECKING:
    from fusee.package.components.split import SplitComponent
    from fusee.package.library import Optimize, Progress
    from fusee.spec.families import Family


@click.command()
@click.option("--target", "triple", metavar="TRIPLE", required=True, help="The machine: see `fusee targets`.")
@click.option("-o", "--output", "folder", metavar="DIR", required=True, help="Where everything goes.",
              type=click.Path(path_type=Path, file_okay=False))  # fmt: skip
@click.option("--optimize", type=click.Choice(["speed", "size"]), default="speed", show_default=True,
              help="For the fastest code, or for the smallest.")  # fmt: skip
@click.option("--without", metavar="FAMILY,…", default="", callback=lambda context, parameter, value: families(value),
              help="Leave parts out: simd, exceptions, gc, threads, wasi.")  # fmt: skip
@click.option("--component", "components", metavar="FILE", multiple=True,
              help="Split this component into what an app loads and a C header, and put into the library what"
                   " components need.")  # fmt: skip
@click.option("--native", "natives", metavar="FILE[=PROFILE]", multiple=True,
              help="Compile the functions of this module, too: an app that loads it runs them natively. PROFILE, of"
                   " `fusee run --profile`, says which are hot.")  # fmt: skip
@click.option("--native-share", "share", metavar="PERCENT", type=click.FloatRange(0, 100), default=100,
              help="Of each only its hottest functions, until they are so much of what it executes.")  # fmt: skip
@click.option("--native-size", "size", metavar="BYTES", callback=lambda context, parameter, value: byte_count(value),
              help="At most so much native code for each (300KB, 1MB).")  # fmt: skip
@click.option(
    "--native-metered",
    "is_metered",
    is_flag=True,
    help="For an app whose engine counts fuel or has deadlines: such an engine interprets everything else.",
)
@click.option(
    "--native-interruptible",
    "is_interruptible",
    is_flag=True,
    help="For an app whose engine does not, and which stops guests: such code looks whether it shall go on.",
)
@click.option("--report", is_flag=True, help="Show what was chosen for native code, and why the rest was not.")
@click.option("--html", "page", type=click.Path(path_type=Path), help="Also write this, of every function, as a page.")
@click.option("--tune", "trees", metavar="FILE", type=click.Path(path_type=Path), help=TUNE_HELP)
def build(
    triple: str, folder: Path, optimize: "Optimize", without: "frozenset[Family]", trees: Path | None,
    components: tuple[str, ...], natives: tuple[str, ...], share: float, size: int | None, is_metered: bool,
    is_interruptible: bool, report: bool, page: Path | None,
) -> int:  # fmt: skip
    """Write the engine as a static library for a device, with C headers and a module map."""
    from fusee.kernel.errors import BuildError
    from fusee.package.library import ARCHIVE, build_library, target_of

    if page and not natives:
        raise click.UsageError("--html is about native code: --native is missing")
    try:
        with _progress(triple) as progress:
            selection = None if trees is None else checked(trees)
            parts = split_components(components)
            modules = [native_module(argument, share / 100, size, is_metered, is_interruptible) for argument in natives]
            check_families(without, modules, parts)
            target_of(triple)
            folder.mkdir(parents=True, exist_ok=True)  # or fail before all the work
            check_writable(page)
            library = build_library(
                triple, optimize, progress, trees=selection, without=without, natives=modules,
                has_components=bool(parts), has_http=any(part.uses_http for part in parts),
            )  # fmt: skip
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except BuildError as error:
        raise click.ClickException(f"the library could not be compiled: {error}") from None
    library.write(folder)
    click.echo(f"{folder / ARCHIVE}: {library.sizes['text']} bytes of code and constants")
    _write_components(parts, folder)
    reports = [report_of(module, library.sizes["native"]) for module in modules]
    for made in reports:
        show_report(made, report)
    if page:
        page.write_text(html_report(reports, triple), encoding="utf-8")
    return 0


def _write_components(parts: "Iterable[SplitComponent]", folder: Path) -> None:
    for part in parts:
        click.echo(f"{part.write(folder)}: {len(part.modules)} core modules, {len(part.tables)} bytes")


@contextmanager
def _progress(triple: str) -> "Iterator[Progress | None]":
    """A progress bar on a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Compiling for {triple}", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
