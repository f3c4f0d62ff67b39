"""Waiting in an event loop for the host's files."""

import asyncio
import os
import select
import time
from typing import Final
from weakref import WeakKeyDictionary

from fusee.wasi.p2.pollable import Event

_NANOSECONDS: Final = 1_000_000_000

_Key = tuple[int, int, int, bool]
_watches: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_Key, _Watch]]" = WeakKeyDictionary()


class _Watch:
    """A file that a loop looks at, for all who wait for it: they need one descriptor of the host together."""

    def __init__(self, loop: asyncio.AbstractEventLoop, fd: int, is_write: bool) -> None:
        self._loop, self._is_write = loop, is_write
        self._file = os.dup(fd)  # whose number nobody else gives to the loop
        self.waiting: set[asyncio.Future[None]] = set()
        (loop.add_writer if is_write else loop.add_reader)(self._file, self._wake)

    def _wake(self) -> None:
        for ready in self.waiting:
            if not ready.done():
                ready.set_result(None)

    def close(self) -> None:
        """Nobody waits any more."""
        (self._loop.remove_writer if self._is_write else self._loop.remove_reader)(self._file)
        os.close(self._file)


async def until(event: Event) -> None:
    """Wait until it has happened."""
    if event.fd is None:
        await asyncio.sleep(max(0, (event.deadline_ns or 0) - time.monotonic_ns()) / _NANOSECONDS)
        return
    await _ready(event.fd, bool(event.mask & select.POLLOUT))
    while event.confirm is not None and not event.confirm():
        await _ready(event.fd, bool(event.mask & select.POLLOUT))


async def _ready(fd: int, is_write: bool) -> None:
    loop, status = asyncio.get_running_loop(), os.fstat(fd)
    watches = _watches.setdefault(loop, {})
    key = fd, status.st_dev, status.st_ino, is_write  # a number alone may stand for another file by now
    watch = watches.get(key)
    if watch is None:
        watch = watches[key] = _Watch(loop, fd, is_write)
    ready: asyncio.Future[None] = loop.create_future()
    watch.waiting.add(ready)
    try:
        await ready
    finally:
        watch.waiting.discard(ready)
        if not watch.waiting:
            del watches[key]
            watch.close()
