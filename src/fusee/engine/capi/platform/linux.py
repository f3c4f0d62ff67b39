"""The default platform on Linux, with glibc or musl."""

from typing import Any, Final

from fusee.engine.capi.platform.posix import (
    NANOSECONDS,
    WASI_TIMEDOUT,
    has_failed,
    nanoseconds,
    put_memory,
    read_some,
    to_wasi,
    write_all,
)
from fusee.engine.capi.state import System
from fusee.kernel.lang import (
    Fn,
    Instance,
    Ptr,
    Static,
    cast,
    exported,
    i32,
    instance,
    kernel,
    null,
    stack_array,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.kernel.triple import Triple

EAGAIN: Final = u32(11)
ETIMEDOUT: Final = u32(110)
MOST_RANDOM: Final = usize(256)  # bytes at once, which no signal interrupts (getrandom(2))

FUTEX_WAIT_PRIVATE: Final = usize(128)
FUTEX_WAKE_PRIVATE: Final = usize(129)
FUTEX: Final = {
    ("x86_64", 64): 202, ("aarch64", 64): 98, ("riscv64", 64): 98, ("arm", 32): 240, ("thumb", 32): 240,
    ("i386", 32): 240,
}  # fmt: skip
"""The system call's number by machine and width of pointers, where a time is two words as wide as those."""
MOST_SECONDS: Final = 0x7FFF_FFFF  # what is longer has no end

NAME: Final = "fusee_default_platform"


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


# Waiting (futex(2)): on words of this process. The C library has no function for it.


@kernel(external="syscall")
def syscall(number: usize, word: Ptr[u32], operation: usize, value: usize, timeout: Ptr[usize]) -> usize:
    return usize(0)


@kernel
def sleep_at(word: Ptr[u32], expected: u32, nanoseconds: u64, futex: Static[int]) -> u32:
    """`fusee_platform_t.wait`; `futex` is the system call's number."""
    time = stack_array(usize, 2)
    timeout = null(Ptr[usize])
    seconds = nanoseconds // NANOSECONDS
    if seconds < MOST_SECONDS:
        time[0] = usize(seconds)
        time[1] = usize(nanoseconds - seconds * NANOSECONDS)
        timeout = time
    if has_failed(syscall(usize(futex), word, FUTEX_WAIT_PRIVATE, usize(expected), timeout)):
        return WASI_TIMEDOUT if errno_location()[0] == ETIMEDOUT else u32(0)
    return u32(0)


@kernel
def wake_at(word: Ptr[u32], futex: Static[int]) -> None:
    """`fusee_platform_t.wake`; the word's address is only a number to the system."""
    syscall(usize(futex), word, FUTEX_WAKE_PRIVATE, usize(1), null(Ptr[usize]))


def platform_for(triple: Triple) -> Instance:
    """The default platform on a machine; without waiting where the system call is not known, or wants another time."""
    number = FUTEX.get((triple.machine, triple.pointer_width))
    if number is None:
        return exported(NAME, default_platform, wait=None, wake=None)
    waiting = {"wait": instance(sleep_at, futex=number), "wake": instance(wake_at, futex=number)}
    return exported(NAME, default_platform, **waiting)


@kernel(weak=True)
def default_platform(out: System, wait: Static[Any], wake: Static[Any]) -> bool:
    put_memory(out)
    if wait is not None:
        out.wait = cast(Fn[[Ptr[u32], u32, u64], u32], wait)
        out.wake = cast(Fn[[Ptr[u32]], None], wake)
    out.clock = cast(Fn[[u32], u64], clock)
    out.random = cast(Fn[[Ptr[u8], usize], u32], fill_random)
    out.read = cast(Fn[[u32, Ptr[u8], usize, Ptr[usize]], u32], read_stream)
    out.write = cast(Fn[[u32, Ptr[u8], usize], u32], write_stream)
    return True
