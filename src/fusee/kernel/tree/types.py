"""The types of the kernel language, for one target."""

from __future__ import annotations

from functools import cache
from typing import Any

from fusee.kernel.plain import Plain


class Type(Plain, frozen=True):
    """A type of the kernel language, for one target."""

    name: str

    def __str__(self) -> str:
        return self.name


class Integer(Type, frozen=True):
    bits: int
    signed: bool
    python: type

    def holds(self, value: int) -> bool:
        """Whether `value` is in this type's range."""
        low = -(1 << (self.bits - 1)) if self.signed else 0
        return low <= value < low + (1 << self.bits)


class Float(Type, frozen=True):
    bits: int
    python: type


class Boolean(Type, frozen=True):
    pass


class Vector(Type, frozen=True):
    """Sixteen bytes: `v128`, or what sees lanes in it."""


class Lanes(Vector, frozen=True):
    element: Integer | Float
    python: Any

    @property
    def count(self) -> int:
        return 128 // self.element.bits


class Nothing(Type, frozen=True):
    """The result of a kernel that returns `None`."""


class Pointer(Type, frozen=True):
    element: Type


class Reference(Type, frozen=True):
    """A reference to a `@struct`."""

    struct: type


class Function(Type, frozen=True):
    """`Fn[[...], R]`; `record` is set if it points to handlers."""

    parameters: tuple[Type, ...]
    result: Type

    @property
    def record(self) -> Record | None:
        first = self.parameters[0] if self.parameters else None
        return first if isinstance(first, Record) else None


class Record(Type, frozen=True):
    """A `@registers` class."""

    python: type
    fields: dict[str, Type]
    fleeting: frozenset[str] = frozenset()  # those that errors lose


class Several(Type, frozen=True):
    """The several results of one kernel."""

    items: tuple[Type, ...]


BOOL = Boolean("bool")
V128 = Vector("v128")
NOTHING = Nothing("None")


@cache
def pointer_to(element: Type) -> Pointer:
    return Pointer(f"Ptr[{element}]", element)


@cache
def reference_to(struct: type) -> Reference:
    return Reference(struct.__name__, struct)


@cache
def function_type(parameters: tuple[Type, ...], result: Type) -> Function:
    return Function(f"Fn[[{', '.join(map(str, parameters))}], {result}]", parameters, result)


@cache
def several(items: tuple[Type, ...]) -> Several:
    return Several(f"tuple[{', '.join(map(str, items))}]", items)


def is_address(t: Type) -> bool:
    """Whether values of `t` are addresses in machine code."""
    return isinstance(t, Pointer | Reference | Function)
