"""Between Python values and the engine's slots: 8 bytes a value, 16 for v128.

A function's arguments and results are packed by one compiled `struct.Struct` each; only references
and values that do not fit as they are take the slow way.
"""

import ctypes
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from fusee.api.errors import WasmtimeError
from fusee.api.managed import ArgumentError, expect, shown
from fusee.api.types import FuncType, ValType

if TYPE_CHECKING:
    from fusee.api.func import Func
    from fusee.api.store import Store

_FORMATS: Final = {0x7F: "i4x", 0x7E: "q", 0x7D: "f4x", 0x7C: "d", 0x7B: "16s"}
V128: Final = 0x7B
_F32: Final = struct.Struct("<f")


class Val:
    """A value together with its type, for where a plain Python value does not say enough. It does not change."""

    __slots__ = ("_type", "_value")

    def __init__(self, type: ValType, value: Any) -> None:  # noqa: A002  # wasmtime-py's name
        """`value` as it is; the class methods check it."""
        self._type = type
        self._value = value

    @property
    def type(self) -> ValType:
        """Its `ValType`."""
        return self._type

    @property
    def value(self) -> Any:
        """The Python value."""
        return self._value

    @classmethod
    def i32(cls, val: int) -> "Val":
        """An int, modulo 2³². Raises `ArgumentError`."""
        return cls(ValType.i32(), _signed(_integer(val), 32))

    @classmethod
    def i64(cls, val: int) -> "Val":
        """An int, modulo 2⁶⁴. Raises `ArgumentError`."""
        return cls(ValType.i64(), _signed(_integer(val), 64))

    @classmethod
    def f32(cls, val: float) -> "Val":
        """A float, rounded to single precision. Raises `ArgumentError`, for an int, too."""
        expect(val, float, "a float")
        return cls(ValType.f32(), _F32.unpack(_F32.pack(_to_f32(val)))[0])

    @classmethod
    def f64(cls, val: float) -> "Val":
        """A float. Raises `ArgumentError`, for an int, too."""
        expect(val, float, "a float")
        return cls(ValType.f64(), val)

    @classmethod
    def v128(cls, val: "bytes | bytearray | int") -> "Val":
        """Sixteen bytes, or a number that they make, the first byte the lowest. Raises `ArgumentError`."""
        return cls(ValType.v128(), _sixteen_bytes(val))

    @classmethod
    def externref(cls, extern: Any) -> "Val":
        """Any object, or None for null."""
        return cls(ValType.externref(), extern)

    @classmethod
    def funcref(cls, f: "Func | None") -> "Val":
        """A `Func`, or None for null."""
        return cls(ValType.funcref(), f)

    @classmethod
    def ref_null(cls, ty: ValType) -> "Val":
        """The null reference of a type. Raises `WasmtimeError` for types that have none."""
        if not ty.is_nullable:
            raise WasmtimeError(f"Invalid reference type for `ref_null`: {ty}")
        return cls(ty, None)

    def as_i32(self) -> int | None:
        """The value; None if the type is not i32."""
        return self.value if self.type == ValType.i32() else None

    def as_i64(self) -> int | None:
        """The value; None if the type is not i64."""
        return self.value if self.type == ValType.i64() else None

    def as_f32(self) -> float | None:
        """The value; None if the type is not f32."""
        return self.value if self.type == ValType.f32() else None

    def as_f64(self) -> float | None:
        """The value; None if the type is not f64."""
        return self.value if self.type == ValType.f64() else None

    def as_externref(self) -> Any:
        """The object; None if the type is not externref, or for null."""
        return self.value if self.type == ValType.externref() else None

    def as_funcref(self) -> "Func | None":
        """The `Func`; None if the type is not funcref, or for null."""
        return self.value if self.type == ValType.funcref() else None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Val):
            return self.type == other.type and bool(self.value == other.value)
        return bool(self.value == other)

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"Val({self.type}, {self.value!r})"


class Row:
    """Packs and unpacks one row of values: arguments, or results."""

    __slots__ = ("format", "is_plain", "references", "size", "types")

    def __init__(self, types: Sequence[ValType]) -> None:
        self.types = tuple(types)
        self.format = struct.Struct("<" + "".join(_FORMATS.get(t._code, "Q") for t in self.types))
        self.size = self.format.size
        # `struct` would fill up and cut off bytes that are not sixteen.
        self.is_plain = not any(t.is_reference or t._code == V128 for t in self.types)
        self.references = tuple(i for i, t in enumerate(self.types) if t.is_reference)

    def pack(self, store: "Store", values: Sequence[Any]) -> bytes:
        """The slots for `values`, of which there are as many as types."""
        slots = bytearray(self.size)
        self.pack_into(store, slots, values)
        return bytes(slots)

    def pack_into(self, store: "Store", slots: Any, values: Sequence[Any]) -> None:
        """Fill the start of `slots`, a buffer."""
        if self.is_plain:
            try:
                self.format.pack_into(slots, 0, *values)
                return
            except (struct.error, OverflowError, TypeError):
                pass
        store._packing += 1
        try:
            self.format.pack_into(slots, 0, *(to_native(store, t, v) for t, v in zip(self.types, values, strict=True)))
        finally:
            store._packing -= 1

    def unpack(self, store: "Store", slots: Any) -> Sequence[Any]:
        """The values at the start of `slots`, a buffer."""
        values = self.format.unpack_from(slots)
        if not self.references:
            return values
        converted = list(values)
        for i in self.references:
            converted[i] = store._from_reference(self.types[i], values[i])
        return converted


class Signature:
    """A function type with its two rows, and the type of the buffer that a call needs for either."""

    __slots__ = ("buffer", "params", "results", "type")

    def __init__(self, type: FuncType) -> None:  # noqa: A002
        self.type = type
        self.params = Row(type.params)
        self.results = Row(type.results)
        self.buffer = ctypes.c_uint64 * (max(self.params.size, self.results.size, 8) // 8)


def to_native(store: "Store", type: ValType, value: Any) -> Any:  # noqa: A002
    """What `struct` packs for a Python value of the given type."""
    if isinstance(value, Val):
        if value.type is not type and not _may_be(value.type, type):
            raise ArgumentError(f"expected {type}, not a value of type {value.type}")
        value = value.value
    if type.is_reference:
        return store._to_reference(type, value)
    code = type._code
    if code in (0x7F, 0x7E):
        return _signed(_integer(value), 32 if code == 0x7F else 64)
    if code in (0x7D, 0x7C):
        return _to_f32(value) if code == 0x7D else _number(value)
    return _sixteen_bytes(value)


def _may_be(given: ValType, wanted: ValType) -> bool:
    """Whether a reference decides itself if it is one: an externref that is not null is a `(ref extern)`."""
    if not (given.is_reference and wanted.is_reference):
        return False
    return given.heap == wanted.heap or (given.is_function and wanted.is_function)


def _sixteen_bytes(value: Any) -> bytes:
    """A v128, which is given as bytes or as one number, the first byte the lowest."""
    if isinstance(value, int):
        return (value & ((1 << 128) - 1)).to_bytes(16, "little")
    found = bytes(value) if isinstance(value, bytes | bytearray) else b""  # what it has, whatever a subclass says
    if len(found) != 16:
        raise ArgumentError("a v128 is 16 bytes, or an int")
    return found


def _integer(value: Any) -> int:
    if not isinstance(value, int):
        raise ArgumentError(f"expected an integer, not {shown(value)}")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, float | int):
        raise ArgumentError(f"expected a float, not {shown(value)}")
    return float(value)


def _signed(value: int, bits: int) -> int:
    """`value` modulo 2ⁿ, as a signed number."""
    half = 1 << (bits - 1)
    return ((value + half) & ((1 << bits) - 1)) - half


def _to_f32(value: Any) -> float:
    number = _number(value)
    try:
        _F32.pack(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
    return number
