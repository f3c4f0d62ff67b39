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
from fusee.bench.tasks import Host
from fusee.bench.workloads import WORKLOADS, Workload, find_workloads

_BENCH: Final = "bench"
_HOLD_OUT: Final = "hold-out"
_REAL: Final = "real"
_VECTORS: Final = "vectors"


@dataclass(frozen=True)
class Program:
    """A name, and what to write behind `fusee run`, or what a host is told; or a profile that exists already; or a
    module that is not run."""

    name: str
    arguments: tuple[str, ...] = ()
    host: Host | None = None
    profile: Path | None = None
    unrun: Path | None = None
    directory: Path | None = None  # where it runs

    def profiled(self, folder: Path) -> Path:
        """The program's profile, made in `folder` if it must be run. Raises FuseeError if it cannot."""
        if self.profile is not None:
            return self.profile
        path = folder / f"{self.name.replace('/', '-')}.profile"
        if self.unrun is not None:
            from fusee.tune.unrun import guess_profile

            guess_profile(self.unrun).write(path)
            return path
        recording = self._recording(path)
        done = subprocess.run(recording, stdin=subprocess.DEVNULL, capture_output=True, check=False, cwd=self.directory)
        if not path.exists():  # a program may end with any status
            lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no profile was written"]
            # The command's own words come last; what went wrong in a host is said at once.
            command, said = shlex.join(self.arguments), lines[0 if self.host else -1].removeprefix("fusee: ")
            raise FuseeError(said if said.startswith(f"{command}: ") else f"{command}: {said}")
        return path

    def _recording(self, path: Path) -> list[str]:
        if self.host is not None:
            return python_module("fusee.tune.hosted", str(path), self.host.name, *self.arguments)
        return python_module("fusee", "run", "--profile", str(path), *self.arguments)


def parse_program(text: str) -> Iterator[Program]:
    """What a word of the corpus stands for. Raises ValueError if there is no such program.

    `bench` and `bench:hold-out` are the workloads of `fusee bench` that are meant for tuning and those that are not,
    `bench:NAME` is one of them or a family, such as `unseen`; `real` and `real:NAME` are its real programs, as far as
    they are installed; `FILE.profile` is a profile; `vectors:FILE` stands for a module's loops with vectors, without
    running it. Anything else is what one would write behind `fusee run`.
    """
    kind, _, names = text.partition(":")
    if kind == _BENCH:
        is_group = names in ("", _HOLD_OUT)
        chosen = [w for w in WORKLOADS if w.hold_out == bool(names)] if is_group else find_workloads(names)
        yield from (_workload(w) for w in chosen)
    elif kind == _REAL:
        yield from _real_programs(names)
    elif kind == _VECTORS:
        yield Program(Path(names).stem, unrun=Path(names))
    elif text.endswith(".profile"):
        yield Program(Path(text).stem, profile=Path(text))
    else:
        arguments = tuple(shlex.split(text))
        file = next((word for word in arguments if word.endswith((".wasm", ".wat"))), text)
        yield Program(Path(file).stem, arguments)


def _workload(workload: Workload) -> Program:
    return Program(workload.name, ("--invoke", "run", str(workload.path), str(workload.small_argument)))


def _real_programs(name: str) -> Iterator[Program]:
    named = [program for program in PROGRAMS if name in ("", program.name)]
    found = [program for program in named if program.module is not None]
    if name and not found:
        remedy = "".join(f": {program.source.remedy}" for program in named)
        raise ValueError(f"the real program {name} is not installed{remedy}" if named else f"no real program {name}")
    for program in found:
        task = program.task
        folder = () if task.host else ("--dir", ".")
        yield Program(program.name, (*folder, str(task.module), *task.arguments), task.host, directory=task.directory)
