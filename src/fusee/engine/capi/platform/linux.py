"""The default platform on Linux, with glibc or musl."""

from typing import Final

from fusee.engine.capi.platform.posix import has_failed, nanoseconds, put_memory, read_some, to_wasi, write_all
from fusee.engine.capi.state import System
from fusee.kernel.lang import Fn, Ptr, cast, i32, kernel, null, u8, u32, u64, usize

EAGAIN: Final = u32(11)
MOST_RANDOM: Final = usize(256)  # bytes at once, which no signal interrupts (getrandom(2))


@kernel(external="__errno_location")
def errno_location() -> Ptr[u32]:
    return null(Ptr[u32])


@kernel(external="getrandom")
def getrandom(into: Ptr[u8], size: usize, flags: u32) -> usize:
    return size


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
    """WASI's numbers of the four clocks are Linux's."""
    return nanoseconds(i32(which))


@kernel
def fill_random(into: Ptr[u8], size: usize) -> u32:
    done = usize(0)
    while done != size:
        wanted = size - done
        if wanted > MOST_RANDOM:
            wanted = MOST_RANDOM
        got = getrandom(into + done, wanted, u32(0))
        if has_failed(got):
            return last_error()
        done += got
    return u32(0)


@kernel(export="fusee_default_platform", weak=True)
def default_platform(out: System) -> bool:
    put_memory(out)
    out.clock = cast(Fn[[u32], u64], clock)
    out.random = cast(Fn[[Ptr[u8], usize], u32], fill_random)
    out.read = cast(Fn[[u32, Ptr[u8], usize, Ptr[usize]], u32], read_stream)
    out.write = cast(Fn[[u32, Ptr[u8], usize], u32], write_stream)
    return True
