"""Functions for what is waited for (CanonicalABI, "canon waitable-set.new", "waitable.join", "subtask.cancel")."""

from fusee.api.errors import Trap
from fusee.component.asynchronous.tasks import tasks_of
from fusee.component.asynchronous.threads import Thread
from fusee.component.asynchronous.waitables import BLOCKED, NO_EVENT, Event, Subtask, Waitable, WaitableSet
from fusee.component.asynchronous.waitables import CANCELLED as CANCELLED_EVENT
from fusee.component.codecs.context import Context, Contexts
from fusee.component.program import Builtin
from fusee.component.runtime.corecall import Call
from fusee.component.runtime.instance import MASK, ComponentInstance, Slots


def set_new(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`waitable-set.new`."""

    def call(slots: Slots) -> None:
        slots[0] = instance.handles.add(WaitableSet())

    return call


def set_wait(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`waitable-set.wait`."""
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


def set_poll(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`waitable-set.poll`."""
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


def set_drop(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`waitable-set.drop`."""

    def call(slots: Slots) -> None:
        instance.handles.take(slots[0] & MASK, WaitableSet).end()

    return call


def join_set(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`waitable.join`."""

    def call(slots: Slots) -> None:
        waitable = instance.handles.find(slots[0] & MASK, Waitable)
        if waitable.has_sync_waiter:
            raise Trap("cannot join a waitable set while a synchronous call waits")
        index = slots[1] & MASK
        waitable.join(instance.handles.find(index, WaitableSet) if index else None)

    return call


def subtask_cancel(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`subtask.cancel`."""
    tasks = tasks_of(instance.store)

    def call(slots: Slots) -> Thread | None:
        subtask = instance.handles.find(slots[0] & MASK, Subtask)
        if subtask.is_delivered:
            raise Trap("`subtask.cancel` called after terminal status delivered")
        if subtask.is_cancelling:
            raise Trap("`subtask.cancel` called twice")
        check_set(subtask, step.flag)
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


def check_set(waitable: Waitable, is_async: bool) -> None:
    """Raises `Trap` if something in a set is to be waited for in place."""
    if waitable.set is not None and not is_async:
        raise Trap("waitable cannot be used synchronously while added to a waitable set")


def subtask_drop(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`subtask.drop`."""

    def call(slots: Slots) -> None:
        instance.handles.take(slots[0] & MASK, Subtask).end()

    return call
