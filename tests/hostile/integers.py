"""LEB128 numbers in every way that the format forbids (spec 5.2.2), wherever a kind of number can stand."""

from collections.abc import Callable, Iterator

from tests.hostile.encoding import (
    FUNCTION,
    I32,
    MEMORY,
    TYPE,
    function_type,
    module,
    one_function,
    section,
    vector,
)

# What is wrong with a number of each width: too many bytes, bits that it has no room for, no last byte.
FORMS = {
    "u32": {"too long": b"\x80" * 5 + b"\0", "too large": b"\x80" * 4 + b"\x10", "endless": b"\x80\x80"},
    "u64": {"too long": b"\x80" * 10 + b"\0", "too large": b"\x80" * 9 + b"\x02", "endless": b"\x80\x80"},
    "s32": {"too long": b"\x80" * 5 + b"\0", "too large": b"\xff" * 4 + b"\x4f", "endless": b"\x80\x80"},
    "s33": {"too long": b"\x80" * 5 + b"\0", "too large": b"\x80" * 4 + b"\x20", "endless": b"\x80\x80"},
    "s64": {"too long": b"\x80" * 10 + b"\0", "too large": b"\x80" * 9 + b"\x7e", "endless": b"\x80\x80"},
}

PLACES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "section size": ("u32", lambda number: module(bytes([TYPE]) + number)),
    "count": ("u32", lambda number: module(section(TYPE, number))),
    "type index": (
        "u32",
        lambda number: module(section(TYPE, vector([function_type()])), section(FUNCTION, b"\1" + number)),
    ),
    "memory limit": ("u64", lambda number: module(section(MEMORY, b"\1\0" + number))),
    "local index": ("u32", lambda number: one_function(b"\x20" + number + b"\x1a", I32)),
    "i32 constant": ("s32", lambda number: one_function(b"\x41" + number + b"\x1a")),
    "i64 constant": ("s64", lambda number: one_function(b"\x42" + number + b"\x1a")),
    "block type": ("s33", lambda number: one_function(b"\x02" + number + b"\x0b")),
}


def malformed_numbers() -> Iterator[tuple[str, bytes]]:
    """Every form at every place, as a module."""
    for place, (width, make) in PLACES.items():
        for form, number in FORMS[width].items():
            yield f"{place} {form}", make(number)
