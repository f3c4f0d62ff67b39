"""The default platform on Apple's systems."""

from typing import Final

from fusee.engine.capi.platform.posix import nanoseconds, put_memory, read_some, to_wasi, write_all
from fusee.engine.capi.state import System
from fusee.kernel.lang import Fn, Ptr, cast, i32, kernel, null, table, u8, u32, u64, usize

EAGAIN: Final = u32(35)
CLOCKS = table(u8, [0, 6, 12, 16])
"""CLOCK_REALTIME, CLOCK_MONOTONIC, and those of the process and the thread, in WASI's order (<time.h>)."""
CLOCK_COUNT: Final = 4


@kernel(external="__error")
def errno_location() -> Ptr[u32]:
    return null(Ptr[u32])


@kernel(external="arc4random_buf")
def arc4random_buf(into: Ptr[u8], size: usize) -> None:
    return


@kernel
def last_error() -> u32:
    return to_wasi(errno_location()[0], EAGAIN)


@kernel
def read_stream(descriptor: u32, into: Ptr[u8], size: usize, count: Ptr[usize]) -> u32:
    return read_some(descriptor, into, size, count, last_error)


@kernel
def write_stream(descriptor: u32, data: Ptr[u8], size: usize) -> u32:
    return write_all(descriptor, data, size, last_error)


@kernel
def clock(which: u32) -> u64:
    return nanoseconds(i32(CLOCKS[which])) if which < CLOCK_COUNT else u64(0)


@kernel
def fill_random(into: Ptr[u8], size: usize) -> u32:
    arc4random_buf(into, size)
    return u32(0)


@kernel(export="fusee_default_platform", weak=True)
def default_platform(out: System) -> bool:
    put_memory(out)
    out.clock = cast(Fn[[u32], u64], clock)
    out.random = cast(Fn[[Ptr[u8], usize], u32], fill_random)
    out.read = cast(Fn[[u32, Ptr[u8], usize, Ptr[usize]], u32], read_stream)
    out.write = cast(Fn[[u32, Ptr[u8], usize], u32], write_stream)
    return True
