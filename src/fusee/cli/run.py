"""`fusee run`: run a program."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fusee.cli.modules import ModuleFile, parse_target
from fusee.cli.options import add_other_options, parse_wasm_options
from fusee.cli.program import Program
from fusee.cli.selection import TUNE_HELP, use_trees
from fusee.cli.streams import CLOSED

if TYPE_CHECKING:
    from fusee import WasiConfig

_TRAPPED: Final = 134  # the status of a program that aborted: 128 + SIGABRT


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
@click.option("-O", "--optimize", "optimizing", metavar="NAME=VALUE,…", multiple=True,
              help="Settings of wasmtime's compiler, without effect here.")  # fmt: skip
@click.option("--preload", "preloads", metavar="NAME=FILE", multiple=True,
              help="Instantiate this module before, and let FILE import from it under the name.")  # fmt: skip
@click.option("--target", metavar="TRIPLE", help="Run the build for another machine, on an emulated device.")
@click.option("--count", is_flag=True, help="Show how many instructions the device executed, in all and by function.")
@click.option("--profile", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="Write there how often each basic block was executed: see `fusee tune`.")  # fmt: skip
@click.option("--tune", "trees", metavar="FILE", type=click.Path(path_type=Path), help=TUNE_HELP)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(
    directories: tuple[str, ...],
    variables: tuple[str, ...],
    argv0: str | None,
    invoke: str | None,
    options: tuple[str, ...],
    system: tuple[str, ...],
    debugging: tuple[str, ...],
    optimizing: tuple[str, ...],
    preloads: tuple[str, ...],
    target: str | None,
    count: bool,
    profile: Path | None,
    trees: Path | None,
    file: Path,
    arguments: tuple[str, ...],
) -> int:
    """Run a program. Its exit status is passed on; a trap shows a backtrace and gives 134.

    Options come before FILE, everything after it goes to the program. FILE may be `-`, for standard input.
    """
    limits = parse_wasm_options(options)
    add_other_options(limits, system, debugging, optimizing)
    limits.target = target
    if target is not None:
        parse_target(target)
    if count and target is None:
        raise click.UsageError("--count needs --target: only a device's instructions are counted")
    if profile is not None and target is not None:
        raise click.UsageError("--profile: blocks are not counted on an emulated device")
    limits.is_profiled = profile is not None
    if trees is not None:
        use_trees(trees, target)
    source, before = ModuleFile.read(file), _read_preloads(preloads)
    from fusee import ExitTrap, Trap

    try:
        program = Program(source, before, limits, count, profile)
        if program.needs_wasi:
            name = file.name if argv0 is None else argv0
            config = _wasi_config((name, *(() if invoke else arguments)), directories)
            config.env = environment_of(variables, limits.inherits_environment)
            program.use_wasi(config)
        _let_interrupts_end_the_process()
        program.start(invoke, arguments)
    except ExitTrap as exited:
        return exited.code
    except Trap as trap:
        click.echo(f"fusee: {file}: {trap}", err=True)
        return _TRAPPED
    return 0


def _let_interrupts_end_the_process() -> None:
    """Python's handler would wait until the guest is done, which may be never."""
    import signal
    from threading import current_thread, main_thread

    if current_thread() is main_thread():
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _read_preloads(texts: tuple[str, ...]) -> dict[str, ModuleFile]:
    """The modules of `--preload NAME=FILE`, in their order."""
    found = {}
    for text in texts:
        name, sign, path = text.partition("=")
        if not sign:
            raise click.UsageError(f"--preload {text}: expected NAME=FILE")
        found[name] = ModuleFile.read(Path(path))
    return found


def _wasi_config(argv: tuple[str, ...], directories: tuple[str, ...]) -> "WasiConfig":
    from fusee.wasi import WasiConfig

    config = WasiConfig()
    config.argv = argv
    for fd, inherit in enumerate((config.inherit_stdin, config.inherit_stdout, config.inherit_stderr)):
        if fd in CLOSED:
            config.omit_stream(fd)
        else:
            inherit()
    for text in directories:
        host, _, guest = text.partition("::")
        config.preopen_dir(host, guest or host)
    return config


def environment_of(variables: tuple[str, ...], is_inherited: bool) -> list[tuple[str, str]]:
    """The program's environment: this process's, if it is inherited, and over it what `--env` says."""
    import os

    pairs = (text.partition("=") for text in variables)
    given = {name: value if sign else os.environ.get(name, "") for name, sign, value in pairs}
    return list(({**os.environ, **given} if is_inherited else given).items())
