"""From annotations to types, for one target."""

from __future__ import annotations

import typing
from enum import IntEnum
from functools import cache, cached_property
from types import ModuleType
from typing import Any, TypeVar

from fusee.kernel.integer import Integer as LangInteger
from fusee.kernel.integer import Scalar
from fusee.kernel.laneclasses import Lanes as LangLanes
from fusee.kernel.lanes import LANE_TYPES, v128
from fusee.kernel.layout import element_extent, layout, value_extent
from fusee.kernel.plain import Plain
from fusee.kernel.registers import registers_info
from fusee.kernel.scalars import u32, usize
from fusee.kernel.structs import FieldKind, is_registers, is_struct
from fusee.kernel.target import Target
from fusee.kernel.tree.types import (
    BOOL,
    NOTHING,
    V128,
    Boolean,
    Float,
    Function,
    Integer,
    Lanes,
    Pointer,
    Record,
    Reference,
    Type,
    Vector,
    function_type,
    pointer_to,
    reference_to,
    several,
)


class NotAType(TypeError):
    """An annotation that names no type of the kernel language."""


class StructField(Plain, frozen=True):
    """A field for the target; `embedded` ones hold the struct or array itself."""

    type: Type
    offset: int
    embedded: bool
    count: int = 0  # elements of an embedded array


class Types:
    """The types of one target, interned."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._known: dict[Any, Type] = {bool: BOOL, None: NOTHING, type(None): NOTHING}
        self._fields: dict[type, dict[str, StructField]] = {}

    def resolve(self, annotation: Any, arguments: dict[TypeVar, Any] | None = None) -> Type:
        """The type that an annotation means, type variables replaced by `arguments`; or `NotAType`."""
        try:
            known = self._known.get(annotation)
        except TypeError:  # not hashable
            known = None
        if known is not None:
            return known
        made, depends = self._make(annotation, arguments or {})
        if not depends:
            self._known[annotation] = made
        return made

    def _make(self, annotation: Any, arguments: dict[TypeVar, Any]) -> tuple[Type, bool]:
        """The type, and whether it depends on `arguments`."""
        if isinstance(annotation, TypeVar):
            if annotation not in arguments:
                raise NotAType(f"nothing says what `{annotation.__name__}` is here")
            return self.resolve(arguments[annotation]), True
        if isinstance(annotation, type) and typing.get_origin(annotation) is None:
            return self._plain(annotation), False
        origin, parameters = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            return self.resolve(parameters[0], arguments), True
        name = getattr(origin, "__name__", "")
        if name == "Ptr":
            return pointer_to(self.resolve(parameters[0], arguments)), _generic(annotation)
        if name == "Fn" and len(parameters) == 2:
            taken = tuple(self.resolve(p, arguments) for p in parameters[0])
            return function_type(taken, self.resolve(parameters[1], arguments)), _generic(annotation)
        if origin is tuple:
            return several(tuple(self.resolve(p, arguments) for p in parameters)), _generic(annotation)
        raise NotAType(f"`{annotation}` is not a type of the kernel language")

    def _plain(self, declaration: type) -> Type:
        if is_struct(declaration):
            return reference_to(declaration)
        if is_registers(declaration):
            declared = registers_info(declaration).fields
            fields = {field.name: self.resolve(field.type) for field in declared}
            fleeting = frozenset(field.name for field in declared if field.kind is FieldKind.FLEETING)
            return Record(declaration.__name__, declaration, fields, fleeting)
        if issubclass(declaration, LangInteger) and declaration is not LangInteger:
            bits = self.pointer_bits if declaration is usize else declaration.bits
            return Integer(declaration.__name__, bits, declaration.signed, declaration)
        if issubclass(declaration, Scalar) and declaration.__name__ in ("f32", "f64"):
            return Float(declaration.__name__, declaration.bits, declaration)
        if issubclass(declaration, LangLanes) and declaration in LANE_TYPES:
            element = self.resolve(declaration.element)
            assert isinstance(element, Integer | Float)
            return Lanes(declaration.__name__, element, declaration)
        if declaration is v128:
            return V128
        if issubclass(declaration, IntEnum):  # mypy allows no other numbers there
            return self.resolve(u32)
        hint = {int: " (use a fixed width such as `u32`)", float: " (use `f64` or `f32`)"}.get(declaration, "")
        raise NotAType(f"`{declaration.__name__}` is not a type of the kernel language{hint}")

    @property
    def pointer_bits(self) -> int:
        return self.target.pointer_width * 8

    def fields(self, struct: type) -> dict[str, StructField]:
        """A struct's fields with their places."""
        found = self._fields.get(struct)
        if found is None:
            found = {}
            for name, placed in layout(struct, self.target).fields.items():
                kind = placed.field.kind
                count = placed.field.count if kind is FieldKind.ARRAY else 0
                embedded = kind is not FieldKind.VALUE
                found[name] = StructField(self.resolve(placed.field.type), placed.offset, embedded, count)
            self._fields[struct] = found
        return found

    def size(self, t: Type) -> int:
        """Bytes of a value of `t` in memory; of a struct type, of the struct itself."""
        if isinstance(t, Reference):
            return element_extent(t.struct, self.target).size
        if isinstance(t, Pointer | Function):
            return self.target.pointer_width
        if isinstance(t, Boolean):
            return 1
        if isinstance(t, Integer | Float):
            return t.bits // 8
        if isinstance(t, Vector):
            return 16
        raise NotAType(f"`{t}` has no size in memory")

    def alignment(self, t: Type) -> int:
        """Natural alignment in memory; of a struct type, of the struct itself."""
        if isinstance(t, Reference):
            return element_extent(t.struct, self.target).alignment
        if isinstance(t, Integer | Float):
            return value_extent(t.python, self.target).alignment
        if isinstance(t, Vector):
            return self.target.wide_alignment
        return self.size(t)

    @cached_property
    def usize(self) -> Type:
        return self.resolve(usize)

    @cached_property
    def u8(self) -> Type:
        return self.named("u8")

    @cached_property
    def u64(self) -> Type:
        return self.named("u64")

    @cached_property
    def i64(self) -> Type:
        return self.named("i64")

    @cached_property
    def bytes(self) -> Type:
        """`Ptr[u8]`."""
        return pointer_to(self.u8)

    def mask(self, t: Lanes) -> Type:
        """What a comparison of such lanes gives."""
        return self.resolve(t.python.mask)

    def named(self, name: str) -> Type:
        """A scalar type by its name."""
        return self.resolve(getattr(_language(), name))


@cache
def _language() -> ModuleType:
    from fusee.kernel import lang  # late, because it imports half of the package

    return lang


def _generic(annotation: Any) -> bool:
    return bool(getattr(annotation, "__parameters__", ()))
