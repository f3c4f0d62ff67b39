"""Runs independent jobs in forked processes, which inherit everything that was computed before."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from fusee.kernel.errors import BuildError
from fusee.kernel.processors import processor_count

R = TypeVar("R")


def run_jobs(names: Sequence[str], work: Callable[[str], R]) -> Iterator[tuple[str, R]]:
    """`work(name)` for each name, in the order of completion. An exception of a job is raised here.

    Each process does several jobs, one after the other: what a job has learnt serves the next.
    """
    count = min(processor_count(), len(names))
    if count < 2 or not hasattr(os, "fork"):
        for name in names:
            yield name, work(name)
        return
    waiting = list(reversed(names))
    workers: dict[Connection, Any] = {}
    busy: dict[Connection, str] = {}
    try:
        for _ in range(count):
            connection, process = _start(work)
            workers[connection] = process
            busy[connection] = _give(connection, waiting.pop())
        while busy:
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                name = busy.pop(ready)
                result = _result(name, ready, workers[ready])
                if waiting:
                    busy[ready] = _give(ready, waiting.pop())
                yield name, result
    finally:
        for connection, process in workers.items():
            connection.close()
            process.terminate()
            process.join()


def _start(work: Callable[[str], R]) -> tuple[Connection, Any]:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(work, theirs, ours), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: jobs take no locks of theirs
        process.start()
    theirs.close()
    return ours, process


def _give(connection: Connection, name: str) -> str:
    with contextlib.suppress(OSError):  # a process that has died is noticed when it does not answer
        connection.send(name)
    return name


def _serve(work: Callable[[str], R], connection: Connection, theirs: Connection) -> None:
    """Do what is asked for until nobody asks any more."""
    gc.disable()  # it would look through, and so copy, all that was inherited
    theirs.close()  # or the end of the other process would not be noticed
    with contextlib.suppress(EOFError, OSError):
        while True:
            name = connection.recv()
            try:
                answer: tuple[BaseException | None, Any] = None, work(name)
            except BaseException as problem:
                answer = problem, None
            connection.send(answer)


def _result(name: str, connection: Connection, process: Any) -> Any:
    try:
        problem, contents = connection.recv()
    except (EOFError, ConnectionResetError):
        process.join()
        raise BuildError(f"the process that compiled {name} was ended {_end(process.exitcode)}") from None
    if problem is not None:
        raise problem
    return contents


def _end(status: int) -> str:
    """How a process has ended."""
    if status >= 0:
        return f"with exit status {status}"
    number = -status
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    return f"by {name}" + ("; there may have been too little memory" if number == signal.SIGKILL else "")
