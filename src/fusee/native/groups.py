"""Accesses whose bounds checks become one.

Addresses that are the same value but for constants are looked for in code without labels, branches and calls. The first
access of such a group checks all of them at once; if that fails, the code from there to the last one is executed as a
copy, in which each access has its own check. So traps come where they come otherwise, behind the same effects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, cast

from fusee.kernel.plain import Plain, field
from fusee.native.labels import Value
from fusee.native.reader import Instruction
from fusee.native.rules import has_meaning
from fusee.spec.op import BY_MNEMONIC, Imm, Op

MOST_BETWEEN: Final = 24  # instructions from one access of a group to the next
MOST_COPIED: Final = 12  # instructions for each check that is saved
LESS: Final = 8  # in all: a branch remains, and two ways that come together
_ZERO: Final = 0  # the root of constants
_MASK: Final = 0xFFFF_FFFF


class Index(NamedTuple):
    """What is known of a value: by so much it is above another, in 32 bits."""

    root: int
    above: int = 0


class Access(NamedTuple):
    """One of a group."""

    number: int  # of the instruction
    above: int  # of its index, without its offset
    end: int  # its offset and width


class Group(Plain):
    """Accesses that are checked at once, from the first one on to the last."""

    distances: dict[int, int]  # by instruction: how far its index is above the least one
    first: int
    last: int
    end: int  # where the highest ends, above the least index
    saved: int  # checks
    is_certain: bool  # if the check fails, one of them traps; else not if the memory nearly has 4 GiB
    failed: str = ""  # LLVM's block to which a check that fails goes
    place: str = ""  # what is at the least index
    mark: int = 0  # of what is known there (`native.inside`)
    stack: list[Value] = field(default_factory=list)  # operands before the first


def groups_of(
    instructions: Sequence[Instruction], least_bytes: Mapping[int, int], has_uncertain: bool = True
) -> list[Group]:
    """The groups of a function, in the order of their first accesses.

    `least_bytes`: of memories that may have some. `has_uncertain`: whether code may come back from where a check fails.
    """
    accepted, open_ones = list[Group](), list[Group]()
    for found in _found(instructions, least_bytes):
        if not (found.is_certain or has_uncertain):
            continue
        open_ones = [one for one in open_ones if one.last >= found.first]
        around = [one for one in open_ones if not one.is_certain and one.last < found.last]
        copied = sum(found.last - one.last for one in around) + found.last - found.first
        if copied <= MOST_COPIED * found.saved - LESS:
            for one in around:  # where both ways come together, all that began on one of them has ended
                one.last = found.last
            open_ones.append(found)
            accepted.append(found)
    return accepted


def _found(instructions: Sequence[Instruction], least_bytes: Mapping[int, int]) -> Iterator[Group]:
    first, accesses = 0, 0
    for number, (op, _, _) in enumerate(instructions):
        kind = _KINDS.get(op.mnemonic, _OTHER)
        accesses += kind == _ACCESS
        if kind == _OTHER:
            if accesses > 1:
                yield from _Straight(least_bytes).groups(range(first, number), instructions)
            first, accesses = number + 1, 0


class _Straight:
    """Code without labels, branches and calls: what is known of its values, and its accesses."""

    def __init__(self, least_bytes: Mapping[int, int]) -> None:
        self._least_bytes = least_bytes
        self._stack: list[Index] = []
        self._locals: dict[int, Index] = {}
        self._roots: dict[tuple[object, ...], int] = {}
        self._last = _ZERO
        self._accesses: dict[tuple[int, int], list[list[Access]]] = {}  # by memory and root

    def _new(self) -> Index:
        self._last += 1
        return Index(self._last)

    def _same(self, *key: object) -> Index:
        """What is always the same value."""
        if key not in self._roots:
            self._roots[key] = self._new().root
        return Index(self._roots[key])

    def _pop(self) -> Index:
        return self._stack.pop() if self._stack else self._new()

    def _add(self, number: int, instruction: Instruction) -> None:
        op, immediates, _ = instruction
        mnemonic = op.mnemonic
        if mnemonic == "local.get":
            local = cast(int, immediates[0])
            if local not in self._locals:
                self._locals[local] = self._new()
            self._stack.append(self._locals[local])
        elif mnemonic in ("local.set", "local.tee"):
            value = self._pop()
            self._locals[cast(int, immediates[0])] = value
            self._stack += [value] * (mnemonic == "local.tee")
        elif mnemonic == "i32.const":
            self._stack.append(Index(_ZERO, cast(int, immediates[0]) & _MASK))
        elif mnemonic == "drop":
            self._pop()
        elif _KINDS[mnemonic] == _ACCESS:
            self._access(number, instruction)
        elif mnemonic != "nop":
            self._compute(op, immediates)

    def _compute(self, op: Op, immediates: tuple[object, ...]) -> None:
        """An instruction without effects."""
        count = _OPERANDS[op.mnemonic] if op.params is None else len(op.params)
        operands = [self._pop() for _ in range(count)][::-1]
        if op.mnemonic == "select_t":
            immediates = ()  # types, a list, of which the value does not depend
        self._stack.append(self._result(op.mnemonic, immediates, operands))

    def _result(self, mnemonic: str, immediates: tuple[object, ...], operands: list[Index]) -> Index:
        if mnemonic in ("i32.add", "i32.sub"):
            return self._sum(mnemonic == "i32.sub", *operands)
        if mnemonic == "i32.shl" and operands[1].root == _ZERO:
            (root, above), (_, count) = operands
            by = count & 31
            shifted = _ZERO if root == _ZERO else self._same("shl", root, by).root
            return Index(shifted, above << by & _MASK)
        return self._same(mnemonic, immediates, *operands)

    def _sum(self, is_less: bool, left: Index, right: Index) -> Index:
        above = left.above + (-right.above if is_less else right.above) & _MASK
        if right.root == _ZERO:
            return Index(left.root, above)
        if is_less:
            return Index(self._same("less", left.root, right.root).root, above)
        if left.root == _ZERO:
            return Index(right.root, above)
        return Index(self._same("sum", *sorted((left.root, right.root))).root, above)

    def _access(self, number: int, instruction: Instruction) -> None:
        op, immediates, _ = instruction
        assert op.params is not None and op.results is not None
        for _ in op.params[1:]:
            self._pop()
        root, above = self._pop()
        self._stack += [self._new() for _ in op.results]
        memory, offset = cast(tuple[int, int], immediates[0])
        end = offset + op.width
        if root == _ZERO or end > self._least_bytes.get(memory, 0):
            return
        found = self._accesses.setdefault((memory, root), [])
        if not found or number - found[-1][-1].number > MOST_BETWEEN:
            found.append([])
        found[-1].append(Access(number, above, end))

    def groups(self, numbers: range, instructions: Sequence[Instruction]) -> list[Group]:
        """Those of these instructions, in the order of their first accesses."""
        for number in numbers:
            self._add(number, instructions[number])
        made = [
            _group(accesses, self._least_bytes[memory])
            for (memory, _), found in self._accesses.items()
            for accesses in found
            if len(accesses) > 1
        ]
        return sorted((one for one in made if one is not None), key=lambda one: one.first)


_OPERANDS: Final = {"select": 3, "select_t": 3, "global.get": 0}
_LOCALS: Final = ("local.get", "local.set", "local.tee")
_PLAIN: Final = frozenset({"drop", "nop", "i32.const", "i64.const", "f32.const", "f64.const", "v128.const"})
_OTHER, _SIMPLE, _ACCESS = range(3)


def _kind(op: Op) -> int:
    """Whether an instruction is a load or store, or neither ends such code; atomic accesses may wait."""
    if Imm.MEMARG in op.immediates and "atomic" not in op.mnemonic:
        return _ACCESS
    is_simple = op.mnemonic in (*_LOCALS, *_OPERANDS, *_PLAIN) or op.immediates in ((Imm.LANE,), (Imm.LANES,))
    return _SIMPLE if is_simple or has_meaning(op) else _OTHER


_KINDS: Final = {mnemonic: _kind(op) for mnemonic, op in BY_MNEMONIC.items()}


def _group(accesses: list[Access], least_bytes: int) -> Group | None:
    """What one check can do, if it saves any."""
    first = accesses[0].above
    above = [_signed(one.above - first) for one in accesses]
    is_certain = not any(above)
    reached: dict[int, int] = {}  # by index: where what is checked by then ends
    saving = list[int]()
    for access in accesses:
        if access.end > reached.get(access.above, 0):
            reached[access.above] = access.end
            saving.append(access.number)
    if is_certain:  # what comes behind the last check that is saved, LLVM knows to be inside
        accesses = [one for one in accesses if one.number <= saving[-1]]
    least = min(above)
    distances = {one.number: _signed(one.above - first) - least for one in accesses}
    end = max(distances[one.number] + one.end for one in accesses)
    if len(saving) < 2 or end > least_bytes:
        return None
    return Group(distances, accesses[0].number, accesses[-1].number, end, len(saving) - 1, is_certain)


def _signed(number: int) -> int:
    return (number + (1 << 31) & _MASK) - (1 << 31)
