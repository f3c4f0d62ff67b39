"""References of the `any` hierarchy as Python values: structures, arrays, i31 numbers (spec 4.2.15)."""

import ctypes
from typing import TYPE_CHECKING, Any, Final, NoReturn

from fusee.api._objects import is_handle
from fusee.api.errors import ArgumentError, StoreError, WasmtimeError
from fusee.api.managed import expect
from fusee.api.types import Record, ValType
from fusee.engine.state.module import KIND_ARRAY, MUTABLE_SHIFT
from fusee.engine.state.runtime import TAG_I31
from fusee.spec.types import PACKED_I8, PACKED_I16

if TYPE_CHECKING:
    from fusee.api.store import Store, Storelike
    from fusee.api.values import Row

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
            raise ArgumentError(f"an I31 has 31 bits, which {value!r} does not fit")
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


class ObjectRef:
    """A guest's structure or array. One object stands for each, as long as somebody has it. Not in wasmtime-py."""

    __slots__ = ("__weakref__", "_address", "_store")
    _address: int
    _store: "Store"

    def __init__(self) -> None:
        """Raises `TypeError`: guests make these."""
        raise TypeError(f"a {type(self).__name__} comes from a guest")

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

    def __copy__(self) -> "ObjectRef":
        return self

    def __deepcopy__(self, memo: object) -> "ObjectRef":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} belongs to its store")

    def _count(self, store: "Storelike") -> int:
        """How many fields or elements there are."""
        owner = _own(store, self._store)
        with owner.engine._gate.turn, owner.engine._lock:
            return int(owner._native.count_fields(owner.engine._address, self._address))

    def _field_type(self, store: "Storelike", index: int) -> "FieldType":
        owner = _own(store, self._store)
        with owner.engine._gate.turn, owner.engine._lock:
            word = owner._native.field_type(owner.engine._address, self._address, index)
        code, mutable = word & _STORAGE_MASK, bool(word >> MUTABLE_SHIFT)
        return FieldType(_PACKED.get(code) or ValType._from_code(code), mutable)

    def _get(self, store: "Storelike", index: int) -> Any:
        """The value of a field or element."""
        owner = _own(store, self._store)
        slots = (ctypes.c_uint64 * 2)()
        with owner.engine._gate.turn, owner.engine._lock:  # until what the field refers to is held
            owner._native.get_field(owner.engine._address, self._address, index, slots)
            return _row(self._field_type(store, index)).unpack(owner, slots)[0]

    def _set(self, store: "Storelike", index: int, value: Any) -> None:
        owner = _own(store, self._store)
        kind = self._field_type(store, index)
        if not kind.mutable:
            raise WasmtimeError("the field is immutable")
        slots = (ctypes.c_uint64 * 2)()
        _row(kind).pack_into(owner, slots, (value,))
        with owner.engine._gate.turn, owner.engine._lock:
            owner._native.set_field(owner._address, self._address, index, slots)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self._address:#x}>"


def _own(store: "Storelike", owner: "Store") -> "Store":
    from fusee.api.store import own

    return own(store, owner)


def _row(kind: "FieldType") -> "Row":
    """How a field's value is packed; small integers pass as an i32."""
    from fusee.api.values import Row

    return Row([kind.storage if isinstance(kind.storage, ValType) else ValType.i32()])


class FieldType(Record):
    """The type of a field or of elements: `storage`, a `ValType` or "i8" or "i16", and `mutable`, a bool."""

    __slots__ = ("storage", "mutable")  # noqa: RUF023  # in the order of the arguments
    storage: "ValType | str"
    mutable: bool


class StructType(Record):
    """The type of a structure: `fields`, a tuple of `FieldType`s."""

    __slots__ = ("fields",)
    fields: tuple[FieldType, ...]


class ArrayType(Record):
    """The type of an array: `element`, a `FieldType`."""

    __slots__ = ("element",)
    element: FieldType


class StructRef(ObjectRef):
    """A guest's structure. All methods raise `StoreError` for another store, `ValueError` for a closed one."""

    __slots__ = ()

    def type(self, store: "Storelike") -> StructType:
        """Its `StructType`."""
        return StructType(tuple(self._field_type(store, index) for index in range(self._count(store))))

    def field(self, store: "Storelike", index: int) -> Any:
        """The value of a field, by its number; an i8 or i16 without a sign. Raises `IndexError`, `ArgumentError`."""
        return self._get(store, self._checked(store, index))

    def set_field(self, store: "Storelike", index: int, value: Any) -> None:
        """Set a field. Raises `WasmtimeError` for an immutable one; `IndexError`, `ArgumentError`, `TypeError`."""
        self._set(store, self._checked(store, index), value)

    def _checked(self, store: "Storelike", index: int) -> int:
        expect(index, int, "an int")
        if not 0 <= index < self._count(store):
            raise IndexError(f"the structure has no field {index}")
        return index


class ArrayRef(ObjectRef):
    """A guest's array. All methods raise `StoreError` for another store, `ValueError` for a closed one."""

    __slots__ = ()

    def type(self, store: "Storelike") -> ArrayType:
        """Its `ArrayType`."""
        return ArrayType(self._field_type(store, 0))

    def size(self, store: "Storelike") -> int:
        """How many elements it has."""
        return self._count(store)

    def get(self, store: "Storelike", index: int) -> Any:
        """An element; an i8 or i16 without a sign. Raises `Trap` beyond the end; `ArgumentError`."""
        return self._get(store, _element(index))

    def set(self, store: "Storelike", index: int, value: Any) -> None:
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
        raise TypeError(f"expected a reference that is a {type}, not {value!r}")
    else:
        return store._intern(value)
    if not store._is_of_type(reference, type):
        raise TypeError(f"{value!r} is not a {type}")
    return reference


def from_any(store: "Store", reference: int) -> Any:
    """The Python value of such a reference."""
    if is_handle(reference):
        return store._interned(reference)
    if reference & TAG_I31:
        return I31(reference >> 1)
    return ObjectRef._of(store, reference)
