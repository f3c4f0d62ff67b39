"""What the module of an adapter is given for its imports: memories and functions of both sides, and the host's."""

import ctypes
from collections.abc import Callable, Mapping
from typing import Any, Final

from fusee.api.exception import WasmException
from fusee.api.externtypes import GlobalType
from fusee.api.func import Func
from fusee.api.globals import Global
from fusee.api.instance import Instance
from fusee.api.store import Store
from fusee.api.types import FuncType as CoreFuncType
from fusee.component.adapters.call import Adapter, Pair
from fusee.component.binary.core import CORE_NAMES, EXNREF, core_func
from fusee.component.codecs.context import Context
from fusee.component.runtime.corecall import exception_trap, host_function
from fusee.component.runtime.handles import state_of
from fusee.component.runtime.instance import MASK, ComponentInstance, Slots
from fusee.component.traps import Reason, trap
from fusee.component.types.composite import FutureType, StreamType
from fusee.component.types.primitive import ErrorContext
from fusee.component.types.resource import BorrowType, OwnType
from fusee.spec.features import Feature

NEEDED: Final = int(Feature.MULTI_MEMORY | Feature.EXCEPTIONS)
"""What the engine has to know for adapters."""
_FAIL: Final = core_func(["i32", "i32"], [])
_THROWN: Final = CoreFuncType([EXNREF], [])
_HANDLE: Final = core_func(["i32", "i32"], ["i32"])
_STRING: Final = core_func(["i32", "i32"], ["i32", "i32"])
_FLAG: Final = GlobalType(CORE_NAMES["i32"], mutable=True)
_CARRIED: Final = {
    OwnType: "own", BorrowType: "borrow", StreamType: "stream", FutureType: "future", ErrorContext: "error_context",
}  # fmt: skip


class Imports:
    """Of one adapter."""

    def __init__(
        self, written: Adapter, sides: Mapping[str, Context], ways: Mapping[str, tuple[Context, Context]]
    ) -> None:  # fmt: skip
        """`sides` are those whose names begin names of imports, `ways` source and target of each direction."""
        self.sides, self._ways = sides, ways
        self._movers = [self.mover(way, pair) for way, pair in written.handles]
        self._names = written.imports

    def instantiate(self, store: Store, module: Any) -> dict[str, Any]:
        """The exports of an instance. Raises `LinkError` and `LimitError`."""
        instance = Instance(store, module, [self.find(store, name) for name in self._names])
        return dict(instance.exports(store))

    def find(self, store: Store, name: str) -> Any:
        """What is given for an import."""
        side, _, kind = name.partition("_")
        if side in self.sides:
            cx = self.sides[side]
            if not kind:
                return cx.memory
            if kind == "leave":
                return flags_of(cx.instance)[1]
            assert kind == "realloc" and cx.realloc is not None
            return cx.realloc.function
        if side in self._ways:
            return host_function(store, _STRING, _string_copier(*self._ways[side]))
        if name == "handle":
            return host_function(store, _HANDLE, self._move)
        hosts = state_of(store).adapter_functions
        if name == "fail":
            return hosts.get(name) or hosts.setdefault(name, host_function(store, _FAIL, _fail))
        assert name == "thrown"
        return hosts.get(name) or hosts.setdefault(name, Func(store, _THROWN, _thrown))

    def mover(self, way: str, pair: Pair) -> Callable[[int], int]:
        """What takes a handle out of one table and puts it into the other."""
        source, target = self._ways[way]
        kind = _CARRIED[type(pair[0])]
        lift, lower = getattr(source, f"lift_{kind}"), getattr(target, f"lower_{kind}")
        first, second = (getattr(ty, "_ty", ty) for ty in pair)  # a handle's resource
        return lambda index: lower(lift(index, first), second)

    def _move(self, slots: Slots) -> None:
        slots[0] = self._movers[slots[0] & MASK](slots[1] & MASK)


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


def _word_of(flag: Global) -> ctypes.c_uint32:
    """Its value in place. Whoever still has it when the store is closed may use it."""
    held = flag._store._hold()
    word = ctypes.c_uint32.from_address(flag._value_address(held.space))
    word.held = held  # type: ignore[attr-defined]
    return word


def flags_of(instance: ComponentInstance) -> tuple[Global, Global]:
    """What says whether an instance may be entered, and left: variables of the store's, from now on."""
    if instance.flags is None:
        store = instance.store
        enter, leave = (Global(store, _FLAG, flag.value) for flag in (instance.may_enter, instance.may_leave))
        instance.flags = enter, leave
        instance.may_enter, instance.may_leave = _word_of(enter), _word_of(leave)
        state_of(store).with_flags.append(instance)
    return instance.flags
