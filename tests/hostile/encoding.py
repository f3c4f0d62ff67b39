"""Just enough of a binary encoder to write modules that no compiler would."""

from collections.abc import Iterable

MAGIC = b"\0asm\1\0\0\0"

I32, I64, F32, F64, V128, FUNCREF, EXTERNREF = b"\x7f", b"\x7e", b"\x7d", b"\x7c", b"\x7b", b"\x70", b"\x6f"
END = b"\x0b"

# Section ids, in the order that sections must have.
TYPE, IMPORT, FUNCTION, TABLE, MEMORY, TAG, GLOBAL, EXPORT, START, ELEMENT, DATA_COUNT, CODE, DATA = (
    1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11,
)  # fmt: skip
VECTOR_SECTIONS = {
    "type": TYPE, "import": IMPORT, "function": FUNCTION, "table": TABLE, "memory": MEMORY, "tag": TAG,
    "global": GLOBAL, "export": EXPORT, "element": ELEMENT, "code": CODE, "data": DATA,
}  # fmt: skip


def unsigned(value: int) -> bytes:
    """LEB128 without a sign, as short as can be."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def signed(value: int) -> bytes:
    """LEB128 with a sign, as short as can be."""
    encoded = bytearray()
    while not -0x40 <= value < 0x40:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value & 0x7F)
    return bytes(encoded)


def sized(contents: bytes) -> bytes:
    """Bytes after their length."""
    return unsigned(len(contents)) + contents


def vector(items: Iterable[bytes]) -> bytes:
    """Items after their number."""
    listed = list(items)
    return unsigned(len(listed)) + b"".join(listed)


def section(identifier: int, contents: bytes) -> bytes:
    """One section; the contents begin with the count, where it has one."""
    return bytes([identifier]) + sized(contents)


def module(*sections: bytes) -> bytes:
    """A whole module."""
    return MAGIC + b"".join(sections)


def function_type(parameters: bytes = b"", results: bytes = b"") -> bytes:
    """A function type; each value type is one byte here."""
    return b"\x60" + sized(parameters) + sized(results)


def body(code: bytes, local_groups: Iterable[tuple[int, bytes]] = ()) -> bytes:
    """A function body: groups of locals, instructions, `end`."""
    return sized(vector(unsigned(count) + kind for count, kind in local_groups) + code + END)


def one_function(code: bytes, parameters: bytes = b"", results: bytes = b"", *, before_code: bytes = b"") -> bytes:
    """A module of a single function, exported as `f`."""
    return module(
        section(TYPE, vector([function_type(parameters, results)])),
        section(FUNCTION, vector([unsigned(0)])),
        before_code,
        section(EXPORT, vector([sized(b"f") + b"\0" + unsigned(0)])),
        section(CODE, vector([body(code)])),
    )
