"""What Linux and Apple's systems have in common: the C library's memory, standard streams, clocks (POSIX.1-2017)."""

from typing import Final

from fusee.engine.capi.state import System
from fusee.kernel.lang import (
    Fn,
    Kernel,
    Ptr,
    Static,
    cast,
    i32,
    kernel,
    null,
    stack_array,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

NANOSECONDS: Final = 1_000_000_000

EINTR: Final = 4  # the same numbers on all systems here
EBADF: Final = 9
EPIPE: Final = 32

WASI_AGAIN: Final = u32(6)
WASI_BADF: Final = u32(8)
WASI_INTR: Final = u32(27)
WASI_IO: Final = u32(29)
WASI_PIPE: Final = u32(64)
WASI_TIMEDOUT: Final = u32(73)


@kernel(external="calloc")
def calloc(count: usize, size: usize) -> Ptr[u8]:
    return null(Ptr[u8])


@kernel(external="free")
def free(memory: Ptr[u8]) -> None:
    return


@kernel(external="read")
def read(descriptor: i32, into: Ptr[u8], size: usize) -> usize:
    return usize(0)


@kernel(external="write")
def write(descriptor: i32, data: Ptr[u8], size: usize) -> usize:
    return size


@kernel(external="clock_gettime")
def clock_gettime(clock: i32, into: Ptr[usize]) -> i32:
    return i32(-1)


@kernel
def put_memory(out: System) -> None:
    """What is the same everywhere. Address space is not reserved: a memory that grows is copied."""
    out.allocate = cast(Fn[[usize, usize], Ptr[u8]], calloc)
    out.release = cast(Fn[[Ptr[u8]], None], free)


@kernel(inline=True)
def has_failed(count: usize) -> bool:
    """Whether a count of bytes is -1."""
    return count + 1 == 0


@kernel
def read_some(
    descriptor: u32, into: Ptr[u8], size: usize, count: Ptr[usize], last_error: Static[Kernel[[], u32]]
) -> u32:
    """`fusee_platform_t.read`; `last_error` gives WASI's errno of what has failed."""
    got = read(i32(descriptor), into, size)
    if has_failed(got):
        return last_error()
    count[0] = got
    return u32(0)


@kernel
def write_all(descriptor: u32, data: Ptr[u8], size: usize, last_error: Static[Kernel[[], u32]]) -> u32:
    """`fusee_platform_t.write`"""
    done = usize(0)
    while done != size:
        written = write(i32(descriptor), data + done, size - done)
        if not has_failed(written):
            done += written
            continue
        error = last_error()
        if error != WASI_INTR or done == 0:  # what is written once cannot be taken back: interrupted then, it goes on
            return error
    return u32(0)


@kernel
def to_wasi(number: u32, again: u32) -> u32:
    """An errno of the system's as WASI's; `again` is the system's EAGAIN."""
    if number == EINTR:
        return WASI_INTR
    if number == EBADF:
        return WASI_BADF
    if number == EPIPE:
        return WASI_PIPE
    return WASI_AGAIN if number == again else WASI_IO


@kernel
def nanoseconds(clock: i32) -> u64:
    """A clock of the system's; 0 if there is none. `time_t` and `long` have the width of a pointer."""
    time = stack_array(usize, 2)
    if clock_gettime(clock, time) != 0:
        return u64(0)
    return u64(time[0]) * NANOSECONDS + u64(time[1])
