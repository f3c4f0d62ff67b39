"""`StreamReader` and `FutureReader`: streams and futures as the host has them."""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from fusee.api.errors import Trap, WasmtimeError
from fusee.api.store import Store
from fusee.api.storelike import Storelike, own
from fusee.component.asynchronous.hostcalls import Call
from fusee.component.asynchronous.hosttasks import host_tasks_of
from fusee.component.asynchronous.streams import CANCELLED, COMPLETED, DROPPED
from fusee.component.asynchronous.tasks import NO_RESULT
from fusee.component.traps import leave_component
from fusee.component.types.composite import FutureType, StreamType
from fusee.component.types.primitive import U8
from fusee.component.types.valtype import NotMade, ValType
from fusee.component.values import AsyncValue

if TYPE_CHECKING:
    from fusee.component.asynchronous.streams import Shared

MOST_AT_ONCE: Final = 65536
"""Elements that are read at once, if nobody says how many."""
_HOST: Final = object()
"""Who reads, where it is no guest."""


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


class Reader(NotMade, AsyncValue):
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
        except Trap as trap:
            leave_component(trap)
            raise
        finally:
            call.cancel()  # after an error nothing is put into the buffer any more
        return found

    def _wait_here(self, buffer: HostBuffer) -> int:
        call = self._begin(buffer)
        try:
            if not call.is_done:
                host_tasks_of(self._store).run(call)
            found: int = call.result()
        except Trap as trap:
            leave_component(trap)
            raise
        finally:
            call.cancel()
        return found


class StreamReader(Reader):
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


class FutureReader(Reader):
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
