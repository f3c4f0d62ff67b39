"""`fusee run`: run a program."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from fusee.cli.modules import ModuleFile, make_engine
from fusee.cli.options import WasmOptions, parse_wasm_options
from fusee.cli.selection import TUNE_HELP, use_trees

if TYPE_CHECKING:
    from fusee import Func, Instance, Module, Store, ValType, WasiConfig

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
    target: str | None,
    count: bool,
    profile: Path | None,
    trees: Path | None,
    file: Path,
    arguments: tuple[str, ...],
) -> int:
    """Run a program. Its exit status is passed on; a trap shows a backtrace and gives 134.

    Options come before FILE, everything after it goes to the program.
    """
    limits = parse_wasm_options(options)
    limits.target = target
    if count and target is None:
        raise click.UsageError("--count needs --target: only a device's instructions are counted")
    if profile is not None and target is not None:
        raise click.UsageError("--profile: blocks are not counted on an emulated device")
    limits.is_profiled = profile is not None
    if trees is not None:
        use_trees(trees, target)
    source = ModuleFile.read(file)
    from fusee import ExitTrap, Trap

    try:
        program = _Program(source, limits, count, profile)
        if program.needs_wasi:
            name = file.name if argv0 is None else argv0
            program.use_wasi(_wasi_config((name, *(() if invoke else arguments)), directories, variables))
        _let_interrupts_end_the_process()
        program.start(invoke, arguments)
    except ExitTrap as exited:
        return exited.code
    except Trap as trap:
        click.echo(f"fusee: {file}: {trap}", err=True)
        return _TRAPPED
    return 0


class _Program:
    """A module with the store it runs in."""

    def __init__(self, source: ModuleFile, limits: WasmOptions, is_counted: bool, profile: Path | None) -> None:
        from fusee import Linker, Store
        from fusee.cli.count import Measurement

        self.engine = make_engine(limits.configure)
        self.measurement = Measurement(self.engine) if is_counted else None
        self.module: Module = source.compile(self.engine)
        self.store: Store = Store(self.engine)
        self.linker = Linker(self.engine)
        self.limits = limits
        self.profile = profile

    @property
    def needs_wasi(self) -> bool:
        """Whether the module imports from WASI; if not, its start does not wait for it."""
        return any(item.module.startswith("wasi_") for item in self.module.imports)

    def use_wasi(self, config: "WasiConfig") -> None:
        """Gives the program its system interface."""
        self.linker.define_wasi()
        self.store.set_wasi(config)

    def start(self, invoke: str | None, arguments: tuple[str, ...]) -> None:
        """Instantiates the module and calls its start, or the export to `invoke`."""
        try:
            self._start(invoke, arguments)
        finally:
            if self.measurement is not None:
                self.measurement.show(self.module)
            if self.profile is not None:
                from fusee.tune.profile import Profile

                Profile.of(self.module).write(self.profile)

    def _start(self, invoke: str | None, arguments: tuple[str, ...]) -> None:
        self.limits.limit(self.engine, self.store)
        instance = self.linker.instantiate(self.store, self.module)
        main = self.function(instance, "_start")
        if main is None and (initialize := self.function(instance, "_initialize")) is not None:
            initialize(self.store)
        if invoke is not None:
            function = self.function(instance, invoke)
            if function is None:
                raise click.UsageError(f"{invoke}: the module exports no such function")
            _invoke(self.store, function, arguments)
        elif main is not None:
            main(self.store)

    def function(self, instance: "Instance", name: str) -> "Func | None":
        """An exported function."""
        from fusee import Func

        found = instance.exports(self.store).get(name)
        return found if isinstance(found, Func) else None


def _let_interrupts_end_the_process() -> None:
    """Python's handler would wait until the guest is done, which may be never."""
    import signal
    from threading import current_thread, main_thread

    if current_thread() is main_thread():
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _wasi_config(argv: tuple[str, ...], directories: tuple[str, ...], variables: tuple[str, ...]) -> "WasiConfig":
    import os

    from fusee.wasi import WasiConfig

    config = WasiConfig()
    config.argv = argv
    config.inherit_stdin()
    config.inherit_stdout()
    config.inherit_stderr()
    for text in directories:
        host, _, guest = text.partition("::")
        config.preopen_dir(host, guest or host)
    pairs = (text.partition("=") for text in variables)
    config.env = [(name, value if sign else os.environ.get(name, "")) for name, sign, value in pairs]
    return config


def _invoke(store: "Store", function: "Func", texts: tuple[str, ...]) -> None:
    params = function.type(store).params
    if len(texts) != len(params):
        raise click.UsageError(f"--invoke: got {len(texts)} arguments, but the function has {len(params)} parameters")
    results = function(store, *(_parse_argument(*pair) for pair in zip(params, texts, strict=True)))
    for result in results if isinstance(results, list | tuple) else [results]:
        if result is not None:
            click.echo(_show(result))


def _parse_argument(kind: "ValType", text: str) -> Any:
    name = str(kind)
    try:
        if name in ("i32", "i64"):
            return int(text, 0)
        if name in ("f32", "f64"):
            return float(text)
    except ValueError:
        raise click.UsageError(f"{text}: not a value of type {name}") from None
    raise click.UsageError(f"{text}: values of type {name} cannot be written on the command line")


def _show(value: object) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
    return str(value)
