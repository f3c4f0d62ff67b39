"""Accesses of a short loop whose addresses go on by the same step from each turn to the next.

Of each i32 it is known, as far as that goes, of which multiples of locals it is the sum, as they are where the turn
begins, and by how much it is above that. A local that is that far above itself wherever a turn ends steps by as much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, cast

from fusee.kernel.plain import Plain, field
from fusee.native.module import FuncType
from fusee.native.reader import Instruction
from fusee.spec.op import BY_MNEMONIC, Imm, Op

MOST_TURNS: Final = 1024  # of a short loop without a look: up to 2 ms, 15 where all accesses are of new pages
MOST_REACHED: Final = 4096  # bytes that all turns of an access go on: so far before a memory's end each is checked
LEAST_TURNS: Final = 16
MOST_BRANCHES: Final = 48  # of a loop, at each of which all its locals are looked at
_MASK: Final = 0xFFFF_FFFF

BlockType = Callable[[int | None], FuncType]


class Sum(NamedTuple):
    """Multiples of locals, and what is added, in 32 bits."""

    terms: tuple[tuple[int, int], ...]  # locals, and how often
    above: int = 0


class Row(Plain):
    """Accesses that are the same sum of locals but for constants."""

    memory: int
    terms: tuple[tuple[int, int], ...]
    step: int  # from turn to turn
    least: int  # what is added for the lowest of them
    end: int = 0  # where the highest ends, above the lowest


class Strides(Plain):
    """What is known of a loop."""

    rows: list[Row] = field(default_factory=list)
    distances: dict[int, tuple[Row, int]] = field(default_factory=dict)
    """By the number of an instruction: its row, and how far its index is above the lowest one."""

    @property
    def turns(self) -> int:
        """For how many turns the rows may be looked at, at once."""
        step = max((abs(row.step) for row in self.rows), default=0)
        turns = MOST_TURNS
        while turns > LEAST_TURNS and turns * step > MOST_REACHED:
            turns //= 2
        return turns


def strides_of(
    instructions: Sequence[Instruction], loop: range, memories: Mapping[int, int], block_type: BlockType
) -> Strides:  # fmt: skip
    """Those of a loop, from its first instruction on and without its `end`, in which there is no other loop.

    `memories` are those of which it is asked, with the least bytes that each has.
    """
    turn = _Turn(memories, block_type)
    for number in loop[1:]:
        if not turn.add(number, instructions[number]):
            return Strides()
    return turn.strides()


class _Block(Plain):
    """An open block."""

    type: FuncType
    height: int  # of the stack below its parameters
    before: dict[int, Sum | None] | None  # of an `if`: the locals where its second arm begins
    after: dict[int, Sum | None] | None = None  # the locals behind it, once something has come there


class _Turn:
    """What is known of a turn where an instruction is."""

    def __init__(self, memories: Mapping[int, int], block_type: BlockType) -> None:
        self._memories = memories
        self._block_type = block_type
        self._stack: list[Sum | None] = []
        self._locals: dict[int, Sum | None] | None = {}  # that were set in this turn; None in code that is not reached
        self.open: list[_Block] = []
        self._skipped = 0  # blocks that were begun in such code
        self._branches = 0
        self._steps: dict[int, int | None] = {}  # of locals from turn to turn, as far as it is known
        self._has_returned = False
        self._found: list[tuple[int, int, Sum, int]] = []  # accesses: number, memory, index, offset and width

    # Instructions

    def add(self, number: int, instruction: Instruction) -> bool:
        """An instruction; false if it may do what is not known here."""
        op, immediates, _ = instruction
        mnemonic = op.mnemonic
        if mnemonic in _CONTROL:
            self._control(mnemonic, immediates)
            return self._branches <= MOST_BRANCHES
        if self._locals is None:
            return mnemonic in _KNOWN
        if mnemonic == "local.get":
            local = cast(int, immediates[0])
            self._stack.append(self._locals.get(local, Sum(((local, 1),))))
        elif mnemonic in ("local.set", "local.tee"):
            value = self._pop()
            self._locals[cast(int, immediates[0])] = value
            self._stack += [value] * (mnemonic == "local.tee")
        elif mnemonic == "i32.const":
            self._stack.append(Sum((), cast(int, immediates[0]) & _MASK))
        elif mnemonic in _ACCESSES:
            self._access(number, op, immediates)
        elif mnemonic in _KNOWN:
            taken, given = _KNOWN[mnemonic]
            operands = [self._pop() for _ in range(taken)][::-1]
            self._stack += [_result(mnemonic, operands)] * given
        else:
            return False
        return True

    def _pop(self) -> Sum | None:
        return self._stack.pop() if self._stack else None

    def _access(self, number: int, op: Op, immediates: tuple[object, ...]) -> None:
        taken, given = _KNOWN[op.mnemonic]
        index = [self._pop() for _ in range(taken)][-1]
        self._stack += [None] * given
        memory, offset = cast(tuple[int, int], immediates[0])
        if index is not None and index.terms and memory in self._memories:
            self._found.append((number, memory, index, offset + op.width))

    # Blocks

    def _control(self, mnemonic: str, immediates: tuple[object, ...]) -> None:
        if self._locals is None:
            self._skip(mnemonic)
        elif mnemonic in ("block", "if"):
            self._begin(mnemonic == "if", self._block_type(cast(int | None, immediates[0])))
        elif mnemonic == "else":
            self._second_arm()
        elif mnemonic == "end":
            self._end()
        else:
            if mnemonic in ("br_if", "br_table"):
                self._pop()
            depths = immediates[0] if mnemonic == "br_table" else immediates[:1]
            for depth in dict.fromkeys(cast(Sequence[int], depths)):
                self._branch(depth)
            if mnemonic != "br_if":
                self._locals = None

    def _skip(self, mnemonic: str) -> None:
        """In code that is not reached."""
        if mnemonic in ("block", "if"):
            self._skipped += 1
        elif mnemonic == "end" and self._skipped:
            self._skipped -= 1
        elif mnemonic in ("else", "end") and not self._skipped:
            self._second_arm() if mnemonic == "else" else self._end()

    def _begin(self, is_if: bool, type_: FuncType) -> None:
        if is_if:
            self._pop()
        assert self._locals is not None
        height = max(0, len(self._stack) - len(type_.params))
        self.open.append(_Block(type_, height, dict(self._locals) if is_if else None))

    def _second_arm(self) -> None:
        block = self.open[-1]
        self._join(block)
        self._locals, block.before = block.before, None
        self._stack[block.height :] = [None] * len(block.type.params)

    def _end(self) -> None:
        block = self.open.pop()
        self._join(block)
        if block.before is not None:  # who skips its only arm
            self._locals = block.before
            self._join(block)
        self._locals = block.after
        self._stack[block.height :] = [None] * len(block.type.results)

    def _join(self, block: _Block) -> None:
        """Come to the end of a block."""
        here, there = self._locals, block.after
        if here is None:
            return
        self._branches += 1
        if there is None:
            block.after = dict(here)
            return
        for local in {*here, *there}:
            own = Sum(((local, 1),))
            if here.get(local, own) != there.get(local, own):
                there[local] = None

    def _branch(self, depth: int) -> None:
        if depth < len(self.open):
            self._join(self.open[-1 - depth])
        else:
            self.return_to_loop(depth)

    def return_to_loop(self, depth: int) -> None:
        """A branch that leads out of all blocks that are open, to the loop if it leads out of no more."""
        if depth > len(self.open) or self._locals is None:
            return
        self._branches += 1
        steps = {local: _step(local, value) for local, value in self._locals.items()}
        if not self._has_returned:
            self._steps, self._has_returned = steps, True
            return
        for local in {*steps, *self._steps}:
            if steps.get(local, 0) != self._steps.get(local, 0):
                self._steps[local] = None

    # What is found

    def strides(self) -> Strides:
        """Those of what has been added."""
        found, rows = Strides(), dict[tuple[int, tuple[tuple[int, int], ...]], Row]()
        firsts: dict[int, int] = {}  # by row
        for number, memory, (terms, above), end in self._found:
            steps = [self._steps.get(local, 0) for local, _ in terms]
            if None in steps:
                continue
            step = _signed(sum(count * cast(int, step) for (_, count), step in zip(terms, steps, strict=True)))
            if abs(step) * LEAST_TURNS > 4 * MOST_REACHED:
                continue
            row = rows.get((memory, terms))
            if row is None:
                row = rows[memory, terms] = Row(memory, terms, step, 0)
                found.rows.append(row)
                firsts[id(row)] = above
            distance = _signed(above - firsts[id(row)])
            row.least, before = min(row.least, distance), row.least
            row.end = max(row.end + before - row.least, distance - row.least + end)
            found.distances[number] = row, distance
        for number, (row, distance) in found.distances.items():
            found.distances[number] = row, distance - row.least
        for row in found.rows:
            row.least += firsts[id(row)]
        return found


def _step(local: int, value: Sum | None) -> int | None:
    """By how much a local is above itself."""
    return value.above if value is not None and value.terms == ((local, 1),) else None


def _result(mnemonic: str, operands: list[Sum | None]) -> Sum | None:
    if len(operands) != 2 or mnemonic not in _LINEAR:
        return None
    left, right = operands
    if left is None or right is None:
        return None
    if mnemonic == "i32.add":
        return _plus(left, right, 1)
    if mnemonic == "i32.sub":
        return _plus(left, right, -1)
    if mnemonic == "i32.mul" and not left.terms:
        left, right = right, left
    if right.terms:
        return None
    return _plus(Sum(()), left, 1 << (right.above & 31) if mnemonic == "i32.shl" else right.above)


def _plus(left: Sum, right: Sum, times: int) -> Sum:
    """What is added may be a multiple."""
    counts = dict(left.terms)
    for local, count in right.terms:
        counts[local] = counts.get(local, 0) + count * times & _MASK
    terms = tuple(sorted((local, count) for local, count in counts.items() if count))
    return Sum(terms, left.above + right.above * times & _MASK)


def _signed(number: int) -> int:
    return (number + (1 << 31) & _MASK) - (1 << 31)


_LINEAR: Final = ("i32.add", "i32.sub", "i32.mul", "i32.shl")
_CONTROL: Final = frozenset({"block", "if", "else", "end", "br", "br_if", "br_table", "return", "unreachable"})
_OTHERS: Final = {
    "select": (3, 1), "select_t": (3, 1), "global.get": (0, 1), "global.set": (1, 0), "drop": (1, 0), "nop": (0, 0),
    "local.get": (0, 1), "local.set": (1, 0), "local.tee": (1, 1),
}  # fmt: skip
_KNOWN: Final = _OTHERS | {
    op.mnemonic: (len(op.params), len(op.results))
    for op in BY_MNEMONIC.values()
    if op.params is not None and op.results is not None and "atomic" not in op.mnemonic
}
_ACCESSES: Final = frozenset(
    name for name in _KNOWN if Imm.MEMARG in BY_MNEMONIC[name].immediates and "atomic" not in name
)  # fmt: skip
