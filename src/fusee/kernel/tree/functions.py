"""Functions, and what they are made of: variables, statements, constant data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fusee.kernel.plain import Plain, field
from fusee.kernel.tree.types import Record, Type

if TYPE_CHECKING:
    from fusee.kernel.tree.statements import Statement


class Variable(Plain):
    """A parameter or local. What is written once (a parameter: never) is a value and needs no memory."""

    name: str
    type: Type
    index: int
    is_parameter: bool = False
    writes: int = 0
    elements: int = 0  # of the stack array that was assigned to it


class ConstantData(Plain):
    """A `table(...)`: read-only data, or addresses of code (`None`: null); or `cells(...)`."""

    element: Type
    values: list[Any]  # numbers, or `Specialised | None`
    is_mutable: bool = False


class Specialised(Plain):
    """A kernel or handler together with its static arguments: one machine function.

    `body` is filled when the function is checked; before that only the signature is known.
    """

    symbol: str
    name: str  # for people, with static arguments
    source: Any  # the Kernel or Handler
    parameters: list[Variable]
    result: Type
    file: str
    line: int
    inline: bool = False
    cold: bool = False
    export: str | None = None
    aliases: list[str] = field(default_factory=list)  # further C names
    libcall: bool = False  # what LLVM itself calls by the C name
    weak: bool = False  # another definition of the C name takes its place
    external: str | None = None  # the C name of what something else defines: there is no body
    handler: bool = False
    raises_to: Specialised | None = None
    status: str | None = None
    body: list[Statement] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    calls: dict[Specialised, Any] = field(default_factory=dict)  # calls whose errors propagate, with their syntax
    references: dict[Specialised, None] = field(default_factory=dict)  # everything mentioned
    writes: set[str] = field(default_factory=set)  # registers it assigns
    raise_syntax: Any = None  # of the first `raise` in it
    may_raise: bool = False

    @property
    def record(self) -> Record | None:
        """The registers this takes, if it is a handler or works on a handler's registers."""
        first = self.parameters[0].type if self.parameters else None
        return first if isinstance(first, Record) else None
