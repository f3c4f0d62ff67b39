"""Functions for threads (CanonicalABI, "canon thread.index" and what follows)."""

from typing import Any

from fusee.api.errors import Trap
from fusee.component.asynchronous.tasks import Tasks, tasks_of
from fusee.component.asynchronous.threads import Body, Thread
from fusee.component.builtins.tasks import current_task
from fusee.component.program import Builtin
from fusee.component.runtime.corecall import Call, CoreCall
from fusee.component.runtime.instance import MASK, ComponentInstance, Slots


def thread_function(instance: ComponentInstance, step: Builtin, table: Any) -> Call:
    """All that begin with `thread.`; `table` holds the functions of new ones."""
    tasks = tasks_of(instance.store)
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
    return _stop(instance, tasks, action, step.flag)


def _stop(instance: ComponentInstance, tasks: Tasks, action: str, is_cancellable: bool) -> Call:
    """Functions in which a thread gives way, or waits, mostly for another one that they name."""

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
        task, store = current_task(instance), instance.store
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
