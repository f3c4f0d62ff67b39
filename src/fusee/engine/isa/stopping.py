"""At which cells guests stop: where they trap, call, throw or pay. Of others nobody asks where they come from.

Loops' first cells are not meant, which anybody may interrupt.
"""

from typing import Final

from fusee.engine.isa.row import Row
from fusee.engine.numeric import MEANING
from fusee.engine.numeric.reference import i31_get_s, i31_get_u
from fusee.spec.op import BY_MNEMONIC

_GOES_ON: Final = frozenset({
    "compute", "move", "constant", "vector_constant", "select", "shuffle", "spill", "reload", "global_get",
    "global_get_import", "global_set", "global_set_import", "ref_func", "memory_size", "table_size", "ref_test",
    "set_loop", "jump", "jump_loop", "branch", "branch_loop", "branch_test", "branch_test_loop", "branch_ref",
    "step_branch", "step_branch_loop", "step_branch_test", "step_branch_test_loop", "late_branch", "late_branch_loop",
    "branch_frame", "branch_test_frame", "step_branch_frame", "step_branch_test_frame", "late_branch_frame",
    "jump_frame", "br_table", "return", "return_value",
})  # fmt: skip
"""Families of rows that do not stop, unless they evaluate something that does."""

_TRAPPING: Final = {i31_get_s, i31_get_u} | {
    MEANING[name] for name, op in BY_MNEMONIC.items() if op.traps and name in MEANING
}


def may_stop(row: Row) -> bool:
    """Whether a guest may stop at a cell of the row."""
    if row.outer is not None and row.inner is not None:
        return may_stop(row.outer) or may_stop(row.inner)
    return row.family not in _GOES_ON or row.evaluate in _TRAPPING
