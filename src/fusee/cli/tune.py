"""`fusee tune`: choose the trees and pairs of an engine by what programs execute."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fusee.cli.modules import check_writable, parse_target

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from fusee.engine.isa.selection import Selection
    from fusee.tune.corpus import Program

HANDLERS: Final = {4: 4500, 2: 1600, 0: 400}
"""For trees by default, by the number of registers for locals: what leaves room for the single operations."""

PAIRS: Final = {4: 8000, 2: 1500, 0: 0}
"""The same for pairs, each of which is one handler."""


@click.command()
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), required=True,
              help="Where the selection goes.")  # fmt: skip
@click.option("--target", metavar="TRIPLE", help="For the device library of a target; for this machine if not given.")
@click.option("--handlers", metavar="N", type=click.IntRange(min=0), help="How many handlers the trees may take.")
@click.option("--pairs", metavar="N", type=click.IntRange(min=0), help="How many pairs of instructions there may be.")
@click.option("--order", is_flag=True, help="Keep the trees and pairs of FILE, and only say anew which handlers are "
              "executed most, and so lie together.")  # fmt: skip
@click.option("--check", metavar="PROGRAM", multiple=True, help="Also show what the selection does for this program.")
@click.argument("corpus", metavar="PROGRAM…", nargs=-1, required=True)
def tune(
    output: Path,
    target: str | None,
    handlers: int | None,
    pairs: int | None,
    order: bool,
    check: tuple[str, ...],
    corpus: tuple[str, ...],
) -> None:
    """Choose the trees and pairs of an engine by what programs execute, for `--tune` of `run`, `build` and `bench`.

    A PROGRAM is what one would write behind `fusee run`, as one word: 'app.wasm --level 3' (and behind `--` if that
    begins with an option). It may also be a profile that `fusee run --profile` has written (FILE.profile), or a
    program of `fusee bench`: `bench`, `bench:NAME`, `bench:hold-out`, and of its `--real`: `real`, `real:NAME`.
    """
    from rich.console import Console

    from fusee.engine.isa.selection import Selection, choose

    if order and (target is not None or not output.exists()):
        raise click.UsageError("--order is for a selection of this machine that exists")
    machine = _machine(target)
    check_writable(output)
    choose(Selection("plain", machine.pins, None))
    console = Console(stderr=True)
    programs, checked = _programs(corpus), _programs(check)
    with tempfile.TemporaryDirectory() as folder, console.status("starting") as status:
        profiles = _profiles([*programs, *checked], Path(folder), status)
        corpus_profiles = {program.name: profiles[program.name] for program in programs}
        tuned = machine.tuned(output.resolve())
        if not order:
            most = HANDLERS[machine.pins] if handlers is None else handlers
            most_pairs = PAIRS[machine.pins] if pairs is None else pairs
            _choose(tuned, output, corpus_profiles, Path(folder), (most, most_pairs), status)
        if target is None:  # for a device its linker sees to that
            _order(tuned, output, corpus_profiles, status)
        status.update("Counting dispatches")
        _show_effect(console, profiles, {program.name for program in checked}, tuned)


def _profiles(programs: "Iterable[Program]", folder: Path, status: "Status") -> dict[str, Path]:
    """What each program executes, by its name."""
    profiles = {}
    for program in programs:
        status.update(f"Running {program.name}")
        profiles[program.name] = program.profiled(folder)
    return profiles


def _order(tuned: "Selection", output: Path, profiles: dict[str, Path], status: "Status") -> None:
    """Have what is executed most lie together."""
    from fusee.tune.ordering import order_file

    status.update("Ordering handlers")
    order_file(output, tuned, profiles.values())


def _choose(
    tuned: "Selection", output: Path, profiles: dict[str, Path], folder: Path, most: tuple[int, int], status: "Status"
) -> None:
    """Write trees, of up to so many handlers, and up to so many pairs."""
    from fusee.tune.pairing import select_pairs
    from fusee.tune.selection import NothingToChooseError, select_trees

    status.update("Choosing trees")
    try:
        trees = select_trees(profiles, most[0], folder)
    except NothingToChooseError as error:
        raise click.UsageError(str(error)) from None
    output.write_text(trees, "utf-8")
    status.update("Choosing pairs")
    pairs = select_pairs(tuned, profiles.values(), most[1])
    with output.open("a", encoding="utf-8") as file:
        file.write(pairs)


def _machine(target: str | None) -> "Selection":
    """What the target has room for."""
    from fusee.engine.isa.selection import HOST, shipped

    return HOST if target is None else shipped(parse_target(target))


def _programs(words: Iterable[str]) -> "list[Program]":
    from fusee.tune.corpus import parse_program

    try:
        found = {program.name: program for word in words for program in parse_program(word)}
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return list(found.values())


def _show_effect(console: "Console", profiles: dict[str, Path], checked: set[str], tuned: "Selection") -> None:
    """A table: what each program needs with single operations only, and with what was chosen."""
    from rich.table import Column, Table

    from fusee.engine.isa.selection import chosen
    from fusee.tune.dispatches import count_dispatches

    plain, now = (count_dispatches(selection, profiles.values()) for selection in (chosen(), tuned))
    numbers = [Column(name, justify="right") for name in ("dispatches", "tuned", "saved")]
    table = Table("program", *numbers)
    for name, before, after in zip(profiles, plain, now, strict=True):
        saved = 1 - after.total / max(before.total, 1)
        note = " (not in the corpus)" if name in checked else ""
        table.add_row(f"{name}{note}", f"{before.total:,}", f"{after.total:,}", f"{saved:.1%}")
    console.print(table)
