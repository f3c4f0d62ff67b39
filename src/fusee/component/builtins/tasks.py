"""Functions for the task that runs (CanonicalABI, "canon task.return", "context.get", "backpressure.inc")."""

from typing import Final

from fusee.api.errors import Trap
from fusee.component.asynchronous.tasks import Task, tasks_of
from fusee.component.codecs.context import Contexts
from fusee.component.layout import layout_of
from fusee.component.program import Builtin
from fusee.component.runtime.corecall import Call
from fusee.component.runtime.instance import MASK, ComponentInstance, Slots
from fusee.component.types.valtype import POINTER

_MOST_BACKPRESSURE: Final = 1 << 16


def current_task(instance: ComponentInstance) -> Task:
    """The task whose guest calls."""
    return tasks_of(instance.store).thread().task


def task_return(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`task.return`."""
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


def task_cancel(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`task.cancel`."""

    def call(slots: Slots) -> None:
        task = current_task(instance)
        if task.lift is None or not task.lift.function.is_async:
            raise Trap("`task.cancel` called by a task that was not lifted with `async`")
        task.cancel()

    return call


def context_get(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`context.get`."""
    tasks, index = tasks_of(instance.store), step.index

    def call(slots: Slots) -> None:
        slots[0] = (instance.own_storage() or tasks.thread().storage)[index]

    return call


def context_set(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`context.set`."""
    tasks, index = tasks_of(instance.store), step.index

    def call(slots: Slots) -> None:
        (instance.own_storage() or tasks.thread().storage)[index] = slots[0] & MASK

    return call


def backpressure(instance: ComponentInstance, step: Builtin, contexts: Contexts) -> Call:
    """`backpressure.inc` and `backpressure.dec`."""
    change = 1 if step.name == "backpressure.inc" else -1

    def call(slots: Slots) -> None:
        instance.backpressure += change
        if not 0 <= instance.backpressure < _MOST_BACKPRESSURE:
            raise Trap("backpressure counter overflow")

    return call
