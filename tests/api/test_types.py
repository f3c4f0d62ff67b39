"""Types, values, settings and names: what needs no engine."""

import math
import struct
from types import SimpleNamespace
from typing import Any

import pytest

import fusee
from fusee import Config, FuncType, FuseeError, GlobalType, Limits, MemoryType, TableType, Val, ValType
from fusee.api.names import decode_names
from fusee.api.values import Row
from fusee.spec.features import Feature


def test_value_types_are_made_once() -> None:
    assert ValType.i32() is ValType.i32()
    assert ValType.i32() != ValType.i64()
    names = [str(t) for t in (ValType.i32(), ValType.f64(), ValType.v128(), ValType.funcref(), ValType.externref())]
    assert names == ["i32", "f64", "v128", "funcref", "externref"]
    assert str(ValType._from_code(0xA000_0070)) == "(ref func)"
    assert str(ValType._from_code(0xC000_0005)) == "(ref null $5)"
    with pytest.raises(FuseeError):
        ValType()


def test_function_types_compare_by_content() -> None:
    a = FuncType([ValType.i32()], [ValType.i64(), ValType.f32()])
    assert a == FuncType((ValType.i32(),), (ValType.i64(), ValType.f32()))
    assert a != FuncType([], [])
    assert (a.params, a.results) == ([ValType.i32()], [ValType.i64(), ValType.f32()])
    assert repr(a) == "(i32) -> (i64 f32)"
    with pytest.raises(TypeError):
        FuncType(["i32"], [])  # type: ignore[list-item]


def test_external_types() -> None:
    assert MemoryType(Limits(1, 2)).page_size == 65536
    assert TableType(ValType.funcref(), Limits(1)) == TableType(ValType.funcref(), Limits(1, None))
    assert GlobalType(ValType.i32(), True).mutable
    with pytest.raises(FuseeError):
        Limits(3, 2)
    with pytest.raises(FuseeError):
        MemoryType(Limits(65537))
    with pytest.raises(FuseeError):
        MemoryType(Limits(0, 65537))
    assert MemoryType(Limits(0, 65536)).limits.max == 65536
    assert MemoryType(Limits(0, (1 << 32) - 1), page_size_log2=0).page_size == 1
    with pytest.raises(FuseeError):  # `memory.size` could not say it
        MemoryType(Limits(0, 1 << 32), page_size_log2=0)
    MemoryType(Limits(65537), is_64=True)
    with pytest.raises(FuseeError):
        TableType(ValType.i32(), Limits(1))


PACKED: list[tuple[ValType, Any, int]] = [
    (ValType.i32(), -1, 0xFFFF_FFFF),
    (ValType.i32(), 0xFFFF_FFFF, 0xFFFF_FFFF),
    (ValType.i32(), 1 << 32, 0),
    (ValType.i32(), Val.i32(7), 7),
    (ValType.i64(), -1, 0xFFFF_FFFF_FFFF_FFFF),
    (ValType.i64(), 1 << 63, 1 << 63),
    (ValType.f32(), 1.5, 0x3FC0_0000),
    (ValType.f32(), 1e300, 0x7F80_0000),
    (ValType.f32(), -1e300, 0xFF80_0000),
    (ValType.f64(), 1, 0x3FF0_0000_0000_0000),
]


@pytest.mark.parametrize(("type_", "value", "bits"), PACKED)
def test_packing_numbers(type_: ValType, value: Any, bits: int) -> None:
    store: Any = SimpleNamespace(_packing=0)
    assert Row([type_]).pack(store, [value]) == struct.pack("<Q", bits)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (ValType.i32(), 1.5),
        (ValType.i64(), "1"),
        (ValType.f32(), "1"),
        (ValType.f64(), None),
        (ValType.i32(), Val.i64(1)),
        (ValType.v128(), bytes(15)),
        (ValType.v128(), bytes(17)),
        (ValType.v128(), "0123456789abcdef"),
    ],
)
def test_values_of_the_wrong_type(type_: ValType, value: Any) -> None:
    store: Any = SimpleNamespace(_packing=0)
    with pytest.raises(TypeError):
        Row([type_]).pack(store, [value])


@pytest.mark.parametrize("value", [0x100F, bytearray(b"\x0f\x10" + bytes(14)), Val.v128(0x100F)])
def test_packing_vectors(value: Any) -> None:
    """The first byte is the lowest."""
    store: Any = SimpleNamespace(_packing=0)
    assert Row([ValType.v128()]).pack(store, [value]) == b"\x0f\x10" + bytes(14)
    assert Row([ValType.v128()]).pack(store, [-1]) == b"\xff" * 16


def test_unpacking_numbers() -> None:
    store: Any = None
    row = Row([ValType.i32(), ValType.i64(), ValType.f32(), ValType.f64(), ValType.v128()])
    slots = struct.pack("<QQQQ", 0xFFFF_FFFF, 1 << 63, 0x3FC0_0000, 0x7FF8_0000_0000_0000) + bytes(range(16))
    i, j, f, d, v = row.unpack(store, slots)
    assert (i, j, f, v) == (-1, -(1 << 63), 1.5, bytes(range(16)))
    assert math.isnan(d)


def test_vals() -> None:
    assert Val.i32(0xFFFF_FFFF) == -1
    assert Val.f32(0.1).value != 0.1
    assert Val.ref_null(ValType.externref()) == Val.externref(None)
    with pytest.raises(FuseeError):
        Val.ref_null(ValType.i32())
    with pytest.raises(TypeError):
        Val.i32("1")  # type: ignore[arg-type]


def test_config() -> None:
    config = Config()
    assert Feature.SIMD in config._features
    config.wasm_simd = False
    config.wasm_wide_arithmetic = True
    assert Feature.SIMD not in config._features
    assert Feature.WIDE_ARITHMETIC in config._features
    config.cranelift_opt_level = "speed"
    config.parallel_compilation = False
    with pytest.raises(TypeError):
        config.wasm_simd = 1
    with pytest.raises(AttributeError):
        config.wasm_smid = True
    with pytest.raises(FuseeError):
        config.max_wasm_stack = 1


def test_the_class_tells_which_settings_there_are() -> None:
    for name in ("wasm_gc", "consume_fuel", "max_wasm_stack", "cache"):  # of each kind one, and a number
        assert hasattr(Config, name) and name in dir(Config())
    assert not hasattr(Config, "wasm_smid")
    config = Config()
    assert config.strategy == "auto" and config.consume_fuel is False
    config.consume_fuel = True
    assert config.consume_fuel is True and Config().consume_fuel is False
    for name in ("wasm_gc", "cache"):  # as in wasmtime-py
        assert not hasattr(config, name)


def test_names() -> None:
    module = b"\x00\x04\x03abc"
    functions = b"\x01\x09\x02\x00\x01f\x03\x03g\xffh"
    names = decode_names(b"xx" + module + functions + b"yy", 2, 2 + len(module) + len(functions))
    assert names.module == "abc"
    assert names.functions == {0: "f", 3: "g\ufffdh"}


@pytest.mark.parametrize("end", range(12))
def test_damaged_names(end: int) -> None:
    section = b"\x01\x09\x02\x00\x01f\xff\xff\xff\xff\xff\xff"
    assert set(decode_names(section, 0, end).functions.values()) <= {"f"}


def test_the_package_offers_what_it_lists() -> None:
    for name in fusee.__all__:
        assert getattr(fusee, name) is not None
    with pytest.raises(AttributeError):
        fusee.Linkre  # noqa: B018
    assert issubclass(fusee.Trap, fusee.FuseeError)
    assert not issubclass(fusee.Trap, fusee.WasmtimeError)  # as in wasmtime-py
