"""Where the fields of a struct are, for a target: in order, each at its natural alignment."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast, get_args, get_origin

from fusee.kernel.integer import Scalar
from fusee.kernel.scalars import usize
from fusee.kernel.structs import Field, FieldKind, is_struct, struct_info
from fusee.kernel.target import Target

P = ParamSpec("P")
R = TypeVar("R")


def cached(function: Callable[P, R]) -> Callable[P, R]:
    """`functools.cache`, with the signature kept for type checkers."""
    return cast(Callable[P, R], functools.cache(function))


class Extent:
    """The room that a value takes in memory, in bytes."""

    __slots__ = ("alignment", "size")

    def __init__(self, size: int, alignment: int) -> None:
        self.size = size
        self.alignment = alignment


class FieldLayout:
    """A field with its place."""

    __slots__ = ("extent", "field", "offset")

    def __init__(self, field: Field, offset: int, extent: Extent) -> None:
        self.field = field
        self.offset = offset
        self.extent = extent


class StructLayout:
    """A struct's size, alignment and fields for one target."""

    __slots__ = ("extent", "fields")

    def __init__(self, extent: Extent, fields: dict[str, FieldLayout]) -> None:
        self.extent = extent
        self.fields = fields


def value_extent(kind: Any, target: Target) -> Extent:
    """The room of a value of a type as a field or variable has it: a struct stands for a reference to it."""
    if kind is bool:
        return Extent(1, 1)
    if kind is usize:
        return Extent(target.pointer_width, target.pointer_width)
    if isinstance(kind, type) and issubclass(kind, Scalar):
        size = kind.bits // 8
        return Extent(size, target.wide_alignment if size >= 8 else size)
    if is_struct(kind) or is_pointer_type(kind):
        return Extent(target.pointer_width, target.pointer_width)
    raise TypeError(f"{kind!r} is not a type that memory can hold")


def element_extent(kind: Any, target: Target) -> Extent:
    """The room of one element of a `Ptr` to this type: a struct stands for itself."""
    return layout(kind, target).extent if is_struct(kind) else value_extent(kind, target)


def is_pointer_type(kind: Any) -> bool:
    """Whether this is a `Ptr[…]` or `Fn[…]`."""
    return getattr(get_origin(kind), "__name__", "") in ("Ptr", "Fn")


@cached
def layout(declaration: type, target: Target) -> StructLayout:
    """The layout of a `@struct` class."""
    offset, alignment = 0, 1
    fields: dict[str, FieldLayout] = {}
    for field in struct_info(declaration).fields:
        extent = _field_extent(field, target)
        offset = _align(offset, extent.alignment)
        fields[field.name] = FieldLayout(field, offset, extent)
        offset += extent.size
        alignment = max(alignment, extent.alignment)
    return StructLayout(Extent(_align(offset, alignment), alignment), fields)


def _field_extent(field: Field, target: Target) -> Extent:
    if field.kind is FieldKind.INLINE:
        return element_extent(field.type, target)
    if field.kind is FieldKind.ARRAY:
        element = element_extent(get_args(field.type)[0], target)
        return Extent(field.count * element.size, element.alignment)
    return value_extent(field.type, target)


def _align(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment
