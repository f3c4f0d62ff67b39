"""How accesses are written that are checked at once (`native.groups`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusee.kernel.text import UNLIKELY
from fusee.native.groups import Group, groups_of
from fusee.native.joining import keep_block

if TYPE_CHECKING:
    from fusee.native.function import FunctionCompiler


class Joined:
    """A function's groups, by the instructions that belong to them."""

    def __init__(self, c: FunctionCompiler) -> None:
        self._c = c
        module = c.unit.module
        eligible = module.plain_memories
        # Where no turn has a pause, LLVM knows more of turns, and leaves out checks that leave the loop if they fail.
        has_uncertain = c.unit.options.polls
        found = groups_of(c.instructions, eligible, has_uncertain) if eligible and c.meter is None else []
        self._of = {number: group for group in found for number in group.distances}
        self._ending: dict[int, list[Group]] = {}
        for group in found:
            self._ending.setdefault(group.last, []).insert(0, group)  # what began last ends first
        self.number: int | None = None  # of the instruction that is written; none while a copy is

    def before(self, number: int) -> None:
        """An instruction comes."""
        self.number = number
        group = self._of.get(number)
        if group is not None and group.first == number:
            group.mark, group.stack = self._c.inside.mark(), list(self._c.stack)

    def after(self, number: int) -> None:
        """It has been written."""
        for group in self._ending.get(number, ()):
            if group.failed:
                self._end(group)

    def check_of(self, number: int) -> int:
        """The first of the accesses that are checked together with this one."""
        group = self._of.get(number)
        return number if group is None else group.first

    def place(self, memory: int, index: str, offset: int) -> str:
        """Where an access of a group goes; an empty string if the one at hand belongs to none."""
        group = None if self.number is None else self._of.get(self.number)
        if group is None or self.number is None:
            return ""
        if group.first == self.number:
            self._check(group, memory, index)
        distance = group.distances[self.number] + offset
        return self._c.value(f"getelementptr inbounds nuw i8, ptr {group.place}, i64 {distance}")

    def _check(self, group: Group, memory: int, index: str) -> None:
        """Look whether all accesses of a group are inside, at the first one."""
        c, above = self._c, group.distances[group.first]
        _, base, length = c.memories[memory]
        least = c.value(f"sub i32 {index}, {above}") if above else index
        start = c.value(f"zext i32 {least} to i64")
        greatest = c.value(f"sub nuw i64 {c.read_length(length)}, {group.end}")
        group.failed, going = c.label(), c.label()
        c.branch(c.value(f"icmp ugt i64 {start}, {greatest}"), group.failed, going, UNLIKELY)
        c.begin(going)
        start_of = c.value(f"load ptr, ptr {base}")
        group.place = c.value(f"getelementptr inbounds nuw i8, ptr {start_of}, i64 {start}")

    def _end(self, group: Group) -> None:
        """Write the copy, which comes where the check fails."""
        c = self._c
        after, stack, block = c.label(), c.stack, c.block
        c.inside.forget(group.mark)
        c.jump(after)
        c.begin(group.failed)
        c.stack, self.number = group.stack, None
        with c.known.apart():
            for instruction in c.instructions[group.first : group.last + 1]:
                c.write_instruction(instruction)
        if group.is_certain:
            c.use("raise_outside", "%ctx")
            c.begin(after)
            c.stack = stack
            return
        keep_block(c)  # or LLVM would have both ways end in common code, which knows less
        c.jump(after)
        other, copied = c.block, c.stack
        c.begin(after)
        c.merge_stacks((stack, block), (copied, other))
