"""Finds out what is wrong with a value that could not be lowered: compiled functions only notice that something is."""

from struct import error as struct_error
from typing import Any, Final, NoReturn

from fusee.api.managed import shown
from fusee.component.codecs.helpers import choose, expected, predicates, unfit
from fusee.component.resources import ResourceAny, ResourceHost
from fusee.component.types.composite import (
    EnumType,
    FlagsType,
    ListType,
    MapType,
    RecordType,
    TupleType,
    VariantLikeType,
)
from fusee.component.types.primitive import F32, F64, S8, S16, S32, S64, U8, U16, U32, U64, Bool, Char, String
from fusee.component.types.resource import BorrowType, OwnType
from fusee.component.types.valtype import ValType
from fusee.component.values import Variant

UNFIT: Final = (struct_error, TypeError, ValueError, KeyError, AttributeError, OverflowError)
"""What compiled functions raise for values that do not fit."""
_RANGES: Final[dict[type[ValType], tuple[int, int]]] = {
    S8: (-(1 << 7), 1 << 7), U8: (0, 1 << 8), S16: (-(1 << 15), 1 << 15), U16: (0, 1 << 16), S32: (-(1 << 31), 1 << 31),
    U32: (0, 1 << 32), S64: (-(1 << 63), 1 << 63), U64: (0, 1 << 64),
}  # fmt: skip
_ABSENT: Final = object()


def check_value(ty: ValType, value: Any, place: str) -> None:
    """Raise the same if something is wrong."""
    _check(ty, value, place)


def explain(ty: ValType, value: Any, place: str, cause: Exception) -> NoReturn:
    """Raise `ArgumentError` or `InvalidValueError` for what is wrong; if nothing is found, `cause`."""
    _check(ty, value, place)
    raise cause


def _check(ty: ValType, value: Any, place: str) -> None:
    kind = type(ty).__name__.removesuffix("Type").lower()
    if type(ty) in _RANGES:
        _check_int(ty, value, place, kind)
    elif isinstance(ty, Bool) and not isinstance(value, bool):
        raise expected("a bool", value, place)
    elif isinstance(ty, F32 | F64) and not isinstance(value, int | float):
        raise expected(f"a float for {kind}", value, place)
    elif isinstance(ty, Char):
        _check_char(value, place)
    elif isinstance(ty, String):
        _check_string(value, place)
    elif isinstance(ty, ListType):
        _check_list(ty, value, place)
    elif isinstance(ty, MapType):
        if not isinstance(value, dict):
            raise expected("a dict", value, place)
        for key, content in value.items():
            _check(ty._key, key, f"{place}, key")
            _check(ty._value, content, f"{place}[{shown(key)}]")
    elif isinstance(ty, TupleType):
        _check_tuple(ty, value, place)
    elif isinstance(ty, RecordType):
        _check_record(ty, value, place)
    elif isinstance(ty, EnumType | FlagsType):
        _check_names(ty, value, place)
    elif isinstance(ty, VariantLikeType):
        _check_variant(ty, value, place, kind)
    elif isinstance(ty, OwnType | BorrowType) and not isinstance(value, ResourceAny | ResourceHost):
        raise expected("a ResourceAny or ResourceHost", value, place)


def _check_int(ty: ValType, value: Any, place: str, kind: str) -> None:
    if not hasattr(type(value), "__index__"):
        raise expected(f"an int for {kind}", value, place)
    least, end = _RANGES[type(ty)]
    if not least <= value < end:
        raise unfit(f"out of range for {kind}", value, place)


def _check_char(value: Any, place: str) -> None:
    if not isinstance(value, str) or len(value) != 1:
        raise expected("a str of length 1", value, place)
    if 0xD800 <= ord(value) < 0xE000:
        raise unfit("no Unicode scalar value", value, place)


def _check_string(value: Any, place: str) -> None:
    if not isinstance(value, str):
        raise expected("a str", value, place)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise unfit("no sequence of Unicode scalar values: there is a lone surrogate", value, place) from None


def _check_list(ty: ListType, value: Any, place: str) -> None:
    if isinstance(value, list | tuple):
        for index, element in enumerate(value):
            _check(ty._element, element, f"{place}[{index}]")
    elif isinstance(ty._element, U8):
        try:
            memoryview(value)
        except (TypeError, ValueError):
            raise expected("bytes", value, place) from None
    else:
        try:
            memoryview(value)
        except TypeError:
            raise expected("a list", value, place) from None
        raise expected("a list, or a buffer of the elements' format", value, place)
    if ty._length is not None and len(value) != ty._length:
        raise unfit(f"of length {len(value)}, not {ty._length}", value, place)


def _check_tuple(ty: TupleType, value: Any, place: str) -> None:
    if not isinstance(value, tuple):
        raise expected("a tuple", value, place)
    if len(value) != len(ty._elements):
        raise expected(f"a tuple of length {len(ty._elements)}", value, place)
    for index, (part, element) in enumerate(zip(ty._elements, value, strict=True)):
        _check(part, element, f"{place}[{index}]")


def _check_record(ty: RecordType, value: Any, place: str) -> None:
    for name, part in ty._fields:
        plain = name.replace("-", "_")
        found = getattr(value, name, getattr(value, plain, getattr(value, f"{plain}_", _ABSENT)))
        if found is _ABSENT:
            raise expected(f"a record with the field {name!r}", value, place)
        _check(part, found, f"{place}.{name}")


def _check_names(ty: EnumType | FlagsType, value: Any, place: str) -> None:
    if isinstance(ty, EnumType):
        if not isinstance(value, str):
            raise expected("a str", value, place)
        if value not in ty._names:
            raise unfit("no case of the enum", value, place)
        return
    if not isinstance(value, set | frozenset) or not all(isinstance(name, str) for name in value):
        raise expected("a set of str", value, place)
    for name in value:
        if name not in ty._names:
            raise unfit("none of the flags", name, place)


def _check_variant(ty: VariantLikeType, value: Any, place: str, kind: str) -> None:
    cases = ty._cases()
    index = {name: number for number, (name, _) in enumerate(cases)}
    if ty._is_tagged:
        if not isinstance(value, Variant):
            raise expected("a Variant", value, place)
        if value.tag not in index:
            raise unfit(f"no case of the {kind}", value.tag, place)
        case, payload = index[value.tag], value.payload
    else:
        try:
            case, payload = choose(predicates(ty), index, value)
        except (ValueError, KeyError):
            raise unfit(f"not valid for this {kind}", value, place) from None
    name, part = cases[case]
    if part is not None:
        _check(part, payload, f"{place}.{name}")
