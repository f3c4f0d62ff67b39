"""Short programs, tiered beside interpreted: `python -m tests.native.short [--rounds N] [NAME:ARGUMENT[:LONG]…]`.

Whole processes of `fusee run`, by the clock on the wall, in rounds: in each of them every way of running a program has
its turn once, in an order by chance. What is shown is by how much it takes longer than interpreted ones of the same
round: the median of these differences, with the bounds between which it is with 95 % certainty, as their order says it
(whatever is met by single rounds moves them little).

`again` is interpreted once more, and should be 0. `beside` is that, too, while another process counts: where it takes
longer, the machine's processors are not independent of each other, and a process that compiles costs as much, whatever
it does. `kept` is a program that ends at once, and has native code of a run with the argument LONG.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from math import sqrt
from statistics import median
from typing import Final, NamedTuple

from fusee.bench.process import python_module
from fusee.bench.workloads import EVERY_WORKLOAD
from fusee.native.apart import share_engine

PROGRAMS: Final = (
    "adler:0", "life:40", "qsort:4", "lz:40", "json:700", "lz:80", "sha256:1500", "lz:1:3000", "json:1:20000"
)  # fmt: skip
_WAYS: Final = ("interpreted", "again", "beside", "first", "next", "kept")
_INTERPRETED: Final = _WAYS[:3]
_REST_SECONDS: Final = 0.05  # after a run: what has begun to compile is ended meanwhile
_COUNTING: Final = "import os, signal; os.nice(10); signal.alarm(60)\nwhile True: pass"
"""By a process that has the priority of one that compiles, and ends by itself if this one is killed."""
_COUNTING_SECONDS: Final = 0.1  # before it does
_LATER_SECONDS: Final = 11.0  # what goes on when a program has ended does so for ten seconds
_NORMAL_95: Final = 1.96


class Program(NamedTuple):
    """A workload, and what its `run` is given; for `kept` in an earlier run, if that is measured, too."""

    name: str
    argument: str
    long: str | None

    @staticmethod
    def named(text: str) -> "Program":
        name, argument, *long = text.split(":")
        return Program(name, argument, long[0] if long else None)

    @property
    def ways(self) -> list[str]:
        return [way for way in _WAYS if way != "kept" or self.long is not None]

    def run(self, way: str, cache: str, argument: str | None = None) -> float:
        """A process of its own, whose cache is this; how many seconds it took."""
        strategy = "interpreter" if way in _INTERPRETED else "tiered"
        path = next(one.path for one in EVERY_WORKLOAD if one.name == self.name)
        options = ["run", "-C", f"compiler={strategy}", "--invoke", "run"]
        command = python_module("fusee", *options, str(path), argument or self.argument)
        with counting() if way == "beside" else nullcontext():
            taken = seconds_of(command, {**os.environ, "FUSEE_CACHE": cache})
        time.sleep(_REST_SECONDS)
        return taken


def seconds_of(command: list[str], environment: dict[str, str]) -> float:
    """How long a process of this Python takes. Raises `ChildProcessError` if it fails."""
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    start = time.perf_counter()
    child = os.posix_spawn(sys.executable, command, environment, file_actions=silent)
    _, status = os.waitpid(child, 0)
    taken = time.perf_counter() - start
    if status != 0:
        raise ChildProcessError(f"{' '.join(command)} has failed")
    return taken


@contextmanager
def counting() -> Iterator[None]:
    """While another process counts, for nothing."""
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", _COUNTING], os.environ)
    try:
        time.sleep(_COUNTING_SECONDS)
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@contextmanager
def new_cache() -> Iterator[str]:
    """A cache without native code of any module."""
    with tempfile.TemporaryDirectory(prefix="fusee-short-", ignore_cleanup_errors=True) as folder:
        share_engine(folder)
        yield folder


def rounds_of(program: Program, count: int) -> list[dict[str, float]]:
    """How many seconds each way took in each round."""
    with new_cache() as known, new_cache() as kept:
        for _ in range(2):
            program.run("next", known)
        if program.long is not None:
            program.run("kept", kept, program.long)
            time.sleep(_LATER_SECONDS)
            program.run("kept", kept)
        caches, found = {"kept": kept}, []
        for _ in range(count):
            taken = {}
            for way in random.sample(program.ways, len(program.ways)):
                with new_cache() as fresh:
                    taken[way] = program.run(way, fresh if way == "first" else caches.get(way, known))
            found.append(taken)
    return found


def bounded_median(values: Sequence[float]) -> tuple[float, float, float]:
    """The median of what is behind these values, and what it is between with 95 % certainty."""
    ordered, half = sorted(values), len(values) / 2
    spread = _NORMAL_95 * sqrt(len(values)) / 2
    low, high = max(0, round(half - spread) - 1), min(len(values) - 1, round(half + spread))
    return median(ordered), ordered[low], ordered[high]


def show(program: Program, rounds: Sequence[dict[str, float]]) -> None:
    usual = median(taken["interpreted"] for taken in rounds)
    print(f"{':'.join(filter(None, program)):16} {usual * 1e3:6.1f} ms", end="")
    for way in program.ways[1:]:
        middle, low, high = bounded_median([taken[way] - taken["interpreted"] for taken in rounds])
        bounds = f"{low * 1e3:+.1f} to {high * 1e3:+.1f}"
        print(f" | {way} {middle * 1e3:+.1f} ({bounds}) ms, {middle / usual:+.1%}", end="")
    print(flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("programs", nargs="*", default=PROGRAMS, metavar="NAME:ARGUMENT[:LONG]")
    given = arguments.parse_args()
    for program in map(Program.named, given.programs):
        show(program, rounds_of(program, given.rounds))


if __name__ == "__main__":
    main()
