"""The types of the kernel language, for one target."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, eq=False, slots=True)
class Type:
    """A type of the kernel language, for one target."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False, slots=True)
class Integer(Type):
    bits: int
    signed: bool
    python: type

    def holds(self, value: int) -> bool:
        """Whether `value` is in this type's range."""
        low = -(1 << (self.bits - 1)) if self.signed else 0
        return low <= value < low + (1 << self.bits)


@dataclass(frozen=True, eq=False, slots=True)
class Float(Type):
    bits: int
    python: type


@dataclass(frozen=True, eq=False, slots=True)
class Boolean(Type):
    pass


@dataclass(frozen=True, eq=False, slots=True)
class Vector(Type):
    """Sixteen bytes: `v128`, or what sees lanes in it."""


@dataclass(frozen=True, eq=False, slots=True)
class Lanes(Vector):
    element: Integer | Float
    python: Any

    @property
    def count(self) -> int:
        return 128 // self.element.bits


@dataclass(frozen=True, eq=False, slots=True)
class Nothing(Type):
    """The result of a kernel that returns `None`."""


@dataclass(frozen=True, eq=False, slots=True)
class Pointer(Type):
    element: Type


@dataclass(frozen=True, eq=False, slots=True)
class Reference(Type):
    """A reference to a `@struct`."""

    struct: type


@dataclass(frozen=True, eq=False, slots=True)
class Function(Type):
    """`Fn[[...], R]`; `record` is set if it points to handlers."""

    parameters: tuple[Type, ...]
    result: Type

    @property
    def record(self) -> Record | None:
        first = self.parameters[0] if self.parameters else None
        return first if isinstance(first, Record) else None


@dataclass(frozen=True, eq=False, slots=True)
class Record(Type):
    """A `@registers` class."""

    python: type
    fields: dict[str, Type]
    fleeting: frozenset[str] = frozenset()  # those that errors lose


@dataclass(frozen=True, eq=False, slots=True)
class Several(Type):
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
