"""Types of values that are equal and not the same: validation has to know which of them has a name outside."""

from collections.abc import Callable
from typing import Any

from fusee.component.types.composite import (
    NAMED,
    EnumType,
    FlagsType,
    FutureType,
    ListType,
    MapType,
    OptionType,
    RecordType,
    ResultType,
    StreamType,
    TupleType,
    VariantType,
)
from fusee.component.types.valtype import DISTINCT, ValType, intern


def rebuilt(ty: ValType, of: Callable[[Any], Any]) -> Any:
    """The type of the same kind with what `of` gives in the place of its parts; not for handles."""
    if isinstance(ty, ListType):
        return intern(ListType, of(ty._element), ty._length)
    if isinstance(ty, MapType):
        return intern(MapType, of(ty._key), of(ty._value))
    if isinstance(ty, RecordType):
        return intern(RecordType, tuple((name, of(part)) for name, part in ty._fields))
    if isinstance(ty, TupleType):
        return intern(TupleType, tuple(of(part) for part in ty._elements))
    if isinstance(ty, VariantType):
        return intern(VariantType, tuple((name, part and of(part)) for name, part in ty._all_cases))
    if isinstance(ty, OptionType):
        return intern(OptionType, of(ty._payload))
    if isinstance(ty, ResultType):
        return intern(ResultType, ty._ok and of(ty._ok), ty._err and of(ty._err))
    if isinstance(ty, StreamType | FutureType):
        return intern(type(ty), ty._payload and of(ty._payload))
    assert isinstance(ty, EnumType | FlagsType)
    return intern(type(ty), ty._names)


def _content(ty: RecordType | VariantType | EnumType | FlagsType) -> tuple[Any, ...]:
    if isinstance(ty, RecordType):
        return ty._fields
    return ty._all_cases if isinstance(ty, VariantType) else ty._names


def distinct(ty: Any) -> Any:
    """A type that is equal to another one and not the same, if it is of a kind that must have a name outside.

    Validation tells such types apart by where they were defined, and `plain` makes them one again.
    """
    if not isinstance(ty, NAMED):
        return ty
    made: Any = object.__new__(type(ty))
    made._set(_content(ty))
    made._finish()
    made._flags |= DISTINCT
    made._origin = ty if ty._origin is None else ty._origin
    return made


def plain(ty: Any) -> Any:
    """A type with nothing in it that is `distinct`; what is no type of values stays as it is."""
    if not isinstance(ty, ValType) or not ty._flags & DISTINCT:
        return ty
    found = ty._codecs.get(plain)
    if found is None:
        found = ty._codecs[plain] = rebuilt(ty, plain)
    return found
