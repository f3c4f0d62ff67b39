"""`StreamReader` and `FutureReader`: streams and futures as the host has them, and what it gives for them."""

from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from fusee.api.errors import WasmtimeError
from fusee.api.store import Store
from fusee.api.storelike import Storelike, own
from fusee.component.hosttasks import Call, HostCall, host_tasks_of, is_awaited
from fusee.component.primitives import expected
from fusee.component.runtime import ComponentInstance
from fusee.component.streams import CANCELLED, COMPLETED, DROPPED, Buffer, OnCopy, OnDone
from fusee.component.tasks import NO_RESULT
from fusee.component.types.composite import FutureType, StreamType
from fusee.component.types.primitive import U8
from fusee.component.types.valtype import NotMade, ValType
from fusee.component.values import AsyncValue

if TYPE_CHECKING:
    from fusee.component.streams import Shared

MOST_AT_ONCE: Final = 65536
"""Elements that are read at once, if nobody says how many."""
_HOST: Final = object()


class HostBuffer:
    """Elements that the host takes."""

    __slots__ = ("length", "progress", "values")
    is_host = True

    def __init__(self, length: int) -> None:
        self.length = length
        self.progress = 0
        self.values: list[Any] = []

    def read(self, count: int, is_host: bool) -> Sequence[Any]:
        """Nothing is in it to be read."""
        raise NotImplementedError

    def write(self, values: Sequence[Any], is_host: bool) -> None:
        """Take elements."""
        self.values.append(values)
        self.progress += len(values)


class _Reader(NotMade, AsyncValue):
    """The readable end of a stream or future that the host has."""

    __slots__ = ("_is_reading", "_payload", "_shared", "_store")

    _store: Store
    _shared: "Shared | None"
    _payload: ValType | None
    _is_reading: bool

    @classmethod
    def _of(cls, store: Store, payload: ValType | None, shared: "Shared") -> Any:
        made = cls.__new__(cls)
        made._store, made._payload, made._shared, made._is_reading = store, payload, shared, False
        host_tasks_of(store).open_ends += 1
        return made

    def _take(self, store: Store) -> "Shared":
        """What is given to a guest; the reader ends."""
        own(store, self._store)
        if self._is_reading:
            raise WasmtimeError("cannot give away a stream or future that is being read")
        shared = self._end()
        if shared is None:
            raise WasmtimeError("the stream or future was closed, read to its end, or given away")
        return shared

    def _end(self) -> "Shared | None":
        shared, self._shared = self._shared, None
        if shared is not None:
            host_tasks_of(self._store).open_ends -= 1
        return shared

    def close(self, store: Storelike | None = None) -> None:
        """Read no more: whoever writes learns of it. Raises `WasmtimeError` while a read is under way."""
        if store is not None:
            own(store, self._store)
        if self._is_reading:
            raise WasmtimeError("cannot close a stream or future that is being read")
        shared = self._end()
        if shared is not None:
            shared.drop()
            host_tasks_of(self._store).kick()

    def __del__(self) -> None:
        if getattr(self, "_shared", None) is not None and not self._store._is_closed:
            self._is_reading = False
            self.close()

    def _begin(self, buffer: HostBuffer) -> Call:
        """A read that has begun; what it gives is how it has ended."""
        shared: Any = self._shared
        if self._is_reading:
            raise WasmtimeError("the stream or future is being read already")
        if shared is None:
            raise WasmtimeError("the stream or future was closed, read to its end, or given away")
        call = Call(None)
        self._is_reading = True

        def on_done(result: int) -> None:
            self._is_reading = False
            call.resolve(result)

        def on_copy(take_back: Callable[[], None]) -> None:
            take_back()
            on_done(COMPLETED)

        call.cancel = lambda: shared.cancel() if self._is_reading else None
        shared.read(_HOST, buffer, on_copy, on_done)
        host_tasks_of(self._store).kick()
        return call

    async def _wait(self, buffer: HostBuffer) -> int:
        call = self._begin(buffer)
        try:
            found: int = await host_tasks_of(self._store).wait(call)
        finally:
            call.cancel()  # after an error nothing is put into the buffer any more
        return found

    def _wait_here(self, buffer: HostBuffer) -> int:
        call = self._begin(buffer)
        try:
            if not call.is_done:
                host_tasks_of(self._store).run(call)
            found: int = call.result()
        finally:
            call.cancel()
        return found


class StreamReader(_Reader):
    """A `stream<T>` that the host reads: bytes for `stream<u8>`, else elements.

    `async for` gives what is there, chunk by chunk for bytes, element by element for others; `for` does the same
    without an event loop. It ends when the other end is closed.
    """

    __slots__ = ("_left",)

    _left: "Iterator[Any] | None"

    async def read(self, most: int = MOST_AT_ONCE) -> Any:
        """Up to `most` elements, bytes or a list, at least one; nothing at the end. Raises what the guest raises."""
        buffer = HostBuffer(most)
        if self._shared is None:
            return self._joined(buffer)
        return self._finish(buffer, await self._wait(buffer))

    def read_here(self, store: Storelike, most: int = MOST_AT_ONCE) -> Any:
        """`read` without an event loop: the store's guests go on until something is there."""
        own(store, self._store)
        buffer = HostBuffer(most)
        if self._shared is None:
            return self._joined(buffer)
        return self._finish(buffer, self._wait_here(buffer))

    def _finish(self, buffer: HostBuffer, result: int) -> Any:
        if result == DROPPED:
            self._end()
        return self._joined(buffer)

    def _joined(self, buffer: HostBuffer) -> Any:
        if isinstance(self._payload, U8):
            return b"".join(buffer.values)
        return [value for part in buffer.values for value in part]

    def __aiter__(self) -> "StreamReader":
        return self

    async def __anext__(self) -> Any:
        found = self._next_left()
        while found is NO_RESULT:
            chunk = await self.read()
            if not chunk and self._shared is None:
                raise StopAsyncIteration
            found = self._keep(chunk)
        return found

    def __iter__(self) -> "StreamReader":
        return self

    def __next__(self) -> Any:
        found = self._next_left()
        while found is NO_RESULT:
            chunk = self.read_here(self._store)
            if not chunk and self._shared is None:
                raise StopIteration
            found = self._keep(chunk)
        return found

    def _next_left(self) -> Any:
        left = getattr(self, "_left", None)
        return NO_RESULT if left is None else next(left, NO_RESULT)

    def _keep(self, chunk: Any) -> Any:
        if isinstance(self._payload, U8):
            return chunk or NO_RESULT
        self._left = iter(chunk)
        return next(self._left, NO_RESULT)


class FutureReader(_Reader):
    """A `future<T>` that the host reads: `await` gives its value, once."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, Any]:
        return self.read().__await__()

    async def read(self) -> Any:
        """The value. Raises what the guest raises."""
        buffer = HostBuffer(1)
        return self._finish(buffer, await self._wait(buffer))

    def read_here(self, store: Storelike) -> Any:
        """`read` without an event loop: the store's guests go on until the value is there."""
        own(store, self._store)
        buffer = HostBuffer(1)
        return self._finish(buffer, self._wait_here(buffer))

    def _finish(self, buffer: HostBuffer, result: int) -> Any:
        if result == CANCELLED:
            return None
        self._end()
        return buffer.values[0][0]


def reader_of(store: Store, ty: StreamType | FutureType, shared: "Shared") -> Any:
    """What the host is given."""
    kind = StreamReader if isinstance(ty, StreamType) else FutureReader
    return kind._of(store, ty._payload, shared)


# What the host gives.


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
        if self._is_bytes:
            found = next(source, None)
            self._is_over = found is None
            self._chunk = b"" if found is None else found if isinstance(found, bytes) else bytes(found)
        else:
            self._chunk = list(islice(source, max(target.length, 1)))
            self._is_over = not self._chunk
        return True

    def _await(self, awaited: Any, on_resolve: Callable[[Any], None]) -> None:
        self._call = host_tasks_of(self._store).spawn(awaited, on_resolve, False, self._reader)

    def _arrive_next(self, value: Any) -> None:
        if value is NO_RESULT:
            self._call = None
            if self.is_dropped:
                self._release()
        elif value is _HOST:
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
    return await anext(source, _HOST)


def shared_of(store: Store, ty: StreamType | FutureType, value: Any) -> Any:
    """What a guest gets the readable end of, for a value of the host's. Raises `ArgumentError`."""
    if isinstance(value, _Reader):
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
