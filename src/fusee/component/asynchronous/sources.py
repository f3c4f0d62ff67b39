"""What the host gives as streams and futures: iterators, and what can be awaited."""

from collections.abc import AsyncIterator, Callable, Sequence
from itertools import islice
from typing import Any, Final

from fusee.api.errors import Trap
from fusee.api.store import Store
from fusee.component.asynchronous.hostcalls import HostCall, is_awaited
from fusee.component.asynchronous.hosttasks import host_tasks_of
from fusee.component.asynchronous.readers import FutureReader, Reader, StreamReader
from fusee.component.asynchronous.streams import CANCELLED, COMPLETED, DROPPED, Buffer, OnCopy, OnDone
from fusee.component.asynchronous.tasks import NO_RESULT
from fusee.component.codecs.helpers import expected
from fusee.component.runtime.instance import ComponentInstance
from fusee.component.traps import raised_by_host
from fusee.component.types.composite import FutureType, StreamType
from fusee.component.types.primitive import U8
from fusee.component.types.valtype import ValType
from fusee.component.values import AsyncValue

_END: Final = object()
"""What an iterator that is awaited gives behind its last value."""


class Source(AsyncValue):
    """Stands for the other end of what a guest reads: an iterator, or something that is awaited."""

    __slots__ = ("_asked", "_call", "_chunk", "_is_bytes", "_is_future", "_is_over", "_iterator", "_reader",
                 "_store", "is_dropped", "payload")  # fmt: skip

    def __init__(self, store: Store, payload: ValType | None, iterator: Any, is_future: bool) -> None:
        self.payload = payload
        self.is_dropped = False
        self._store = store
        self._iterator = iterator
        self._is_future = is_future
        self._is_bytes = isinstance(payload, U8) and not is_future
        self._chunk: Sequence[Any] = b"" if self._is_bytes else ()
        self._is_over = False
        self._asked: tuple[Buffer, OnDone] | None = None
        self._call: HostCall | None = None
        self._reader: ComponentInstance | None = None

    def read(self, owner: object, target: Buffer, on_copy: OnCopy, on_done: OnDone) -> None:
        """The guest wants elements."""
        self._asked = target, on_done
        self._belong(owner)
        self._serve()

    def _belong(self, owner: object) -> None:
        """Which component ends, if what is awaited raises something, and with which it is awaited no more."""
        self._reader = owner if isinstance(owner, ComponentInstance) else None
        if self._call is not None:
            self._call.instance = self._reader

    def _serve(self) -> None:
        """Give what is there; if nothing is, ask for it."""
        while self._asked is not None:
            target, on_done = self._asked
            if self._chunk:
                self._asked = None
                self._put(target)
                on_done(COMPLETED)
            elif self._is_over:
                self._asked = None
                self._release()
                on_done(DROPPED)
            elif self._call is not None or not self._fetch(target):
                return

    def _put(self, target: Buffer) -> None:
        count = min(len(self._chunk), target.length - target.progress)
        target.write(self._chunk[:count], True)
        self._chunk = self._chunk[count:]

    def _fetch(self, target: Buffer) -> bool:
        """Have a chunk made; false if it will be there later."""
        source = self._iterator
        if self._is_future:
            self._await(source, lambda value: self._arrive([value]))
            return False
        if isinstance(source, AsyncIterator):
            self._await(_next_of(source), self._arrive_next)
            return False
        try:
            self._iterate(source, max(target.length, 1))
        except Trap as raised:
            raised_by_host(raised)
            raise
        return True

    def _iterate(self, source: Any, most: int) -> None:
        if self._is_bytes:
            found = next(source, None)
            self._is_over = found is None
            self._chunk = b"" if found is None else found if isinstance(found, bytes) else bytes(found)
        else:
            self._chunk = list(islice(source, most))
            self._is_over = not self._chunk

    def _await(self, awaited: Any, on_resolve: Callable[[Any], None]) -> None:
        self._call = host_tasks_of(self._store).spawn(awaited, on_resolve, False, self._reader)

    def _arrive_next(self, value: Any) -> None:
        if value is NO_RESULT:
            self._call = None
            if self.is_dropped:
                self._release()
        elif value is _END:
            self._call, self._is_over = None, True
            self._serve()
        else:
            self._arrive(bytes(value) if self._is_bytes else [value])

    def _arrive(self, chunk: Sequence[Any]) -> None:
        self._call = None
        if chunk and chunk[0] is NO_RESULT:
            return
        self._chunk = chunk
        self._serve()

    def cancel(self) -> None:
        """The guest does not want to wait any more; what comes is for the next time."""
        assert self._asked is not None
        (_, on_done), self._asked = self._asked, None
        self._belong(None)
        on_done(CANCELLED)

    def drop(self) -> None:
        """The guest reads no more."""
        self._is_over = self.is_dropped = True
        self._chunk = ()
        if self._call is not None:
            self._call.cancel()
        else:
            self._release()

    def _release(self) -> None:
        """The iterator ends."""
        close = getattr(self._iterator, "close", None)
        if close is not None:
            close()
        self._iterator = iter(())


async def _next_of(source: AsyncIterator[Any]) -> Any:
    return await anext(source, _END)


def shared_of(store: Store, ty: StreamType | FutureType, value: Any) -> Any:
    """What a guest gets the readable end of, for a value of the host's. Raises `ArgumentError`."""
    if isinstance(value, Reader):
        kind = StreamReader if isinstance(ty, StreamType) else FutureReader
        if not isinstance(value, kind) or value._payload is not ty._payload:
            raise expected(f"a {kind.__name__} of the same type", value, "a stream or future")
        return value._take(store)
    if isinstance(ty, FutureType):
        if not is_awaited(value):
            raise expected("a FutureReader, or something to be awaited", value, "a future")
        return Source(store, ty._payload, value, True)
    if isinstance(value, bytes | bytearray | memoryview):
        value = (bytes(value),)
    if hasattr(value, "__aiter__"):
        return Source(store, ty._payload, aiter(value), False)
    if hasattr(value, "__iter__") and not isinstance(value, str):
        return Source(store, ty._payload, iter(value), False)
    raise expected("a StreamReader, or something to be iterated", value, "a stream")
