"""Processes of their own for what needs another selection: a process has one."""

import subprocess
from collections.abc import Iterable, Sequence

from fusee.api.errors import FuseeError
from fusee.bench.process import python_module
from fusee.engine.isa.selection import Selection, choose


def run_apart(module: str, selection: Selection, arguments: Iterable[object]) -> str:
    """What a module of this package writes as a program, under a selection."""
    chosen = (selection.name, selection.pins, selection.file or "")
    command = python_module(module, *map(str, (*chosen, *arguments)))
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise FuseeError(f"{module} ended with status {done.returncode}")
    return done.stdout


def choose_given(arguments: Sequence[str]) -> Sequence[str]:
    """In such a process: choose the selection; gives the other arguments."""
    name, pins, file, *others = arguments
    choose(Selection(name, int(pins), file or None))
    return others
