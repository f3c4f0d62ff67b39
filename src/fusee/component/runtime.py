"""Component instances and their functions at run time (CanonicalABI, "Canonical Definitions")."""

from collections.abc import Callable, Sequence
from ctypes import c_uint32
from struct import error as struct_error
from typing import TYPE_CHECKING, Any, Final, NoReturn

from fusee.api.errors import WasmtimeError
from fusee.api.globals import Global
from fusee.api.memory import Memory
from fusee.api.store import Store
from fusee.component.compile import chunk_lifter, row_lowerer
from fusee.component.context import Context
from fusee.component.corecall import CoreCall
from fusee.component.explain import explain
from fusee.component.formats import LIFTED, LOWERED, MEMORY
from fusee.component.handles import Handle, HandleTable, Scope, state_of
from fusee.component.items import FuncType
from fusee.component.layout import MOST_FLAT_PARAMS, MOST_FLAT_RESULTS, flatten_function, layout_of, parameters_type
from fusee.component.match import Substitution, Work
from fusee.component.primitives import ErrorCase
from fusee.component.program import Program
from fusee.component.traps import Reason, trap
from fusee.component.types.composite import ResultType
from fusee.component.types.resource import ResourceType
from fusee.component.types.valtype import BORROW, HANDLE, POINTER, ValType
from fusee.component.values import Err

if TYPE_CHECKING:
    from fusee.component.tasks import Thread

MASK: Final = 0xFFFF_FFFF
UNFIT: Final = (struct_error, TypeError, ValueError, KeyError, AttributeError, OverflowError)
"""What compiled functions raise for values that do not fit."""

Slots = Any


class ComponentInstance:
    """An instance of a component: its handles, its resources, its threads, and whether it may be entered and left."""

    __slots__ = ("_actual", "_entered", "backpressure", "chain", "exclusive", "flags", "handles", "may_enter",
                 "may_leave", "program", "resources", "store", "threads", "waiting_to_enter")  # fmt: skip

    def __init__(self, store: Store, parent: "ComponentInstance | None", program: Program) -> None:
        self.store = store
        self.program = program
        self.chain: tuple[ComponentInstance, ...] = (self, *(parent.chain if parent else ()))
        self.handles = HandleTable()
        self.resources: dict[ResourceType, ResourceType] = {}
        """What actual resources those of the component's types are."""
        self.may_enter = c_uint32(1)
        self.may_leave = c_uint32(1)
        """Not 0: it may."""
        self.flags: tuple[Global, Global] | None = None
        """What holds these two where adapters see them (`adapters.link`)."""
        self.threads = HandleTable()
        self.backpressure = 0
        """Not 0: no task begins."""
        self.waiting_to_enter = 0
        self.exclusive: Thread | None = None
        """The thread of a task that keeps others of its kind out."""
        self._actual: dict[ValType, Any] = {}
        self._entered: dict[ComponentInstance | None, tuple[ComponentInstance, ...]] = {}

    def keep_flags(self) -> None:
        """Hold the flags itself."""
        self.flags = None
        self.may_enter, self.may_leave = c_uint32(self.may_enter.value), c_uint32(self.may_leave.value)

    def entered(self, caller: "ComponentInstance | None") -> "tuple[ComponentInstance, ...]":
        """The instances that a call enters: itself and those around it, but none that the caller is in."""
        found = self._entered.get(caller)
        if found is None:
            inside = caller.chain if caller is not None else ()
            found = self._entered[caller] = tuple(instance for instance in self.chain if instance not in inside)
        return found

    def may_enter_from(self, caller: "ComponentInstance | None") -> bool:
        """Whether a call may enter it."""
        return all(instance.may_enter.value for instance in self.entered(caller))

    def enter(self, caller: "ComponentInstance | None") -> "tuple[ComponentInstance, ...]":
        """A call enters it: gives what must be left again. Raises `Trap`."""
        entered = self.entered(caller)
        for instance in entered:
            if not instance.may_enter.value:
                raise trap(Reason.CANNOT_ENTER)
        for instance in entered:
            instance.may_enter.value = 0
        return entered

    def actual(self, ty: Any) -> Any:
        """A type of the component's with the resources that it has here."""
        if not ty._flags & HANDLE:
            return ty
        found = self._actual.get(ty)
        if found is None:
            found = self._actual[ty] = Substitution(Work(), dict(self.resources)).item(ty)
        return found


def leave(entered: tuple[ComponentInstance, ...]) -> None:
    """A call into these instances has come back."""
    for instance in entered:
        instance.may_enter.value = 1


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
            from fusee.component.asynclift import waiting_caller

            assert caller is None  # a component calls it by `asynclower`
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
            instance.may_leave.value = 0
            run(slots)
            instance.may_leave.value = 1

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


def argument_lowerer(cx: Context, params: ValType) -> Callable[[Slots, tuple[Any, ...]], None]:
    """What puts the arguments of a lifted function into its slots."""
    layout = layout_of(params)
    if layout.flat is not None:
        into = row_lowerer(params, LOWERED)
        return lambda slots, args: into(cx, slots, 0, args)
    store = row_lowerer(params, MEMORY)

    def lower(slots: Slots, args: tuple[Any, ...]) -> None:
        slots[0] = pointer = cx.allocate(layout.alignment, layout.size)
        store(cx, cx.current, pointer, args)

    return lower


def result_lifter(cx: Context, result: ValType | None) -> Callable[[Slots], Any] | None:
    """What takes the result of a lifted function from its slots."""
    if result is None:
        return None
    layout = layout_of(result)
    if layout.flat is not None and len(layout.flat) <= MOST_FLAT_RESULTS:
        from_core = chunk_lifter(result, LIFTED)
        return lambda slots: from_core(cx, None, slots)  # no pointers are in one value
    load = chunk_lifter(result, MEMORY)

    def lift(slots: Slots) -> Any:
        pointer = slots[0] & MASK
        cx.area(pointer, layout.size, layout.alignment)
        memory = cx.begin()
        return load(cx, memory, memory[pointer : pointer + layout.size])

    return lift


def argument_lifter(cx: Context, params: ValType, most: int = MOST_FLAT_PARAMS) -> Callable[[Slots], Any]:
    """What takes the arguments of a lowered function from its slots, of which there are `most` at most, a tuple."""
    layout = layout_of(params)
    if layout.flat is not None and len(layout.flat) <= most:
        from_core, begin = chunk_lifter(params, LIFTED), cx.begin
        if not params._flags & POINTER:
            return lambda slots: from_core(cx, None, slots)
        return lambda slots: from_core(cx, begin(), slots)
    load = chunk_lifter(params, MEMORY)

    def lift(slots: Slots) -> Any:
        pointer = slots[0] & MASK
        cx.area(pointer, layout.size, layout.alignment)
        memory = cx.begin()
        return load(cx, memory, memory[pointer : pointer + layout.size])

    return lift


def result_lowerer(cx: Context, params: list[ValType], result: ValType | None) -> Callable[[Slots, int, Any], None]:
    """What puts the result of a lowered function into its slots, or where a pointer that was passed says."""
    if result is None:
        return _nothing
    layout = layout_of(result)
    if layout.flat is not None and len(layout.flat) <= MOST_FLAT_RESULTS:
        into = row_lowerer(result, LOWERED)
        return lambda slots, pointer, value: into(cx, slots, 0, value)
    store = row_lowerer(result, MEMORY)

    def lower(slots: Slots, pointer: int, value: Any) -> None:
        cx.area(pointer, layout.size, layout.alignment)
        store(cx, cx.current, pointer, value)

    return lower


def _nothing(slots: Slots, pointer: int, value: Any) -> None:
    if value is not None:
        raise TypeError


class HostFunctionItem:
    """A Python function that a linker gives for an import. It is called with the store and the arguments."""

    __slots__ = ("call", "name", "store")

    def __init__(self, store: Store, name: str, call: Callable[..., Any]) -> None:
        self.store = store
        self.name = name
        self.call = call

    def from_host(self, args: tuple[Any, ...]) -> Any:
        """Call it from the host, as a component that exports what it imports has it."""
        return self.call(self.store, *args)


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
        if not instance.may_leave.value:
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
        raise WasmtimeError(f"{place}: expected None, not {value!r}")
    explain(result, value, place, cause)


def host_performer(callee: HostFunctionItem, ty: FuncType) -> Callable[[Any], Any]:
    """How a function of the host's is called: gives its result, or what is to be awaited."""
    function, store = callee.call, callee.store
    if not isinstance(ty._result, ResultType):
        return lambda args: function(store, *args)

    def perform(args: Any) -> Any:
        try:
            return function(store, *args)
        except Err as error:
            return ErrorCase("err", error.payload)

    return perform


# Resources (CanonicalABI, "canon resource.new" and what follows).


def resource_new(instance: ComponentInstance, ty: ResourceType) -> Callable[[Slots], None]:
    """`canon resource.new`."""

    def call(slots: Slots) -> None:
        _may_leave(instance)
        slots[0] = instance.handles.add(Handle(instance.resources[ty], slots[0] & MASK, True, None))

    return call


def resource_rep(instance: ComponentInstance, ty: ResourceType) -> Callable[[Slots], None]:
    """`canon resource.rep`."""

    def call(slots: Slots) -> None:
        slots[0] = instance.handles.get(slots[0] & MASK, instance.resources[ty]).rep

    return call


def resource_drop(instance: ComponentInstance, ty: ResourceType) -> Callable[[Slots], None]:
    """`canon resource.drop`."""

    def call(slots: Slots) -> None:
        _may_leave(instance)
        found = instance.resources[ty]
        handle = instance.handles.remove(slots[0] & MASK, found)
        if not handle.is_owned:
            assert handle.scope is not None
            handle.scope.borrowed -= 1
        elif found._destructor is not None:
            found._destructor(handle.rep, instance)

    return call


def _may_leave(instance: ComponentInstance) -> None:
    if not instance.may_leave.value:
        raise trap(Reason.CANNOT_LEAVE)


def guest_destructor(owner: ComponentInstance, function: CoreCall) -> Callable[[int, Any], None]:
    """What ends a resource that a component defines: its core function, called as a function of the component.

    Others who drop it call it in a task of its own: theirs, its result and context, are none of the component's.
    """
    state = state_of(owner.store)

    def destroy(rep: int, caller: ComponentInstance | None) -> None:
        entered = owner.enter(caller)
        if state.tasks is None or caller is owner:
            function.call(rep)
        else:
            state.tasks.call_plain(owner, function, rep)
        leave(entered)

    return destroy
