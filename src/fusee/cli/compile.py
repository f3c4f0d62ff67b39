"""`fusee compile`: native code of a module's functions, made before it runs."""

from pathlib import Path

import click

from fusee.cli.errors import usage_error
from fusee.cli.modules import ModuleFile, make_engine
from fusee.cli.options import parse_wasm_options


@click.command()
@click.option("-W", "--wasm", "options", metavar="FEATURE=y|n,…", multiple=True, help="Switch features on or off.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="Write the module with its code there, for `fusee run --allow-precompiled`.")  # fmt: skip
@click.argument("file", type=click.Path(path_type=Path))
def compile(options: tuple[str, ...], output: Path | None, file: Path) -> None:  # noqa: A001
    """Compile a module's functions to native code, or those of the modules in a component.

    The code is kept in the cache, where `fusee run -C compiler=native` and `compiler=tiered` find it. `-` is standard
    input.
    """
    limits = parse_wasm_options(options)
    limits.strategy = "native"
    source = ModuleFile.read(file)
    if source.is_component:
        if output is not None:
            raise usage_error("-o: not for components")
        source.compile_component(make_engine(limits.configure))
        return
    module = source.compile(make_engine(limits.configure))
    if output is not None:
        output.write_bytes(module.serialize())
