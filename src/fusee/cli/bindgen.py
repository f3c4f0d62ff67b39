"""`fusee bindgen`: typed Python for a component."""

from pathlib import Path

import click

from fusee.cli.modules import read_component


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def bindgen(file: Path) -> None:
    """Write a Python module with typed classes for what a component exports and imports.

    FILE may be `-`, for standard input.
    """
    from fusee.component.bindhosts import bindings

    component = read_component(file, "whose functions have numbers only")
    title = f"Typed access to {file.name}, written by `fusee bindgen`."
    click.echo(bindings(component.type, title), nl=False)
