"""Atomic instructions (threads proposal): inline but for those that wait, or wake who waits."""

from typing import Final, cast

from fusee.native.access import place_of
from fusee.native.function import FunctionCompiler
from fusee.native.reader import Instruction
from fusee.native.rules import rule
from fusee.native.slots import call_on_slots
from fusee.spec.atomics import ATOMIC_OF
from fusee.spec.op import BY_MNEMONIC

_PAUSING: Final = ("atomic_notify", "atomic_wait")
_FENCE: Final = "atomic_fence"
_STORE: Final = "atomic_store"


def _on_word(c: FunctionCompiler, ins: Instruction) -> None:
    """Look whether the address is aligned, then whether it is inside of the memory as large as that is now."""
    assert ins.op.params is not None and ins.op.results is not None
    index, *values = c.pop_many(len(ins.op.params))
    number, offset = cast(tuple[int, int], ins.immediates[0])
    start = index if c.unit.module.memories[number] else c.value(f"zext i32 {index} to i64")
    c.use("check_alignment", start, str(offset), str(ins.op.width))
    c.reload_shared()
    place = place_of(c, ins, index, ins.op.width)
    result = c.apply(("on_word", ins.op.mnemonic), place, *values)
    if ATOMIC_OF[ins.op.mnemonic] != _STORE:
        c.reload_shared()  # who sees what another thread has written sees the memory as large as that did
    if ins.op.results:
        c.push(ins.op.results[0], result)


@rule("atomic.fence")
def _fence(c: FunctionCompiler, ins: Instruction) -> None:
    c.use("fence_words")
    c.reload_shared()


def _pausing(c: FunctionCompiler, ins: Instruction) -> None:
    """The offset is one more operand: it may have 64 bits."""
    assert ins.op.params is not None and ins.op.results is not None
    number, offset = cast(tuple[int, int], ins.immediates[0])
    _, *others = ins.op.params
    params = ("i64" if c.unit.module.memories[number] else "i32", *others)
    operands = c.pop_many(len(params))
    helper, size = ATOMIC_OF[ins.op.mnemonic], ins.op.width.bit_length() - 1
    call_on_slots(c, helper, (*params, "i64"), [*operands, str(offset)], ins.op.results, (number, size))


_ROWS: Final = {mnemonic: row for mnemonic, row in ATOMIC_OF.items() if row != _FENCE}
rule(*(mnemonic for mnemonic, row in _ROWS.items() if row not in _PAUSING))(_on_word)
rule(*(mnemonic for mnemonic, row in _ROWS.items() if row in _PAUSING), calls=True)(_pausing)
assert all(mnemonic in BY_MNEMONIC for mnemonic in _ROWS)
