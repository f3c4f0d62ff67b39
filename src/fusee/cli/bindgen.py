"""`fusee bindgen`: typed Python for a component."""

from pathlib import Path

import click

from fusee.cli.errors import usage_error
from fusee.cli.modules import ModuleFile, make_engine


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def bindgen(file: Path) -> None:
    """Write a Python module with typed classes for what a component exports. FILE may be `-`, for standard input."""
    from fusee.component.bindgen import bindings

    source = ModuleFile.read(file)
    if not source.is_component:
        raise usage_error(f"{file}: a core module, whose functions have numbers only")
    title = f"Typed access to {file.name}, written by `fusee bindgen`."
    click.echo(bindings(source.compile_component(make_engine()).type, title), nl=False)
