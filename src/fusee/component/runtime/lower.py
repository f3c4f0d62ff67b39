"""Functions that a component calls (CanonicalABI, "canon lower"); in `asynchronous.lower` are calls as subtasks."""

from collections.abc import Callable
from typing import Any, NoReturn

from fusee.api.errors import Trap, WasmtimeError
from fusee.api.managed import shown
from fusee.api.store import Store
from fusee.component.codecs.context import Context
from fusee.component.codecs.explain import UNFIT, explain
from fusee.component.codecs.helpers import ErrorCase
from fusee.component.items import FuncType
from fusee.component.layout import flatten_function, parameters_type
from fusee.component.runtime.handles import Scope
from fusee.component.runtime.instance import MASK, MAY_LEAVE, ComponentInstance, Slots
from fusee.component.runtime.lift import LiftedFunction
from fusee.component.runtime.passing import argument_lifter, result_lowerer
from fusee.component.traps import Reason, raised_by_host, trap
from fusee.component.types.composite import ResultType
from fusee.component.types.valtype import BORROW, ValType
from fusee.component.values import Err


class HostFunctionItem:
    """A Python function that a linker gives for an import. It is called with the store and the arguments."""

    __slots__ = ("call", "name", "store")

    def __init__(self, store: Store, name: str, call: Callable[..., Any]) -> None:
        self.store = store
        self.name = name
        self.call = call

    def from_host(self, args: tuple[Any, ...]) -> Any:
        """Call it from the host, as a component that exports what it imports has it."""
        try:
            return self.call(self.store, *args)
        except Trap as raised:
            raised_by_host(raised)
            raise


def lowered(
    instance: ComponentInstance, callee: LiftedFunction | HostFunctionItem, ty: FuncType, cx: Context
) -> Callable[[Slots], None]:  # fmt: skip
    """What `canon lower` makes of a function: it works on the slots of a call by the instance's core code."""
    params = [param for _, param in ty._params]
    together = parameters_type(params)
    lift, lower = argument_lifter(cx, together), result_lowerer(cx, params, ty._result)
    perform = callee.caller(instance) if isinstance(callee, LiftedFunction) else host_performer(callee, ty)
    entered = callee.instance.entered(instance) if isinstance(callee, LiftedFunction) else ()
    has_borrows = bool(together._flags & BORROW)
    core_params, core_results = flatten_function(params, ty._result, False)
    is_indirect = ty._result is not None and not core_results
    last = len(core_params) - 1

    def call(slots: Slots) -> None:
        if instance.may_leave.value != MAY_LEAVE:
            raise trap(Reason.CANNOT_LEAVE)
        for callee_instance in entered:
            if not callee_instance.may_enter.value:
                raise trap(Reason.CANNOT_ENTER)
        pointer = slots[last] & MASK if is_indirect else 0
        if not has_borrows:
            value = perform(lift(slots))
        else:
            before, scope = cx.scope, Scope()
            cx.scope = scope
            try:
                value = perform(lift(slots))
            finally:
                cx.scope = before
                scope.end()
        try:
            lower(slots, pointer, value)
        except UNFIT as error:
            explain_result(callee, ty._result, value, error)

    return call


def explain_result(callee: Any, result: ValType | None, value: Any, cause: Exception) -> NoReturn:
    """Raise what is wrong with the result of a call."""
    place = f"result of `{callee.name}`" if isinstance(callee, HostFunctionItem) else "result"
    if result is None:
        raise WasmtimeError(f"{place}: expected None, not {shown(value)}")
    explain(result, value, place, cause)


def host_performer(callee: HostFunctionItem, ty: FuncType) -> Callable[[Any], Any]:
    """How a function of the host's is called: gives its result, or what is to be awaited."""
    function, store, takes_errors = callee.call, callee.store, isinstance(ty._result, ResultType)

    def perform(args: Any) -> Any:
        try:
            return function(store, *args)
        except Err as error:
            if not takes_errors:
                raise
            return ErrorCase("err", error.payload)
        except Trap as raised:
            raised_by_host(raised)
            raise

    return perform
