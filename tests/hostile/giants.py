"""Modules that ask for too much: huge counts, depths and sizes. Each is made when asked for, some take megabytes."""

from collections.abc import Callable

from tests.hostile.encoding import (
    CODE,
    DATA_COUNT,
    ELEMENT,
    EXPORT,
    FUNCREF,
    FUNCTION,
    GLOBAL,
    I32,
    MEMORY,
    TABLE,
    TYPE,
    VECTOR_SECTIONS,
    body,
    function_type,
    module,
    one_function,
    section,
    sized,
    unsigned,
    vector,
)

MILLION = 1_000_000
MOST = unsigned(2**32 - 1)
VOID = b"\x40"

# Whether a module is accepted, rejected, or either: limits below the format's own are an engine's choice.
ACCEPTED, REJECTED, EITHER = "accepted", "rejected", "either"

Giant = tuple[Callable[[], bytes], str]


def nested(opening: bytes) -> bytes:
    """A million blocks, one in the other."""
    return one_function(opening * MILLION + b"\x0b" * MILLION)


def constant_global(expression: bytes) -> bytes:
    """A module of one i32 global with this initialiser."""
    return module(section(GLOBAL, vector([I32 + b"\0" + expression + b"\x0b"])))


def functions_with_locals(functions: int, local_count: int) -> bytes:
    """Many equal functions, each with many locals that cost the module two bytes."""
    return module(
        section(TYPE, vector([function_type()])),
        section(FUNCTION, unsigned(functions) + b"\0" * functions),
        section(CODE, unsigned(functions) + body(b"", [(local_count, I32)]) * functions),
    )


def branch_table(targets: int, announced: bytes | None = None) -> bytes:
    """A `br_table` whose targets are all the function's own label."""
    count = unsigned(targets) if announced is None else announced
    return one_function(b"\x41\0\x0e" + count + b"\0" * (targets + 1))


def exports(name_of: Callable[[int], bytes], count: int) -> bytes:
    """One function exported under many names."""
    return module(
        section(TYPE, vector([function_type()])),
        section(FUNCTION, vector([b"\0"])),
        section(EXPORT, vector(sized(name_of(i)) + b"\0\0" for i in range(count))),
        section(CODE, vector([body(b"")])),
    )


def subtype_chain(length: int) -> bytes:
    """Struct types, each a subtype of the one before."""
    first = b"\x50\0\x5f\0"
    return module(section(TYPE, vector([first, *(b"\x50\1" + unsigned(i) + b"\x5f\0" for i in range(length - 1))])))


def memory(limits: bytes) -> bytes:
    """A module of one memory."""
    return module(section(MEMORY, vector([limits])))


def table(limits: bytes) -> bytes:
    """A module of one table of functions."""
    return module(section(TABLE, vector([FUNCREF + limits])))


NO_FUNCTION, FIRST_FUNCTION = b"\xd0\x70", b"\xd2\0"  # ref.null func, ref.func 0


def tables(count: int, initial: bytes) -> bytes:
    """A function, and tables of ten million elements that all have an initial value."""
    return module(
        section(TYPE, vector([function_type()])),
        section(FUNCTION, vector([b"\0"])),
        section(TABLE, vector([b"\x40\0" + FUNCREF + b"\0" + unsigned(10 * MILLION) + initial + b"\x0b"] * count)),
        section(CODE, vector([body(b"")])),
    )


COUNTS: dict[str, Giant] = {
    f"{name} section of 2^32-1": (lambda identifier=identifier: module(section(identifier, MOST)), REJECTED)  # type: ignore[misc]
    for name, identifier in VECTOR_SECTIONS.items()
}

INNER_COUNTS: dict[str, Giant] = {
    "2^32-1 parameters": (lambda: module(section(TYPE, b"\1\x60" + MOST)), REJECTED),
    "2^32-1 results": (lambda: module(section(TYPE, b"\1\x60\0" + MOST)), REJECTED),
    "2^32-1 fields": (lambda: module(section(TYPE, b"\1\x5f" + MOST)), REJECTED),
    "2^32-1 types in a group": (lambda: module(section(TYPE, b"\1\x4e" + MOST)), REJECTED),
    "2^32-1 supertypes": (lambda: module(section(TYPE, b"\1\x50" + MOST)), REJECTED),
    "2^32-1 element functions": (lambda: module(section(ELEMENT, b"\1\1\0" + MOST)), REJECTED),
    "2^32-1 data segments counted": (lambda: module(section(DATA_COUNT, MOST)), REJECTED),
    "2^32-1 local groups": (lambda: local_groups(MOST), REJECTED),
    "2^32-1 locals": (lambda: local_groups(b"\1" + MOST + I32), REJECTED),
    "2 times 2^31 locals": (lambda: local_groups(b"\2" + (unsigned(2**31) + I32) * 2), REJECTED),
    "2^32-1 branch targets": (lambda: branch_table(10, MOST), REJECTED),
    "2^32-1 types of select": (lambda: one_function(b"\x41\0\x41\0\x41\0\x1c" + MOST), REJECTED),
    "2^32-1 catch clauses": (lambda: one_function(b"\x1f\x40" + MOST), REJECTED),
    "section of 2^32-1 bytes": (lambda: module(bytes([CODE]) + MOST), REJECTED),
    "custom section of 2^32-1 bytes": (lambda: module(b"\0" + MOST + b"\0"), REJECTED),
    "name of 2^32-1 bytes": (lambda: module(section(EXPORT, b"\1" + MOST)), REJECTED),
    "body of 2^32-1 bytes": (lambda: body_size(MOST), REJECTED),
}


def local_groups(declaration: bytes) -> bytes:
    """A function whose local declarations are these bytes."""
    types = section(TYPE, vector([function_type()]))
    return module(types, section(FUNCTION, vector([b"\0"])), section(CODE, vector([sized(declaration + b"\x0b")])))


def body_size(size: bytes) -> bytes:
    """A function body that claims to be this long."""
    types = section(TYPE, vector([function_type()]))
    return module(types, section(FUNCTION, vector([b"\0"])), section(CODE, b"\1" + size + b"\0\x0b"))


DEPTHS: dict[str, Giant] = {
    "a million blocks": (lambda: nested(b"\x02" + VOID), EITHER),
    "a million loops": (lambda: nested(b"\x03" + VOID), EITHER),
    "a million ifs": (lambda: nested(b"\x41\0\x04" + VOID), EITHER),
    "a million handlers": (lambda: nested(b"\x1f" + VOID + b"\0"), EITHER),
    "a million blocks that do not end": (lambda: one_function((b"\x02" + VOID) * MILLION), REJECTED),
    "a million operands": (lambda: one_function(b"\x41\0" * MILLION + b"\x1a" * MILLION), EITHER),
    "a million operands that stay": (lambda: one_function(b"\x41\0" * MILLION), REJECTED),
    "a million drops of nothing": (lambda: one_function(b"\0" + b"\x1a" * MILLION), ACCEPTED),
    "a constant expression of a million terms": (
        lambda: constant_global(b"\x41\1" + b"\x41\1\x6a" * MILLION),
        EITHER,
    ),
    "a constant expression a million deep": (
        lambda: constant_global(b"\x41\1" * (MILLION + 1) + b"\x6a" * MILLION),
        EITHER,
    ),
    "subtypes a thousand deep": (lambda: subtype_chain(1000), REJECTED),
    "a million types": (lambda: module(section(TYPE, unsigned(MILLION) + function_type() * MILLION)), EITHER),
    "a million empty groups": (lambda: module(section(TYPE, unsigned(MILLION) + b"\x4e\0" * MILLION)), EITHER),
    "a group of a million types": (
        lambda: module(section(TYPE, b"\1\x4e" + unsigned(MILLION) + b"\x5f\0" * MILLION)),
        EITHER,
    ),
}

AMOUNTS: dict[str, Giant] = {
    "100,000 functions of 50,000 locals": (lambda: functions_with_locals(100_000, 50_000), EITHER),
    "a branch table of a million": (lambda: branch_table(MILLION), EITHER),
    "100,000 exports": (lambda: exports(lambda i: b"export%06d" % i, 100_000), ACCEPTED),
    "100,000 exports of one name": (lambda: exports(lambda i: b"same", 100_000), REJECTED),
    "a name of a million letters": (lambda: exports(lambda i: b"n" * MILLION, 1), EITHER),
    "a million custom sections": (lambda: module(section(0, sized(b"")) * MILLION), ACCEPTED),
    "a million globals": (
        lambda: module(section(GLOBAL, unsigned(MILLION) + (I32 + b"\0\x41\0\x0b") * MILLION)),
        EITHER,
    ),
    "a million memories": (lambda: module(section(MEMORY, unsigned(MILLION) + b"\0\0" * MILLION)), EITHER),
    "a memory of more than 4 GiB": (lambda: memory(b"\0" + unsigned(65537)), REJECTED),
    "a memory of 2^32-1 pages": (lambda: memory(b"\0" + MOST), REJECTED),
    "a memory of at most 2^32-1 pages": (lambda: memory(b"\1\0" + MOST), REJECTED),
    "a 64-bit memory of 2^48+1 pages": (lambda: memory(b"\4" + unsigned(2**48 + 1)), REJECTED),
    "a 64-bit memory of 2^64-1 pages": (lambda: memory(b"\4" + unsigned(2**64 - 1)), REJECTED),
    "a memory whose minimum is above its maximum": (lambda: memory(b"\1\2\1"), REJECTED),
    "a table whose minimum is above its maximum": (lambda: table(b"\1\2\1"), REJECTED),
}

# Valid modules that nobody can have the memory for: instantiating them must fail politely, or cost next to nothing.
UNAFFORDABLE: dict[str, Giant] = {
    "a memory of 4 GiB": (lambda: memory(b"\0" + unsigned(65536)), EITHER),
    "a 64-bit memory of 2^47 pages": (lambda: memory(b"\4" + unsigned(2**47)), REJECTED),
    "a hundred memories of 4 GiB": (
        lambda: module(section(MEMORY, vector([b"\0" + unsigned(65536)] * 100))),
        REJECTED,
    ),
    "a hundred tables of ten million nulls": (lambda: tables(100, NO_FUNCTION), REJECTED),
    "a hundred tables of ten million functions": (lambda: tables(100, FIRST_FUNCTION), REJECTED),
    "a table of ten million nulls": (lambda: tables(1, NO_FUNCTION), EITHER),
    "a table of 2^32-1 functions": (lambda: table(b"\0" + MOST), REJECTED),
    "a 64-bit table of 2^60 functions": (lambda: table(b"\4" + unsigned(2**60)), REJECTED),
}


GIANTS: dict[str, Giant] = {**COUNTS, **INNER_COUNTS, **DEPTHS, **AMOUNTS}
