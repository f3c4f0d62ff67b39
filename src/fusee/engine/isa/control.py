"""Rows that decide what runs next: branches, calls, returns, frames."""

import re
from dataclasses import replace
from typing import Final

from fusee.engine.isa.forms import (
    LATE_STEP,
    NO_RESULT,
    NULLARY,
    PINS,
    ROOMY,
    STEP,
    STEP_AND,
    UNARY,
    UNARY_ACC,
    UNARY_CONST,
)
from fusee.engine.isa.numeric import FLOAT_COMPARISONS
from fusee.engine.isa.numeric import ROWS as NUMERIC_ROWS
from fusee.engine.isa.row import Row
from fusee.kernel.lang import u32

ZEROED_INLINE: Final = u32(4)  # `enter` clears up to this many locals without a loop


HAS_ENTRY_HANDLERS: Final = ROOMY
"""Whether an entry behind a `br_table` is the handler of the cell that it leads to and that cell's address, not a
displacement from the `br_table`: a processor that has not foreseen where it leads knows so a load sooner. No entry
leads back to a loop's first cell, whose handler may be replaced; who comes to one from before is met there in the next
turn."""


def entry_bytes(pointer_bytes: int) -> int:
    """The size of such an entry."""
    return 2 * pointer_bytes if HAS_ENTRY_HANDLERS else 4


TICK: Final = Row("tick", "tick", (), "", NULLARY, NO_RESULT, ("u32",))  # of metered code: what a stretch of it costs
FIXED_COSTS: Final = 16  # for smaller ones there are handlers that need not read how much it is


def paying(name: str) -> str:
    """Of a branch to the loop pointer: the name of the one that does what the `tick` there would, and goes past it."""
    return name.replace("brl_", "brl_pay_", 1)


def framed(name: str) -> str:
    """Of a branch to a label: the name of the one that goes where the frame says."""
    return re.sub(r"\bbr(?=_|$)|(?<=_)br(?=_)", "brf", name, count=1)


def _loops(branch: Row) -> list[Row]:
    """A conditional branch to a label as ones to the loop pointer; those that pay, and those to the loop that the frame
    names, are for machines with room."""
    name = f"brl_{branch.name.removeprefix('br_')}"
    loop = replace(branch, name=name, family=f"{branch.family}_loop", immediates=())
    if not ROOMY:
        return [loop]
    frame = replace(branch, name=framed(branch.name), family=f"{branch.family}_frame", immediates=())
    return [loop, replace(loop, name=paying(name)), frame]


def _conditional() -> list[Row]:
    """`br_<comparison>`, and for integers `brl_…`, which goes back to the loop pointer instead of a label."""
    rows = []
    for row in NUMERIC_ROWS:
        if row.family != "compute" or row.result != "i32" or row.evaluate.name.partition("_")[2] not in _COMPARISONS:
            continue
        branch = replace(row, name=f"br_{row.name}", family="branch", result="", destinations=NO_RESULT)
        branch = replace(branch, immediates=("label",))
        rows += [branch, *(_loops(branch) if row.sources[0].startswith("i") else [])]
    return rows


_COMPARISONS: Final = {*FLOAT_COMPARISONS, "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u"}


def _tests() -> list[Row]:
    """Branches on a single value being zero (`z`) or not (`nz`)."""
    rows = []
    for kind in ("i32", "i64"):
        for sense in ("nz", "z"):
            test = Row(f"br_{kind}_{sense}", "branch_test", (kind,), "", UNARY, NO_RESULT, ("label",), detail=sense)
            rows += [test, *_loops(test)]
    return rows


def _steps() -> list[Row]:
    """`step_<branch>`: add a constant to a local in place, then compare it and branch, as loops do."""
    rows = []
    for row in [*_conditional(), *_tests()]:
        if row.sources[0].startswith("i") and not row.name.endswith(_UNSTEPPED):
            shape = STEP if len(row.sources) == 1 else STEP_AND
            sources = (row.sources[0], row.sources[0], *row.sources[1:])
            step = replace(row, name=f"step_{row.name}", family=f"step_{row.family}", sources=sources, shape=shape)
            rows.append(step)
    return rows


_UNSTEPPED: Final = ("i64_le_s", "i64_le_u", "i64_gt_s", "i64_gt_u", "i64_eq")  # too rare


def _late_steps() -> list[Row]:
    """`late_<branch>`: compare a local with a constant and keep the answer, add another one to the local, then branch.

    So end loops of which a compiler knows that their number never wraps; they count upwards or downwards, unsigned.
    """
    return [
        replace(row, name=f"late_{row.name}", family=f"late_{row.family}", sources=("i32",) * 3, shape=LATE_STEP,
                result="i32", destinations="ps")
        for row in _conditional()
        if row.name.endswith(("_i32_lt_u", "_i32_gt_u"))
    ]  # fmt: skip


PAID_LOOPS: Final = [Row("brl_paid", "jump_loop", (), "", NULLARY, NO_RESULT, detail=TICK)] if ROOMY else []
"""`brl` to behind the `tick` with which the loop begins. A watch executes no more instructions for the `br` instead."""

FRAME_LOOPS: Final = [
    Row("brf", "jump_frame", (), "", NULLARY, NO_RESULT),
    Row("set_frame_loop", "set_loop", (), "", NULLARY, NO_RESULT, detail="frame"),
] if ROOMY else []  # fmt: skip
"""Jumping back to the loop that the frame names, and having it name the one that begins behind the cell."""

BRANCHES: Final = [
    Row("br", "jump", (), "", NULLARY, NO_RESULT, ("label",)),
    Row("brl", "jump_loop", (), "", NULLARY, NO_RESULT),
    *PAID_LOOPS,
    *FRAME_LOOPS,
    Row("br_table", "br_table", ("i32",), "", UNARY, NO_RESULT, ("u32",)),  # an entry for each label follows the cell
    Row("set_loop", "set_loop", (), "", NULLARY, NO_RESULT),
    Row("set_loop_to", "set_loop", (), "", NULLARY, NO_RESULT, ("label",)),
    Row("unreachable", "unreachable", (), "", NULLARY, NO_RESULT),
    TICK,
    *(replace(TICK, name=f"tick_{cost}", detail=cost) for cost in range(FIXED_COSTS)),
    Row("count", "count", (), "", NULLARY, NO_RESULT, ("u64",)),  # of this block's executions, for a profile
    *_tests(),
    *_conditional(),
    *_steps(),
    *_late_steps(),
]

_NAMES: Final = {row.name for row in BRANCHES}
PAYING: Final = frozenset(paying(name) for name in _NAMES if "brl_" in name and paying(name) in _NAMES)
"""The names of branches that pay, if there are any."""

FRAMED: Final = frozenset(name for name in _NAMES if framed(name) in _NAMES - {name})
"""The names of branches to labels that exist as branches to the loop that the frame names."""


def pays(row: Row) -> bool:
    """Whether it is one of these, or a tree of one."""
    return (row.outer or row).name in PAYING


# Calls: `out` is the slot of the callee's slot 0. The code address is that of a stub until the callee is translated. Of
# a table the cell has the distance from `ctx` to where its address is.
CALLS: Final = [
    Row("call", "call", (), "", NULLARY, NO_RESULT, ("ptr", "slot")),  # code address, out
    Row("call_import", "call_import", (), "", NULLARY, NO_RESULT, ("u32", "slot")),
    Row("call_indirect", "call_indirect", ("i32",), "", UNARY, NO_RESULT, ("u32", "u32", "slot")),  # type, table, out
    Row("call_indirect64", "call_indirect", ("i64",), "", UNARY, NO_RESULT, ("u32", "u32", "slot")),
    Row("call_ref", "call_ref", ("i64",), "", UNARY_ACC, NO_RESULT, ("slot",)),
]

# Tail calls: the last immediate is the number of arguments, which move from `out` down to slot 0.
TAIL_CALLS: Final = [
    Row("return_call", "return_call", (), "", NULLARY, NO_RESULT, ("u32", "slot", "slot")),
    Row("return_call_import", "return_call_import", (), "", NULLARY, NO_RESULT, ("u32", "slot", "slot")),
    *(
        Row(f"return_call_indirect{suffix}", "return_call_indirect", (index,), "", UNARY_ACC, NO_RESULT,
            ("u32", "u32", "slot", "slot"))
        for suffix, index in (("", "i32"), ("64", "i64"))
    ),
    Row("return_call_ref", "return_call_ref", ("i64",), "", UNARY_ACC, NO_RESULT, ("slot", "slot")),
]  # fmt: skip

# What is thrown: a tag's index, the slot of its first value and the spread of heights, or a reference to an exception
THROWS: Final = [
    Row("throw", "throw", (), "", NULLARY, NO_RESULT, ("u32", "slot", "slot")),
    Row("throw_ref", "throw_ref", ("i64",), "", UNARY_ACC, NO_RESULT),
]

RETURNS: Final = [
    Row("return", "return", (), "", NULLARY, NO_RESULT),
    Row("return_int", "return_value", ("i64",), "", UNARY_CONST, NO_RESULT),
    Row("return_float", "return_value", ("f64",), "", UNARY, NO_RESULT),
    Row("return_vector", "return_value", ("v128",), "", UNARY, NO_RESULT),
]


def _enters() -> list[Row]:
    """`enter_<n>_<m>_<z>` loads n integer and m float pins and clears z locals (`n`: counted in a loop).

    Immediates: slots that the frame needs, first local to clear and their number, slots of the pins.
    """
    return [
        Row(f"enter_{integers}_{floats}_{zeroed if zeroed <= ZEROED_INLINE else 'n'}", "enter", (), "", NULLARY,
            NO_RESULT, ("u32", "slot", "slot", *["slot"] * (integers + floats)), detail=(integers, floats, zeroed))
        for integers in range(PINS + 1)
        for floats in range(PINS + 1)
        for zeroed in range(ZEROED_INLINE + 2)
    ]  # fmt: skip


def _pin_transfers() -> list[Row]:
    """`spill_r_<mask>` stores the pins in the mask to their slots, `reload_…` loads them.

    `_f_` for floats, `_v_` for vectors, which are in the same pins.
    """
    return [
        Row(f"{verb}_{bank}_{mask}", verb, (), "", NULLARY, NO_RESULT, ("slot",) * mask.bit_count(),
            detail=(bank, mask))
        for verb in ("spill", "reload")
        for bank in ("r", "f", "v")
        for mask in range(1 << PINS)
    ]  # fmt: skip


ROWS: Final = [*BRANCHES, *CALLS, *TAIL_CALLS, *THROWS, *RETURNS, *_enters(), *_pin_transfers()]
