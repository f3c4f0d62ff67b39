"""Structs and register records: annotated classes, and what their annotations say."""

import sys
from enum import Enum
from operator import index
from typing import Annotated, Any, Final, ForwardRef, NoReturn, SupportsIndex, TypeVar, get_args, get_origin

from fusee.kernel.pointer import Fn, Ptr

T = TypeVar("T")
_infos: "dict[type, StructInfo]" = {}
C = TypeVar("C", bound=type)


class InlineMark:
    """Marks a struct field that holds the struct itself and not a reference to it."""

    def __repr__(self) -> str:
        return "INLINE"


INLINE: Final = InlineMark()
Inline = Annotated[T, INLINE]


class FleetingMark:
    """Marks a register that an error loses: the handler that errors go to gets anything in it."""

    def __repr__(self) -> str:
        return "FLEETING"


FLEETING: Final = FleetingMark()
Fleeting = Annotated[T, FLEETING]


class Count:
    """`Annotated[Ptr[T], Count(n)]`: the field holds the n elements themselves; n may be a constant that has a type."""

    __slots__ = ("number",)

    def __init__(self, number: SupportsIndex) -> None:
        self.number = index(number)


class FieldKind(Enum):
    """How a field holds what its type says."""

    VALUE = "value"
    INLINE = "inline"
    ARRAY = "array"
    FLEETING = "fleeting"


class Field:
    """One field of a struct or register record, its annotation resolved."""

    __slots__ = ("count", "kind", "name", "type")

    def __init__(self, name: str, kind: Any, place: FieldKind = FieldKind.VALUE, count: int = 1) -> None:
        self.name = name
        self.type = kind  # without `Annotated`; for arrays the pointer type
        self.kind = place
        self.count = count  # elements of an array


class StructInfo:
    """The fields of a struct or register record, in order."""

    __slots__ = ("declaration", "fields", "name")

    def __init__(self, name: str, declaration: type, fields: tuple[Field, ...]) -> None:
        self.name = name
        self.declaration = declaration
        self.fields = fields

    def field(self, name: str) -> Field:
        """The field of that name; `KeyError` if there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"{self.name} has no field {name!r}")


class StructReference:
    """A reference to a struct in memory; the fields are properties of a subclass made for each target."""

    __slots__ = ()
    _region: Any
    _address: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StructReference) and self._address == other._address

    def __hash__(self) -> int:
        return hash(self._address)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self._address:#x}>"


def struct(declaration: C) -> C:
    """Declare a struct. Instances are references to memory; its layout is the target's."""
    mark_declaration(declaration, "struct")
    declaration.__init__ = _refuse_struct_call  # type: ignore[misc]
    return declaration


def mark_declaration(declaration: type, kind: str) -> None:
    """Note what a class was declared as."""
    if declaration.__bases__ != (object,):
        raise TypeError(f"@{kind} class {declaration.__name__}: cannot inherit")
    declaration.__fusee_kind__ = kind  # type: ignore[attr-defined]


def _refuse_struct_call(self: object, *args: object) -> NoReturn:
    name = type(self).__name__
    raise TypeError(f"{name} lives in memory: use new({name}) of fusee.kernel.arena, or cast({name}, pointer)")


def is_struct(declaration: object) -> bool:
    """Whether this is a `@struct` class."""
    return getattr(declaration, "__fusee_kind__", None) == "struct"


def is_registers(declaration: object) -> bool:
    """Whether this is a `@registers` class."""
    return getattr(declaration, "__fusee_kind__", None) == "registers"


def struct_info(declaration: type) -> StructInfo:
    """The fields of a struct (or register record); resolved at first use, so that structs can refer to each other."""
    known = _infos.get(declaration)
    if known is None:
        known = _infos[declaration] = _read_annotations(declaration)
    return known


def _read_annotations(declaration: type) -> StructInfo:
    if not (is_struct(declaration) or is_registers(declaration)):
        raise TypeError(f"{declaration!r} is neither a @struct nor a @registers class")
    names = vars(sys.modules[declaration.__module__])
    hints = declaration.__annotations__
    fields = tuple(_field(declaration, name, _resolve(hint, names)) for name, hint in hints.items())
    return StructInfo(declaration.__name__, declaration, fields)


def _resolve(hint: Any, names: dict[str, Any]) -> Any:
    """A type without the names of classes in it. `typing.get_type_hints` takes longer, and leaves those in `Fn`."""
    if isinstance(hint, type):
        return hint
    if isinstance(hint, str):
        return _resolve(eval(hint, names), names)
    if isinstance(hint, ForwardRef):
        return _resolve(eval(hint.__forward_code__, names), names)
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *marks = get_args(hint)
        return Annotated[(_resolve(inner, names), *marks)]
    if origin is Fn:
        parameters, result = get_args(hint)
        found: Any = [_resolve(parameter, names) for parameter in parameters]
        return Fn[found, _resolve(result, names)]  # type: ignore[misc]
    if origin is Ptr:
        return Ptr[_resolve(get_args(hint)[0], names)]  # type: ignore[misc]
    return hint


def _field(declaration: type, name: str, hint: Any) -> Field:
    if get_origin(hint) is not Annotated:
        return Field(name, hint)
    inner, *marks = get_args(hint)
    for mark in marks:
        if mark is INLINE:
            if not is_struct(inner):
                raise TypeError(f"{declaration.__name__}.{name}: Inline needs a @struct class, not {inner!r}")
            return Field(name, inner, FieldKind.INLINE)
        if mark is FLEETING:
            if not is_registers(declaration):
                raise TypeError(f"{declaration.__name__}.{name}: only registers are Fleeting")
            return Field(name, inner, FieldKind.FLEETING)
        if isinstance(mark, Count):
            return Field(name, inner, FieldKind.ARRAY, mark.number)
    return Field(name, inner)
