"""`fusee validate`: check that files are valid modules or components."""

from pathlib import Path

import click

from fusee.cli.main import fail
from fusee.cli.modules import make_engine, read_all
from fusee.cli.options import parse_wasm_options


@click.command()
@click.option("-W", "--wasm", "options", metavar="FEATURE=y|n,…", multiple=True, help="Switch features on or off.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def validate(options: tuple[str, ...], files: tuple[Path, ...]) -> int:
    """Check that files are valid modules or components: what is wrong is said. `-` is standard input."""
    from fusee import FuseeError

    features = parse_wasm_options(options)
    sources, status = read_all(files)
    if not sources:
        return status
    engine = make_engine(features.configure)
    for source in sources:
        try:
            if source.is_component:
                source.compile_component(engine)
            else:
                source.compile(engine)
        except FuseeError as error:
            status = fail(str(error), keeps_lines=True)
    return status
