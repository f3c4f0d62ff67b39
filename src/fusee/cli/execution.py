"""What `fusee run` does, without what reads its options: a program without options does not wait for that."""

import gc
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from fusee.cli.errors import usage_error
from fusee.cli.main import say
from fusee.cli.modules import ModuleFile, PathLike, parse_target
from fusee.cli.options import add_other_options, choose_strategy, parse_wasm_options
from fusee.cli.program import Program
from fusee.cli.streams import CLOSED
from fusee.kernel.uncollected import uncollected

if TYPE_CHECKING:
    from fusee import WasiConfig
    from fusee.cli.component import ComponentProgram
    from fusee.cli.options import WasmOptions

_TRAPPED: Final = 134  # the status of a program that aborted: 128 + SIGABRT


class Request(NamedTuple):
    """A program to run, and the options as `cli.run` has them."""

    file: PathLike
    arguments: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    argv0: str | None = None
    invoke: str | None = None
    options: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    debugging: tuple[str, ...] = ()
    optimizing: tuple[str, ...] = ()
    generating: tuple[str, ...] = ()
    preloads: tuple[str, ...] = ()
    target: str | None = None
    is_counted: bool = False
    profile: PathLike | None = None
    trees: PathLike | None = None
    is_trusted: bool = False


def execute(asked: Request) -> int:
    """Run a program; its exit status. Raises what is wrong with the request, the module or its start."""
    with uncollected():
        limits = _limits(asked)
        source, before = ModuleFile.read(asked.file), _read_preloads(asked.preloads)
        if source.is_precompiled:
            _trust(asked, limits)
        begins_early = _begin_compiling(source, limits)
    from fusee import ExitTrap, Trap

    try:
        with uncollected():
            program = _program(asked, source, before, limits)
            gc.freeze()  # what is there by now stays as long as the program runs: nobody need look through it
        has_succeeded = program.start(asked.invoke, asked.arguments)
    except ExitTrap as exited:
        return exited.code
    except Trap as trap:
        say(f"{asked.file}: {trap}")
        return _TRAPPED
    finally:
        if begins_early:
            from fusee.tier import early

            early.end()
        gc.unfreeze()  # else extension modules complain, where the process ends, of what nobody has taken apart
    return 0 if has_succeeded else 1


def _program(
    asked: Request, source: ModuleFile, before: dict[str, ModuleFile], limits: "WasmOptions"
) -> "Program | ComponentProgram":  # fmt: skip
    """The program, ready to be started."""
    program: Program | ComponentProgram
    if source.is_component:
        program = _component(asked, source, limits)
    else:
        program = Program(source, before, limits, asked.is_counted, asked.profile)
    if program.needs_wasi or asked.directories:  # a directory that is not there is an error in any case
        config = _wasi(asked, limits)
        if program.needs_wasi:
            program.use_wasi(config)
    _let_interrupts_end_the_process()
    return program


def _limits(asked: Request) -> "WasmOptions":
    """What the options say of the engine. An engine that they ask for is chosen."""
    limits = parse_wasm_options(asked.options)
    add_other_options(limits, asked.system, asked.debugging, asked.optimizing)
    choose_strategy(limits, asked.generating)
    limits.target = asked.target
    if asked.target is not None:
        parse_target(asked.target)
    if asked.is_counted and asked.target is None:
        raise usage_error("--count needs --target: only a device's instructions are counted")
    if asked.profile is not None and asked.target is not None:
        raise usage_error("--profile: blocks are not counted on an emulated device")
    if asked.profile is not None:
        _check_profile(asked.profile)  # before the minute that an engine which counts may take
    limits.is_profiled = asked.profile is not None
    if asked.target is None and (limits.is_profiled or asked.trees is not None):
        from fusee.cli.whole import need_whole_engine

        need_whole_engine()
    if asked.trees is not None:
        from pathlib import Path

        from fusee.cli.selection import use_trees

        use_trees(Path(asked.trees), asked.target)
    return limits


def _wasi(asked: Request, limits: "WasmOptions") -> "WasiConfig":
    """What the program may see of the system."""
    name = os.path.basename(asked.file) if asked.argv0 is None else asked.argv0
    config = wasi_config((name, *(() if asked.invoke is not None else asked.arguments)), asked.directories)
    config.env = environment_of(asked.variables, limits.inherits_environment)
    return config


def _check_profile(profile: PathLike) -> None:
    """Raise `OSError` or FuseeError if a profile, or its module, cannot be written there."""
    from pathlib import Path

    from fusee.cli.modules import check_writable
    from fusee.tune.profile import module_beside

    for path in (Path(profile), module_beside(Path(profile))):
        check_writable(path)


def _component(asked: Request, source: ModuleFile, limits: "WasmOptions") -> "ComponentProgram":
    from fusee.cli.component import ComponentProgram

    for name, is_given in (
        ("--preload", asked.preloads), ("--target", asked.target), ("--profile", asked.profile), ("--tune", asked.trees)
    ):  # fmt: skip
        if is_given:
            raise usage_error(f"{name}: not for components")
    return ComponentProgram(source, limits)


def _trust(asked: Request, limits: "WasmOptions") -> None:
    """A precompiled file's code is executed as it is, so somebody has to say that it may be."""
    if not asked.is_trusted:
        raise usage_error(f"{asked.file}: is precompiled; native code from a file needs --allow-precompiled")
    limits.strategy = limits.strategy or "native"


def _begin_compiling(source: ModuleFile, limits: "WasmOptions") -> bool:
    """Starts what compiles a program's hot functions, which is ready later than the program; whether it may have."""
    if limits.strategy in ("interpreter", "native") or not limits.leaves_code_alone or isinstance(source.content, str):
        return False
    if source.is_component or source.is_precompiled:
        return False
    from fusee.tier import early

    is_asked_for = limits.strategy == "tiered"
    is_tiered = is_asked_for or early.is_usual()
    limits.strategy = "tiered" if is_tiered else "interpreter"  # so that the engine need not find out once more
    if is_tiered:
        early.begin(source.content, has_room=not is_asked_for)
    return is_tiered


def _let_interrupts_end_the_process() -> None:
    """Ctrl-C ends the process as it ends other programs: at once, without a Python traceback."""
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
            raise usage_error(f"--preload {text}: expected NAME=FILE")
        if name in found:
            raise usage_error(f"--preload {text}: there is another module of that name")
        found[name] = ModuleFile.read(path)
    return found


def wasi_config(argv: tuple[str, ...], directories: tuple[str, ...]) -> "WasiConfig":
    """A program's arguments and directories (`--dir`), and this process's streams."""
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
    """The program's environment: this process's, if it is inherited, and over it what `--env` says.

    A variable that is passed on is only set if it is set here.
    """
    pairs = (text.partition("=") for text in variables)
    given = {name: value if sign else os.environ[name] for name, sign, value in pairs if sign or name in os.environ}
    return list(({**os.environ, **given} if is_inherited else given).items())
