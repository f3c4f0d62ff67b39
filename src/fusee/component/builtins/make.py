"""Finds the function behind the name of a canonical one: `resources` has its own."""

from collections.abc import Callable
from typing import Any, Final

from fusee.component.builtins.errorcontexts import error_drop, error_message, error_new
from fusee.component.builtins.streams import cancel_copy, copy_elements, drop_end, new_pair
from fusee.component.builtins.tasks import backpressure, context_get, context_set, task_cancel, task_return
from fusee.component.builtins.threads import thread_function
from fusee.component.builtins.waitables import (
    join_set,
    set_drop,
    set_new,
    set_poll,
    set_wait,
    subtask_cancel,
    subtask_drop,
)
from fusee.component.codecs.context import Contexts
from fusee.component.program import Builtin
from fusee.component.runtime.corecall import Call, Waiting
from fusee.component.runtime.instance import ComponentInstance, Slots


def builtin(instance: ComponentInstance, step: Builtin, contexts: Contexts, table: Any) -> Call:
    """What a canonical function does with the slots of a call; `contexts` are those of its options."""
    call = _make(instance, step, contexts, table)
    if step.name.startswith(("context.", "backpressure.")):
        return call

    def checked(slots: Slots) -> Waiting | None:
        instance.check_leave()
        return call(slots)

    return checked


def _make(instance: ComponentInstance, step: Builtin, contexts: Contexts, table: Any) -> Call:
    name = step.name
    kind, _, action = name.partition(".")
    if kind in ("stream", "future"):
        if action == "new":
            return new_pair(instance, step)
        if action in ("read", "write"):
            return copy_elements(instance, step, contexts)
        return cancel_copy(instance, step) if action.startswith("cancel") else drop_end(instance, step)
    if kind == "thread":
        return thread_function(instance, step, table)
    return _MAKERS[name](instance, step, contexts)


_MAKERS: Final[dict[str, Callable[[ComponentInstance, Builtin, Contexts], Call]]] = {
    "task.return": task_return, "task.cancel": task_cancel, "context.get": context_get,
    "context.set": context_set, "backpressure.inc": backpressure, "backpressure.dec": backpressure,
    "waitable-set.new": set_new, "waitable-set.wait": set_wait, "waitable-set.poll": set_poll,
    "waitable-set.drop": set_drop, "waitable.join": join_set, "subtask.cancel": subtask_cancel,
    "subtask.drop": subtask_drop, "error-context.new": error_new, "error-context.debug-message": error_message,
    "error-context.drop": error_drop,
}  # fmt: skip
