"""The programs that a selection is made from, and their profiles."""

import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fusee.api.errors import FuseeError
from fusee.bench.process import python_module
from fusee.bench.real import PROGRAMS
from fusee.bench.workloads import WORKLOADS, Workload, find_workloads

_BENCH: Final = "bench"
_HOLD_OUT: Final = "hold-out"
_REAL: Final = "real"


@dataclass(frozen=True)
class Program:
    """A name, and what to write behind `fusee run`; or a profile that exists already."""

    name: str
    arguments: tuple[str, ...] = ()
    profile: Path | None = None
    directory: Path | None = None  # where it runs

    def profiled(self, folder: Path) -> Path:
        """The program's profile, made in `folder` if it must be run. Raises FuseeError if it cannot."""
        if self.profile is not None:
            return self.profile
        path = folder / f"{self.name.replace('/', '-')}.profile"
        command = python_module("fusee", "run", "--profile", str(path), *self.arguments)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, cwd=self.directory)
        if not path.exists():  # a program may end with any status
            message = done.stderr.decode(errors="replace").strip() or "no profile was written"
            raise FuseeError(f"{shlex.join(self.arguments)}: {message.splitlines()[-1]}")
        return path


def parse_program(text: str) -> Iterator[Program]:
    """What a word of the corpus stands for. Raises ValueError if there is no such program.

    `bench` and `bench:hold-out` are the workloads of `fusee bench` that are meant for tuning and those that are not,
    `bench:NAME` is one of them; `real` and `real:NAME` are its real programs, as far as they are installed and
    `fusee run` runs them; `FILE.profile` is a profile. Anything else is what one would write behind `fusee run`.
    """
    kind, _, names = text.partition(":")
    if kind == _BENCH:
        is_group = names in ("", _HOLD_OUT)
        chosen = [w for w in WORKLOADS if w.hold_out == bool(names)] if is_group else find_workloads(names)
        yield from (_workload(w) for w in chosen)
    elif kind == _REAL:
        yield from _real_programs(names)
    elif text.endswith(".profile"):
        yield Program(Path(text).stem, profile=Path(text))
    else:
        arguments = tuple(shlex.split(text))
        file = next((word for word in arguments if word.endswith((".wasm", ".wat"))), text)
        yield Program(Path(file).stem, arguments)


def _workload(workload: Workload) -> Program:
    return Program(workload.name, ("--invoke", "run", str(workload.path), str(workload.small_argument)))


def _real_programs(name: str) -> Iterator[Program]:
    named = [program for program in PROGRAMS if name in ("", program.name) and program.host is None]
    found = [program for program in named if program.module is not None]
    if name and not found:
        raise ValueError(f"there is no real program {name} for `fusee run`, or it is not installed")
    for task in (program.task for program in found):
        yield Program(task.module.stem, ("--dir", ".", str(task.module), *task.arguments), directory=task.directory)
