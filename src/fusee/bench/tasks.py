"""What engines are asked to do: a call of a module's export, or a whole WASI command."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fusee.bench.answers import Answer, Numbers, WrongAnswer
from fusee.bench.workloads import Workload

EXPORT = "run"
# A call that does next to nothing, but passes through the same code: what it takes is start-up.
IDLE_ARGUMENT = 1

# Version 1; a type [] -> []; function 0 of it; a memory of no pages; exports "memory" and "_start"; an empty body.
EMPTY_COMMAND = (
    b"\0asm\1\0\0\0"
    b"\x01\x04\x01\x60\x00\x00"
    b"\x03\x02\x01\x00"
    b"\x05\x03\x01\x00\x00"
    b"\x07\x13\x02\x06memory\x02\x00\x06_start\x00\x00"
    b"\x0a\x04\x01\x02\x00\x0b"
)


@dataclass(frozen=True)
class Host:
    """A program in Python that calls a module, which may get imports from it: `python -m NAME ENGINE MODULE ARGUMENT…`.

    ENGINE is what `fusee.bench.embedding` understands.
    """

    name: str
    reason: str  # why the module is none that an engine runs by itself: what it "is", or "imports"


@dataclass(frozen=True)
class Task:
    """One call, in a process of its own."""

    module: Path
    export: str | None = None  # None: the module is a WASI command
    arguments: tuple[str, ...] = ()
    directory: Path | None = None  # where the process runs, and what a command sees as "."
    host: Host | None = None  # None: what the module imports is WASI, if anything


@dataclass(frozen=True)
class Case:
    """A program to be timed: the full call, one that is subtracted as start-up, and a small one to try engines with."""

    name: str
    full: Task
    idle: Task
    small: Task
    answer: Answer | None = None  # None: what the first engine says, and the small task is the full one
    small_answer: Answer | None = None
    measures: str = ""
    language: str = ""
    proposals: frozenset[str] = frozenset()
    hold_out: bool = False
    measures_loading: bool = False  # not the call is timed, but all that comes before it as well
    compares_output: bool = True  # of commands; else only their exit status

    def reason(self, wrong: WrongAnswer) -> str:
        """Why an engine is left out, with what the program asks of it."""
        needs = ", ".join(sorted(self.proposals))
        return f"needs {needs}: {wrong}" if needs else str(wrong)


def case_of_workload(workload: Workload) -> Case:
    """A workload of this package: `run(n)`, its answers known."""

    def call(argument: object, module: Path = workload.path) -> Task:
        return Task(module, EXPORT, (str(argument),))

    return Case(
        workload.name,
        call(workload.argument),
        call(IDLE_ARGUMENT, workload.idle_path),
        call(workload.small_argument),
        Numbers((workload.answer,)),
        Numbers((workload.small_answer,)),
        workload.measures,
        str(workload.language),
        frozenset(map(str, workload.proposals)),
        workload.hold_out,
        workload.measures_loading,
    )


def case_of_program(task: Task, empty: Path, compares_output: bool = True) -> Case:
    """A program of the user's. Nobody knows its answer, so engines must agree with the first one.

    No argument is known with which it would do nothing: its start-up is that of an engine with an `empty` command,
    and its time includes its loading.
    """
    name = task.module.stem
    idle = Task(empty, host=task.host)
    return Case(name, task, idle, task, measures="a program of yours", compares_output=compares_output)


@contextmanager
def empty_command() -> Iterator[Path]:
    """A WASI command that does nothing, as a file while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="fusee-bench-") as folder:
        path = Path(folder) / "empty.wasm"
        path.write_bytes(EMPTY_COMMAND)
        yield path
