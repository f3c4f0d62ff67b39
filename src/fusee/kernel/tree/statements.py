"""Statements: what is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusee.kernel.plain import Plain
from fusee.kernel.tree.expressions import Node, StackArray

if TYPE_CHECKING:
    from fusee.kernel.tree.functions import Variable


class Statement(Plain):
    line: int


class Assign(Statement):
    variable: Variable
    value: Node

    def __post_init__(self) -> None:
        self.variable.writes += 1
        if isinstance(self.value, StackArray):
            self.variable.elements = self.value.count


class Unpack(Statement):
    """Assign a call's several results."""

    variables: tuple[Variable, ...]
    value: Node

    def __post_init__(self) -> None:
        for variable in self.variables:
            variable.writes += 1


class Store(Statement):
    address: Node
    value: Node
    aligned: bool


class SetRecordField(Statement):
    record: Variable
    name: str
    value: Node


class ClearRecord(Statement):
    """`regs = Regs()`."""

    variable: Variable


class Evaluate(Statement):
    value: Node


class Assert(Statement):
    """Tested in the checked build; no other has any trace of it."""

    condition: Node
    text: str


class If(Statement):
    condition: Node
    then: list[Statement]
    other: list[Statement]


class Switch(Statement):
    """An `if/elif` chain comparing one integer with constants."""

    subject: Node
    cases: list[tuple[list[int], list[Statement]]]
    default: list[Statement]


class Loop(Statement):
    """`while condition: body`, with `step` run before the next round (where `continue` goes)."""

    condition: Node | None
    body: list[Statement]
    step: list[Statement]


class Unrolled(Statement):
    rounds: list[list[Statement]]


class Break(Statement):
    pass


class Continue(Statement):
    pass


class Return(Statement):
    value: Node | None


class Raise(Statement):
    tag: int
    code: Node
    detail: Node


class TailCall(Statement):
    code: Node
    record: Variable
