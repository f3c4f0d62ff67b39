"""`fusee wit`: show what a component imports and exports."""

from pathlib import Path

import click

from fusee.cli.errors import usage_error
from fusee.cli.modules import ModuleFile, make_engine


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def wit(file: Path) -> None:
    """Show the world of a component, as WIT: what it imports and exports. FILE may be `-`, for standard input."""
    from fusee.component.wit import wit as show

    source = ModuleFile.read(file)
    if not source.is_component:
        raise usage_error(f"{file}: a core module, which has no world; see `fusee disasm`")
    click.echo(show(source.compile_component(make_engine()).type), nl=False)
