"""Waiting: `poll_oneoff`."""

import select
import time
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from fusee.wasi.abi import EVENT, SUBSCRIPTION_BYTES, FileType, Rights
from fusee.wasi.clock import read_clock
from fusee.wasi.context import WasiContext
from fusee.wasi.descriptors import File
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.functions import host_function
from fusee.wasi.memory import GuestMemory

MAX_SUBSCRIPTIONS = 1 << 14

_CLOCK, _FD_READ, _FD_WRITE = 0, 1, 2
_HEAD = Struct("<QB")  # userdata, tag
_CLOCK_BODY = Struct("<I4xQQH")  # clock, timeout, precision, flags; at offset 16
_FD_BODY = Struct("<I")
_IS_ABSOLUTE = 1
_HANGUP = 1


@dataclass(frozen=True)
class Subscription:
    """What a guest waits for; a clock's deadline is on the host's monotonic clock."""

    userdata: int
    tag: int
    deadline_ns: int = 0
    file: File | None = None  # None: always ready
    errno: Errno = Errno.SUCCESS

    def event(self, errno: Errno, flags: int = 0) -> bytes:
        """The record that tells the guest about it."""
        return EVENT.pack(self.userdata, errno, self.tag, 0, flags)


@host_function("i32 i32 i32 i32 -> i32")
def poll_oneoff(
    context: WasiContext, memory: GuestMemory, subscriptions: int, events: int, count: int, result: int
) -> None:
    """Waits until at least one of several things happens, and stores which did."""
    if not 0 < count <= MAX_SUBSCRIPTIONS:
        raise WasiError(Errno.INVAL)
    records = memory.view(subscriptions, count * SUBSCRIPTION_BYTES)
    memory.check(events, count * EVENT.size)
    memory.check(result, 4)
    wanted = [_parse(context, records, index * SUBSCRIPTION_BYTES) for index in range(count)]
    happened = _wait(wanted)
    memory.write(events, b"".join(happened))
    memory.write_u32(result, len(happened))


def _parse(context: WasiContext, records: memoryview, start: int) -> Subscription:
    userdata, tag = _HEAD.unpack_from(records, start)
    try:
        if tag == _CLOCK:
            clock, timeout_ns, _, flags = _CLOCK_BODY.unpack_from(records, start + 16)
            now = read_clock(clock)
            remaining = timeout_ns - now if flags & _IS_ABSOLUTE else timeout_ns
            return Subscription(userdata, tag, time.monotonic_ns() + max(0, remaining))
        if tag not in (_FD_READ, _FD_WRITE):
            raise WasiError(Errno.INVAL)
        descriptor = context.descriptor(_FD_BODY.unpack_from(records, start + 16)[0], Rights.POLL_FD_READWRITE)
        is_waitable = isinstance(descriptor, File) and descriptor.file_type != FileType.REGULAR_FILE
        return Subscription(userdata, tag, file=descriptor if is_waitable and isinstance(descriptor, File) else None)
    except WasiError as error:
        return Subscription(userdata, tag, errno=error.errno)


def _wait(wanted: list[Subscription]) -> list[bytes]:
    """The events; there is at least one."""
    poller = select.poll()
    masks: dict[int, int] = {}
    for one in wanted:
        if one.file is not None:
            masks[one.file.fd] = masks.get(one.file.fd, 0) | (select.POLLIN if one.tag == _FD_READ else select.POLLOUT)
    for fd, mask in masks.items():
        poller.register(fd, mask)
    is_ready = any(one.errno or (one.tag != _CLOCK and one.file is None) for one in wanted)
    deadlines = [one.deadline_ns for one in wanted if one.tag == _CLOCK and not one.errno]
    while True:
        remaining_ns = 0 if is_ready else min(deadlines, default=-1)
        if remaining_ns > 0:
            remaining_ns = max(0, remaining_ns - time.monotonic_ns())
        ready = dict(poller.poll(_milliseconds(remaining_ns)))
        events = list(_events(wanted, ready, time.monotonic_ns()))
        if events:
            return events


def _milliseconds(duration_ns: int) -> int | None:
    """A timeout for the host, rounded up so as not to wake too early; None waits for ever."""
    if duration_ns < 0:
        return None
    return min(-(-duration_ns // 1_000_000), 60_000)


def _events(wanted: list[Subscription], ready: dict[int, int], now_ns: int) -> Iterator[bytes]:
    for one in wanted:
        if one.errno:
            yield one.event(one.errno)
        elif one.tag == _CLOCK:
            if one.deadline_ns <= now_ns:
                yield one.event(Errno.SUCCESS)
        elif one.file is None:
            yield one.event(Errno.SUCCESS)
        elif one.file.fd in ready:
            yield one.event(Errno.SUCCESS, _HANGUP if ready[one.file.fd] & select.POLLHUP else 0)
