"""Wasmtime as a driver: proves that the runner reads scripts right, whatever our engine does."""

import ctypes
from collections.abc import Sequence
from typing import Any

import wasmtime
from wasmtime import _ffi as ffi

from fusee.wast import driver as outcomes
from fusee.wast.values import GuestRef, HostRef, Value

TEXTS = {
    "STACK_OVERFLOW": "call stack exhausted",
    "MEMORY_OUT_OF_BOUNDS": "out of bounds memory access",
    "HEAP_MISALIGNED": "unaligned atomic",
    "TABLE_OUT_OF_BOUNDS": "",  # also what scripts call an undefined element
    "INDIRECT_CALL_TO_NULL": "uninitialized element",
    "BAD_SIGNATURE": "indirect call type mismatch",
    "INTEGER_OVERFLOW": "integer overflow",
    "INTEGER_DIVISION_BY_ZERO": "integer divide by zero",
    "BAD_CONVERSION_TO_INTEGER": "invalid conversion to integer",
    "UNREACHABLE": "unreachable",
    "NULL_REFERENCE": "null",
    "ARRAY_OUT_OF_BOUNDS": "out of bounds array access",
    "CAST_FAILURE": "cast failure",
}
NUMBERS = {0: "i32", 1: "i64", 2: "f32", 3: "f64"}
KINDS = {name: kind for kind, name in NUMBERS.items()} | {"v128": 4, "funcref": 5, "externref": 6, "anyref": 7}
SPECTEST = """(module
  (func (export "print")) (func (export "print_i32") (param i32)) (func (export "print_i64") (param i64))
  (func (export "print_f32") (param f32)) (func (export "print_f64") (param f64))
  (func (export "print_i32_f32") (param i32 f32)) (func (export "print_f64_f64") (param f64 f64))
  (global (export "global_i32") i32 (i32.const 666)) (global (export "global_i64") i64 (i64.const 666))
  (global (export "global_f32") f32 (f32.const 666.6)) (global (export "global_f64") f64 (f64.const 666.6))
  (table (export "table") 10 20 funcref) (table (export "table64") i64 10 20 funcref)
  (memory (export "memory") 1 2))"""


class Rejected(outcomes.Malformed, outcomes.Invalid):
    """Wasmtime does not say which of the two it is."""


class WasmtimeDriver:
    """A driver on the `wasmtime` package, below its `Val`, which would lose the payloads of NaNs."""

    def __init__(self, disable: Sequence[str] = ()) -> None:
        config = wasmtime.Config()
        for name in (
            "memory64",
            "multi_memory",
            "tail_call",
            "function_references",
            "gc",
            "exceptions",
            "relaxed_simd",
            "threads",
            "wide_arithmetic",
            "custom_page_sizes",
            "multi_value",
        ):
            if hasattr(type(config), f"wasm_{name}"):
                setattr(config, f"wasm_{name}", name not in disable)
        self.engine = wasmtime.Engine(config)
        self.store = wasmtime.Store(self.engine)
        self.linker = wasmtime.Linker(self.engine)
        self.linker.allow_shadowing = True
        self.register("spectest", self.instantiate(wasmtime.Module(self.engine, SPECTEST)))

    def compile(self, binary: bytes) -> wasmtime.Module:
        try:
            return wasmtime.Module(self.engine, binary)
        except wasmtime.WasmtimeError as error:
            raise Rejected(str(error)) from None

    def imported_modules(self, module: wasmtime.Module) -> set[str]:
        return set()

    def instantiate(self, module: wasmtime.Module) -> Any:
        try:
            return self.linker.instantiate(self.store, module)
        except wasmtime.Trap as trap:
            raise _trapped(trap) from None
        except wasmtime.WasmtimeError as error:
            raise outcomes.Unlinkable(str(error)) from None

    def register(self, name: str, instance: wasmtime.Instance) -> None:
        self.linker.define_instance(self.store, name, instance)

    def invoke(self, instance: wasmtime.Instance, field: str, arguments: Sequence[Value]) -> list[Value]:
        func = instance.exports(self.store)[field]
        assert isinstance(func, wasmtime.Func)
        count = len(func.type(self.store).results)
        params = (ffi.wasmtime_val_t * len(arguments))(*(self.to_raw(a) for a in arguments))
        results = (ffi.wasmtime_val_t * count)()
        try:
            with wasmtime._func.enter_wasm(self.store) as trap:
                error = ffi.wasmtime_func_call(
                    self.store._context(), ctypes.byref(func._func), params, len(arguments), results, count, trap
                )
                if error:
                    raise wasmtime.WasmtimeError._from_ptr(error)
        except wasmtime.Trap as trap_error:
            raise _trapped(trap_error) from None
        except wasmtime.WasmtimeError as failure:
            raise outcomes.Thrown(str(failure)) from None
        return [self.from_raw(raw) for raw in results]

    def get(self, instance: wasmtime.Instance, field: str) -> Value:
        raw = ffi.wasmtime_val_t()
        global_ = instance.exports(self.store)[field]
        assert isinstance(global_, wasmtime.Global)
        ffi.wasmtime_global_get(self.store._context(), ctypes.byref(global_._global), ctypes.byref(raw))
        return self.from_raw(raw)

    def to_raw(self, value: Value) -> Any:
        raw = ffi.wasmtime_val_t(kind=KINDS.get(value.type, 5))
        if isinstance(value.payload, int):
            ctypes.memmove(ctypes.byref(raw.of), value.payload.to_bytes(16, "little"), 16)
        elif isinstance(value.payload, HostRef):
            raw = wasmtime.Val.externref(value.payload)._new_raw(self.store)
        return raw

    def from_raw(self, raw: Any) -> Value:
        kind = raw.kind if isinstance(raw.kind, int) else raw.kind.value
        bits = int.from_bytes(bytes(raw.of)[:16], "little")
        if kind in NUMBERS:
            name = NUMBERS[kind]
            return Value(name, bits & ((1 << (32 if name.endswith("32") else 64)) - 1))
        if kind == 4:
            return Value("v128", bits)
        if kind == 6:
            payload = wasmtime.Val._from_raw(self.store, raw, owned=False).value
            return Value("externref", payload)
        if kind == 5:
            return Value("funcref", GuestRef("func") if raw.of.funcref.store_id else None)
        return Value("anyref", GuestRef("any"))


def _trapped(trap: wasmtime.Trap) -> outcomes.Trapped:
    code = trap.trap_code
    text = TEXTS.get(code.name, code.name) if code is not None else str(trap)
    return (outcomes.Exhausted if text == "call stack exhausted" else outcomes.Trapped)(text)
