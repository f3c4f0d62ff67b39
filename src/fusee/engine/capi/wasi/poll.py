"""Waiting: `poll_oneoff`. Streams and files are always ready, as the app's functions wait; clocks are waited for."""

from typing import Final

from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.waiting import sleep_until, token_of
from fusee.engine.capi.wasi.fd import SEEK_CURRENT, is_directory, is_stream
from fusee.engine.capi.wasi.guest import argument, guest
from fusee.engine.capi.wasi.process import CLOCKS
from fusee.engine.capi.wasi.state import (
    FAULT,
    INVAL,
    IO,
    NOMEM,
    NOSYS,
    REGULAR_FILE,
    STREAMS,
    SUCCESS,
    Call,
    FileStat,
)  # fmt: skip
from fusee.engine.capi.wasi.status import status_of
from fusee.engine.capi.wasi.transfers import finished
from fusee.engine.runtime.metering import MONOTONIC, is_late
from fusee.kernel.lang import (
    Ptr,
    add_sat,
    address,
    copy_bytes,
    is_null,
    kernel,
    load,
    minimum,
    span,
    stack_array,
    store,
    struct,
    u8,
    u16,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.wasi import MAX_SUBSCRIPTIONS, Errno

SUBSCRIPTION_BYTES: Final = u32(48)
CLOCK_AT: Final = u32(16)
SUBSCRIPTION_0_BYTES: Final = u32(56)  # of snapshot 0, where a clock has an identifier before it
CLOCK_0_AT: Final = u32(24)
TAG_AT: Final = 8
FD_AT: Final = 16
TIMEOUT_AT: Final = 8  # of a clock's part
FLAGS_AT: Final = 24
ABSOLUTE: Final = 1  # `subclockflags`
EVENT_BYTES: Final = u32(32)
CLOCK: Final = u32(0)  # `eventtype`
FD_READ: Final = 1
TAGS: Final = 3
HANGUP: Final = u16(1)  # `eventrwflags`
READY_BYTES: Final = u64(1)  # that there is something is known; how much is not
ERRNOS: Final = u32(len(Errno))


@struct
class Poll:
    """One call of `poll_oneoff`: a copy of its subscriptions, which the guest might change meanwhile, or move."""

    call: Call
    records: Ptr[u8]
    count: u32
    size: u32  # of a subscription
    clock_at: u32  # in it
    start: u64  # of the monotonic clock
    first: u64  # when the next clock is over
    found: u32  # events


@kernel
def poll_oneoff(c: Call) -> u32:
    return poll(c, SUBSCRIPTION_BYTES, CLOCK_AT)


@kernel
def poll_oneoff_0(c: Call) -> u32:
    return poll(c, SUBSCRIPTION_0_BYTES, CLOCK_0_AT)


@kernel
def poll(c: Call, size: u32, clock_at: u32) -> u32:
    """Subscriptions, events, number, result."""
    count = argument(c, u32(2))
    if count == 0 or count > MAX_SUBSCRIPTIONS:
        return INVAL
    room = usize(count * size)
    records = guest(c, argument(c, u32(0)), room)
    if is_null(records) or is_null(guest(c, argument(c, u32(1)), u64(count * EVENT_BYTES))):
        return FAULT
    if is_null(guest(c, argument(c, u32(3)), u64(4))):
        return FAULT
    p = stack_array(Poll, 1)[0]
    p.call = c
    p.count = count
    p.size = size
    p.clock_at = clock_at
    p.records = new_block(room)
    if is_null(p.records):
        return NOMEM
    copy_bytes(p.records, records, room)
    wait(p)
    delete_block(p.records)
    return finished(c, argument(c, u32(3)), p.found)


@kernel
def now(c: Call, clock: u32) -> u64:
    """The time; 0 without a clock, where nothing is waited for."""
    read = c.store.engine.system.clock
    return u64(0) if address(read) == 0 else read(clock)


@kernel
def wait(p: Poll) -> None:
    """Until something has happened. None has if the guest shall stop, which it does as soon as it goes on."""
    p.start = now(p.call, MONOTONIC)
    p.found = u32(0)
    while p.found == 0:
        token = token_of(p.call.store)
        p.first = ~u64(0)
        for i in span(p.count):
            look(p, p.records + i * p.size)
        if is_late(p.call.store.store):
            return
        if p.found == 0:
            sleep_until(p.call.store, p.first, token)


@kernel
def look(p: Poll, record: Ptr[u8]) -> None:
    """Note an event if there is one."""
    tag = u32(record[TAG_AT])
    flags = stack_array(u16, 1)
    flags[0] = u16(0)
    errno = INVAL
    if tag == CLOCK:
        clock = record + p.clock_at
        errno = check_clock(p.call, load(u32, clock))
        if errno == SUCCESS:
            time = time_of(p, clock)
            if time > now(p.call, MONOTONIC):
                p.first = minimum(p.first, time)
                return
    elif tag < TAGS:
        errno = look_at_file(p.call, load(u32, record + FD_AT), tag == FD_READ, flags)
    if errno >= ERRNOS:
        errno = IO  # of the app's own making
    put_event(p, load(u64, record), tag, errno, flags[0])


@kernel
def check_clock(c: Call, clock: u32) -> u32:
    """An errno for what is no clock here."""
    if clock >= CLOCKS:
        return INVAL
    return NOSYS if address(c.store.engine.system.clock) == 0 else SUCCESS


@kernel
def time_of(p: Poll, clock: Ptr[u8]) -> u64:
    """When a clock's subscription is over, by the monotonic clock."""
    timeout = load(u64, clock + TIMEOUT_AT)
    if load(u16, clock + FLAGS_AT) & ABSOLUTE == 0:
        return add_sat(p.start, timeout)
    time = now(p.call, load(u32, clock))
    return add_sat(now(p.call, MONOTONIC), timeout - time) if timeout > time else u64(0)


@kernel
def look_at_file(c: Call, fd: u32, is_read: bool, flags: Ptr[u16]) -> u32:
    """An errno unless it can be asked for; a file that is read hangs up at its end, as far as the app tells."""
    files = c.wasi.files
    if is_stream(fd) or is_directory(c, fd) or address(files.stat) == 0:
        return SUCCESS
    status = stack_array(FileStat, 1)[0]
    errno = status_of(c, fd, status)
    if errno != SUCCESS or not is_read or status.filetype != REGULAR_FILE or address(files.seek) == 0:
        return errno
    position = stack_array(u64, 1)
    if files.seek(files.environment, fd - STREAMS, u64(0), SEEK_CURRENT, position) == SUCCESS:
        if position[0] >= status.size:
            flags[0] = HANGUP
    return SUCCESS


@kernel
def put_event(p: Poll, userdata: u64, tag: u32, errno: u32, flags: u16) -> None:
    """The guest's memory may have moved, but is never smaller."""
    place = guest(p.call, argument(p.call, u32(1)), u64(p.count * EVENT_BYTES)) + p.found * EVENT_BYTES
    p.found += 1
    is_ready = tag != CLOCK and errno == SUCCESS
    store(place, userdata)
    store(place + 8, u64(errno | tag << 16))
    store(place + 16, READY_BYTES if is_ready else u64(0))
    store(place + 24, u64(flags))
