"""`wasi:filesystem`: changing sizes and times."""

from typing import Final

from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.wasi.clocks import NANOSECONDS
from fusee.engine.capi.component.wasi.files import WRITE
from fusee.engine.capi.component.wasi.paths import text_of
from fusee.engine.capi.component.wasi.requests import Request
from fusee.engine.capi.component.wasi.results import bits_of, part
from fusee.engine.capi.wasi.path import nofollow, set_times_at
from fusee.engine.capi.wasi.state import DIRECTORY, INVAL, ISDIR, NOTCAPABLE, SUCCESS, FileStat
from fusee.engine.capi.wasi.status import set_size_of, set_times_of, status_of
from fusee.kernel.lang import Ptr, is_null, kernel, span, stack_array, u32, u64

NOW: Final = u32(1)  # `new-timestamp`
TIMESTAMP: Final = u32(2)
MOST_SECONDS: Final = u64((1 << 63) // 1_000_000_000 - 1)  # since 1970: times are signed to the app's system
NO_MOMENT: Final = u64(0xFFFF_FFFF_FFFF_FFFF)
NO_TIME: Final = u32(0xFFFF)  # no `fstflags`


@kernel
def set_size(r: Request) -> u32:
    if r.resource.flags & WRITE == 0:
        status = stack_array(FileStat, 1)[0]
        errno = status_of(r.call, r.resource.fd, status)
        return ISDIR if errno == SUCCESS and status.filetype == DIRECTORY else NOTCAPABLE
    return set_size_of(r.call, r.resource.fd, bits_of(r.arguments[1]))


@kernel
def set_times(r: Request) -> u32:
    times = stack_array(u64, 2)
    flags = times_of(r.arguments + 1, times)
    if flags == NO_TIME:
        return INVAL
    return set_times_of(r.call, r.resource.fd, times[0], times[1], flags)


@kernel
def set_path_times(r: Request) -> u32:
    path = r.arguments[2]
    times = stack_array(u64, 2)
    flags = times_of(r.arguments + 3, times)
    if flags == NO_TIME:
        return INVAL
    flags = flags | nofollow(u32(bits_of(r.arguments[1])))
    return set_times_at(r.call, r.resource.fd, text_of(path), path.size, times[0], times[1], flags)


@kernel
def times_of(arguments: Ptr[Value], times: Ptr[u64]) -> u32:
    """Two `new-timestamp`s as preview 1 has them, two times and `fstflags`; or `NO_TIME`."""
    flags = u32(0)
    for i in span(u32(2)):
        value = arguments[i]
        times[i] = u64(0)
        if value.which == TIMESTAMP:
            times[i] = nanoseconds_of(value)
            if times[i] == NO_MOMENT:
                return NO_TIME
        if value.which == TIMESTAMP or value.which == NOW:
            flags = flags | (value.which & 1) + 1 << 2 * i
    return flags


@kernel
def nanoseconds_of(value: Value) -> u64:
    """The time of a `timestamp`, if it is one: a component chooses its types, and only the outermost are looked at."""
    if is_null(value.data):
        return NO_MOMENT
    time = part(value, u32(0))
    if time.kind != Kind.RECORD or time.size != 2:
        return NO_MOMENT
    seconds, nanoseconds = part(time, u32(0)), part(time, u32(1))
    if seconds.kind != Kind.U64 or nanoseconds.kind != Kind.U32:
        return NO_MOMENT
    if bits_of(seconds) > MOST_SECONDS or bits_of(nanoseconds) >= NANOSECONDS:
        return NO_MOMENT
    return bits_of(seconds) * NANOSECONDS + bits_of(nanoseconds)
