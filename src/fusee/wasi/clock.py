"""Clocks: `clock_res_get`, `clock_time_get`."""

import time
from collections.abc import Callable
from typing import Literal, NamedTuple

from fusee.wasi.context import WasiContext
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.functions import host_function
from fusee.wasi.memory import GuestMemory

REALTIME = 0
MONOTONIC = 1


class _Clock(NamedTuple):
    """A clock of the host."""

    read_ns: Callable[[], int]
    name: Literal["time", "monotonic", "process_time", "thread_time"]  # as `time.get_clock_info` knows it


_CLOCKS = {
    REALTIME: _Clock(time.time_ns, "time"),
    MONOTONIC: _Clock(time.monotonic_ns, "monotonic"),
    2: _Clock(time.process_time_ns, "process_time"),
    3: _Clock(time.thread_time_ns, "thread_time"),
}


def read_clock(clock: int) -> int:
    """A clock's reading in nanoseconds."""
    return _find(clock).read_ns()


def resolution_ns(clock: int) -> int:
    """How long it takes for a clock to go on, in nanoseconds."""
    return max(1, round(time.get_clock_info(_find(clock).name).resolution * 1e9))


@host_function("i32 i32 -> i32")
def clock_res_get(context: WasiContext, memory: GuestMemory, clock: int, result: int) -> None:
    """Stores a clock's resolution."""
    memory.write_u64(result, resolution_ns(clock))


@host_function("i32 i64 i32 -> i32")
def clock_time_get(context: WasiContext, memory: GuestMemory, clock: int, precision: int, result: int) -> None:
    """Stores a clock's reading."""
    memory.write_u64(result, read_clock(clock))


def _find(clock: int) -> _Clock:
    if clock not in _CLOCKS:
        raise WasiError(Errno.INVAL)
    return _CLOCKS[clock]
