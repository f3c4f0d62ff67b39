"""Calls of a component's functions that are tasks, whose values an adapter copies."""

from typing import Any

from fusee.api.errors import LinkError
from fusee.api.func import Func
from fusee.api.store import Store
from fusee.component.adapters.call import EXPORT, RESULT, Adapter, Side, TaskCall
from fusee.component.adapters.imports import Imports
from fusee.component.asynchronous.lift import lift_of
from fusee.component.asynchronous.lower import Lowered
from fusee.component.asynchronous.tasks import NO_RESULT
from fusee.component.asynchronous.threads import Thread
from fusee.component.asynchronous.waitables import STARTED, Subtask
from fusee.component.codecs.context import Context
from fusee.component.program import Lower
from fusee.component.runtime.corecall import CoreCall, host_function
from fusee.component.runtime.handles import Scope
from fusee.component.runtime.instance import MASK, Slots
from fusee.component.runtime.lift import LiftedFunction
from fusee.component.types.valtype import BORROW


def task_adapter(
    here: Context, there: Context, callee: LiftedFunction, step: Lower, sides: tuple[Side, Side]
) -> Func | None:  # fmt: skip
    """The function that `canon lower` makes of another component's, as `link.adapter`."""
    instance, options = here.instance, step.options
    call = TaskCall(*sides, options.is_async, callee.is_async, callee.callback is not None)
    made = instance.chain[-1].program.adapters.find(instance.store.engine, call)
    if made is None:
        return None
    written, module = made
    try:
        exports = _TaskImports(written, here, there, callee).instantiate(instance.store, module)
    except LinkError:  # as in `link.adapter`
        return None
    lowered = AdaptedLower(here, there, callee, step, exports)
    return host_function(instance.store, step.core_type, lowered.call)


class _TaskImports(Imports):
    def __init__(self, written: Adapter, here: Context, there: Context, callee: LiftedFunction) -> None:
        self._core = callee.core.function
        super().__init__(
            written, {"caller": here, "callee": there}, {"argument": (here, there), "result": (there, here)}
        )

    def find(self, store: Store, name: str) -> Any:
        return self._core if name == "core" else super().find(store, name)


class AdaptedLower(Lowered):
    """A function of another component's, lowered."""

    def __init__(
        self, here: Context, there: Context, callee: LiftedFunction, step: Lower, exports: dict[str, Func]
    ) -> None:  # fmt: skip
        super().__init__(here.instance, step.type, step.options.is_async)
        self._here, self._there = here, there
        self._lift = lift_of(callee, False)
        self._core = CoreCall(exports[EXPORT])
        self._result = CoreCall(exports[RESULT]) if RESULT in exports else None
        self._taken = range(_count(self._core))
        given = 0 if self._result is None else _count(self._result) - (self._pointer_at is not None)
        self._given = range(given)
        """The callee's core values."""
        self._has_borrows = any(ty._flags & BORROW for _, ty in step.type._params)

    def call(self, slots: Slots) -> Thread | None:
        """Perform a call, as `corecall.Call`."""
        self._instance.check_leave()
        subtask = Subtask()
        # The caller's frame may be somewhere else when the callee begins.
        mine = self._core.buffer()
        for i in self._taken:
            mine[i] = slots[i]
        pointer = slots[self._pointer_at] & MASK if self._pointer_at is not None else 0

        def on_start(scope: Scope) -> Slots:
            subtask.progress()
            subtask.state = STARTED
            if self._has_borrows:  # nobody else is let in before all arguments are there
                self._here.scope, self._there.scope = subtask.scope, scope
            return mine

        def on_resolve(given: Any) -> None:
            subtask.progress()
            if given is not NO_RESULT:
                self._give(subtask, given, pointer)
            subtask.resolve(given is NO_RESULT)

        task = self._lift.start(on_start, on_resolve, self._instance, self._core)
        if not subtask.is_resolved():
            subtask.on_cancel = task.request_cancel
        return self._answer(slots, subtask)

    def _give(self, subtask: Subtask, given: Slots, pointer: int) -> None:
        """Take the result to the caller."""
        result = self._result
        if result is None:
            return
        slots = result.buffer()
        for i in self._given:
            slots[i] = given[i]
        if self._pointer_at is not None:
            slots[len(self._given)] = pointer
        result.run(slots)
        subtask.result = slots[0]


def _count(core: CoreCall) -> int:
    """How many parameters there are."""
    return len(core.function._signature.type._params)
