"""What is known of a function while it is written: operands, open blocks, places that raise."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fusee.kernel.plain import Plain, field
from fusee.native.stretches import Charge


class Value(NamedTuple):
    """An entry of the operand stack: its type (`native.module`), and LLVM's operand."""

    type: str
    operand: str


class Edge(NamedTuple):
    """A way to the end of a block."""

    operands: list[str]  # the block's results
    block: str  # from which it comes
    is_paid: str  # in metered code: whether what is there is paid for


class Label(Plain):
    """An open block, loop, `if` or function."""

    kind: str
    name: str  # of LLVM's block to which branches go
    params: tuple[str, ...]
    results: tuple[str, ...]
    height: int  # of the operand stack below its parameters
    edges: list[Edge] = field(default_factory=list)
    returns: dict[str, int] = field(default_factory=dict)  # of a loop: how many branches go back to each block
    variables: list[str] = field(default_factory=list)  # of a loop: where its parameters are
    first: str = ""  # of a loop that counts its turns (`turns`): the block that looks whether the guest shall pause
    turn: str = ""  # likewise: where each turn begins
    turns: str = ""  # likewise: the variable that has how many are left
    is_copy: bool = False  # likewise: it is seldom come to
    mark: int = 0  # where it begins, and how much of that is known at its end (`native.inside`)
    known: int | None = None
    other: str = ""  # of an `if`: the block of its second arm, as long as that has not begun
    given: list[Value] = field(default_factory=list)  # of an `if`: its parameters
    handler: Handler | None = None  # of a `try` in either form
    close: Callable[[], None] | None = None  # likewise: writes what comes at its end
    charge: Charge | None = None  # in metered code

    @property
    def types(self) -> tuple[str, ...]:
        """What a branch takes along."""
        return self.params if self.kind == "loop" else self.results


class Error(NamedTuple):
    """A place that raises."""

    status: str
    offset: int | str
    block: str


class Handler(Plain):
    """The block to which what is thrown in a `try` goes."""

    name: str
    depth: int  # how many labels are around that of the `try`
    errors: list[Error] = field(default_factory=list)
    is_open: bool = True  # it covers what is written now
    status: str = ""  # the error that has arrived, and where it was raised
    offset: str = ""
    untested: str = ""  # of the older form: the block of what no clause so far has caught
    kept: int | None = None  # likewise: the local that has the exception for `rethrow`
