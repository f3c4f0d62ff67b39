"""`fusee wit`: show what a component imports and exports."""

from pathlib import Path

import click

from fusee.cli.modules import read_world


@click.command()
@click.option("-w", "--world", metavar="NAME", help="Of several worlds in WIT text, the one to show.")
@click.argument("file", metavar="PATH", type=click.Path(path_type=Path))
def wit(world: str | None, file: Path) -> None:
    """Show a world as WIT: what a component imports and exports.

    PATH is a component, `-` for standard input; or a `.wit` file, or a folder of such files and `deps`, of which a
    world is shown with all that it takes from elsewhere. That needs `wasm-tools` (`pip install 'fusee[wat]'`).
    """
    from fusee.component.wit import wit as show

    click.echo(show(read_world(file, world, "which has no world; see `fusee disasm`")), nl=False)
