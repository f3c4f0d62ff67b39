"""References of the `any` hierarchy as Python values: structures, arrays, i31 numbers (spec 4.2.15)."""

import ctypes
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from fusee.api._objects import is_handle
from fusee.api.errors import ArgumentError, StoreError, WasmtimeError
from fusee.api.managed import Unique, expect, shown
from fusee.api.object_types import ArrayType, FieldType, StructType
from fusee.api.storelike import Storelike, own, store_of
from fusee.api.types import Declaration, ValType
from fusee.api.values import Row
from fusee.engine.state.module import KIND_ARRAY, MUTABLE_SHIFT
from fusee.engine.state.runtime import SLOT_BYTES, TAG_I31
from fusee.spec.types import PACKED_I8, PACKED_I16

if TYPE_CHECKING:
    from fusee.api.store import Store

_I31_LEAST: Final = -(1 << 30)
_I31_END: Final = 1 << 31
_MOST_ELEMENTS: Final = 0xFFFF_FFFF
_STORAGE_MASK: Final = 0xFFFF_FFFF
_PACKED: Final = {PACKED_I8: "i8", PACKED_I16: "i16"}


class I31:
    """A number of 31 bits that guests hold as a reference: immutable, equal by value. Not in wasmtime-py."""

    __slots__ = ("value",)
    value: int

    def __init__(self, value: int) -> None:
        """`value` is an int between -2³⁰ and 2³¹ - 1, and signed from then on. Raises `ArgumentError`."""
        if not isinstance(value, int) or not _I31_LEAST <= value < _I31_END:
            raise ArgumentError(f"an I31 has 31 bits, which {shown(value)} does not fit")
        object.__setattr__(self, "value", value - _I31_END if value > -_I31_LEAST - 1 else value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("an I31 is immutable")

    @property
    def unsigned(self) -> int:
        """The number as `i31.get_u` gives it, an int."""
        return self.value & (_I31_END - 1)

    def __int__(self) -> int:
        return self.value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, I31) and self.value == other.value

    def __hash__(self) -> int:
        return hash((I31, self.value))

    def __repr__(self) -> str:
        return f"I31({self.value})"

    def __reduce__(self) -> tuple[object, ...]:
        return I31, (self.value,)


class ObjectRef(Unique):
    """A structure or array. One object stands for each, as long as somebody has it. Not in wasmtime-py."""

    __slots__ = ("__weakref__", "_address", "_store")
    _address: int
    _store: "Store"

    def __init__(self) -> None:
        """Raises `TypeError`: `new` makes these, and guests do."""
        raise ArgumentError(f"a {type(self).__name__} comes from a guest, or from {type(self).__name__}.new")

    @classmethod
    def _of(cls, store: "Store", address: int) -> "ObjectRef":
        """The object that the engine has at `address`."""
        known = store._aggregates.get(address)
        if known is None:
            place = store._keep(address)  # before it is looked at
            kind = StructRef if store._kind_of_object(address) != KIND_ARRAY else ArrayRef
            known = object.__new__(kind)
            known._store, known._address = store, address
            store._release_with(known, place)
            store._aggregates[address] = known
        return known

    def _count(self, store: Storelike) -> int:
        """How many fields or elements there are."""
        owner = own(store, self._store)
        return int(owner._alone(owner._native.count_fields, owner.engine._address, self._address))

    def _declaration(self) -> Declaration:
        """Which type of its store's it is of."""
        store = self._store
        number = int(store._alone(store._native.type_of_object, store.engine._address, self._address))
        return Declaration(store.engine, number, store)

    @classmethod
    def _made(
        cls, store: Storelike, kind: StructType | ArrayType, rows: list[ValType], values: list[Any], count: int
    ) -> Any:
        """A new object of `count` fields or elements: `values`, of these types; a single one for all elements."""
        owner = store_of(store)._opened()
        number = owner._object_type(kind)
        row = Row(rows)
        slots = (ctypes.c_uint64 * max(row.size // SLOT_BYTES, 1))()
        row.pack_into(owner, slots, values)
        with owner._lock:  # until it is held
            address = owner._alone(owner._native.make_object, owner._address, number, count)
            made = ObjectRef._of(owner, address)
            owner._alone(owner._native.fill_object, owner._address, address, slots, len(values) == 1)
        return made

    def _field_type(self, store: Storelike, index: int) -> FieldType:
        owner = own(store, self._store)
        word = owner._alone(owner._native.field_type, owner.engine._address, self._address, index)
        code, mutable = word & _STORAGE_MASK, bool(word >> MUTABLE_SHIFT)
        return FieldType(_PACKED.get(code) or ValType._of(owner.engine, code), mutable)

    def _get(self, store: Storelike, index: int) -> Any:
        """The value of a field or element."""
        owner = own(store, self._store)
        slots = (ctypes.c_uint64 * 2)()
        with owner._lock:  # until what the field refers to is held
            owner._alone(owner._native.get_field, owner.engine._address, self._address, index, slots)
            return _row(self._field_type(store, index)).unpack(owner, slots)[0]

    def _set(self, store: Storelike, index: int, value: Any) -> None:
        owner = own(store, self._store)
        kind = self._field_type(store, index)
        if not kind.mutable:
            raise WasmtimeError("the field is immutable")
        slots = (ctypes.c_uint64 * 2)()
        _row(kind).pack_into(owner, slots, (value,))
        owner._alone(owner._native.set_field, owner._address, self._address, index, slots)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self._address:#x}>"


def _row(kind: FieldType) -> Row:
    """How a field's value is packed."""
    return Row([kind.value])


class StructRef(ObjectRef):
    """A guest's structure. All methods raise `StoreError` for another store, `ValueError` for a closed one."""

    __slots__ = ()

    def type(self, store: Storelike) -> StructType:
        """Its `StructType`; what is made of that is of the same type."""
        made = StructType(self._field_type(store, index) for index in range(self._count(store)))
        made._of(self._declaration())
        return made

    @classmethod
    def new(cls, store: Storelike, type: StructType, values: Iterable[Any]) -> "StructRef":  # noqa: A002
        """A new structure of these fields' values.

        Raises `ArgumentError` if there are more or fewer, `TypeError` for one of another type, `StoreError` for a type
        of another store, `UnsupportedError` for a type made in Python with a field that refers to a module's type, and
        `Trap` where there is no memory or the heap's limit is reached.
        """
        expect(type, StructType, "a StructType")
        given = list(values)
        if len(given) != len(type.fields):
            raise ArgumentError(f"{len(given)} values given for {len(type.fields)} fields")
        made: StructRef = cls._made(store, type, [field.value for field in type.fields], given, len(given))
        return made

    def field(self, store: Storelike, index: int) -> Any:
        """The value of a field, by its number; an i8 or i16 without a sign. Raises `IndexError`, `ArgumentError`."""
        return self._get(store, self._checked(store, index))

    def set_field(self, store: Storelike, index: int, value: Any) -> None:
        """Set a field. Raises `WasmtimeError` for an immutable one; `IndexError`, `ArgumentError`, `TypeError`."""
        self._set(store, self._checked(store, index), value)

    def _checked(self, store: Storelike, index: int) -> int:
        expect(index, int, "an int")
        if not 0 <= index < self._count(store):
            raise IndexError(f"the structure has no field {index}")
        return index


class ArrayRef(ObjectRef):
    """A guest's array. All methods raise `StoreError` for another store, `ValueError` for a closed one."""

    __slots__ = ()

    def type(self, store: Storelike) -> ArrayType:
        """Its `ArrayType`; what is made of that is of the same type."""
        made = ArrayType(self._field_type(store, 0))
        made._of(self._declaration())
        return made

    @classmethod
    def new(cls, store: Storelike, type: ArrayType, values: Iterable[Any]) -> "ArrayRef":  # noqa: A002
        """A new array of these elements. Raises what `StructRef.new` raises."""
        expect(type, ArrayType, "an ArrayType")
        given = list(values)
        made: ArrayRef = cls._made(store, type, [type.element.value] * len(given), given, len(given))
        return made

    @classmethod
    def filled(cls, store: Storelike, type: ArrayType, value: Any, size: int) -> "ArrayRef":  # noqa: A002
        """A new array of `size` elements that are all the same. Raises what `StructRef.new` raises."""
        expect(type, ArrayType, "an ArrayType")
        expect(size, int, "an int")
        if not 0 <= size <= _MOST_ELEMENTS:
            raise ArgumentError(f"an array has not {size} elements")
        made: ArrayRef = cls._made(store, type, [type.element.value], [value], size)
        return made

    def size(self, store: Storelike) -> int:
        """How many elements it has."""
        return self._count(store)

    def get(self, store: Storelike, index: int) -> Any:
        """An element; an i8 or i16 without a sign. Raises `Trap` beyond the end; `ArgumentError`."""
        return self._get(store, _element(index))

    def set(self, store: Storelike, index: int, value: Any) -> None:
        """Set an element. Raises `WasmtimeError` if it is immutable; `Trap` beyond the end; `TypeError`."""
        self._set(store, _element(index), value)


def _element(index: int) -> int:
    """An index as the engine takes it: what does not fit is beyond every array's end."""
    expect(index, int, "an int")
    return index if 0 <= index < _MOST_ELEMENTS else _MOST_ELEMENTS


def to_any(store: "Store", type: ValType, value: Any) -> int:  # noqa: A002
    """The engine's reference for a value of a type in the hierarchies of `any` and `extern`; not null.

    What is neither a guest's object nor an `I31` is the embedder's: guests can hold it and give it back.
    """
    if isinstance(value, ObjectRef):
        if value._store is not store:
            raise StoreError("the object belongs to another store")
        reference = value._address
    elif isinstance(value, I31):
        reference = value.unsigned << 1 | TAG_I31
    elif type.heap not in ("any", "extern"):
        raise ArgumentError(f"expected a reference that is a {type}, not {shown(value)}")
    else:
        return store._intern(value)
    if not store._is_of_type(reference, type):
        raise ArgumentError(f"{shown(value)} is not a {type}")
    return reference


def from_any(store: "Store", reference: int) -> Any:
    """The Python value of such a reference."""
    if is_handle(reference):
        return store._interned(reference)
    if reference & TAG_I31:
        return I31(reference >> 1)
    return ObjectRef._of(store, reference)
