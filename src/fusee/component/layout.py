"""How values lie in memory and in core values (CanonicalABI, "Alignment", "Element Size", "Flattening")."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

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
from fusee.component.types.valtype import ValType, intern

MOST_FLAT_PARAMS: Final = 16
MOST_FLAT_ASYNC_PARAMS: Final = 4
MOST_FLAT_RESULTS: Final = 1
MOST_BYTES: Final = 1 << 28
"""No type is that large (Binary, "Type Definitions")."""

_ONE_BYTE: Final = 1 << 8
_TWO_BYTES: Final = 1 << 16

_SCALARS: Final[dict[type[ValType], tuple[int, str]]] = {
    Bool: (1, "i32"), S8: (1, "i32"), U8: (1, "i32"), S16: (2, "i32"), U16: (2, "i32"), S32: (4, "i32"),
    U32: (4, "i32"), S64: (8, "i64"), U64: (8, "i64"), F32: (4, "f32"), F64: (8, "f64"), Char: (4, "i32"),
    OwnType: (4, "i32"), BorrowType: (4, "i32"),
}  # fmt: skip


class Layout(NamedTuple):
    """Of a type: bytes, alignment, and core types; None if there are more of these than parameters can be."""

    size: int
    alignment: int
    flat: tuple[str, ...] | None


def align(offset: int, alignment: int) -> int:
    """The next offset that is aligned."""
    return -(-offset // alignment) * alignment


def layout_of(ty: ValType) -> Layout:
    """The layout of a type. Its parts' are known or no deeper than types may be nested."""
    if ty._layout is None:
        ty._layout = _layout(ty)
    found: Layout = ty._layout
    return found


def _layout(ty: ValType) -> Layout:
    scalar = _SCALARS.get(type(ty))
    if scalar is not None:
        return Layout(scalar[0], scalar[0], (scalar[1],))
    if isinstance(ty, ListType) and ty._length is not None:
        return _array(layout_of(ty._element), ty._length)
    if isinstance(ty, String | ListType | MapType):
        return Layout(8, 4, ("i32", "i32"))
    if isinstance(ty, RecordType | TupleType):
        return _record([layout_of(part) for part in ty._parts()])
    if isinstance(ty, VariantLikeType):
        return _variant(len(ty._cases()), [layout_of(part) for part in ty._parts()])
    if isinstance(ty, EnumType):
        return _variant(len(ty._names), [])
    if isinstance(ty, FlagsType):
        size = 1 if len(ty._names) <= 8 else 2 if len(ty._names) <= 16 else 4
        return Layout(size, size, ("i32",))
    return Layout(4, 4, ("i32",))  # streams, futures, error contexts: indices of a table


def _array(element: Layout, length: int) -> Layout:
    flat = None
    if element.flat is not None and len(element.flat) * length <= MOST_FLAT_PARAMS:
        flat = element.flat * length
    return Layout(element.size * length, element.alignment, flat)


def _record(fields: Sequence[Layout]) -> Layout:
    size = 0
    alignment = max((field.alignment for field in fields), default=1)
    for field in fields:
        size = align(size, field.alignment) + field.size
    return Layout(align(size, alignment), alignment, concatenate(field.flat for field in fields))


def concatenate(parts: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """Core types one after the other; None if they are too many."""
    flat: list[str] = []
    for part in parts:
        if part is None or len(flat) + len(part) > MOST_FLAT_PARAMS:
            return None
        flat += part
    return tuple(flat)


def discriminant_size(cases: int) -> int:
    """How many bytes say which of so many cases a variant is."""
    return 1 if cases <= _ONE_BYTE else 2 if cases <= _TWO_BYTES else 4


def payload_offset(cases: int, payloads: Iterable[Layout]) -> int:
    """Where in a variant the payload is, in bytes."""
    return align(discriminant_size(cases), max((payload.alignment for payload in payloads), default=1))


def _variant(cases: int, payloads: Sequence[Layout]) -> Layout:
    discriminant = discriminant_size(cases)
    alignment = max([discriminant, *(payload.alignment for payload in payloads)])
    start = payload_offset(cases, payloads)
    size = align(start + max((payload.size for payload in payloads), default=0), alignment)
    joined: list[str] = []
    for payload in payloads:
        if payload.flat is None or len(payload.flat) >= MOST_FLAT_PARAMS:
            return Layout(size, alignment, None)
        for index, kind in enumerate(payload.flat):
            if index == len(joined):
                joined.append(kind)
            elif joined[index] != kind:
                joined[index] = "i32" if {joined[index], kind} == {"i32", "f32"} else "i64"
    return Layout(size, alignment, ("i32", *joined))


def flatten_function(params: Sequence[ValType], result: ValType | None, is_async: bool) -> tuple[list[str], list[str]]:
    """The core types of the parameters and results of a function that is lowered (CanonicalABI, `flatten_functype`)."""
    core_params = flatten_params(params, MOST_FLAT_ASYNC_PARAMS if is_async else MOST_FLAT_PARAMS)
    if is_async:
        return [*core_params, *(["i32"] if result is not None else [])], ["i32"]
    if result is None:
        return core_params, []
    flat_result = layout_of(result).flat
    if flat_result is not None and len(flat_result) <= MOST_FLAT_RESULTS:
        return core_params, list(flat_result)
    return [*core_params, "i32"], []


def flatten_lifted(
    params: Sequence[ValType], result: ValType | None, is_async: bool, has_callback: bool
) -> tuple[list[str], list[str]]:  # fmt: skip
    """The same of one that is lifted."""
    core_params = flatten_params(params, MOST_FLAT_PARAMS)
    if is_async:
        return core_params, ["i32"] if has_callback else []
    if result is None:
        return core_params, []
    flat_result = layout_of(result).flat
    if flat_result is not None and len(flat_result) <= MOST_FLAT_RESULTS:
        return core_params, list(flat_result)
    return core_params, ["i32"]


def flatten_params(params: Sequence[ValType], most: int) -> list[str]:
    """The core types of parameters: a pointer if there are more than `most`."""
    flat = concatenate(layout_of(param).flat for param in params)
    return ["i32"] if flat is None or len(flat) > most else list(flat)


def is_flat(ty: ValType, most: int) -> bool:
    """Whether a value is passed as core values, of which there are `most` at most, and not as a pointer."""
    flat = layout_of(ty).flat
    return flat is not None and len(flat) <= most


def needs_memory(types: Iterable[ValType]) -> bool:
    """Whether values of these types refer to memory themselves."""
    from fusee.component.types.valtype import POINTER

    return any(ty._flags & POINTER for ty in types)


def parameters_type(params: Sequence[ValType]) -> ValType:
    """The tuple that all parameters of a function are together."""
    found: ValType = intern(TupleType, tuple(params))
    return found
