"""Waiting for files and for points in time, until a guest's deadline ends it."""

import select
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from fusee.wasi.context import WasiContext

T = TypeVar("T")

# What the host reports beside what it was asked for; reading and writing say what it is.
ALWAYS = select.POLLHUP | select.POLLERR | select.POLLNVAL
_LONGEST_MS = 60_000


def wait(
    context: WasiContext,
    masks: Mapping[int, int],
    until_ns: int | None,
    happened: Callable[[Mapping[int, int]], list[T]],
) -> list[T]:
    """What `happened` gives, once that is not empty; nothing if the guest's deadline comes first, which stops it.

    It is asked with what the host reports of its files (`masks` says what to wait for, by number), whenever there is
    something new, and at the time `until_ns` of the host's monotonic clock; None is never.
    """
    poller = select.poll()
    for fd, mask in masks.items():
        poller.register(fd, mask)
    if context.has_deadlines:
        poller.register(context.waker(), select.POLLIN)
    while not context.is_interrupted:
        remaining_ns = None if until_ns is None else max(0, until_ns - time.monotonic_ns())
        found = happened(dict(poller.poll(_milliseconds(remaining_ns))))
        if found:
            return found
    return []


def reported(fd: int, mask: int) -> int:
    """What the host reports of a file now."""
    poller = select.poll()
    poller.register(fd, mask)
    return dict(poller.poll(0)).get(fd, 0)


def _milliseconds(duration_ns: int | None) -> int | None:
    """A timeout for the host, rounded up so as not to wake too early; None waits for ever."""
    return None if duration_ns is None else min(-(-duration_ns // 1_000_000), _LONGEST_MS)
