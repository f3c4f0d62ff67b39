"""Calling compiled kernels from Python."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fusee.kernel.cache import expected
from fusee.kernel.errors import KernelError
from fusee.kernel.integer import Integer

if TYPE_CHECKING:
    from fusee.kernel.tree.functions import Specialised
    from fusee.kernel.tree.types import Type

FAILED = (1 << 64) - 1  # the status of an entry that a failed check has left

_CTYPES: dict[str, Any] = {
    "bool": ctypes.c_bool,
    "i8": ctypes.c_int8,
    "i16": ctypes.c_int16,
    "i32": ctypes.c_int32,
    "i64": ctypes.c_int64,
    "u8": ctypes.c_uint8,
    "u16": ctypes.c_uint16,
    "u32": ctypes.c_uint32,
    "u64": ctypes.c_uint64,
    "usize": ctypes.c_size_t,
    "address": ctypes.c_size_t,
    "f32": ctypes.c_float,
    "f64": ctypes.c_double,
}


Fields = tuple[str, tuple[str, ...], tuple[str, ...], bool]


class Entry:
    """How an entry is called; plain data, kept in the cache beside the code."""

    __slots__ = ("has_status", "parameters", "results", "symbol")

    def __init__(self, symbol: str, parameters: tuple[str, ...], results: tuple[str, ...], has_status: bool) -> None:
        self.symbol = symbol
        self.parameters = parameters
        self.results = results
        self.has_status = has_status

    @property
    def fields(self) -> Fields:
        """What it is made of, in order."""
        return self.symbol, self.parameters, self.results, self.has_status

    @staticmethod
    def of(function: Specialised, checked: bool) -> Entry:
        from fusee.kernel.lower.entry import entry_symbol, needs_status
        from fusee.kernel.lower.types import result_items

        return Entry(
            entry_symbol(function),
            tuple(_kind(p.type) for p in function.parameters),
            tuple(map(_kind, result_items(function))),
            needs_status(function, checked),
        )


def _kind(t: Type) -> str:
    from fusee.kernel.tree.types import is_address

    return "address" if is_address(t) else str(t)


def check_fields(fields: Any) -> None:
    """Raise what Python raises unless an `Entry` can be made of what was kept."""
    symbol, parameters, results, has_status = fields
    expected(symbol, str)
    for kind in (*parameters, *results):
        if kind != "address":
            _CTYPES[kind]
    expected(has_status, bool)


def make_callable(
    entry: Entry, address: int, raise_check_failure: Callable[[], None], keeps_lock: bool = False
) -> Callable[..., Any]:
    """A Python function that calls the code at `address`, without the interpreter lock unless that is kept."""
    prototype = ctypes.PYFUNCTYPE if keeps_lock else ctypes.CFUNCTYPE
    parameters = _parameters(entry)
    if not entry.has_status:
        result = _CTYPES[entry.results[0]] if entry.results else None
        return _lenient(prototype(result, *parameters)(address))
    with_status = _lenient(prototype(ctypes.c_uint64, *parameters, ctypes.c_void_p)(address))
    kinds = [_CTYPES[kind] for kind in entry.results]
    new_cells = ctypes.c_uint64 * max(1, len(kinds))

    def call(*arguments: Any) -> Any:
        cells = new_cells()
        start = ctypes.addressof(cells)
        status = with_status(*arguments, start)
        if status == FAILED:
            raise_check_failure()
        if status:
            raise KernelError.from_status(status)
        if len(kinds) == 1:
            return kinds[0].from_address(start).value
        return tuple([kind.from_address(start + 8 * index).value for index, kind in enumerate(kinds)]) or None

    return call


def _lenient(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function for all that `plain` knows; numbers and arrays, which are the rule, are not looked at."""

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except ctypes.ArgumentError:  # before anything is called
            return function(*map(plain, arguments))

    return call


def make_status_function(entry: Entry, address: int, keeps_lock: bool = False) -> Callable[..., int]:
    """The quickest way to call an entry without results: takes numbers and ctypes arrays, and gives the status.

    Code that is called with the interpreter lock may set an exception, which is raised then.
    """
    if entry.results or not entry.has_status:
        raise TypeError(f"{entry.symbol} has results, or no status")
    prototype = ctypes.PYFUNCTYPE if keeps_lock else ctypes.CFUNCTYPE
    function: Callable[..., int] = prototype(ctypes.c_uint64, *_parameters(entry))(address)
    return function


def _parameters(entry: Entry) -> list[Any]:
    """The types of its arguments. Unlike size_t, void * also takes arrays."""
    return [ctypes.c_void_p if kind == "address" else _CTYPES[kind] for kind in entry.parameters]


def plain(argument: Any) -> Any:
    """An argument as ctypes takes it: views, pointers and ctypes arrays become their address."""
    if isinstance(argument, int | float):
        return argument
    if isinstance(argument, ctypes.Array):
        return ctypes.addressof(argument)
    if isinstance(argument, Integer):
        return argument.value
    if argument is None:
        return 0
    address = getattr(argument, "address", None)
    if address is None:
        address = getattr(argument, "_address", None)
    return argument if address is None else int(address)
