"""Where LLVM shall know nothing of a value, since what it knows takes it time with the square of how much that is.

It holds each condition on a value, such as a bounds check, against all those that are known to hold. What is computed
from one block to the next and used in the last one, it moves down there, all that was computed before again with each
step. There the value becomes, by an empty piece of assembly, another one.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from fusee.native.unit import LLVM

if TYPE_CHECKING:
    from fusee.native.function import FunctionCompiler

MOST_READS: Final = 128  # of a local that is not set in between, or may be
MANY_CONDITIONS: Final = 500
MOST_STEPS: Final = 128  # of arithmetic, each with the result of the one before
_MOVED: Final = frozenset({"i32", "i64", "v128"})  # arithmetic of floats, which may raise an exception, stays


class Known:
    """What LLVM knows of a function's values."""

    def __init__(self, c: FunctionCompiler) -> None:
        self._c = c
        self._steps: dict[str, int] = {}  # by value or variable: of how many it is the result
        conditions = sum(op.mnemonic in ("br_if", "if") for op, _, _ in c.instructions)
        self._has_many_conditions = conditions > MANY_CONDITIONS

    def read_local(self, kind: str, variable: str) -> str:
        """A local's value."""
        most = MOST_READS if kind in ("i32", "i64") else sys.maxsize
        found = self._c.read_variable(LLVM[kind], variable, most)
        if not self._c.reads[variable]:
            self._steps[variable] = 0  # it has become another value
        self._steps[found] = self._steps.get(variable, 0)
        return found

    def set(self, variable: str, operand: str) -> None:
        """A local is given a value."""
        if not self._has_many_conditions:  # else it may be set to a sum of what it was, of which LLVM knows as much
            self._c.reads[variable] = 0
        self._steps[variable] = self._steps.get(operand, 0)

    def begin_loop(self) -> None:
        """What comes to a loop is not moved into it."""
        self._steps = {}

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What is written now is not on the way to what comes behind it, for which it does not count."""
        reads, steps = self._c.reads, self._steps
        self._c.reads, self._steps = Counter(), {}
        yield
        self._c.reads, self._steps = reads, steps

    def limit(self, operands: Sequence[str]) -> None:
        """Arithmetic with these has left a result on the stack: of too many steps it becomes another value."""
        kind, result = self._c.stack[-1]
        if not result.startswith("%"):
            return
        steps = 1 + max((self._steps.get(operand, 0) for operand in operands), default=0)
        if steps > MOST_STEPS and kind in _MOVED:
            steps, result = 0, self._c.opaque(LLVM[kind], result)
            self._c.stack[-1] = self._c.stack[-1]._replace(operand=result)
        self._steps[result] = steps
