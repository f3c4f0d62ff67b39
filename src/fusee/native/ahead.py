"""Short loops in which some accesses are checked for many turns at once (`native.strides`).

Where such a loop looks whether the guest shall pause, it looks, too, whether these accesses will be inside of their
memories for as many turns as there are until it looks again. If so, they have no checks of their own in these turns;
else the turns are those of a copy of the loop, in which each access is checked. So nothing is foreseen that does not
come: where a loop is left, and what traps, is what it always is.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from fusee.kernel.plain import Plain
from fusee.kernel.text import UNLIKELY
from fusee.native.labels import Label, Value
from fusee.native.reader import CLOSING, OPENING
from fusee.native.strides import MOST_TURNS, Row, Strides, strides_of

if TYPE_CHECKING:
    from fusee.native.function import FunctionCompiler

MOST_COPIED: Final = 40  # instructions for each check that is saved in a turn


class Loop(Plain):
    """A loop that there is twice."""

    numbers: range  # of its instructions
    strides: Strides
    label: Label | None = None  # in the code that looks ahead
    stack: list[Value] | None = None  # operands before it
    turn: str = ""  # LLVM's block in which each turn of the copy begins


class Ahead:
    """A function's loops of the kind."""

    def __init__(self, c: FunctionCompiler) -> None:
        self._c = c
        self._loops: dict[int, Loop] = {}  # by offset
        self._open: Loop | None = None  # the one that is written
        self._copied: Loop | None = None  # the one whose copy is written

    def find(self, counted: Collection[int], memories: dict[int, int]) -> None:
        """Look through those that count their turns."""
        c, openers = self._c, list[int]()
        for number, (op, _, offset) in enumerate(c.instructions):
            if op.mnemonic in OPENING:
                openers.append(number)
            elif op.mnemonic in CLOSING and openers:
                first = openers.pop()
                if (offset := c.instructions[first].offset) in counted:
                    strides = strides_of(c.instructions, range(first, number), memories, c.block_type)
                    checks = {c.joined.check_of(access) for access in strides.distances}
                    if number - first < MOST_COPIED * len(checks):
                        self._loops[offset] = Loop(range(first, number + 1), strides)

    @property
    def loops(self) -> Collection[Loop]:
        """Those that look ahead."""
        return self._loops.values()

    # Where a loop begins

    def turns(self) -> int:
        """For how many turns the loop that begins here looks ahead."""
        loop = self._loops.get(self._c.offset)
        return MOST_TURNS if loop is None else loop.strides.turns

    def begin(self, label: Label, stack: list[Value]) -> None:
        """Look ahead, where each of these turns begins."""
        c, loop = self._c, self._loops.get(self._c.offset)
        if loop is None:
            return
        loop.label, loop.stack, loop.turn = label, stack, c.label()
        self._open = loop
        failing = [self._is_outside(row, loop.strides.turns) for row in loop.strides.rows]
        found = failing[0]
        for another in failing[1:]:
            found = c.value(f"or i1 {found}, {another}")
        c.branch(found, loop.turn, label.turn, UNLIKELY)

    def _is_outside(self, row: Row, turns: int) -> str:
        """Whether an access in one of these turns may be."""
        c, back = self._c, min(0, row.step * (turns - 1))
        index = str((row.least + back) % (1 << 32))
        for local, count in row.terms:
            _, variable = c.locals[local]
            value = c.value(f"load i32, ptr {variable}")
            index = c.value(f"add i32 {index}, {value if count == 1 else c.value(f'mul i32 {value}, {count}')}")
        _, _, length = c.memories[row.memory]
        far = abs(row.step) * (turns - 1) + row.end
        end = c.value(f"add nuw i64 {c.value(f'zext i32 {index} to i64')}, {far}")
        return c.value(f"icmp ugt i64 {end}, {c.read_length(length)}")

    def begins_copy(self, label: Label) -> bool:
        """Begin the copy, if that is what is written."""
        loop, c = self._copied, self._c
        if loop is None:
            return False
        assert loop.label is not None
        c.pop_many(len(label.params))
        label.variables, label.turns = loop.label.variables, loop.label.turns
        label.first, label.turn, label.is_copy = loop.label.first, loop.turn, True
        c.known.begin_loop()
        c.inside.begin_loop()
        c.push_variables(label.params, label.variables)
        return True

    # What is in it

    def place(self, memory: int, index: str, offset: int) -> str:
        """Where an access goes that has been checked; an empty string if the one at hand has not."""
        c, number = self._c, self._c.joined.number
        if self._open is None or number not in self._open.strides.distances:
            return ""
        _, distance = self._open.strides.distances[number]
        least = c.value(f"sub i32 {index}, {distance}") if distance else index
        return c.place_inside(memory, least, distance + offset)

    # Where it ends

    def after(self, number: int) -> None:
        """An instruction has been written: behind the last one of a loop comes its copy."""
        loop, c = self._open, self._c
        if loop is None or number != loop.numbers[-1]:
            return
        assert loop.stack is not None
        self._open, self._copied = None, loop
        is_reached, after, stack, block = not c.ended, c.label(), c.stack, c.block
        c.jump(after)
        assert loop.label is not None
        c.inside.forget(loop.label.mark)
        c.stack = loop.stack
        c.begin(loop.turn)
        with c.known.apart():
            c.write_all(loop.numbers)
        self._copied = None
        if not is_reached:
            c.stack = stack
            return
        other, copied = c.block, c.stack
        c.begin(after)
        c.merge_stacks((stack, block), (copied, other))
