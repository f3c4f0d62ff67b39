"""Every program in `programs/` gives the same results un-compiled, with 32- and 64-bit pointers, and native."""

from __future__ import annotations

import ctypes
import importlib
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusee.kernel.arena import allocate_simulated, simulate
from fusee.kernel.build import Library, Program, load
from fusee.kernel.errors import KernelError
from fusee.kernel.integer import Integer
from fusee.kernel.lang import Instance, Ptr, Scalar, f32, f64, u8
from fusee.kernel.memory import read_bytes
from fusee.kernel.target import ILP32, LP64, Target
from tests.kernel import programs

MEMORY_BYTES = 1024
COMPARED_BYTES = 1024 - 64  # what follows is scratch, where pointers may be

NAMES = [module.name for module in pkgutil.iter_modules(programs.__path__)]


@dataclass(frozen=True)
class Outcome:
    """What running a kernel gave."""

    result: object
    memory: bytes


def module_of(name: str) -> Any:
    return importlib.import_module(f"tests.kernel.programs.{name}")


@cache
def library(name: str, checked: bool) -> Library:
    module = module_of(name)
    return load(Program(name, module.ENTRIES, getattr(module, "SHARDS", {})), checked=checked)


def parameter_types(entry: Any) -> list[Any]:
    """Types of the parameters at run time, type variables resolved."""
    kernel = entry.kernel if isinstance(entry, Instance) else entry
    static = dict(entry.static) if isinstance(entry, Instance) else {}
    hints = get_type_hints(kernel.function)
    hints.pop("return")
    return [
        static["t"] if hasattr(hint, "__constraints__") else hint for name, hint in hints.items() if name not in static
    ]


def uncompiled(entry: Any, arguments: list[Any], memory: bytes, target: Target) -> Outcome:
    with simulate(target):
        work = allocate_simulated(bytearray(memory))
        result = attempt(lambda: entry(*(work if argument is None else argument for argument in arguments)))
        return Outcome(result, read_bytes(work, COMPARED_BYTES))


def native(entry: Any, name: str, arguments: list[Any], memory: bytes, *, checked: bool = False) -> Outcome:
    buffer = (ctypes.c_uint64 * (MEMORY_BYTES // 8)).from_buffer_copy(memory)
    address = ctypes.addressof(buffer)
    function = library(name, checked).function(entry)
    result = attempt(lambda: function(*(address if a is None else plain(a) for a in arguments)))
    return Outcome(result, bytes(buffer)[:COMPARED_BYTES])


def attempt(call: Callable[[], Any]) -> object:
    """The plain result, or the error."""
    try:
        return plain(call())
    except KernelError as error:
        return type(error).__name__, error.code, error.detail


def plain(value: Any) -> Any:
    if isinstance(value, Integer):
        return value.value
    if isinstance(value, Scalar):
        value = value.value  # type: ignore[attr-defined]
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


def argument(kind: Any) -> st.SearchStrategy[Any]:
    if kind == Ptr[u8]:
        return st.none()
    if kind is bool:
        return st.booleans()
    if kind in (f32, f64):
        width = 32 if kind is f32 else 64
        halves = st.integers(-(1 << 20), 1 << 20).map(lambda n: n / 2)
        return (st.floats(width=width, allow_nan=False) | halves).map(kind)  # type: ignore[arg-type]
    edges = [0, 1, 2, 7, 8, 31, 32, 63, 64, 127, 128, 255, -1, -2, 1 << 31, (1 << 31) - 1, (1 << 63) - 1, 1 << 63]
    return (st.sampled_from(edges) | st.integers(-(1 << 63), (1 << 64) - 1)).map(kind)


memories = st.binary(max_size=120) | st.lists(st.sampled_from(b"0123456789+-* ~"), max_size=90).map(bytes)


@pytest.mark.parametrize("name", NAMES)
def test_equal_results(name: str) -> None:
    for entry in module_of(name).ENTRIES:
        check_entry(entry, name)


def check_entry(entry: Any, name: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.tuples(*map(argument, parameter_types(entry))), memories)
    def check(arguments: tuple[Any, ...], start: bytes) -> None:
        memory = start.ljust(MEMORY_BYTES, b"\x05")
        expected = uncompiled(entry, list(arguments), memory, LP64)
        assert uncompiled(entry, list(arguments), memory, ILP32) == expected
        assert native(entry, name, list(arguments), memory) == expected
        assert native(entry, name, list(arguments), memory, checked=True) == expected

    check()
