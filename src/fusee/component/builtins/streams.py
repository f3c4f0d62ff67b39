"""Functions for streams and futures (CanonicalABI, "canon {stream,future}.new" and what follows)."""

from collections.abc import Callable
from typing import Any, Final

from fusee.api.errors import Trap
from fusee.component.asynchronous.streams import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    COPYING,
    DONE,
    DROPPED,
    IDLE,
    End,
    GuestBuffer,
    ReadableFuture,
    ReadableStream,
    SharedFuture,
    SharedStream,
    WritableFuture,
    WritableStream,
)
from fusee.component.asynchronous.tasks import Tasks, tasks_of
from fusee.component.asynchronous.threads import Thread
from fusee.component.asynchronous.waitables import BLOCKED, FUTURE_READ, FUTURE_WRITE, STREAM_READ, STREAM_WRITE, Event
from fusee.component.builtins.waitables import check_set
from fusee.component.codecs.context import Contexts
from fusee.component.program import Builtin
from fusee.component.runtime.corecall import Call
from fusee.component.runtime.instance import MASK, ComponentInstance, Slots

_RESULT_BITS: Final = 4
_ENDS: Final[dict[str, type[End]]] = {
    "stream.read": ReadableStream, "stream.write": WritableStream, "future.read": ReadableFuture,
    "future.write": WritableFuture,
}  # fmt: skip
_EVENTS: Final = {
    ReadableStream: STREAM_READ, WritableStream: STREAM_WRITE, ReadableFuture: FUTURE_READ,
    WritableFuture: FUTURE_WRITE,
}  # fmt: skip


def new_pair(instance: ComponentInstance, step: Builtin) -> Call:
    """`stream.new` and `future.new`."""
    is_stream = step.name == "stream.new"
    make: Any = SharedStream if is_stream else SharedFuture
    readable, writable = (ReadableStream, WritableStream) if is_stream else (ReadableFuture, WritableFuture)

    def call(slots: Slots) -> None:
        shared = make(instance.actual(step.type)._payload)
        first = instance.handles.add(readable(shared))
        slots[0] = first | instance.handles.add(writable(shared)) << 32

    return call


def _find_end(instance: ComponentInstance, step: Builtin, index: int, kind: type[End]) -> End:
    end = instance.handles.find(index, kind)
    if end.shared.payload is not instance.actual(step.type)._payload:
        raise Trap(f"handle index {index} used with the wrong type")
    return end


def copy_elements(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`read` and `write`."""
    tasks, kind = tasks_of(instance.store), _ENDS[step.name]
    code, is_stream = _EVENTS[kind], step.name.startswith("stream")
    is_async, is_read = step.options.is_async, step.name.endswith("read")
    payload = getattr(step.type, "_payload", None)

    def call(slots: Slots) -> Thread | None:
        index = slots[0] & MASK
        end = _find_end(instance, step, index, kind)
        if end.state != IDLE:
            raise Trap("cannot have concurrent operations active on a stream or future, or use it when it is done")
        check_set(end, is_async)
        buffer = GuestBuffer(contexts, payload, slots[1] & MASK, slots[2] & MASK if is_stream else 1)

        def notify(result: int, take_back: Callable[[], None] | None) -> None:
            def event() -> Event:
                if take_back is not None:
                    take_back()
                return code, index, _end_copy(end, result, buffer.progress if is_stream else None)

            end.notify(event)

        end.state = COPYING
        act = end.shared.read if is_read else end.shared.write
        act(instance, buffer, lambda take_back: notify(COMPLETED, take_back), lambda result: notify(result, None))
        return _answer(end, tasks, slots, is_async)

    return call


def _answer(end: End, tasks: Tasks, slots: Slots, is_async: bool) -> Thread | None:
    """What became of a copy, or that it goes on; or the thread that waits for it, if the guest does."""
    if end.event is None:
        if is_async:
            slots[0] = BLOCKED
            return None
        return end.wait(tasks, slots)
    slots[0] = end.take_event()[2]
    return None


def _end_copy(end: End, result: int, progress: int | None) -> int:
    """A copy is over: what the guest is told, with how many elements there were; None for a future."""
    is_stream = progress is not None
    is_over = result == DROPPED or (result == COMPLETED and not is_stream)
    # As the scripts of the component model have it, and not its reference, which says that it is complete.
    is_cut = result == COMPLETED and is_stream and end.state == CANCELLING
    end.state = DONE if is_over else IDLE
    told = CANCELLED if is_cut else result
    return told if progress is None else told | progress << _RESULT_BITS


def cancel_copy(instance: ComponentInstance, step: Builtin) -> Call:
    """`cancel-read` and `cancel-write`."""
    tasks, kind = tasks_of(instance.store), _ENDS[step.name.replace("cancel-", "")]

    def call(slots: Slots) -> Thread | None:
        end = _find_end(instance, step, slots[0] & MASK, kind)
        if end.state != COPYING or end.has_sync_waiter:
            raise Trap("stream or future is not being read or written")
        check_set(end, step.flag)
        end.state = CANCELLING
        if end.event is None:
            end.shared.cancel()
        return _answer(end, tasks, slots, step.flag)

    return call


def drop_end(instance: ComponentInstance, step: Builtin) -> Call:
    """`drop-readable` and `drop-writable`."""
    action = "read" if step.name.endswith("readable") else "write"
    kind = _ENDS[f"{step.name.partition('.')[0]}.{action}"]

    def call(slots: Slots) -> None:
        index = slots[0] & MASK
        end = _find_end(instance, step, index, kind)
        instance.handles.take(index, kind)
        end.end()

    return call
