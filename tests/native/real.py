"""Published programs with a part of their functions native: `python -m tests.native.real [--part PART]… [NAME…]`.

What they print and how they end is the same as interpreted. They are those of `fusee bench --real`, as far as their
packages are installed; all parts without `--part`: all functions, every second one, and a random half, by a seed.
"""

import argparse
import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Final
from unittest import mock

import fusee
from fusee.bench import embedding
from fusee.bench.engines import fusee_engine
from fusee.bench.real import PROGRAMS, Program
from tests.native.parts import natively

_PARTS: Final = ("all", "second", "half:1")
_INSIDE: Final = "--inside"  # what the process of one run begins with
_TIMEOUT_SECONDS: Final = 3600  # LLVM compiles 20 KB in a second


def run(program: Program, part: str) -> tuple[int, bytes, str]:
    """Status and standard output of a program, and what was native."""
    task = program.task
    python, *options, _, name = (words := fusee_engine(strategy="native").command(task))[:4]
    command = [python, *options, "-m", "tests.native.real", _INSIDE, part, name, *words[4:]]
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        command, cwd=task.directory, env={**os.environ, "PYTHONPATH": path}, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=_TIMEOUT_SECONDS, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr.decode(errors="replace").strip().rpartition("\n")[2]


def open_natively(name: str) -> tuple[ModuleType, fusee.Engine]:
    """In place of `fusee.bench.embedding.open_engine`, which has everything interpreted."""
    return fusee, fusee.Engine()


def run_inside(part: str, name: str, arguments: list[str]) -> None:
    """The same in the process that `run` has started."""
    sys.argv = [name, *arguments]
    # The `fusee` command ends without what Python does at its end; here something is said first.
    opened = mock.patch.object(embedding, "open_engine", open_natively)
    with natively(part) as chosen, opened, mock.patch.object(os, "_exit", sys.exit):
        try:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        finally:
            sys.stdout.flush()
            reasons = f": {chosen.reasons}" if chosen.reasons else ""
            print(f"{chosen.native} functions native, {chosen.interpreted} not{reasons}", file=sys.stderr)


def main() -> int:
    if sys.argv[1:2] == [_INSIDE]:
        run_inside(sys.argv[2], sys.argv[3], sys.argv[4:])
        return 0
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--part", action="append", help="all, second or half:SEED")
    arguments.add_argument("names", nargs="*", metavar="NAME")
    given = arguments.parse_args()
    failures = 0
    for program in PROGRAMS:
        if given.names and program.name not in given.names:
            continue
        if program.module is None:
            print(f"{program.name}: {program.source.remedy}")
            continue
        expected = run(program, "none")[:2]
        for part in given.part or _PARTS:
            status, output, said = run(program, part)
            is_same = (status, output) == expected
            failures += not is_same or said.startswith("0 functions")  # nothing has been tried
            outcome = "as interpreted" if is_same else f"DIFFERS from {len(expected[1])} bytes, status {expected[0]}"
            print(f"{program.name}, {part}: status {status}, {len(output)} bytes, {outcome}; {said}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
