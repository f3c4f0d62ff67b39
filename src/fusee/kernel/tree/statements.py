"""Statements: what is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fusee.kernel.tree.expressions import Node, StackArray

if TYPE_CHECKING:
    from fusee.kernel.tree.functions import Variable


@dataclass(eq=False, slots=True, repr=False)
class Statement:
    line: int


@dataclass(eq=False, slots=True, repr=False)
class Assign(Statement):
    variable: Variable
    value: Node

    def __post_init__(self) -> None:
        self.variable.writes += 1
        if isinstance(self.value, StackArray):
            self.variable.elements = self.value.count


@dataclass(eq=False, slots=True, repr=False)
class Unpack(Statement):
    """Assign a call's several results."""

    variables: tuple[Variable, ...]
    value: Node

    def __post_init__(self) -> None:
        for variable in self.variables:
            variable.writes += 1


@dataclass(eq=False, slots=True, repr=False)
class Store(Statement):
    address: Node
    value: Node
    aligned: bool


@dataclass(eq=False, slots=True, repr=False)
class SetRecordField(Statement):
    record: Variable
    name: str
    value: Node


@dataclass(eq=False, slots=True, repr=False)
class ClearRecord(Statement):
    """`regs = Regs()`."""

    variable: Variable


@dataclass(eq=False, slots=True, repr=False)
class Evaluate(Statement):
    value: Node


@dataclass(eq=False, slots=True, repr=False)
class Assert(Statement):
    """Tested in the checked build; no other has any trace of it."""

    condition: Node
    text: str


@dataclass(eq=False, slots=True, repr=False)
class If(Statement):
    condition: Node
    then: list[Statement]
    other: list[Statement]


@dataclass(eq=False, slots=True, repr=False)
class Switch(Statement):
    """An `if/elif` chain comparing one integer with constants."""

    subject: Node
    cases: list[tuple[list[int], list[Statement]]]
    default: list[Statement]


@dataclass(eq=False, slots=True, repr=False)
class Loop(Statement):
    """`while condition: body`, with `step` run before the next round (where `continue` goes)."""

    condition: Node | None
    body: list[Statement]
    step: list[Statement]


@dataclass(eq=False, slots=True, repr=False)
class Unrolled(Statement):
    rounds: list[list[Statement]]


@dataclass(eq=False, slots=True, repr=False)
class Break(Statement):
    pass


@dataclass(eq=False, slots=True, repr=False)
class Continue(Statement):
    pass


@dataclass(eq=False, slots=True, repr=False)
class Return(Statement):
    value: Node | None


@dataclass(eq=False, slots=True, repr=False)
class Raise(Statement):
    tag: int
    code: Node
    detail: Node


@dataclass(eq=False, slots=True, repr=False)
class TailCall(Statement):
    code: Node
    record: Variable
