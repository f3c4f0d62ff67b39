"""Expressions: nodes that have a value of a type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusee.kernel.atomics import Order
from fusee.kernel.plain import Plain
from fusee.kernel.tree.types import Type

if TYPE_CHECKING:
    from fusee.kernel.tree.functions import ConstantData, Specialised, Variable


class Node(Plain):
    """An expression: its type, and the line it came from."""

    type: Type
    line: int


class Constant(Node):
    value: int | float | bool  # addresses: only 0, null; vectors: the bit pattern


class Local(Node):
    variable: Variable


class Binary(Node):
    """Arithmetic named as LLVM does, without the type: `add`, `udiv`, `fmul`, `shl` …"""

    op: str
    left: Node
    right: Node


class Compare(Node):
    """A comparison, named as LLVM does: `icmp ult`, `fcmp oeq` …"""

    op: str
    left: Node
    right: Node


class Logic(Node):
    """`and` (`is_and`) or `or`, short-circuiting."""

    is_and: bool
    left: Node
    right: Node


class Conditional(Node):
    condition: Node
    then: Node
    other: Node


class Convert(Node):
    """`T(x)` between scalars."""

    operand: Node


class Intrinsic(Node):
    """An operation of `lang`; `check` has verified the operands, `lower` knows the name."""

    name: str
    operands: tuple[Node, ...]


class Atomic(Node):
    """An operation on memory that threads share: the word's address and values, if it has any."""

    name: str
    operands: tuple[Node, ...]
    order: Order


class Lane(Node):
    """One lane of a vector; with `value`, the vector in which that lane is replaced by it."""

    vector: Node
    number: int
    value: Node | None = None


class Shuffle(Node):
    """Lanes of two vectors by their numbers, those of `right` counting on."""

    left: Node
    right: Node
    numbers: tuple[int, ...]


class Offset(Node):
    """`pointer + index` in elements; `negate` for minus. `is_element`: what is there is meant, not a place behind."""

    pointer: Node
    index: Node
    negate: bool = False
    is_element: bool = False

    @property
    def bound(self) -> int:
        """What the index must be less than, where the array's length is part of the program; else 0."""
        if not self.is_element:
            return 0
        if isinstance(self.pointer, Field):
            return self.pointer.count
        is_array = isinstance(self.pointer, Local) and self.pointer.variable.writes == 1
        return self.pointer.variable.elements if is_array else 0  # type: ignore[attr-defined]


class Field(Node):
    """The address of a struct's field, typed as a pointer to or reference of what is stored there."""

    base: Node
    offset: int
    count: int = 0  # elements of an embedded array


class Load(Node):
    """`is_invariant`: nothing that the function does changes what is there, so it may be read later than it stands."""

    address: Node
    aligned: bool
    is_invariant: bool = False


class RecordField(Node):
    record: Variable
    name: str


class RecordValue(Node):
    """A record handed to an inline kernel or a handler."""

    variable: Variable


class Call(Node):
    callee: Specialised
    arguments: tuple[Node, ...]
    caught: bool = False  # the value is the status


class CallPointer(Node):
    function: Node
    arguments: tuple[Node, ...]


class CodeAddress(Node):
    """The address of a kernel or handler."""

    callee: Specialised


class TableAddress(Node):
    table: ConstantData


class StackArray(Node):
    element: Type
    count: int


class SeveralValues(Node):
    items: tuple[Node, ...]
