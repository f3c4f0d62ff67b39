"""What can be waited for: `wasi:io/poll`."""

import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from fusee.api.errors import Trap
from fusee.spec.wasi import MAX_SUBSCRIPTIONS
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.interface import Interface
from fusee.wasi.resources import Resource
from fusee.wasi.waiting import ALWAYS, reported, wait

POLL = Interface("io/poll")


class Event(NamedTuple):
    """What to wait for: a host's file that is ready for `mask`, or a time of its monotonic clock; neither has been.

    A file that is ready may not be all: `confirm` looks, after that, whether what is waited for has happened. If not,
    it changes the file's state, so that the host does not report the same again at once.
    """

    fd: int | None = None
    mask: int = 0
    deadline_ns: int | None = None
    confirm: Callable[[], bool] | None = None

    def has_happened(self, ready: Mapping[int, int], now_ns: int) -> bool:
        """Whether it has, by what the host reports of its files."""
        if self.fd is not None:
            is_ready = bool(ready.get(self.fd, 0) & (self.mask | ALWAYS))
            return is_ready and (self.confirm is None or self.confirm())
        return self.deadline_ns is None or self.deadline_ns <= now_ns


READY: Final = Event()


class Pollable(Resource):
    """Waits for what `event` says; it is asked anew each time, since a stream that ends is ready."""

    def __init__(self, event: Callable[[], Event]) -> None:
        self.event = event


POLL.resource("pollable", Pollable)


def block(context: WasiContext, *events: Event) -> list[int]:
    """Which of these have happened, once one has; none if the guest's deadline comes first, which stops it."""
    masks: dict[int, int] = {}
    for event in events:
        if event.fd is not None:
            masks[event.fd] = masks.get(event.fd, 0) | event.mask
    until_ns = min((event.deadline_ns or 0 for event in events if event.fd is None), default=None)

    def happened(ready: Mapping[int, int]) -> list[int]:
        now_ns = time.monotonic_ns()
        return [index for index, event in enumerate(events) if event.has_happened(ready, now_ns)]

    return wait(context, masks, until_ns, happened)


def is_ready(event: Event) -> bool:
    """Whether it has happened, without waiting."""
    ready = {} if event.fd is None else {event.fd: reported(event.fd, event.mask)}
    return event.has_happened(ready, time.monotonic_ns())


@POLL.method("pollable.ready() -> bool")
def ready(context: WasiContext, pollable: Pollable) -> bool:
    """Whether it is ready now."""
    return is_ready(pollable.event())


@POLL.method("pollable.block()")
def block_pollable(context: WasiContext, pollable: Pollable) -> None:
    """Waits until it is ready."""
    block(context, pollable.event())


@POLL.function("poll(in: list<borrow<pollable>>) -> list<u32>")
def poll(context: WasiContext, pollables: list[Pollable]) -> list[int]:
    """Waits until one or more are ready: their places in the list."""
    if not pollables:
        raise Trap("poll: the list is empty")
    if len(pollables) > MAX_SUBSCRIPTIONS:
        raise Trap(f"poll: the list has {len(pollables)} elements, and {MAX_SUBSCRIPTIONS} are allowed")
    return block(context, *(pollable.event() for pollable in pollables))
