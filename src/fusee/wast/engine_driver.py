"""This engine as a driver, through its public interface and cheaply: numbers pass as bits."""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from fusee import (
    I31,
    ArrayRef,
    Config,
    Engine,
    Func,
    FuseeError,
    Global,
    Instance,
    Linker,
    LinkError,
    MalformedError,
    Module,
    ProposalError,
    Store,
    StructRef,
    Trap,
    TrapCode,
    UnsupportedError,
    ValidationError,
    WasmException,
)
from fusee.api.instance import function_index
from fusee.wast import driver as outcomes
from fusee.wast.gates import Gate
from fusee.wast.spectest import define_spectest
from fusee.wast.values import NUMBERS, GuestRef, HostRef, Value

_WORD = (1 << 64) - 1
_FLOATS = {"f32": struct.Struct("<f"), "f64": struct.Struct("<d")}
_SIGN = {"i32": 1 << 31, "i64": 1 << 63}


class _Callee(NamedTuple):
    """An exported function with what a call needs to know of its type."""

    func: Func
    results: tuple[str, ...]
    is_numeric: bool  # no references among parameters and results


class _Exports:
    """An instance, with its functions as they are found."""

    def __init__(self, store: Store, instance: Instance) -> None:
        self.instance = instance
        self.exports = instance.exports(store)
        self.callees: dict[str, _Callee] = {}


class EngineDriver:
    """One store for one script."""

    def __init__(self, gate: Gate, checked: bool = False, target: str | None = None) -> None:
        config = Config()
        config.checked |= checked
        config.target = target
        for name in gate.enable:
            setattr(config, f"wasm_{name}", True)
        for name in gate.disable:
            setattr(config, f"wasm_{name}", False)
        self.engine = Engine(config)
        self.store = Store(self.engine)
        self.linker = Linker(self.engine)
        self.linker.allow_shadowing = True
        define_spectest(self.linker, self.store)

    def compile(self, binary: bytes) -> Module:
        """Decodes and validates."""
        with _outcomes():
            return Module(self.engine, binary)

    def imported_modules(self, module: Module) -> set[str]:
        """The names of the modules that a module imports from."""
        return {item.module for item in module.imports}

    def instantiate(self, module: Module) -> _Exports:
        """Links against the registered instances."""
        with _outcomes():
            return _Exports(self.store, self.linker.instantiate(self.store, module))

    def register(self, name: str, instance: _Exports) -> None:
        """Makes an instance's exports importable under a name."""
        self.linker.define_instance(self.store, name, instance.instance)

    def invoke(self, instance: _Exports, field: str, arguments: Sequence[Value]) -> list[Value]:
        """Calls an exported function."""
        callee = instance.callees.get(field) or self.find(instance, field)
        with _outcomes():
            if callee.is_numeric:
                slots = callee.func.call_raw(self.store, _to_slots(arguments))
                return _from_slots(callee.results, slots)
            got = callee.func(self.store, *map(_to_python, arguments))
        results = [got] if len(callee.results) == 1 else list(got or ())
        return [_from_python(*pair, instance) for pair in zip(callee.results, results, strict=True)]

    def get(self, instance: _Exports, field: str) -> Value:
        """The value of an exported global."""
        found = instance.exports.get(field)
        if not isinstance(found, Global):
            raise outcomes.Outcome(f"no global is exported as {field!r}")
        with _outcomes():
            return _from_python(str(found.type(self.store).content), found.value(self.store), instance)

    def find(self, instance: _Exports, field: str) -> _Callee:
        """Looks an exported function up, once."""
        func = instance.exports.get(field)
        if not isinstance(func, Func):
            raise outcomes.Outcome(f"no function is exported as {field!r}")
        signature = func.type(self.store)
        params, results = map(str, signature.params), tuple(map(str, signature.results))
        callee = _Callee(func, results, NUMBERS.issuperset(params) and NUMBERS.issuperset(results))
        instance.callees[field] = callee
        return callee


@contextmanager
def _outcomes() -> Iterator[None]:
    """Turns this package's errors into what the runner expects."""
    try:
        yield
    except Trap as trap:
        raise _trapped(trap) from None
    except WasmException as exception:
        raise outcomes.Thrown(str(exception)) from None
    except ProposalError as error:
        raise outcomes.Refused(error.message.partition(": ")[2]) from None
    except UnsupportedError as error:
        # Without the offset, so that reasons can be counted.
        raise outcomes.Unsupported(error.message) from None
    except FuseeError as error:
        raise _OUTCOMES.get(type(error), outcomes.Outcome)(str(error)) from None


_OUTCOMES: dict[type[FuseeError], type[outcomes.Outcome]] = {
    MalformedError: outcomes.Malformed,
    ValidationError: outcomes.Invalid,
    LinkError: outcomes.Unlinkable,
}


def _trapped(trap: Trap) -> outcomes.Outcome:
    if trap.trap_code is TrapCode.STACK_OVERFLOW:
        return outcomes.Exhausted(trap.reason)
    if trap.trap_code is TrapCode.UNCAUGHT_EXCEPTION:
        return outcomes.Thrown(trap.reason)
    return outcomes.Trapped(trap.reason)


def _to_slots(values: Sequence[Value]) -> list[int]:
    """The 64-bit slots for numbers; a vector takes two, the lower half first."""
    slots: list[int] = []
    for kind, bits in values:
        assert isinstance(bits, int)
        slots.append(bits & _WORD)
        if kind == "v128":
            slots.append(bits >> 64)
    return slots


def _from_slots(types: Sequence[str], slots: Sequence[int]) -> list[Value]:
    values: list[Value] = []
    position = 0
    for kind in types:
        bits = slots[position]
        position += 1
        if kind == "v128":
            bits |= slots[position] << 64
            position += 1
        elif kind in ("i32", "f32"):
            bits &= 0xFFFF_FFFF
        values.append(Value(kind, bits))
    return values


def _to_python(value: Value) -> Any:
    kind, payload = value
    if not isinstance(payload, int):
        return payload
    if kind in _FLOATS:
        return _FLOATS[kind].unpack(payload.to_bytes(_FLOATS[kind].size, "little"))[0]
    if kind in _SIGN:
        return payload - 2 * _SIGN[kind] if payload & _SIGN[kind] else payload
    return payload.to_bytes(16, "little")


def _from_python(kind: str, value: Any, instance: _Exports) -> Value:
    if kind in _FLOATS:
        return Value(kind, int.from_bytes(_FLOATS[kind].pack(value), "little"))
    if kind in _SIGN:
        return Value(kind, value & (2 * _SIGN[kind] - 1))
    if kind == "v128":
        return Value(kind, int.from_bytes(value, "little"))
    if value is None or isinstance(value, HostRef):
        return Value(kind, value)
    if isinstance(value, Func):
        return Value(kind, GuestRef("func", function_index(instance.instance, value)))
    return Value(kind, GuestRef(_kind_of(kind, value)))


def _kind_of(kind: str, value: Any) -> str:
    """What a script can know of a reference."""
    if "extern" in kind:
        return "extern"
    kinds = {StructRef: "struct", ArrayRef: "array", I31: "i31", WasmException: "exn"}
    return kinds.get(type(value), "any")
