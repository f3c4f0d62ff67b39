"""The types of structures and arrays (spec 2.3.9). Not in wasmtime-py."""

from collections.abc import Iterable

from fusee.api.errors import ArgumentError
from fusee.api.externtypes import Record
from fusee.api.managed import expect, shown
from fusee.api.types import Declaration, FuncType, ValType

PACKED = ("i8", "i16")


class FieldType(Record):
    """The type of a field or of elements: `storage`, a `ValType` or "i8" or "i16", and `mutable`, a bool."""

    __slots__ = ("storage", "mutable")  # noqa: RUF023  # in the order of the arguments
    storage: "ValType | str"
    mutable: bool

    def __init__(self, storage: "ValType | str", mutable: bool = False) -> None:
        """Raises `ArgumentError`."""
        if not isinstance(storage, ValType) and storage not in PACKED:
            raise ArgumentError(f"expected a ValType, 'i8' or 'i16', not {shown(storage)}")
        super().__init__(storage, bool(mutable))

    @property
    def value(self) -> ValType:
        """The `ValType` of what is read and written: of "i8" and "i16" an i32."""
        return self.storage if isinstance(self.storage, ValType) else ValType.i32()


class ObjectType(Record):
    """A type of structures or arrays. Those that are equal are of the same form; what was declared is told apart by
    the engine, too: objects made of it are of the type where it is from."""

    __slots__ = ("_declaration",)
    _declaration: Declaration | None

    def __init__(self, value: object) -> None:
        super().__init__(value)
        object.__setattr__(self, "_declaration", None)

    def _of(self, declaration: Declaration) -> None:
        object.__setattr__(self, "_declaration", declaration)


class StructType(ObjectType):
    """The type of a structure: `fields`, a tuple of `FieldType`s."""

    __slots__ = ("fields",)
    fields: tuple[FieldType, ...]

    def __init__(self, fields: Iterable[FieldType]) -> None:
        """A final type without a supertype. Raises `ArgumentError`."""
        listed = tuple(fields)
        for field in listed:
            expect(field, FieldType, "a FieldType")
        super().__init__(listed)


class ArrayType(ObjectType):
    """The type of an array: `element`, a `FieldType`."""

    __slots__ = ("element",)
    element: FieldType

    def __init__(self, element: FieldType) -> None:
        """A final type without a supertype. Raises `ArgumentError`."""
        expect(element, FieldType, "a FieldType")
        super().__init__(element)


DefinedType = FuncType | StructType | ArrayType
"""What a module's type section may define (spec 2.3.10)."""
