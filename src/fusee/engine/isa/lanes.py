"""Rows that load or store lanes of vectors, or make a vector of a number in memory.

They are for the usual memory, and have handlers only where vectors have many forms. Elsewhere two instructions do the
same: a scalar access, and what makes a vector of the number or takes a lane (`isa.vector`).
"""

from dataclasses import replace
from typing import Final

from fusee.engine.isa.forms import (
    ACC_ONLY,
    ACC_OR_SLOT,
    LANE_INTO,
    LANE_STORE,
    NO_RESULT,
    ROOMY,
    UNARY,
)
from fusee.engine.isa.memory import LOAD_OF, STORE_OF, Access
from fusee.engine.isa.row import Row
from fusee.engine.isa.selection import chosen
from fusee.engine.isa.vector import OPS
from fusee.engine.numeric import MEANING
from fusee.kernel.lang import Instance
from fusee.spec.op import Imm, Op

_STORED: Final = {1: "u8", 2: "u16", 4: "u32", 8: "u64"}  # by the width of an access in bytes
_WIDE_LANES: Final = 4  # bytes; narrower ones are seldom loaded or stored one by one


def row_of(mnemonic: str, lane: int = 0) -> str:
    """Name of the row of an access: `load32_splat`, `store32_lane_3`."""
    name = mnemonic.partition(".")[2]
    return f"{name}_{lane}" if name.endswith("_lane") else name


def has_row(op: Op) -> bool:
    """Whether an access of lanes is one instruction in this process's engine."""
    return chosen().has_vector_forms and op in _FREQUENT


def _row(op: Op, lane: int = 0) -> Row:
    name, detail = row_of(op.mnemonic, lane), Access(_STORED[op.width], "i32")
    if Imm.LANE not in op.immediates:
        row = Row(name, "load", ("i32",), "v128", UNARY, ACC_OR_SLOT if ROOMY else ACC_ONLY, ("u32",),
                  MEANING[op.mnemonic], detail=detail)
    elif op.results:
        row = Row(name, "load", ("i32", "v128"), "v128", LANE_INTO, ACC_ONLY, ("u32",), _of_lane(op, lane),
                  detail=detail)
    else:
        row = Row(name, "store", ("i32", "v128"), "", LANE_STORE, NO_RESULT, ("u32",), _of_lane(op, lane),
                  detail=detail)
    return row if has_row(op) else replace(row, destinations="")  # fmt: skip


def _of_lane(op: Op, lane: int) -> Instance:
    meaning = MEANING[op.mnemonic]
    return Instance(meaning.kernel, tuple(sorted((*meaning.static, ("lane", lane)))), row_of(op.mnemonic, lane))


ACCESSES: Final = [op for op in OPS if Imm.MEMARG in op.immediates and op.mnemonic not in (*LOAD_OF, *STORE_OF)]

_FREQUENT: Final = [op for op in ACCESSES if Imm.LANE not in op.immediates or op.width >= _WIDE_LANES]

ROWS: Final = [_row(op, lane) for op in _FREQUENT for lane in range(op.lanes or 1)]
