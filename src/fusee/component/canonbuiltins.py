"""The canonical functions of asynchronous components at run time (CanonicalABI, "Canonical Definitions")."""

from collections.abc import Callable
from typing import Any, Final

from fusee.api.errors import Trap
from fusee.component.context import Context
from fusee.component.corecall import Call, CoreCall, Waiting
from fusee.component.layout import layout_of
from fusee.component.program import Builtin
from fusee.component.runtime import MASK, ComponentInstance, Slots
from fusee.component.streams import (
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
from fusee.component.tasks import Body, Task, Tasks, Thread, tasks_of
from fusee.component.traps import Reason, trap
from fusee.component.types.valtype import POINTER
from fusee.component.values import ErrorContextValue
from fusee.component.waitables import (
    BLOCKED,
    FUTURE_READ,
    FUTURE_WRITE,
    NO_EVENT,
    STREAM_READ,
    STREAM_WRITE,
    ErrorContextEntry,
    Event,
    Subtask,
    Waitable,
    WaitableSet,
)
from fusee.component.waitables import (
    CANCELLED as CANCELLED_EVENT,
)

Contexts = tuple[Context, Context]
_MOST_BACKPRESSURE: Final = 1 << 16
_RESULT_BITS: Final = 4
_ENDS: Final[dict[str, type[End]]] = {
    "stream.read": ReadableStream, "stream.write": WritableStream, "future.read": ReadableFuture,
    "future.write": WritableFuture,
}  # fmt: skip
_EVENTS: Final = {
    ReadableStream: STREAM_READ, WritableStream: STREAM_WRITE, ReadableFuture: FUTURE_READ,
    WritableFuture: FUTURE_WRITE,
}  # fmt: skip


def builtin(instance: ComponentInstance, step: Builtin, contexts: Contexts, table: Any) -> Call:
    """What a canonical function does with the slots of a call; `contexts` are those of its options."""
    call = _make(instance, step, contexts, table)
    if step.name.startswith(("context.", "backpressure.")):
        return call

    def checked(slots: Slots) -> Waiting | None:
        if not instance.may_leave.value:
            raise trap(Reason.CANNOT_LEAVE)
        return call(slots)

    return checked


def _make(instance: ComponentInstance, step: Builtin, contexts: Contexts, table: Any) -> Call:
    name = step.name
    kind, _, action = name.partition(".")
    if kind in ("stream", "future"):
        if action == "new":
            return _new_pair(instance, step)
        if action in ("read", "write"):
            return _copy(instance, step, contexts)
        return _cancel_copy(instance, step) if action.startswith("cancel") else _drop_end(instance, step)
    if kind == "thread":
        return _thread(instance, step, table)
    return _MAKERS[name](instance, step, contexts)


# Tasks.


def _current(instance: ComponentInstance) -> Task:
    return tasks_of(instance.store).thread().task


def _task_return(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    tasks, current, encoding = tasks_of(instance.store), contexts[0].current, step.options.encoding
    needs_memory = step.type is not None and (step.type._flags & POINTER or layout_of(step.type).flat is None)

    def call(slots: Slots) -> None:
        task = tasks.thread().task
        lift = task.lift
        if lift is None or not lift.function.is_async:
            raise Trap("`task.return` called by a task that was not lifted with `async`")
        function = lift.function
        # Options that the result does not need make no difference.
        is_same = not needs_memory or (function.encoding == encoding and lift.cx.current == current)
        if step.type is not function.type._result or not is_same:
            raise Trap("invalid `task.return` signature and/or options for current task")
        if task.adapter is not None:
            task.give(slots)
            return
        result = lift.lift_returned(slots)
        task.give(result[0] if result else None)

    return call


def _task_cancel(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    def call(slots: Slots) -> None:
        task = _current(instance)
        if task.lift is None or not task.lift.function.is_async:
            raise Trap("`task.cancel` called by a task that was not lifted with `async`")
        task.cancel()

    return call


def _context_get(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    tasks, index = tasks_of(instance.store), step.index

    def call(slots: Slots) -> None:
        slots[0] = tasks.thread().storage[index]

    return call


def _context_set(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    tasks, index = tasks_of(instance.store), step.index

    def call(slots: Slots) -> None:
        tasks.thread().storage[index] = slots[0] & MASK

    return call


def _backpressure(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    change = 1 if step.name == "backpressure.inc" else -1

    def call(slots: Slots) -> None:
        instance.backpressure += change
        if not 0 <= instance.backpressure < _MOST_BACKPRESSURE:
            raise Trap("backpressure counter overflow")

    return call


# Sets and subtasks.


def _set_new(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    def call(slots: Slots) -> None:
        slots[0] = instance.handles.add(WaitableSet())

    return call


def _set_wait(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    tasks, is_cancellable, cx = tasks_of(instance.store), step.flag, contexts[0]

    def call(slots: Slots) -> Thread | None:
        waited = instance.handles.find(slots[0] & MASK, WaitableSet)
        pending, pointer, thread = waited.pending, slots[1] & MASK, tasks.thread()

        def finish(is_cancelled: bool) -> int:
            waited.waiting -= 1
            return _put_event(cx, pointer, CANCELLED_EVENT if is_cancelled else waited.take_event())

        waited.waiting += 1
        return thread.wait_until(slots, lambda: bool(pending), is_cancellable, finish)

    return call


def _set_poll(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    tasks, is_cancellable, cx = tasks_of(instance.store), step.flag, contexts[0]

    def call(slots: Slots) -> None:
        waited = instance.handles.find(slots[0] & MASK, WaitableSet)
        current = tasks.current
        if current is not None and current.task.deliver_cancel(is_cancellable):
            event = CANCELLED_EVENT
        else:
            event = waited.take_event() if waited.pending else NO_EVENT
        slots[0] = _put_event(cx, slots[1] & MASK, event)

    return call


def _put_event(cx: Context, pointer: int, event: Event) -> int:
    cx.area(pointer, 8, 4)
    code, index, payload = event
    cx.current()[pointer : pointer + 8] = (index | payload << 32).to_bytes(8, "little")
    return code


def _set_drop(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    def call(slots: Slots) -> None:
        instance.handles.take(slots[0] & MASK, WaitableSet).end()

    return call


def _join(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    def call(slots: Slots) -> None:
        waitable = instance.handles.find(slots[0] & MASK, Waitable)
        if waitable.has_sync_waiter:
            raise Trap("cannot join a waitable set while a synchronous call waits")
        index = slots[1] & MASK
        waitable.join(instance.handles.find(index, WaitableSet) if index else None)

    return call


def _subtask_cancel(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    tasks = tasks_of(instance.store)

    def call(slots: Slots) -> Thread | None:
        subtask = instance.handles.find(slots[0] & MASK, Subtask)
        if subtask.is_delivered:
            raise Trap("`subtask.cancel` called after terminal status delivered")
        if subtask.is_cancelling:
            raise Trap("`subtask.cancel` called twice")
        _check_set(subtask, step.flag)
        if not subtask.is_resolved():
            subtask.is_cancelling = True
            if subtask.on_cancel is not None:
                subtask.on_cancel(instance)
            if not subtask.is_resolved():
                if step.flag:
                    slots[0] = BLOCKED
                    return None
                subtask.event = None  # that it has begun, which nobody was told yet: its end is waited for
                return subtask.wait(tasks, slots)
        slots[0] = subtask.take_event()[2]
        return None

    return call


def _check_set(waitable: Waitable, is_async: bool) -> None:
    if waitable.set is not None and not is_async:
        raise Trap("waitable cannot be used synchronously while added to a waitable set")


def _subtask_drop(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    def call(slots: Slots) -> None:
        instance.handles.take(slots[0] & MASK, Subtask).end()

    return call


# Streams and futures.


def _new_pair(instance: ComponentInstance, step: Builtin) -> Call:
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


def _copy(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
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
        _check_set(end, is_async)
        buffer = GuestBuffer(contexts, payload, slots[1] & MASK, slots[2] & MASK if is_stream else 1)

        def notify(result: int, take_back: Callable[[], None] | None) -> None:
            def event() -> Event:
                nonlocal result
                if take_back is not None:
                    take_back()
                is_over = result == DROPPED or (result == COMPLETED and not is_stream)
                # As the scripts of the component model have it, and not its reference, which says that it is complete.
                is_cut = result == COMPLETED and is_stream and end.state == CANCELLING
                result = CANCELLED if is_cut else result
                end.state = DONE if is_over else IDLE
                return code, index, result | buffer.progress << _RESULT_BITS if is_stream else result

            end.notify(event)

        end.state = COPYING
        act = end.shared.read if is_read else end.shared.write
        act(instance, buffer, lambda take_back: notify(COMPLETED, take_back), lambda result: notify(result, None))
        if end.event is None:
            if is_async:
                slots[0] = BLOCKED
                return None
            return end.wait(tasks, slots)
        slots[0] = end.take_event()[2]
        return None

    return call


def _cancel_copy(instance: ComponentInstance, step: Builtin) -> Call:
    tasks, kind = tasks_of(instance.store), _ENDS[step.name.replace("cancel-", "")]

    def call(slots: Slots) -> Thread | None:
        end = _find_end(instance, step, slots[0] & MASK, kind)
        if end.state != COPYING or end.has_sync_waiter:
            raise Trap("stream or future is not being read or written")
        _check_set(end, step.flag)
        end.state = CANCELLING
        if end.event is None:
            end.shared.cancel()
            if end.event is None:
                if step.flag:
                    slots[0] = BLOCKED
                    return None
                return end.wait(tasks, slots)
        slots[0] = end.take_event()[2]
        return None

    return call


def _drop_end(instance: ComponentInstance, step: Builtin) -> Call:
    action = "read" if step.name.endswith("readable") else "write"
    kind = _ENDS[f"{step.name.partition('.')[0]}.{action}"]

    def call(slots: Slots) -> None:
        index = slots[0] & MASK
        end = _find_end(instance, step, index, kind)
        instance.handles.take(index, kind)
        end.end()

    return call


# Threads.


def _thread(instance: ComponentInstance, step: Builtin, table: Any) -> Call:
    tasks, is_cancellable = tasks_of(instance.store), step.flag
    action = step.name.partition(".")[2]
    if action == "new-indirect":
        return _new_thread(instance, table)
    if action == "index":

        def index(slots: Slots) -> None:
            slots[0] = tasks.thread().index

        return index
    if action == "resume-later":

        def resume_later(slots: Slots) -> None:
            _suspended(instance, slots).wait_for(lambda: True)

        return resume_later

    def stop(slots: Slots) -> Thread | None:
        other = None
        if action.endswith("resume"):
            other = _suspended(instance, slots)
        elif action.endswith("promote"):
            other = instance.threads.find(slots[0] & MASK, Thread)
        thread = tasks.thread()
        if thread.task.deliver_cancel(is_cancellable):
            slots[0] = 1
            return None
        if other is not None and action.endswith("promote"):
            if other.is_ready():
                other.stop_waiting()
            else:
                other = None
        act = thread.give_way if action.startswith("yield") else thread.suspend
        return act(slots, is_cancellable, other)

    return stop


def _suspended(instance: ComponentInstance, slots: Slots) -> Thread:
    found = instance.threads.find(slots[0] & MASK, Thread)
    if not found.is_suspended():
        raise Trap("cannot resume thread which is not suspended")
    return found


def _new_thread(instance: ComponentInstance, table: Any) -> Call:
    def call(slots: Slots) -> None:
        task, store = _current(instance), instance.store
        index, argument = slots[0] & MASK, slots[1] & MASK
        function = table.get(store, index) if index < table.size(store) else None
        if function is None:
            raise Trap("undefined element: no function for a thread is at the index")
        signature = function.type(store)
        if [str(ty) for ty in signature.params] != ["i32"] or signature.results:
            raise Trap("indirect call type mismatch: the function of a thread has the type (func (param i32))")
        core = CoreCall(function)
        thread = Thread(task, _run_core(tasks_of(store), core, argument), True)
        task.register(thread)
        slots[0] = thread.index

    return call


def _run_core(tasks: Tasks, core: CoreCall, argument: int) -> Body:
    """What such a thread does."""
    thread = tasks.thread()
    slots = core.buffer()
    core.pack(slots, 0, argument)
    yield from thread.runs(core, slots)
    thread.task.unregister(thread)


# Error contexts.


def _error_new(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    cx = contexts[0]

    def call(slots: Slots) -> None:
        message = cx.string(cx.begin(), slots[0] & MASK, slots[1] & MASK)
        slots[0] = instance.handles.add(ErrorContextEntry(ErrorContextValue(message)))

    return call


def _error_message(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    cx = contexts[0]

    def call(slots: Slots) -> None:
        found = instance.handles.find(slots[0] & MASK, ErrorContextEntry)
        pointer = slots[1] & MASK
        at, length = cx.put_string(found.value.debug_message)
        cx.area(pointer, 8, 4)
        cx.current()[pointer : pointer + 8] = (at | length << 32).to_bytes(8, "little")

    return call


def _error_drop(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    def call(slots: Slots) -> None:
        instance.handles.take(slots[0] & MASK, ErrorContextEntry)

    return call


_MAKERS: Final[dict[str, Callable[[ComponentInstance, Builtin, Contexts], Call]]] = {
    "task.return": _task_return, "task.cancel": _task_cancel, "context.get": _context_get,
    "context.set": _context_set, "backpressure.inc": _backpressure, "backpressure.dec": _backpressure,
    "waitable-set.new": _set_new, "waitable-set.wait": _set_wait, "waitable-set.poll": _set_poll,
    "waitable-set.drop": _set_drop, "waitable.join": _join, "subtask.cancel": _subtask_cancel,
    "subtask.drop": _subtask_drop, "error-context.new": _error_new, "error-context.debug-message": _error_message,
    "error-context.drop": _error_drop,
}  # fmt: skip
