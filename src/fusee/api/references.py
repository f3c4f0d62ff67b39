"""References of the `any` hierarchy as Python values: structures, arrays, i31 numbers (spec 4.2.15)."""

from typing import TYPE_CHECKING, Any, Final

from fusee.api._objects import is_handle
from fusee.api.errors import ArgumentError, StoreError
from fusee.engine.state.module import KIND_ARRAY
from fusee.engine.state.runtime import TAG_I31

if TYPE_CHECKING:
    from fusee.api.store import Store
    from fusee.api.types import ValType

_I31_LEAST: Final = -(1 << 30)
_I31_END: Final = 1 << 31


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
            kind = StructRef if store._kind_of_object(address) != KIND_ARRAY else ArrayRef
            known = object.__new__(kind)
            known._store, known._address = store, address
            store._keep_for(known, address)
            store._aggregates[address] = known
        return known

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self._address:#x}>"


class StructRef(ObjectRef):
    """A guest's structure."""

    __slots__ = ()


class ArrayRef(ObjectRef):
    """A guest's array."""

    __slots__ = ()


def to_any(store: "Store", type: "ValType", value: Any) -> int:  # noqa: A002
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
