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
    NUMBERED_STORE,
    ROOMY,
    UNARY,
)
from fusee.engine.isa.memory import LOAD_OF, STORE_OF, Access
from fusee.engine.isa.row import Row
from fusee.engine.isa.selection import chosen
from fusee.engine.isa.vector import OPS
from fusee.engine.numeric import BY_NUMBER, MEANING
from fusee.kernel.lang import Instance
from fusee.spec.op import Imm, Op

_NUMBERED: Final = ("u32", "slot")  # immediates: the offset, the lane
_STORED: Final = {1: "u8", 2: "u16", 4: "u32", 8: "u64"}  # by the width of an access in bytes


def row_of(mnemonic: str, lane: int = 0) -> str:
    """Name of the row of an access: `load32_splat`, `store32_lane_3`; of narrow lanes `store8_lane` for all."""
    name = mnemonic.partition(".")[2]
    return f"{name}_{lane}" if name.endswith("_lane") and mnemonic not in BY_NUMBER else name


def has_row(op: Op) -> bool:
    """Whether an access of lanes is one instruction in this process's engine."""
    return chosen().has_vector_forms and op in ACCESSES


def has_lane(row: Row) -> bool:
    """Whether an access has the number of a lane in its cell, behind the offset."""
    return row.family in ("load", "store") and row.immediates == _NUMBERED


def _row(op: Op, lane: int = 0) -> Row:
    name, detail = row_of(op.mnemonic, lane), Access(_STORED[op.width], "i32")
    immediates = _NUMBERED if op.mnemonic in BY_NUMBER else ("u32",)
    if Imm.LANE not in op.immediates:
        row = Row(
            name,
            "load",
            ("i32",),
            "v128",
            UNARY,
            ACC_OR_SLOT if ROOMY else ACC_ONLY,
            ("u32",),
            MEANING[op.mnemonic],
            detail=detail,
        )
    elif op.results:
        row = Row(
            name, "load", ("i32", "v128"), "v128", LANE_INTO, ACC_ONLY, immediates, _of_lane(op, lane), detail=detail
        )
    else:
        shape = NUMBERED_STORE if op.mnemonic in BY_NUMBER else LANE_STORE
        row = Row(name, "store", ("i32", "v128"), "", shape, NO_RESULT, immediates, _of_lane(op, lane), detail=detail)
    return row if has_row(op) else replace(row, destinations="")  # fmt: skip


def _of_lane(op: Op, lane: int) -> Instance:
    if op.mnemonic in BY_NUMBER:
        numbered: Instance = BY_NUMBER[op.mnemonic]
        return numbered
    meaning = MEANING[op.mnemonic]
    return Instance(meaning.kernel, tuple(sorted((*meaning.static, ("lane", lane)))), row_of(op.mnemonic, lane))


ACCESSES: Final = [op for op in OPS if Imm.MEMARG in op.immediates and op.mnemonic not in (*LOAD_OF, *STORE_OF)]

ROWS: Final = [_row(op, lane) for op in ACCESSES for lane in range(1 if op.mnemonic in BY_NUMBER else op.lanes or 1)]
