"""Runs independent jobs in forked processes, which inherit everything that was computed before."""

from __future__ import annotations

import gc
import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

R = TypeVar("R")


def processor_count() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_jobs(names: Sequence[str], work: Callable[[str], R]) -> Iterator[tuple[str, R]]:
    """`work(name)` for each name, in the order of completion. An exception of a job is raised here."""
    if len(names) < 2 or processor_count() < 2 or not hasattr(os, "fork"):
        for name in names:
            yield name, work(name)
        return
    waiting, running = list(reversed(names)), dict[Connection, tuple[str, Any]]()
    try:
        while waiting or running:
            while waiting and len(running) < processor_count():
                name = waiting.pop()
                receiver, process = _start(name, work)
                running[receiver] = name, process
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)
                name, process = running.pop(ready)
                yield name, _result(name, ready, process)
    finally:
        for _, process in running.values():
            process.terminate()


def _start(name: str, work: Callable[[str], R]) -> tuple[Connection, Any]:
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(name, work, sender), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: jobs take no locks of theirs
        process.start()
    sender.close()
    return receiver, process


def _run(name: str, work: Callable[[str], R], sender: Connection) -> None:
    gc.disable()  # it would look through, and so copy, all that was inherited
    try:
        sender.send((None, work(name)))
    except BaseException as problem:
        sender.send((problem, None))
    finally:
        sender.close()


def _result(name: str, receiver: Connection, process: Any) -> Any:
    try:
        problem, contents = receiver.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"compiling {name} ended with exit status {process.exitcode}") from None
    process.join()
    if problem is not None:
        raise problem
    return contents
