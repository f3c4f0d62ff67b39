"""`fusee validate`: check that files are valid modules."""

from pathlib import Path

import click

from fusee.cli.main import fail
from fusee.cli.modules import ModuleFile, make_engine
from fusee.cli.options import parse_wasm_options


@click.command()
@click.option("-W", "--wasm", "options", metavar="FEATURE=y|n,…", multiple=True, help="Switch features on or off.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def validate(options: tuple[str, ...], files: tuple[Path, ...]) -> int:
    """Check that files are valid modules. One line for each that is not."""
    from fusee import FuseeError

    sources = [ModuleFile.read(file) for file in files]
    engine = make_engine(parse_wasm_options(options).configure)
    status = 0
    for source in sources:
        try:
            source.compile(engine)
        except FuseeError as error:
            status = fail(str(error))
    return status
