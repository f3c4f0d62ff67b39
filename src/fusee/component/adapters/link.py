"""Which calls between components have an adapter, and how it is made alive. All others go through Python."""

import ctypes
from collections.abc import Callable, Iterator
from typing import Any, Final

from fusee.api.errors import LinkError
from fusee.api.exception import WasmException
from fusee.api.func import Func
from fusee.api.globals import Global
from fusee.api.instance import Instance
from fusee.api.store import Store
from fusee.api.types import FuncType as CoreFuncType
from fusee.api.types import GlobalType
from fusee.component.adapters.call import EXPORT, Call, MovedHandle, Pair, Side
from fusee.component.context import Context
from fusee.component.core import CORE_NAMES, EXNREF, core_func
from fusee.component.corecall import exception_trap, host_function
from fusee.component.handles import Scope, state_of
from fusee.component.layout import parameters_type
from fusee.component.program import Lower
from fusee.component.runtime import MASK, ComponentInstance, LiftedFunction, Slots
from fusee.component.traps import Reason, trap
from fusee.component.types import ASYNCHRONOUS, HANDLE, BorrowType, HandleType, ValType
from fusee.spec.features import Feature

_NEEDED: Final = int(Feature.MULTI_MEMORY | Feature.EXCEPTIONS)
_FAIL: Final = core_func(["i32", "i32"], [])
_THROWN: Final = CoreFuncType([EXNREF], [])
_HANDLE: Final = core_func(["i32", "i32"], ["i32"])
_STRING: Final = core_func(["i32", "i32"], ["i32", "i32"])
_NOTHING: Final = core_func([], [])
_FLAG: Final = GlobalType(CORE_NAMES["i32"], mutable=True)


def adapter(caller: ComponentInstance, cx: Context, callee: LiftedFunction, step: Lower) -> Func | None:
    """The function that `canon lower` makes of another component's; None if it is called through Python.

    `cx` is the caller's.
    """
    if not _has_adapter(caller, callee, step):
        return None
    call = Call(
        Side(step.type, cx.encoding, cx.memory is not None, cx.realloc is not None),
        Side(callee.type, callee.encoding, callee.memory is not None, callee.realloc is not None),
        callee.post_return is not None, len(callee.instance.entered(caller)), _has_scope(caller, callee),
    )  # fmt: skip
    made = caller.chain[-1].program.adapters.find(caller.store.engine, call)
    if made is None:
        return None
    written, module = made
    there = Context(callee.instance, callee.memory, callee.realloc, callee.encoding, False)
    given = _Imports(cx, there, callee, call, written.handles)
    try:
        instance = Instance(caller.store, module, [given.find(name) for name in written.imports])
    except LinkError:  # a core function has the parameters and results, but not the type: that is in a group of types
        return None
    found: Any = instance.exports(caller.store)[EXPORT]
    return found if isinstance(found, Func) else None


def _has_adapter(caller: ComponentInstance, callee: LiftedFunction, step: Lower) -> bool:
    """Not who is asynchronous, or is at both sides; the engine has to know what adapters are made of."""
    if step.type._is_async or caller.program.is_async or callee.is_task or callee.instance is caller:
        return False
    if any(ty._flags & ASYNCHRONOUS for ty in step.type._types()):
        return False
    return caller.store.engine._features & _NEEDED == _NEEDED


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


class _Imports:
    """What one adapter is given."""

    def __init__(
        self, here: Context, there: Context, callee: LiftedFunction, call: Call, handles: tuple[MovedHandle, ...]
    ) -> None:  # fmt: skip
        """`here` is the caller's side, `there` the callee's."""
        self._here, self._there, self._callee = here, there, callee
        self._has_scope = call.has_scope
        self._movers = [self._mover(*handle) for handle in handles]
        self._before: list[tuple[Scope | None, Scope | None]] = []
        self._entered = callee.instance.entered(here.instance)

    def find(self, name: str) -> Any:
        """What is given for an import: the names are those of `function`."""
        here, there, callee = self._here, self._there, self._callee
        store = here.instance.store
        if name.startswith("enter"):
            return _flags(self._entered[int(name.removeprefix("enter"))])[0]
        if name == "core":
            return callee.core.function
        if name == "post_return":
            assert callee.post_return is not None
            return callee.post_return.function
        if name in ("caller", "callee"):
            return (here if name == "caller" else there).memory
        if name in ("caller_leave", "callee_leave"):
            return _flags((here if name == "caller_leave" else there).instance)[1]
        if name in ("caller_realloc", "callee_realloc"):
            found = (here if name == "caller_realloc" else there).realloc
            assert found is not None
            return found.function
        return self._host(store, name)

    def _host(self, store: Store, name: str) -> Func:
        """What only the host can do."""
        here, there = self._here, self._there
        hosts = state_of(store).adapter_functions
        if name == "fail":
            return hosts.get(name) or hosts.setdefault(name, host_function(store, _FAIL, _fail))
        if name == "thrown":
            return hosts.get(name) or hosts.setdefault(name, Func(store, _THROWN, _thrown))
        if name == "handle":
            return host_function(store, _HANDLE, self._move)
        if name in ("begin", "end"):
            return host_function(store, _NOTHING, self._begin if name == "begin" else self._end)
        source, target = (here, there) if name == "argument_string" else (there, here)
        return host_function(store, _STRING, _string_copier(source, target))

    # Handles. A call of its own begins inside of another one if the callee calls the caller.

    def _mover(self, is_result: bool, pair: Pair) -> Callable[[int], int]:
        """What takes a handle out of one table and puts it into the other."""
        source, target = (self._there, self._here) if is_result else (self._here, self._there)
        ours, theirs = pair
        assert isinstance(ours, HandleType) and isinstance(theirs, HandleType)
        lift, lower = source.lift_own, target.lower_own
        if isinstance(ours, BorrowType):
            if not self._has_scope:
                table, resource = source.instance.handles, source.instance.resources[ours._ty]
                return lambda index: table.get(index, resource).rep
            lift, lower = source.lift_borrow, target.lower_borrow
        return lambda index: lower(lift(index, ours._ty), theirs._ty)

    def _move(self, slots: Slots) -> None:
        slots[0] = self._movers[slots[0] & MASK](slots[1] & MASK)

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


def _fail(slots: Slots) -> None:
    raise trap(Reason(slots[0] & MASK), slots[1] & MASK)


def _thrown(thrown: WasmException) -> None:
    raise exception_trap(thrown)


def _string_copier(source: Context, target: Context) -> Callable[[Slots], None]:
    """What copies a string that is long."""

    def copy(slots: Slots) -> None:
        text = source.string(source.begin(), slots[0] & MASK, slots[1] & MASK)
        slots[0], slots[1] = target.put_string(text)

    return copy


def _flags(instance: ComponentInstance) -> tuple[Global, Global]:
    """What says whether an instance may be entered, and left: variables of the store's, from now on."""
    if instance.flags is None:
        store = instance.store
        enter, leave = (Global(store, _FLAG, flag.value) for flag in (instance.may_enter, instance.may_leave))
        instance.flags = enter, leave
        instance.may_enter, instance.may_leave = (
            ctypes.c_uint32.from_address(flag._value_address()) for flag in (enter, leave)
        )
        state_of(store).with_flags.append(instance)
    return instance.flags
