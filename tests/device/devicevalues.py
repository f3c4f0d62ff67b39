"""Values of components in the memory of an emulated device: `fusee_value_t`, written and read."""

import struct
from typing import Any, Final

from fusee.component import (
    BorrowType,
    EnumType,
    FlagsType,
    ListType,
    MapType,
    OwnType,
    Record,
    RecordType,
    String,
    TupleType,
    ValType,
    Variant,
)
from fusee.component.types.composite import VariantLikeType
from fusee.component.types.primitive import Char
from fusee.component.types.valtype import classes_of
from fusee.engine.capi.component.format import Kind
from fusee.package.components.table import _SCALARS as SCALARS
from fusee.package.components.table import _list_of_pairs as list_of_pairs
from tests.device.appdevice import AppDevice

Address = int

_NUMBERS: Final = {
    Kind.S8: "b", Kind.U8: "B", Kind.S16: "h", Kind.U16: "H", Kind.S32: "i", Kind.U32: "I", Kind.S64: "q",
    Kind.U64: "Q", Kind.F32: "f", Kind.F64: "d", Kind.BOOL: "?", Kind.CHAR: "I",
}  # fmt: skip


class Memory:
    """Memory of a device that holds values until they are released."""

    def __init__(self, device: AppDevice) -> None:
        self.device = device
        self.width = device.target.pointer_width
        self.value_bytes = 8 + 2 * max(self.width, 4)
        self.blocks: list[int] = []
        self.is_giving = False

    def call(self, name: str, *arguments: int) -> int:
        """A function of the library's."""
        return self.device.function(name)(*arguments) or 0

    def room(self, size: int) -> Address:
        """Memory until the app ends, or of a value that is given away."""
        if self.is_giving:
            vector = self.device.heap.allocate(1, 2 * self.width)
            self.call("wasm_byte_vec_new_uninitialized", vector, size)
            made = self.pointer(vector + self.width)
            self.device.heap.release(vector)
            return made
        self.blocks.append(self.device.heap.allocate(1, size))
        return self.blocks[-1]

    def put(self, data: bytes) -> Address:
        """A copy of bytes."""
        place = self.room(len(data))
        self.device.space.write(place, data)
        return place

    def pointer(self, place: Address) -> int:
        return int.from_bytes(self.device.space.read(place, self.width), "little")

    def vector(self, size: int, data: Address) -> Address:
        return self.put(size.to_bytes(self.width, "little") + data.to_bytes(self.width, "little"))

    def release(self, first: int = 0) -> None:
        for block in self.blocks[first:]:
            self.device.heap.release(block)
        del self.blocks[first:]


class Values(Memory):
    """Writes values, and reads them."""

    def _head(self, kind: int, which: int, content: bytes, place: Address) -> None:
        self.device.space.write(place, struct.pack("<B3xI", kind, which) + content.ljust(self.value_bytes - 8, b"\0"))

    def _list(self, kind: int, which: int, types: list[ValType], values: list[Any], place: Address) -> None:
        data = self.room(len(values) * self.value_bytes) if values else 0
        for number, (ty, value) in enumerate(zip(types, values, strict=True)):
            self.write(ty, value, data + number * self.value_bytes)
        self._block(kind, which, len(values), data, place)

    def _block(self, kind: int, which: int, size: int, data: Address, place: Address) -> None:
        content = size.to_bytes(self.width, "little") + data.to_bytes(self.width, "little")
        self._head(kind, which, content, place)

    def write(self, ty: ValType, value: Any, place: Address) -> None:
        """Write a `fusee_value_t`."""
        if isinstance(ty, String):
            data = value.encode()
            self._block(Kind.STRING, 0, len(data), self.put(data) if data else 0, place)
        elif type(ty) in SCALARS:
            number = ord(value) if isinstance(ty, Char) else value
            self._head(SCALARS[type(ty)], 0, struct.pack("<" + _NUMBERS[SCALARS[type(ty)]], number), place)
        elif isinstance(ty, ListType):
            self._write_list(ty, value, place)
        elif isinstance(ty, MapType):
            self.write(list_of_pairs(ty), [*value.items()], place)
        elif isinstance(ty, RecordType):
            self._list(Kind.RECORD, 0, [*ty._parts()], [getattr(value, name) for name, _ in ty._fields], place)
        elif isinstance(ty, TupleType):
            self._list(Kind.RECORD, 0, [*ty._parts()], [*value], place)
        elif isinstance(ty, VariantLikeType):
            tag, payload = case_of(ty, value)
            part = ty._cases()[tag][1]
            self._list(Kind.VARIANT, tag, [part] if part else [], [payload] if part else [], place)
        elif isinstance(ty, EnumType):
            self._head(Kind.ENUM, ty._names.index(value), b"", place)
        elif isinstance(ty, FlagsType):
            self._head(Kind.FLAGS, 0, sum(1 << ty._names.index(name) for name in value).to_bytes(4, "little"), place)
        else:
            assert isinstance(ty, OwnType | BorrowType)
            self._head(Kind.OWN if isinstance(ty, OwnType) else Kind.BORROW, 0, value.to_bytes(4, "little"), place)

    def _write_list(self, ty: ListType, value: Any, place: Address) -> None:
        kind = SCALARS.get(type(ty._element), Kind.LIST)
        if not Kind.S8 <= kind <= Kind.F64:
            self._list(Kind.LIST, 0, [ty._element] * len(value), list(value), place)
        else:
            data = struct.pack(f"<{len(value)}{_NUMBERS[kind]}", *value)
            self._block(Kind.NUMBERS, kind, len(value), self.put(data) if data else 0, place)

    def read(self, ty: ValType, place: Address) -> Any:
        """Read a `fusee_value_t`."""
        kind, which = struct.unpack("<B3xI", self.device.space.read(place, 8))
        size, data = self.pointer(place + 8), self.pointer(place + 8 + self.width)
        number = int.from_bytes(self.device.space.read(place + 8, 8), "little")
        if isinstance(ty, String):
            assert kind == Kind.STRING
            return self.device.space.read(data, size).decode() if size else ""
        if type(ty) in SCALARS:
            assert kind == SCALARS[type(ty)]
            (found,) = struct.unpack_from("<" + _NUMBERS[SCALARS[type(ty)]], number.to_bytes(8, "little"))
            return chr(found) if isinstance(ty, Char) else found
        if isinstance(ty, ListType):
            return self._read_list(ty, kind, which, size, data)
        if isinstance(ty, MapType):
            return dict(self.read(list_of_pairs(ty), place))
        parts = [data + i * self.value_bytes for i in range(size)] if kind in (Kind.RECORD, Kind.VARIANT) else []
        if isinstance(ty, RecordType | TupleType):
            assert kind == Kind.RECORD
            values = [self.read(part, at) for part, at in zip(ty._parts(), parts, strict=True)]
            if isinstance(ty, TupleType):
                return tuple(values)
            return Record(**{name: value for (name, _), value in zip(ty._fields, values, strict=True)})
        if isinstance(ty, VariantLikeType):
            name, part = ty._cases()[which]
            assert kind == Kind.VARIANT and len(parts) == (part is not None)
            payload = self.read(part, parts[0]) if part is not None else None
            return Variant(name, payload) if ty._is_tagged else payload
        if isinstance(ty, EnumType):
            assert kind == Kind.ENUM
            return ty._names[which]
        if isinstance(ty, FlagsType):
            assert kind == Kind.FLAGS
            return {name for bit, name in enumerate(ty._names) if number >> bit & 1}
        return number & 0xFFFF_FFFF

    def _read_list(self, ty: ListType, kind: int, which: int, size: int, data: Address) -> Any:
        element = SCALARS.get(type(ty._element), Kind.LIST)
        if Kind.S8 <= element <= Kind.F64:
            assert kind == Kind.NUMBERS and which == element
            form = f"<{size}{_NUMBERS[element]}"
            found = struct.unpack(form, self.device.space.read(data, struct.calcsize(form))) if size else ()
            return bytes(found) if element == Kind.U8 else list(found)
        assert kind == Kind.LIST
        return [self.read(ty._element, data + i * self.value_bytes) for i in range(size)]


def case_of(ty: VariantLikeType, value: Any) -> tuple[int, Any]:
    """The number of a value's case, and its payload."""
    names = [name for name, _ in ty._cases()]
    if ty._is_tagged:
        return names.index(value.tag), value.payload
    for number, (_, part) in enumerate(ty._cases()):
        if _is_of(part, value):
            return number, value
    raise AssertionError(f"{value!r} is of no case")


def _is_of(ty: ValType | None, value: Any) -> bool:
    """Whether a value may be of the type; only so far as untagged variants need it."""
    kinds = {"record": Record, "variant": Variant, None: type(None)}
    return type(value) in {kinds.get(kind, kind) for kind in classes_of(ty)}
