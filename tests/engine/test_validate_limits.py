"""Limits of what a module may have (spec appendix 7.2): as much as that is valid, one more is refused."""

from collections.abc import Callable

import pytest

from fusee.spec import limits
from tests.engine import native_modules
from tests.engine.native_modules import Checker
from tests.hostile.encoding import (
    CODE,
    DATA,
    ELEMENT,
    EXPORT,
    FUNCTION,
    GLOBAL,
    I32,
    IMPORT,
    MEMORY,
    TABLE,
    TAG,
    TYPE,
    body,
    function_type,
    module,
    section,
    sized,
    unsigned,
    vector,
)

checker = native_modules.checker
TYPES = section(TYPE, vector([function_type()]))


def functions(code: bytes, count: int = 1, local_groups: tuple[tuple[int, bytes], ...] = ()) -> bytes:
    """Equal functions without parameters."""
    bodies = unsigned(count) + body(code, local_groups) * count
    return module(TYPES, section(FUNCTION, unsigned(count) + b"\0" * count), section(CODE, bodies))


def many(identifier: int, item: bytes, *before: bytes) -> Callable[[int], bytes]:
    """A module with a section of so many equal items, and others before it."""
    return lambda count: module(*before, section(identifier, unsigned(count) + item * count))


def exports(count: int) -> bytes:
    names = b"".join(sized(b"%x" % number) + b"\3\0" for number in range(count))
    return module(section(GLOBAL, vector([b"\x7f\0\x41\0\x0b"])), section(EXPORT, unsigned(count) + names))


def structure(count: int) -> bytes:
    return module(section(TYPE, b"\1\x5f" + unsigned(count) + b"\x7f\0" * count))


def hierarchy(depth: int) -> bytes:
    """A type whose supertypes are so many, each declared before."""
    above = [b"\x50\1" + unsigned(number) + b"\x5f\0" for number in range(depth)]
    return module(section(TYPE, vector([b"\x50\0\x5f\0", *above])))


def catching(count: int) -> bytes:
    return functions(b"\x1f\x40" + unsigned(count) + b"\2\0" * count + b"\x0b")


LIMITS: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "too many types": (limits.MAX_TYPES, many(TYPE, function_type())),
    "too many functions": (limits.MAX_FUNCTIONS, lambda count: functions(b"", count)),
    "too many tables": (limits.MAX_TABLES, many(TABLE, b"\x70\0\0")),
    "too many memories": (limits.MAX_MEMORIES, many(MEMORY, b"\0\0")),
    "too many globals": (limits.MAX_GLOBALS, many(GLOBAL, b"\x7f\0\x41\0\x0b")),
    "too many tags": (limits.MAX_TAGS, many(TAG, b"\0\0", TYPES)),
    "too many imports": (limits.MAX_IMPORTS, many(IMPORT, b"\0\0\3\x7f\0")),
    "too many exports": (limits.MAX_EXPORTS, exports),
    "too many segments": (limits.MAX_SEGMENTS, many(ELEMENT, b"\1\0\0")),
    "too many segments ": (limits.MAX_SEGMENTS, many(DATA, b"\1\0")),
    "too many parameters": (limits.MAX_PARAMS, lambda count: module(section(TYPE, b"\1" + function_type(I32 * count)))),
    "too many results": (
        limits.MAX_RESULTS, lambda count: module(section(TYPE, b"\1" + function_type(b"", I32 * count))),
    ),
    "too many fields": (limits.MAX_FIELDS, structure),
    "too many locals": (limits.MAX_LOCALS, lambda count: functions(b"", 1, ((count, I32),))),
    "the function body is too large": (limits.MAX_FUNCTION_BYTES, lambda size: functions(b"\1" * (size - 2))),
    "too many values on the operand stack": (
        limits.MAX_OPERANDS, lambda count: functions(b"\x41\0" * count + b"\x1a" * count),
    ),
    "too many catch clauses": (limits.MAX_CATCHES, catching),
    "sub type: the hierarchy is too deep": (limits.MAX_SUBTYPING_DEPTH, hierarchy),
}  # fmt: skip


@pytest.mark.parametrize("message", LIMITS)
def test_limits(checker: Checker, message: str) -> None:
    most, make = LIMITS[message]
    assert checker.verdict(make(most)) == ("valid", "", 0)
    assert checker.verdict(make(most + 1))[:2] == ("invalid", message.rstrip())


def wide_group(types: int) -> bytes:
    """A recursive group of function types, each with as many parameters and results as it may have."""
    return module(section(TYPE, b"\1\x4e" + unsigned(types) + function_type(I32 * 1000, I32 * 1000) * types))


def test_the_size_of_a_recursive_group_is_limited(checker: Checker) -> None:
    assert checker.verdict(wide_group(1000))[0] == "valid"
    assert checker.verdict(wide_group(3200))[:2] == ("invalid", "too many types")
