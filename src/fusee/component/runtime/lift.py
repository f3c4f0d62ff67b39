"""Functions that a component has (CanonicalABI, "canon lift"); in `asynchronous.lift` are those that are tasks."""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from fusee.api.errors import WasmtimeError
from fusee.api.memory import Memory
from fusee.component.codecs.context import Context
from fusee.component.codecs.explain import UNFIT, explain
from fusee.component.items import FuncType
from fusee.component.layout import parameters_type
from fusee.component.runtime.corecall import CoreCall
from fusee.component.runtime.handles import Scope
from fusee.component.runtime.instance import IN_POST_RETURN, MAY_LEAVE, ComponentInstance, Slots
from fusee.component.runtime.passing import argument_lowerer, result_lifter
from fusee.component.traps import Reason, trap
from fusee.component.types.valtype import BORROW


class LiftedFunction:
    """What `canon lift` makes of a core function."""

    __slots__ = ("_from_host", "callback", "core", "encoding", "instance", "is_async", "lifts", "memory", "post_return",
                 "realloc", "type")  # fmt: skip

    def __init__(
        self, instance: ComponentInstance, ty: FuncType, core: CoreCall, memory: Memory | None,
        realloc: CoreCall | None, post_return: CoreCall | None, encoding: str, is_async: bool,
        callback: CoreCall | None,
    ) -> None:  # fmt: skip
        self.instance = instance
        self.type = ty
        self.core = core
        self.memory = memory
        self.realloc = realloc
        self.post_return = post_return
        self.encoding = encoding
        self.is_async = is_async
        """Whether its results are given by `task.return`."""
        self.callback = callback
        self.lifts: dict[bool, Any] = {}
        """How it is called as a task, by whether the host calls."""
        self._from_host: Callable[[tuple[Any, ...]], Any] | None = None

    @property
    def is_task(self) -> bool:
        """Whether a call of it is a task that others may know of."""
        return self.type._is_async or self.instance.program.is_async

    def from_host(self, args: tuple[Any, ...]) -> Any:
        """Call it with Python values."""
        if self._from_host is None:
            self._from_host = self.caller(None)
        return self._from_host(args)

    def caller(self, caller: ComponentInstance | None) -> Callable[[tuple[Any, ...]], Any]:
        """How an instance, or None for the host, calls it: with the values of its parameters."""
        if self.is_task:
            from fusee.component.asynchronous.lift import waiting_caller

            assert caller is None  # a component calls it by `asynchronous.lower`
            return waiting_caller(self)
        cx = Context(self.instance, self.memory, self.realloc, self.encoding, caller is None)
        params = parameters_type([ty for _, ty in self.type._params])
        lower = argument_lowerer(cx, params)
        lift = result_lifter(cx, self.type._result)
        entered, has_borrows = self.instance.entered(caller), bool(params._flags & BORROW)
        new_slots, run, finish = self.core.buffer, self.core.run, self.finisher()

        def call(args: tuple[Any, ...]) -> Any:
            for instance in entered:
                if not instance.may_enter.value:
                    raise trap(Reason.CANNOT_ENTER)
            for instance in entered:
                instance.may_enter.value = 0
            before, scope = cx.scope, Scope() if has_borrows else None
            cx.scope = scope
            try:
                slots = new_slots()
                try:
                    lower(slots, args)
                except (*UNFIT, WasmtimeError) as error:
                    for instance in entered:  # the guest's own code has not begun
                        instance.may_enter.value = 1
                    explain_arguments(self.type, args, error)
                run(slots)
                result = lift(slots) if lift is not None else None
                if scope is not None and scope.borrowed:
                    raise trap(Reason.BORROWS_LEFT)
                if finish is not None:
                    finish(slots)
            finally:
                cx.scope = before
                if scope is not None:
                    scope.end()
            for instance in entered:
                instance.may_enter.value = 1
            return result

        return call

    def finisher(self) -> Callable[[Slots], None] | None:
        """`post-return`, which is given the core results."""
        if self.post_return is None:
            return None
        instance, run = self.instance, self.post_return.run

        def finish(slots: Slots) -> None:
            instance.may_leave.value = IN_POST_RETURN
            run(slots)
            instance.may_leave.value = MAY_LEAVE

        return finish


def explain_arguments(ty: FuncType, args: Sequence[Any], cause: Exception) -> NoReturn:
    """Raise what is wrong with the arguments of a call."""
    for number, ((name, part), value) in enumerate(zip(ty._params, args, strict=True), 1):
        try:
            explain(part, value, f"argument {number} ({name})", cause)
        except type(cause) as error:
            if error is not cause:
                raise error from None
    raise cause
