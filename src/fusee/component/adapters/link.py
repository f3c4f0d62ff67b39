"""Which calls between components have an adapter, and how it is made alive. All others go through Python."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from fusee.api.errors import LinkError
from fusee.api.func import Func
from fusee.api.store import Store
from fusee.component.adapters.call import EXPORT, Adapter, Call, Pair, Side
from fusee.component.adapters.imports import NEEDED, Imports, flags_of
from fusee.component.adapters.tasklink import task_adapter
from fusee.component.binary.core import core_func
from fusee.component.codecs.context import Context
from fusee.component.layout import parameters_type
from fusee.component.program import Lower
from fusee.component.runtime.corecall import host_function
from fusee.component.runtime.handles import Scope
from fusee.component.runtime.instance import ComponentInstance, Slots
from fusee.component.runtime.lift import LiftedFunction
from fusee.component.traps import Reason, trap
from fusee.component.types.resource import BorrowType, HandleType
from fusee.component.types.valtype import HANDLE, ValType

_NOTHING: Final = core_func([], [])


def adapter(caller: ComponentInstance, cx: Context, callee: LiftedFunction, step: Lower) -> Func | None:
    """The function that `canon lower` makes of another component's; None if it is called through Python.

    `cx` is the caller's.
    """
    if callee.instance is caller or caller.store.engine._features & NEEDED != NEEDED:
        return None
    there = Context(callee.instance, callee.memory, callee.realloc, callee.encoding, False)
    sides = (
        Side(step.type, cx.encoding, cx.memory is not None, cx.realloc is not None),
        Side(callee.type, callee.encoding, callee.memory is not None, callee.realloc is not None),
    )
    if callee.is_task:
        return task_adapter(cx, there, callee, step, sides)
    call = Call(
        *sides, callee.post_return is not None, len(callee.instance.entered(caller)), _has_scope(caller, callee)
    )
    made = caller.chain[-1].program.adapters.find(caller.store.engine, call)
    if made is None:
        return None
    written, module = made
    try:
        exports = _CallImports(written, cx, there, callee, call).instantiate(caller.store, module)
    except LinkError:  # a core function has the parameters and results, but not the type: that is in a group of types
        return None
    found: Func = exports[EXPORT]
    return found


def _has_scope(caller: ComponentInstance, callee: LiftedFunction) -> bool:
    """Whether it must be noted which handles are lent to a call.

    Not if nobody can drop them meanwhile, and the callee is given its own numbers instead of handles. The caller is
    entered before the call has ended only by who is in it, and what is given away is looked at after what is lent.
    """
    found = list(_handles_in(parameters_type([ty for _, ty in callee.type._params])))
    if not any(isinstance(ty, BorrowType) for ty in found):
        return False
    resources, instance = callee.instance.resources, callee.instance
    are_own = all(isinstance(ty, BorrowType) and resources[ty._ty]._impl is instance for ty in found)
    return not are_own or caller in instance.chain


def _handles_in(ty: ValType) -> Iterator[HandleType]:
    """The types of handles that are somewhere in a type."""
    seen, left = set(), [ty]
    while left:
        part = left.pop()
        if part not in seen and part._flags & HANDLE:
            seen.add(part)
            left += part._parts()
            if isinstance(part, HandleType):
                yield part


class _CallImports(Imports):
    """Of an adapter that is all of a call."""

    def __init__(self, written: Adapter, here: Context, there: Context, callee: LiftedFunction, call: Call) -> None:
        """`here` is the caller's side, `there` the callee's."""
        self._here, self._there, self._callee = here, there, callee
        self._has_scope = call.has_scope
        self._before: list[tuple[Scope | None, Scope | None]] = []
        self._entered = callee.instance.entered(here.instance)
        super().__init__(
            written, {"caller": here, "callee": there}, {"argument": (here, there), "result": (there, here)}
        )

    def find(self, store: Store, name: str) -> Any:
        callee = self._callee
        if name.startswith("enter"):
            return flags_of(self._entered[int(name.removeprefix("enter"))])[0]
        if name == "core":
            return callee.core.function
        if name == "post_return":
            assert callee.post_return is not None
            return callee.post_return.function
        if name in ("begin", "end"):
            return host_function(store, _NOTHING, self._begin if name == "begin" else self._end)
        return super().find(store, name)

    # Handles. A call of its own begins inside of another one if the callee calls the caller.

    def mover(self, way: str, pair: Pair) -> Callable[[int], int]:
        ours = pair[0]
        if self._has_scope or not isinstance(ours, BorrowType):
            return super().mover(way, pair)
        table, resource = self._here.instance.handles, self._here.instance.resources[ours._ty]
        return lambda index: table.get(index, resource).rep

    def _begin(self, slots: Slots) -> None:
        self._before.append((self._here.scope, self._there.scope))
        self._here.scope, self._there.scope = Scope(), Scope()

    def _end(self, slots: Slots) -> None:
        here, there = self._here, self._there
        assert here.scope is not None and there.scope is not None
        if there.scope.borrowed:
            raise trap(Reason.BORROWS_LEFT)
        there.scope.end()
        here.scope.end()
        here.scope, there.scope = self._before.pop()
