"""Vector instructions with immediates (spec 4.4.3, 4.4.7); the others have nothing but their meanings."""

from typing import cast

from fusee.native.access import memory_of, place_of
from fusee.native.function import FunctionCompiler
from fusee.native.reader import Instruction
from fusee.native.rules import rule
from fusee.spec.op import BY_MNEMONIC, Imm

_LANE_BYTES = 16


def _of_lanes(c: FunctionCompiler, ins: Instruction) -> None:
    """Take a lane's value, or replace it."""
    assert ins.op.params is not None and ins.op.results is not None
    function = ("meaning", ins.op.mnemonic, cast(int, ins.immediates[-1]))
    operands = c.pop_many(len(ins.op.params))
    c.push(ins.op.results[0], c.apply(function, *operands))
    c.known.limit(operands)


@rule("i8x16.shuffle")
def _shuffle(c: FunctionCompiler, ins: Instruction) -> None:
    places = tuple(cast(int, ins.immediates[0]).to_bytes(_LANE_BYTES, "little"))
    operands = c.pop_many(2)
    c.push("v128", c.apply(("shuffle", *places), *operands))
    c.known.limit(operands)


def _load(c: FunctionCompiler, ins: Instruction) -> None:
    """A number from memory, and what becomes of it."""
    function = ("meaning", ins.op.mnemonic)
    number = _number(c, ins, c.pop())
    c.push("v128", c.apply(function, number))


def _load_lane(c: FunctionCompiler, ins: Instruction) -> None:
    index, vector = c.pop_many(2)
    number = _number(c, ins, index)
    function = ("meaning", ins.op.mnemonic, cast(int, ins.immediates[-1]))
    c.push("v128", c.apply(function, vector, number))
    c.known.limit([vector])


def _number(c: FunctionCompiler, ins: Instruction, index: str) -> str:
    """An unsigned number as wide as the access."""
    place = place_of(c, ins, index, ins.op.width)
    c.accessed = c.unit.bytes_of(memory_of(ins))
    number = c.apply(("raw_load", ins.op.width), place)
    c.accessed = "engine"
    return number


def _store_lane(c: FunctionCompiler, ins: Instruction) -> None:
    index, vector = c.pop_many(2)
    function = ("meaning", ins.op.mnemonic, cast(int, ins.immediates[-1]))
    number = c.apply(function, vector)
    place = place_of(c, ins, index, ins.op.width)
    c.accessed = c.unit.bytes_of(memory_of(ins))
    c.apply(("raw_store", ins.op.width), place, number)
    c.accessed = "engine"


def _rules() -> None:
    """By what immediates an instruction has."""
    for op in BY_MNEMONIC.values():
        if op.params is None or op.results is None or "v128" not in (*op.params, *op.results):
            continue
        if op.immediates == (Imm.LANE,):
            rule(op.mnemonic)(_of_lanes)
        elif op.immediates == (Imm.MEMARG, Imm.LANE):
            rule(op.mnemonic)(_load_lane if op.results else _store_lane)
        elif op.immediates == (Imm.MEMARG,) and op.mnemonic not in ("v128.load", "v128.store"):
            rule(op.mnemonic)(_load)


_rules()
