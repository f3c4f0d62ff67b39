"""What is known to be inside of memories: since none gets shorter, what was checked is not checked again.

LLVM leaves out such checks by itself, but not behind a call or a pause, where the memory's length is another value. So
it is known, here, how far values are above others, and of these up to where an access was inside. That holds where the
check is on every way, which it is up to the end of a block at which another way arrives from before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from fusee.native.reader import CLOSING, OPENING, Instruction

if TYPE_CHECKING:
    from fusee.native.function import FunctionCompiler
    from fusee.native.labels import Label

MOST_KNOWN: Final = 16  # accesses of a value
MOST_LOOPS: Final = 32  # in each other
_MASK: Final = 0xFFFF_FFFF


class Index(NamedTuple):
    """An i32: by so much it is above another, an operand of LLVM's."""

    root: str
    above: int = 0


class Inside:
    """What is known where an instruction is written."""

    def __init__(self, c: FunctionCompiler) -> None:
        self._c = c
        self._memories = c.unit.module.plain_memories
        self._set = _set_in_loops(c.instructions)
        self.is_on = self._set is not None and c.is_whole and bool(self._memories)
        self._operands: dict[str, Index] = {}
        self._locals: dict[int, Index] = {}
        self._ends: dict[tuple[int, str], dict[int, int]] = {}  # by memory and root: by what is above, where it ends
        self._log: list[tuple[int, int | tuple[tuple[int, str], int, int]]] = []
        """Numbers that are never used again, and locals that were set, or ends and what they were."""
        self._logged = 0  # ever

    def restart(self) -> None:
        """Code begins here, and nothing is known."""
        self._locals.clear()
        self._ends.clear()
        self._log.clear()
        self.is_on = self._set is not None and bool(self._memories)

    # Values

    def index(self, operand: str) -> Index:
        """What is known of an operand."""
        return self._operands.get(operand) or Index(operand)

    def read(self, local: int, operand: str) -> None:
        """A local is read."""
        if not self.is_on:
            return
        self._operands[operand] = self._locals.setdefault(local, Index(operand))

    def set(self, local: int, operand: str) -> None:
        """It is set."""
        if not self.is_on:
            return
        self._locals[local] = self.index(operand)
        self._add(local)

    def compute(self, mnemonic: str, operands: Sequence[str], result: str) -> None:
        """Arithmetic has a result."""
        if mnemonic not in ("i32.add", "i32.sub") or not self.is_on:
            return
        one, other = operands
        if mnemonic == "i32.add" and not one.startswith("%"):
            one, other = other, one
        if one.startswith("%") and not other.startswith("%"):
            root, above = self.index(one)
            by = int(other) if mnemonic == "i32.add" else -int(other)
            self._operands[result] = Index(root, above + by & _MASK)

    # Accesses

    def has(self, memory: int, index: Index, end: int) -> bool:
        """Whether an access that ends so far above its index is inside."""
        if not self.is_on or memory not in self._memories:
            return False
        known = self._ends.get((memory, index.root), {})
        return any((index.above - above & _MASK) + end <= there for above, there in known.items())

    def note(self, memory: int, index: Index, end: int) -> None:
        """It has been checked."""
        if not self.is_on or memory not in self._memories:
            return
        key = memory, index.root
        known = self._ends.setdefault(key, {})
        before = known.get(index.above, 0)
        if end > before and (before or len(known) < MOST_KNOWN):
            self._add((key, index.above, before))
            known[index.above] = end

    # Blocks

    def _add(self, change: int | tuple[tuple[int, str], int, int]) -> None:
        self._log.append((self._logged, change))
        self._logged += 1

    def mark(self) -> int:
        """What `forget` may be given, also once more has been forgotten, and other things found."""
        return self._logged

    def forget(self, mark: int) -> None:
        """What has been found since is not known any more; nor are locals that were set."""
        while self._log and self._log[-1][0] >= mark:
            _, last = self._log.pop()
            if isinstance(last, int):
                self._locals.pop(last, None)
                continue
            key, above, before = last
            if before:
                self._ends[key][above] = before
            else:
                del self._ends[key][above]

    def begin_loop(self) -> None:
        """At a loop's label."""
        for local in (self._set or {}).get(self._c.offset, ()):
            self._locals.pop(local, None)

    def leave(self, label: Label, depth: int) -> None:
        """A branch goes to the end of a block, out of `depth` others: what is known before those is known there."""
        mark = self._c.labels[-depth].mark if depth else self.mark()
        label.known = mark if label.known is None else min(label.known, mark)


def _set_in_loops(instructions: Sequence[Instruction]) -> dict[int, set[int]] | None:
    """By the offset of each loop which locals are set in it; None of code of which too little is known."""
    found = dict[int, set[int]]()
    blocks, loops = list[bool](), list[int]()
    for op, immediates, offset in instructions:
        mnemonic = op.mnemonic
        if mnemonic in OPENING:
            if mnemonic in ("try", "try_table") or len(loops) > MOST_LOOPS:
                return None
            blocks.append(mnemonic == "loop")
            if mnemonic == "loop":
                loops.append(offset)
                found[offset] = set()
        elif mnemonic in CLOSING and blocks:
            if blocks.pop():
                last = loops.pop()
                if loops:
                    found[loops[-1]] |= found[last]
        elif mnemonic in ("local.set", "local.tee") and loops:
            found[loops[-1]].add(immediates[0])  # type: ignore[arg-type]
    return found
