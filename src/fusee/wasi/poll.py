"""Waiting: `poll_oneoff`."""

import os
import select
import time
from collections.abc import Iterator, Mapping
from struct import Struct
from typing import NamedTuple

from fusee.spec.wasi import MAX_SUBSCRIPTIONS
from fusee.wasi.abi import EVENT, FileType, Rights
from fusee.wasi.clock import read_clock
from fusee.wasi.context import WasiContext
from fusee.wasi.descriptors import File
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.functions import host_function
from fusee.wasi.memory import GuestMemory
from fusee.wasi.waiting import ALWAYS, wait

_CLOCK, _FD_READ, _FD_WRITE = 0, 1, 2
_HEAD = Struct("<QB")  # userdata, tag
_CLOCK_BODY = Struct("<I4xQQH")  # clock, timeout, precision, flags
_FD_BODY = Struct("<I")
_IS_ABSOLUTE = 1
_HANGUP = 1
# That something can be read or written, is known; how much, is not. Wasmtime says so too.
_READY_BYTES = 1


class Subscription(NamedTuple):
    """What a guest waits for; a clock's deadline is on the host's monotonic clock."""

    userdata: int
    tag: int
    deadline_ns: int = 0
    file: File | None = None  # None: always ready
    is_at_end: bool = False
    errno: Errno = Errno.SUCCESS

    def event(self, flags: int = 0) -> bytes:
        """The record that tells the guest about it."""
        is_ready = self.tag != _CLOCK and not self.errno
        return EVENT.pack(self.userdata, self.errno, self.tag, _READY_BYTES if is_ready else 0, flags)

    @property
    def mask(self) -> int:
        """What the host is asked to wait for."""
        return select.POLLIN if self.tag == _FD_READ else select.POLLOUT


@host_function("i32 i32 i32 i32 -> i32")
def poll_oneoff(
    context: WasiContext, memory: GuestMemory, subscriptions: int, events: int, count: int, result: int
) -> None:
    """Waits until at least one of several things happens, and stores which did."""
    poll(SUBSCRIPTION, context, memory, subscriptions, events, count, result)


class Layout(NamedTuple):
    """Of a subscription: its size, and where a clock's part begins; a file's is at 16."""

    size: int
    clock: int


SUBSCRIPTION = Layout(48, 16)
SUBSCRIPTION_0 = Layout(56, 24)  # of snapshot 0: an identifier comes first


def poll(
    layout: Layout, context: WasiContext, memory: GuestMemory, subscriptions: int, events: int, count: int, result: int
) -> None:
    """Waits until at least one of several things happens, and stores which did."""
    if not 0 < count <= MAX_SUBSCRIPTIONS:
        raise WasiError(Errno.INVAL)
    records = memory.view(subscriptions, count * layout.size)
    memory.check(events, count * EVENT.size)
    memory.check(result, 4)
    wanted = [_parse(context, layout, records[index * layout.size :]) for index in range(count)]
    happened = _wait(context, wanted)
    memory.write(events, b"".join(happened))
    memory.write_u32(result, len(happened))


def _parse(context: WasiContext, layout: Layout, record: memoryview) -> Subscription:
    userdata, tag = _HEAD.unpack_from(record)
    try:
        if tag == _CLOCK:
            clock, timeout_ns, _, flags = _CLOCK_BODY.unpack_from(record, layout.clock)
            now = read_clock(clock)
            remaining = timeout_ns - now if flags & _IS_ABSOLUTE else timeout_ns
            return Subscription(userdata, tag, time.monotonic_ns() + max(0, remaining))
        if tag not in (_FD_READ, _FD_WRITE):
            raise WasiError(Errno.INVAL)
        descriptor = context.descriptor(_FD_BODY.unpack_from(record, 16)[0], Rights.POLL_FD_READWRITE)
        if not isinstance(descriptor, File):
            return Subscription(userdata, tag)
        if descriptor.file_type == FileType.REGULAR_FILE:
            return Subscription(userdata, tag, is_at_end=tag == _FD_READ and _is_at_end(descriptor.fd))
        return Subscription(userdata, tag, file=descriptor)
    except WasiError as error:
        return Subscription(userdata, tag, errno=error.errno)


def _is_at_end(fd: int) -> bool:
    return os.lseek(fd, 0, os.SEEK_CUR) >= os.fstat(fd).st_size


def _wait(context: WasiContext, wanted: list[Subscription]) -> list[bytes]:
    """The events; there is at least one, unless the guest's deadline comes first, which stops it."""
    masks: dict[int, int] = {}
    for one in wanted:
        if one.file is not None:
            masks[one.file.fd] = masks.get(one.file.fd, 0) | one.mask
    is_ready = any(one.errno or (one.tag != _CLOCK and one.file is None) for one in wanted)
    deadlines = [one.deadline_ns for one in wanted if one.tag == _CLOCK and not one.errno]
    until_ns = 0 if is_ready else min(deadlines, default=None)
    return wait(context, masks, until_ns, lambda ready: list(_events(wanted, ready, time.monotonic_ns())))


def _events(wanted: list[Subscription], ready: Mapping[int, int], now_ns: int) -> Iterator[bytes]:
    for one in wanted:
        if one.errno:
            yield one.event()
        elif one.tag == _CLOCK:
            if one.deadline_ns <= now_ns:
                yield one.event()
        elif one.file is None:
            yield one.event(_HANGUP if one.is_at_end else 0)
        elif (found := ready.get(one.file.fd, 0)) & (one.mask | ALWAYS):
            yield one.event(_HANGUP if found & select.POLLHUP else 0)
