"""`fusee bindgen`: typed Python for a component."""

from pathlib import Path

import click

from fusee.cli.modules import read_world


@click.command()
@click.option("-w", "--world", metavar="NAME", help="Of several worlds in WIT text, the one to write.")
@click.argument("file", metavar="PATH", type=click.Path(path_type=Path))
def bindgen(world: str | None, file: Path) -> None:
    """Write a Python module with typed classes for what a component exports and imports.

    PATH is a component, `-` for standard input; or a `.wit` file, or a folder of such files and `deps`, which needs
    `wasm-tools` (`pip install 'fusee[wat]'`).
    """
    from fusee.component.bindgen.imports import bindings

    found = read_world(file, world, "whose functions have numbers only")
    title = f"Typed access to {file.name or file.resolve().name}, written by `fusee bindgen`."
    click.echo(bindings(found, title), nl=False)
