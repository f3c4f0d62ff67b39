"""`fusee targets`: the machines that a device library can be built for."""

from typing import Final

import click

_HEADINGS: Final = ("triple", "pointers", "data model", "objects", "processor", "from version")


@click.command()
@click.argument("triples", nargs=-1, metavar="[TRIPLE]…")
def targets(triples: tuple[str, ...]) -> int:
    """Describe machines: those that a library is built for, or any that is named."""
    from fusee.kernel.triple import BUILT, UnknownTriple

    try:
        rows = [_HEADINGS, *map(_describe, triples or BUILT)]
    except UnknownTriple as error:
        raise click.UsageError(str(error)) from None
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _describe(name: str) -> tuple[str, ...]:
    from fusee.kernel.triple import Triple

    triple = Triple.parse(name)
    pointers = f"{triple.pointer_width} bits, {triple.endianness}"
    processor = triple.processor or triple.features or "any"
    return str(triple), pointers, triple.data_model, triple.object_format, processor, triple.minimum_os
