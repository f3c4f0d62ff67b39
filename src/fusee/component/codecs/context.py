"""What lifting and lowering need of the component instance on the guest's side (CanonicalABI, "Lifting and Lowering
Context"): its memory, its strings' encoding, its allocator, its handles."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from fusee.api.errors import Trap, WasmtimeError
from fusee.component.codecs.helpers import Moved, Pairs, expected
from fusee.component.codecs.strings import STRINGS
from fusee.component.resources import ResourceAny, ResourceHost
from fusee.component.runtime.handles import Handle, Scope
from fusee.component.runtime.instance import IN_REALLOC, MAY_LEAVE
from fusee.component.traps import Reason, trap
from fusee.component.types.composite import FutureType, StreamType
from fusee.component.types.resource import ResourceType
from fusee.component.values import ErrorContextValue

if TYPE_CHECKING:
    from fusee.api.memory import Memory
    from fusee.component.adapters.copies import Copier
    from fusee.component.asynchronous.streams import End
    from fusee.component.runtime.corecall import CoreCall
    from fusee.component.runtime.instance import ComponentInstance

MOST_REPEATED: Final = 64 << 20
"""Bytes that strings and lists of one call may have beyond those of the memory: they may lie at the same place."""


class Context:
    """Of one canonical function. `is_host` says that the host is at the other side."""

    __slots__ = ("allocate", "copiers", "current", "encoding", "instance", "is_host", "lift_borrow", "lift_own",
                 "lower_borrow", "lower_own", "mapping", "memory", "put", "put_string", "realloc", "room", "scope",
                 "string")  # fmt: skip

    current: Callable[[], memoryview]
    """The memory as it is now."""
    string: Callable[[memoryview, int, int], str]
    put_string: Callable[[str], tuple[int, int]]
    allocate: Callable[[int, int], int]
    """Alignment and size: room in the guest's memory. `Trap` if its allocator gives none."""
    put: Callable[[int, Any], int]
    """Alignment and bytes: where a copy of them is in the guest's memory."""

    def __init__(
        self, instance: "ComponentInstance", memory: "Memory | None", realloc: "CoreCall | None", encoding: str,
        is_host: bool,
    ) -> None:  # fmt: skip
        self.instance = instance
        self.is_host = is_host
        self.memory = memory
        self.realloc = realloc
        self.encoding = encoding
        self.copiers: dict[Context, Copier | None] = {}
        """What copies elements of streams to here (`adapters.copies`)."""
        self.scope: Scope | None = None
        self.room = 0
        """How many bytes of strings and lists may still be lifted."""
        self.current = memory._raw.current if memory is not None else _no_memory
        if realloc is not None:
            self.allocate, self.put = _allocator(self, realloc)
        self.string, self.put_string = STRINGS[encoding](self)
        self.mapping: Callable[[list[Any]], Any] = dict if is_host else Pairs
        self.lift_own = self._lift_own_to_host if is_host else self._lift_own
        self.lift_borrow = self._lift_borrow_to_host if is_host else self._lift_borrow
        self.lower_own = self._lower_own_of_host if is_host else self._lower_own
        self.lower_borrow = self._lower_borrow_of_host if is_host else self._lower_borrow

    def begin(self) -> memoryview:
        """The memory as it is now, of which the values of a call are lifted."""
        memory = self.current()
        self.room = len(memory) + MOST_REPEATED
        return memory

    def spend(self, size: int) -> None:
        """A string or list of so many bytes is lifted. Raises `Trap`."""
        self.room -= size
        if self.room < 0:
            raise trap(Reason.NO_ROOM)

    def area(self, pointer: int, size: int, alignment: int) -> None:
        """Check a pointer to arguments or results. Raises `Trap`."""
        if pointer % alignment:
            raise trap(Reason.AREA_UNALIGNED)
        if pointer + size > len(self.current()):
            raise trap(Reason.AREA_OUT_OF_BOUNDS)

    # Handles (CanonicalABI, "Resource State").

    def _lift_own(self, index: int, ty: ResourceType) -> Any:
        found = self.instance.resources[ty]
        handle = self.instance.handles.remove(index, found)
        if not handle.is_owned:
            raise Trap("cannot lift own resource from a borrow")
        return Moved(found, handle.rep)

    def _lift_own_to_host(self, index: int, ty: ResourceType) -> Any:
        moved = self._lift_own(index, ty)
        return ResourceAny._of(self.instance.store, moved.type, moved.rep, True)

    def _lift_borrow(self, index: int, ty: ResourceType) -> Any:
        found = self.instance.resources[ty]
        handle = self.instance.handles.get(index, found)
        assert self.scope is not None
        self.scope.lend(handle)
        return Moved(found, handle.rep)

    def _lift_borrow_to_host(self, index: int, ty: ResourceType) -> Any:
        moved = self._lift_borrow(index, ty)
        given = ResourceAny._of(self.instance.store, moved.type, moved.rep, False, self.scope)
        assert self.scope is not None
        self.scope.given.append(given)
        return given

    def _lower_own(self, value: Any, ty: ResourceType) -> int:
        found = self.instance.resources[ty]
        return self.instance.handles.add(Handle(found, value.rep, True, None))

    def _lower_own_of_host(self, value: Any, ty: ResourceType) -> int:
        found = self.instance.resources[ty]
        given = self._of_host(value, found)
        return self.instance.handles.add(Handle(found, given._take(self.instance.store), True, None))

    def _lower_borrow(self, value: Any, ty: ResourceType) -> int:
        found = self.instance.resources[ty]
        rep: int = value.rep
        if found._impl is self.instance:
            return rep
        assert self.scope is not None
        self.scope.borrowed += 1
        return self.instance.handles.add(Handle(found, rep, False, self.scope))

    def _lower_borrow_of_host(self, value: Any, ty: ResourceType) -> int:
        given = self._of_host(value, self.instance.resources[ty])
        given._alive(self.instance.store)
        if given._is_owned:
            assert self.scope is not None
            self.scope.lend(given)
        return self._lower_borrow(Moved(given._type, given._rep), ty)

    # Streams, futures and error contexts (CanonicalABI, `lift_async_value`, `lift_error_context`).

    def lift_stream(self, index: int, ty: StreamType) -> Any:
        """The stream whose readable end is at an index, which it leaves."""
        from fusee.component.asynchronous.streams import ReadableStream

        return self._lift_end(index, ty, ReadableStream)

    def lift_future(self, index: int, ty: FutureType) -> Any:
        """The future whose readable end is at an index, which it leaves."""
        from fusee.component.asynchronous.streams import ReadableFuture

        return self._lift_end(index, ty, ReadableFuture)

    def _lift_end(self, index: int, ty: StreamType | FutureType, kind: "type[End]") -> Any:
        from fusee.component.asynchronous.streams import IDLE

        actual = self.instance.actual(ty)
        end = self.instance.handles.take(index, kind)
        if end.shared.payload is not actual._payload:
            raise Trap(f"handle index {index} used with the wrong type")
        if end.state != IDLE:
            raise Trap("cannot lift a stream or future that is being read, or has been read to its end")
        if end.set is not None:
            raise Trap("cannot lift a stream or future while it is in a waitable set")
        if not self.is_host:
            return end.shared
        from fusee.component.asynchronous.readers import reader_of

        return reader_of(self.instance.store, actual, end.shared)

    def lower_stream(self, value: Any, ty: StreamType) -> int:
        """The index of a stream's readable end, which is new in the table."""
        from fusee.component.asynchronous.streams import ReadableStream

        return self.instance.handles.add(ReadableStream(self._shared(value, ty)))

    def lower_future(self, value: Any, ty: FutureType) -> int:
        """The index of a future's readable end, which is new in the table."""
        from fusee.component.asynchronous.streams import ReadableFuture

        return self.instance.handles.add(ReadableFuture(self._shared(value, ty)))

    def _shared(self, value: Any, ty: StreamType | FutureType) -> Any:
        if not self.is_host:
            return value
        from fusee.component.asynchronous.sources import shared_of

        return shared_of(self.instance.store, self.instance.actual(ty), value)

    def lift_error_context(self, index: int, ty: object) -> ErrorContextValue:
        """The error context at an index, which stays there."""
        from fusee.component.asynchronous.waitables import ErrorContextEntry

        return self.instance.handles.find(index, ErrorContextEntry).value

    def lower_error_context(self, value: Any, ty: object) -> int:
        """The index of an error context, which is new in the table."""
        from fusee.component.asynchronous.waitables import ErrorContextEntry

        if not isinstance(value, ErrorContextValue):
            raise expected("an ErrorContextValue", value, "an error-context")
        return self.instance.handles.add(ErrorContextEntry(value))

    def _of_host(self, value: Any, ty: ResourceType) -> ResourceAny:
        if isinstance(value, ResourceHost):
            value = value.to_any(self.instance.store)
        if not isinstance(value, ResourceAny):
            raise expected("a ResourceAny or ResourceHost", value, "a handle")
        if value._type != ty:
            raise WasmtimeError(f"mismatched resource types: expected {ty!r}, found {value._type!r}")
        return value


def _no_memory() -> memoryview:
    raise Trap("the canonical function has no memory")


def _allocator(cx: Context, realloc: "CoreCall") -> tuple[Callable[[int, int], int], Callable[[int, Any], int]]:
    instance, current = cx.instance, cx.current
    # It does not leave its component, and is not called while it runs: one buffer does for all calls.
    slots, pack, run = realloc.buffer(), realloc.pack, realloc.run

    def room(alignment: int, size: int) -> tuple[int, memoryview]:
        if size >= 1 << 32:
            raise Trap("realloc: the value is too large")
        instance.may_leave.value = IN_REALLOC
        pack(slots, 0, 0, 0, alignment, size)
        run(slots)
        instance.may_leave.value = MAY_LEAVE
        pointer = slots[0] & 0xFFFF_FFFF
        memory = current()
        if pointer % alignment:
            raise trap(Reason.REALLOC_UNALIGNED)
        if pointer + size > len(memory):
            raise trap(Reason.REALLOC_OUT_OF_BOUNDS)
        return pointer, memory

    def allocate(alignment: int, size: int) -> int:
        return room(alignment, size)[0]

    def put(alignment: int, data: Any) -> int:
        size = len(data)
        pointer, memory = room(alignment, size)
        if size:
            memory[pointer : pointer + size] = data
        return pointer

    return allocate, put


Contexts = tuple[Context, Context]
"""Of a canonical function whose other side is a guest, and where it is the host."""
