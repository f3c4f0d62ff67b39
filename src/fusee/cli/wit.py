"""`fusee wit`: show what a component imports and exports."""

from pathlib import Path

import click

from fusee.cli.modules import read_component


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def wit(file: Path) -> None:
    """Show the world of a component, as WIT: what it imports and exports. FILE may be `-`, for standard input."""
    from fusee.component.wit import wit as show

    component = read_component(file, "which has no world; see `fusee disasm`")
    click.echo(show(component.type), nl=False)
