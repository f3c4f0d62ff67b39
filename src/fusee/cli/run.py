"""`fusee run`: the options of running a program."""

from pathlib import Path
from typing import Any

import click

from fusee.cli.execution import Request, execute
from fusee.cli.selection import TUNE_HELP


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--dir", "directories", metavar="HOST[::GUEST]", multiple=True, help="Give the program a directory.")
@click.option("--env", "variables", metavar="NAME[=VALUE]", multiple=True,
              help="Set an environment variable, or pass on one of this process's.")  # fmt: skip
@click.option("--argv0", metavar="NAME", help="The program's own name; the file's if not given.")
@click.option("--invoke", metavar="NAME", help="Call this export with the arguments, and show its results.")
@click.option("-W", "--wasm", "options", metavar="NAME=VALUE,…", multiple=True,
              help="fuel=N, timeout=DURATION, max-memory-size=BYTES, max-table-elements=N, max-wasm-stack=BYTES, "
                   "or a feature, as in simd=n.")  # fmt: skip
@click.option("-S", "--wasi", "system", metavar="NAME[=y|n],…", multiple=True,
              help="inherit-env: pass on this process's environment; cli=n: no WASI.")  # fmt: skip
@click.option("-D", "--debug", "debugging", metavar="NAME[=y|n],…", multiple=True,
              help="checked: the build of the engine that checks its own memory accesses.")  # fmt: skip
@click.option("-C", "--codegen", "generating", metavar="NAME=VALUE,…", multiple=True,
              help="compiler=tiered: what is hot is compiled meanwhile; native: all, before; interpreter.")  # fmt: skip
@click.option("--allow-precompiled", "is_trusted", is_flag=True,
              help="FILE may be what `fusee compile -o` has written, whose native code is run as it is.")  # fmt: skip
@click.option("-O", "--optimize", "optimizing", metavar="NAME=VALUE,…", multiple=True,
              help="Settings of wasmtime's compiler, without effect here.")  # fmt: skip
@click.option("--preload", "preloads", metavar="NAME=FILE", multiple=True,
              help="Instantiate this module before, and let FILE import from it under the name.")  # fmt: skip
@click.option("--target", metavar="TRIPLE", help="Run the build for another machine, on an emulated device.")
@click.option("--count", "is_counted", is_flag=True,
              help="Show how many instructions the device executed, in all and by function.")  # fmt: skip
@click.option("--profile", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="Write there how often each basic block was executed: see `fusee tune`.")  # fmt: skip
@click.option("--tune", "trees", metavar="FILE", type=click.Path(path_type=Path), help=TUNE_HELP)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(**given: Any) -> int:
    """Run a program. Its exit status is passed on; a trap shows a backtrace and gives 134.

    Options come before FILE, everything after it goes to the program. FILE may be `-`, for standard input.
    """
    return execute(Request(**given))
