"""Streams and futures: copies from one end to the other (CanonicalABI, "Buffer", "Stream" and "Future State")."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from fusee.api.errors import Trap
from fusee.component.adapters.copies import find_copier
from fusee.component.asynchronous.waitables import Waitable
from fusee.component.codecs.context import Contexts
from fusee.component.codecs.explain import UNFIT, check_value
from fusee.component.codecs.lift import list_lifter
from fusee.component.codecs.lower import area_lowerer
from fusee.component.layout import layout_of
from fusee.component.traps import unaligned
from fusee.component.types.primitive import F32, F64, S8, S16, S32, S64, U8, U16, U32, U64
from fusee.component.types.valtype import ValType
from fusee.component.values import AsyncValue

COMPLETED: Final = 0
DROPPED: Final = 1
CANCELLED: Final = 2

# States of ends.
IDLE: Final = 0
COPYING: Final = 1
CANCELLING: Final = 2
DONE: Final = 3

MOST_LENGTH: Final = (1 << 28) - 1
_NUMBERS: Final = (U8, U16, U32, U64, S8, S16, S32, S64, F32, F64)

OnDone = Callable[[int], None]
OnCopy = Callable[[Callable[[], None]], None]
"""Some of what a buffer holds has been copied; given what takes the buffer back."""


class Buffer(Protocol):
    """Where elements come from or go to."""

    length: int
    progress: int

    def read(self, count: int, is_host: bool) -> Sequence[Any]:
        """The next elements; `is_host` says that the host takes them."""

    def write(self, values: Sequence[Any], is_host: bool) -> None:
        """Put elements; `is_host` says that they are the host's."""

    @property
    def is_host(self) -> bool:
        """Whether it is the host's."""


class GuestBuffer:
    """A part of a guest's memory."""

    __slots__ = ("_contexts", "_payload", "_pointer", "length", "progress")
    is_host = False

    def __init__(self, contexts: Contexts, payload: ValType | None, pointer: int, length: int) -> None:
        """`contexts` are those for what is copied from or to a guest, and from or to the host. Raises `Trap`."""
        if length > MOST_LENGTH:
            raise Trap("stream read/write count too large")
        if payload is not None and length:
            layout = layout_of(payload)
            if pointer % layout.alignment:
                raise unaligned("read/write pointer not aligned")
            if pointer + length * layout.size > len(contexts[0].current()):
                raise Trap("read/write pointer out of bounds of memory")
        self._contexts = contexts
        self._payload = payload
        self._pointer = pointer
        self.length = length
        self.progress = 0

    def read(self, count: int, is_host: bool) -> Sequence[Any]:
        """The next elements."""
        payload, at = self._payload, self._place() if self._payload is not None else 0
        self.progress += count
        if payload is None:
            return [None] * count
        cx = self._contexts[is_host]
        found: Sequence[Any] = list_lifter(payload)(cx, cx.begin(), at, count)
        return found

    def write(self, values: Sequence[Any], is_host: bool) -> None:
        """Put elements."""
        payload = self._payload
        if payload is not None:
            cx = self._contexts[is_host]
            try:
                area_lowerer(payload)(cx, values, self._place())
            except UNFIT as error:
                for number, value in enumerate(values):
                    check_value(payload, value, f"element {number}")
                raise error from None
        self.progress += len(values)

    def take(self, source: "GuestBuffer", count: int) -> bool:
        """Copy elements of another one; false if they have to go through Python."""
        ours, theirs = source._payload, self._payload
        if ours is not None and theirs is not None:
            copy = find_copier(source._contexts[0], self._contexts[0], ours, theirs)
            if copy is None:
                return False
            copy(source._place(), self._place(), count)
        source.progress += count
        self.progress += count
        return True

    def _place(self) -> int:
        """Where the next element is."""
        assert self._payload is not None
        return self._pointer + self.progress * layout_of(self._payload).size


class Shared(AsyncValue):
    """What both ends of a stream or a future have in common: who waits for the other."""

    __slots__ = ("_buffer", "_owner", "is_dropped", "on_copy", "on_done", "payload")

    def __init__(self, payload: ValType | None) -> None:
        self.payload = payload
        self.is_dropped = False
        self._forget()

    def _forget(self) -> None:
        self._wait(None, None, None, None)

    def _wait(self, owner: object, buffer: Buffer | None, on_copy: OnCopy | None, on_done: OnDone | None) -> None:
        self._owner = owner
        self._buffer = buffer
        self.on_copy = on_copy
        self.on_done = on_done

    def _finish(self, result: int) -> None:
        """Whoever waits has its result."""
        on_done = self.on_done
        self._forget()
        assert on_done is not None
        on_done(result)

    def cancel(self) -> None:
        """Whoever waits does so no more."""
        self._finish(CANCELLED)

    def drop(self) -> None:
        """One end is gone."""
        if not self.is_dropped:
            self.is_dropped = True
            if self._buffer is not None:
                self._finish(DROPPED)

    def _check_owner(self, owner: object) -> None:
        """For now a component may copy to itself only what needs no lifting (CanonicalABI, "Stream State")."""
        if owner is self._owner and self.payload is not None and not isinstance(self.payload, _NUMBERS):
            raise Trap("cannot read from and write to intra-component future/stream with non-numeric payload")


def _copy(source: Buffer, target: Buffer, count: int) -> None:
    if isinstance(source, GuestBuffer) and isinstance(target, GuestBuffer) and target.take(source, count):
        return
    target.write(source.read(count, target.is_host), source.is_host)


class SharedStream(Shared):
    """A stream between two components, or from one to the host."""

    __slots__ = ()

    def read(self, owner: object, target: Buffer, on_copy: OnCopy, on_done: OnDone) -> None:
        """The readable end's turn."""
        source = self._buffer
        if self.is_dropped:
            on_done(DROPPED)
        elif source is None:
            self._wait(owner, target, on_copy, on_done)
        else:
            self._check_owner(owner)
            left, room = source.length - source.progress, target.length - target.progress
            if not left:
                self._finish(COMPLETED)
                self._wait(owner, target, on_copy, on_done)
                return
            if room:
                _copy(source, target, min(left, room))
                assert self.on_copy is not None
                self.on_copy(self._forget)
            on_done(COMPLETED)

    def write(self, owner: object, source: Buffer, on_copy: OnCopy, on_done: OnDone) -> None:
        """The writable end's turn."""
        target = self._buffer
        if self.is_dropped:
            on_done(DROPPED)
        elif target is None:
            self._wait(owner, source, on_copy, on_done)
        else:
            self._check_owner(owner)
            left, room = source.length - source.progress, target.length - target.progress
            if room:
                if left:
                    _copy(source, target, min(left, room))
                    assert self.on_copy is not None
                    self.on_copy(self._forget)
                on_done(COMPLETED)
            elif not source.length and not target.length:
                on_done(COMPLETED)
            else:
                self._finish(COMPLETED)
                self._wait(owner, source, on_copy, on_done)


class SharedFuture(Shared):
    """A future between two components, or from one to the host."""

    __slots__ = ()

    def read(self, owner: object, target: Buffer, on_copy: OnCopy, on_done: OnDone) -> None:
        """The readable end's turn."""
        self._meet(owner, self._buffer, target, target, on_done)

    def write(self, owner: object, source: Buffer, on_copy: OnCopy, on_done: OnDone) -> None:
        """The writable end's turn."""
        if self.is_dropped:
            on_done(DROPPED)
        else:
            self._meet(owner, source, self._buffer, source, on_done)

    def _meet(self, owner: object, source: Buffer | None, target: Buffer | None, own: Buffer, on_done: OnDone) -> None:
        if source is None or target is None:
            self._wait(owner, own, None, on_done)
            return
        self._check_owner(owner)
        _copy(source, target, 1)
        self._finish(COMPLETED)
        on_done(COMPLETED)


class End(Waitable):
    """An end of a stream or future, in a table."""

    __slots__ = ("shared", "state")

    def __init__(self, shared: Any) -> None:
        super().__init__()
        self.shared = shared
        self.state = IDLE

    def is_copying(self) -> bool:
        """Whether a copy is under way."""
        return self.state in (COPYING, CANCELLING)

    def end(self) -> None:
        """It is dropped. Raises `Trap`."""
        if self.is_copying():
            raise Trap("cannot drop a stream or future while it is being read or written")
        self.shared.drop()
        super().end()


class ReadableStream(End):
    """The readable end of a stream."""

    __slots__ = ()


class WritableStream(End):
    """The writable end of a stream."""

    __slots__ = ()


class ReadableFuture(End):
    """The readable end of a future."""

    __slots__ = ()


class WritableFuture(End):
    """The writable end of a future."""

    __slots__ = ()

    def end(self) -> None:
        """It is dropped. Raises `Trap` if nothing has been written and somebody may wait."""
        if self.state != DONE:
            raise Trap("cannot drop future write end without first writing a value")
        super().end()
