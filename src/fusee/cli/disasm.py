"""`fusee disasm`: what functions are translated to."""

from pathlib import Path

import click

from fusee.cli.modules import ModuleFile, make_engine
from fusee.cli.options import parse_wasm_options


@click.command()
@click.option("--function", "wanted", metavar="INDEX|NAME", multiple=True, help="Only this one; may be repeated.")
@click.option("-W", "--wasm", "options", metavar="NAME=VALUE,…", multiple=True,
              help="Features, or fuel=1 to see what metered code looks like.")  # fmt: skip
@click.argument("file", type=click.Path(path_type=Path))
def disasm(wanted: tuple[str, ...], options: tuple[str, ...], file: Path) -> None:
    """Show the bytecode of functions beside their WebAssembly."""
    source = ModuleFile.read(file)
    from fusee.cli.whole import need_whole_engine

    need_whole_engine()  # its instructions are what is asked for
    module = source.compile(make_engine(parse_wasm_options(options).configure))
    from fusee.disasm.listing import find_function, own_functions, show_function

    indices = list(own_functions(module))
    if wanted:
        found = [(text, find_function(module, text)) for text in wanted]
        indices = [index for _, index in found if index is not None and index in own_functions(module)]
        if missing := [text for text, index in found if index not in indices]:
            raise click.UsageError(f"--function {missing[0]}: the module defines no such function")
    for number, index in enumerate(indices):
        if number:
            click.echo()
        for line in show_function(module, index):
            click.echo(line)
