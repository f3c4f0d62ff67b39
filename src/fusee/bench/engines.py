"""The engines that can be compared: Fusee and its peers, each a command line.

Every call is a new process, timed from outside, so that no engine is asked to measure itself.
"""

import importlib.metadata
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusee.bench.process import python_module
from fusee.bench.tasks import EXPORT, Host, Task

FUSEE = "fusee"
STACK_BYTES = 1 << 20
_NO_EXPORT = "-"  # no function has this name


@dataclass(frozen=True)
class Engine:
    """A way to run tasks in processes of their own."""

    name: str
    version: str
    command: Callable[[Task], list[str]]
    # Loads a task's module so many times: decodes, validates as far as it does that, instantiates; and calls the
    # task's export, where it has one. None: the engine cannot be asked to.
    load: Callable[[Task, int], list[str]] | None = None
    loads_again: bool = False  # whether one process can load more than once
    commands_only: bool = False  # whether it cannot be asked to call an export
    has_hosts: bool = False  # whether it has an interface in Python, for tasks with a host
    note: str = ""

    @property
    def flags(self) -> str:
        """The command line, with MODULE and ARGUMENT in it."""
        export = None if self.commands_only else EXPORT
        program, *rest = self.command(Task(Path("MODULE"), export, ("ARGUMENT",)))
        return " ".join([Path(program).name, *rest])

    def refusal(self, task: Task) -> str:
        """Why it cannot be asked to run a task at all; empty if it can."""
        if self.commands_only and task.export is not None:
            return "runs WASI commands only"
        if task.host is not None and not self.has_hosts:
            return task.host.reason
        return ""


def fusee_engine(trees: Path | None = None, strategy: str = "interpreter") -> Engine:
    """Fusee as its users start it, its interpreter alone; with the trees of a selection if one is given."""
    tune = [] if trees is None else ["--tune", str(trees)]
    environment = [] if trees is None else ["env", f"FUSEE_TUNE={trees}"]

    def command(task: Task) -> list[str]:
        if task.host is not None:
            return [*environment, *_hosted(task.host, FUSEE, task)]
        folder = ["--dir", "."] if task.directory else []
        invoke = ["--invoke", task.export] if task.export else []
        compiler = ["-C", f"compiler={strategy}"]
        return python_module("fusee", "run", *compiler, *tune, *folder, *invoke, str(task.module), *task.arguments)

    version = f"Fusee {importlib.metadata.version('fusee')}"
    return Engine(FUSEE, version, command, _guest_load(FUSEE), loads_again=True, has_hosts=True)


def strategy_engine(name: str) -> Engine:
    """Fusee with native code: `native`, all of it before a program runs, or `tiered`, what is hot while it runs.

    What was compiled is in the cache and used again; with `tiered-cold` each run begins without.
    """
    strategy, _, cold = name.partition("-")

    def command(task: Task) -> list[str]:
        run = fusee_engine(strategy=strategy).command(task)
        return python_module("fusee.native.apart", *run[run.index("fusee") :]) if cold else run

    note = "compiles anew each time" if cold else "with what earlier runs have compiled"
    return Engine(name, f"Fusee {importlib.metadata.version('fusee')}, {strategy}", command, note=note)


def device_engine(target: str) -> Engine:
    """Fusee's build for a device, in the emulator, which counts instructions."""

    def command(task: Task) -> list[str]:
        program, *rest = fusee_engine().command(task)
        place = rest.index("run") + 1
        return [program, *rest[:place], "--target", target, "--count", *rest[place:]]

    return Engine(target, f"Fusee {importlib.metadata.version('fusee')} for {target}, emulated", command)


def wasmtime_engine(name: str, target: str) -> Engine:
    """The wasmtime package: its Cranelift JIT, or with target `pulley64` its portable interpreter."""

    def command(task: Task) -> list[str]:
        if task.host is not None:
            return _hosted(task.host, target, task)
        call = (target, task.export or "_start", str(task.module), *task.arguments)
        return python_module("fusee.bench.wasmtime_guest", *call)

    version = f"wasmtime {importlib.metadata.version('wasmtime')}, target {target}"
    note = "a compiler: the roof" if target == "host" else "an interpreter, compiled without tail-call dispatch"
    return Engine(name, version, command, _guest_load(target), has_hosts=True, note=note)


def _hosted(host: Host, engine: str, task: Task) -> list[str]:
    return python_module(host.name, engine, str(task.module), *task.arguments)


def _guest_load(engine: str) -> Callable[[Task, int], list[str]]:
    def load(task: Task, times: int) -> list[str]:
        call = [task.export, *task.arguments] if task.export else []
        return python_module("fusee.bench.load_guest", engine, str(task.module), str(times), *call)

    return load


def wasm3_engine(program: str, name: str) -> Engine:
    """The wasm3 interpreter, which gives a command its directory without being asked."""

    def command(task: Task) -> list[str]:
        export = ["--func", task.export] if task.export else []
        return [program, "--stack-size", str(STACK_BYTES), *export, str(task.module), *task.arguments]

    return _program(program, name, command, "translates a function when it is first called, validates little")


def wamr_engine(program: str, name: str) -> Engine:
    """WAMR's `iwasm`; which of its interpreters that is depends on how it was built."""

    def command(task: Task) -> list[str]:
        folder = ["--dir=."] if task.directory else []
        export = ["-f", task.export] if task.export else []
        return [program, f"--stack-size={STACK_BYTES}", *folder, *export, str(task.module), *task.arguments]

    return _program(program, name, command, "translates the whole module when it loads it")


def wasmedge_engine(program: str, name: str) -> Engine:
    """WasmEdge, which interprets what is not compiled ahead of time."""

    def command(task: Task) -> list[str]:
        folder = ["--dir", ".:."] if task.directory else []
        reactor = ["--reactor"] if task.export else []
        export = [task.export] if task.export else []
        return [program, "run", "--enable-all", *folder, *reactor, str(task.module), *export, *task.arguments]

    return _program(program, name, command)


def wasmi_engine(program: str, name: str) -> Engine:
    """wasmi."""

    def command(task: Task) -> list[str]:
        folder = ["--dir", "."] if task.directory else []
        export = ["--invoke", task.export] if task.export else []
        return [program, *folder, *export, str(task.module), *task.arguments]

    return _program(program, name, command)


def silverfir_engine(program: str, name: str) -> Engine:
    """Silverfir's interpreter, which gives a command its directory without being asked."""

    def command(task: Task) -> list[str]:
        return [program, "--interp", str(task.module), *task.arguments]

    def load(task: Task, times: int) -> list[str]:
        return [program, "--interp", "--compile-only", str(task.module)]

    return Engine(name, "does not tell its version", command, load, commands_only=True)


def _program(program: str, name: str, command: Callable[[Task], list[str]], note: str = "") -> Engine:
    """An engine that is an executable. To have it only load a module, it is asked for a function that is not there."""

    def load(task: Task, times: int) -> list[str]:
        return command(task if task.export else Task(task.module, _NO_EXPORT))

    return Engine(name, describe([program, "--version"]), command, load, note=note)


def describe(command: Sequence[str]) -> str:
    """The version that a peer's program prints: the first paragraph, what follows is about its features."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return "version unknown"
    paragraph = (result.stdout or result.stderr).strip().partition("\n\n")[0]
    return "; ".join(line.strip() for line in paragraph.splitlines()) or "version unknown"
