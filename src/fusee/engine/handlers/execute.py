"""The handlers of instructions that do one thing and go on: alone, or two in one dispatch.

What an instruction does is an inline kernel of its family. The handlers here add where the next cell is.
"""

from typing import Any, Final

from fusee.engine.handlers import aggregate, atomic, call, control, memory, metering, numeric
from fusee.engine.handlers.across import across
from fusee.engine.handlers.evaluate import Forms
from fusee.engine.handlers.regs import Code, Regs, code_at, following_code, look_ahead, read_ahead
from fusee.engine.handlers.trap import on_trap
from fusee.engine.isa.control import HAS_ENTRY_HANDLERS, TICK, pays
from fusee.engine.isa.fields import first_reading
from fusee.engine.isa.forms import NOWHERE
from fusee.engine.isa.pairs import FIRST, SECOND
from fusee.engine.isa.row import HAS_FIELD_AHEAD, Row, cell
from fusee.kernel.lang import Static, handler, kernel, size_of, tail, unlikely, usize

STRAIGHT: Final[dict[str, Any]] = {
    "compute": numeric.compute,
    "move": numeric.move,
    "constant": numeric.constant,
    "vector_constant": numeric.vector_constant,
    "shuffle": numeric.shuffle,
    "select": numeric.choose,
    "load": memory.load_value,
    "store": memory.store_value,
    "global_get": memory.global_get,
    "global_get_import": memory.global_get,
    "global_set": memory.global_set,
    "global_set_import": memory.global_set,
    "on_slots": memory.on_slots,
    "ref_func": memory.into_acc,
    "memory_size": memory.into_acc,
    "table_size": memory.into_acc,
    "field_get": aggregate.field_get,
    "field_set": aggregate.field_set,
    "element_get": aggregate.element_get,
    "element_set": aggregate.element_set,
    "array_len": aggregate.array_len,
    "ref_test": aggregate.ref_test,
    "ref_cast": aggregate.ref_cast,
    "ref_as_non_null": aggregate.ref_as_non_null,
    "new_struct": aggregate.new_struct,
    "field_init": aggregate.field_init,
    "atomic": atomic.atomic,
    "atomic_fence": atomic.fence,
    "set_loop": control.set_loop,
    "count": metering.count,
    "enter": control.enter,
    "spill": control.transfer_pins,
    "reload": control.transfer_pins,
}
"""By family: what an instruction does after which the next cell follows."""

CONDITIONAL: Final[dict[str, Any]] = {
    "branch": control.branch,
    "branch_loop": control.branch,
    "branch_test": control.branch,
    "branch_test_loop": control.branch,
    "branch_ref": aggregate.is_of_type,
    "step_branch": control.step,
    "step_branch_loop": control.step,
    "step_branch_test": control.step,
    "step_branch_test_loop": control.step,
    "late_branch": control.late_step,
    "late_branch_loop": control.late_step,
    "branch_frame": control.branch,
    "branch_test_frame": control.branch,
    "step_branch_frame": control.step,
    "step_branch_test_frame": control.step,
    "late_branch_frame": control.late_step,
}
"""By family: whether an instruction branches to its target."""

JUMPING: Final[dict[str, Any]] = {
    "unreachable": control.unreachable_,
    "jump": control.jump,
    "jump_loop": control.jump,
    "jump_frame": control.jump,
    "br_table": control.br_table,
    "return": control.return_,
    "return_value": control.return_,
    "call": call.call,
}
"""By family: what sets `pc` itself, or traps."""

CALLING: Final[dict[str, Any]] = {"call_indirect": call.enter_element, "call_ref": call.enter_reference}
IS_ELSEWHERE: Final[dict[str, Any]] = {"call_indirect": call.is_other_element, "call_ref": call.is_of_other_instance}
ELSEWHERE: Final[dict[str, Any]] = {"call_indirect": call.call_elsewhere, "call_ref": across}
"""By family: what opens the callee's frame; whether the callee is not of this instance, or of another type; the
handler that goes on then."""


@kernel(inline=True)
def skip(f: Regs, row: Static[Row], dst: Static[int], forms: Static[Forms]) -> None:
    """To the next cell."""
    f.pc = f.pc + cell(row, dst, forms, size_of(usize)).size


@kernel(inline=True)
def go_on(
    f: Regs, first: Static[Row], first_dst: Static[int], first_forms: Static[Forms],
    row: Static[Row], dst: Static[int], forms: Static[Forms],
) -> None:  # fmt: skip
    """To the second cell of a pair."""
    skip(f, first, first_dst, first_forms)
    read_ahead(f, first_reading(row, dst, forms, size_of(usize)))


@kernel(inline=True)
def jump(f: Regs, row: Static[Row], dst: Static[int], forms: Static[Forms]) -> Code:
    """Go where an instruction says; gives the handler there."""
    if row.family == "br_table" and HAS_ENTRY_HANDLERS:
        return control.take_entry(f, row, dst, forms)
    JUMPING[row.family](f, row, dst, forms)
    return code_at(f)


@handler(raises_to=on_trap, status="acc")
def straight(f: Regs, row: Static[Row], dst: Static[int], forms: Static[Forms]) -> None:
    """An instruction after which the next cell follows; its handler is looked up first, while there is time, unless
    that takes an instruction more."""
    if HAS_FIELD_AHEAD:
        STRAIGHT[row.family](f, row, dst, forms)
        skip(f, row, dst, forms)
        return tail(code_at(f), f)
    following = following_code(f.pc + cell(row, dst, forms, size_of(usize)).size)
    STRAIGHT[row.family](f, row, dst, forms)
    skip(f, row, dst, forms)
    return tail(following, f)


@handler(raises_to=on_trap, status="acc")
def conditional(f: Regs, row: Static[Row], dst: Static[int], forms: Static[Forms]) -> None:
    """A conditional branch, to a label or to the loop pointer. Who pays there does what the `tick` would, and goes past
    it; if fuel is short, that is begun again at the `tick`."""
    if CONDITIONAL[row.family](f, row, dst, forms):
        metering.take_branch(f, row, forms)
        if pays(row):
            look_ahead(f)
            if metering.is_short(f, metering.cost_of(f)):
                return tail(metering.pay, f)
            f.pc = f.pc + cell(TICK, NOWHERE, (), size_of(usize)).size
        return tail(code_at(f), f)
    skip(f, row, dst, forms)
    return tail(code_at(f), f)


@handler(raises_to=on_trap, status="acc")
def jumping(f: Regs, row: Static[Row], dst: Static[int], forms: Static[Forms]) -> None:
    """An instruction that says itself where to go on."""
    return tail(jump(f, row, dst, forms), f)


@handler(raises_to=on_trap, status="acc")
def calling(f: Regs, row: Static[Row], dst: Static[int], forms: Static[Forms]) -> None:
    """A call of what may be of another instance."""
    callee = CALLING[row.family](f, row, dst, forms)
    if unlikely(IS_ELSEWHERE[row.family](f, row, forms, callee)):
        call.note_expected(f, row, forms)
        return tail(ELSEWHERE[row.family], f)
    f.pc = callee.code
    return tail(code_at(f), f)


@handler(raises_to=on_trap, status="acc")
def pair(
    f: Regs, first: Static[Row], first_dst: Static[int], first_forms: Static[Forms],
    row: Static[Row], dst: Static[int], forms: Static[Forms],
) -> None:  # fmt: skip
    """Two cells in one dispatch. The second cell is complete, so a branch to it and a trap in it find it as ever."""
    if row.family in STRAIGHT and not HAS_FIELD_AHEAD:
        following = following_code(
            f.pc + cell(first, first_dst, first_forms, size_of(usize)).size + cell(row, dst, forms, size_of(usize)).size
        )
        STRAIGHT[first.family](f, first, first_dst, first_forms)
        skip(f, first, first_dst, first_forms)
        STRAIGHT[row.family](f, row, dst, forms)
        skip(f, row, dst, forms)
        return tail(following, f)
    STRAIGHT[first.family](f, first, first_dst, first_forms)
    go_on(f, first, first_dst, first_forms, row, dst, forms)
    if row.family in STRAIGHT:
        STRAIGHT[row.family](f, row, dst, forms)
        skip(f, row, dst, forms)
        return tail(code_at(f), f)
    if row.family == "tick":
        if metering.is_short(f, metering.cost_of(f)):
            return tail(metering.pay, f)
        skip(f, row, dst, forms)
        return tail(code_at(f), f)
    if row.family in JUMPING:
        return tail(jump(f, row, dst, forms), f)
    if row.family in CALLING:
        callee = CALLING[row.family](f, row, dst, forms)
        if unlikely(IS_ELSEWHERE[row.family](f, row, forms, callee)):
            call.note_expected(f, row, forms)
            return tail(ELSEWHERE[row.family], f)
        f.pc = callee.code
        return tail(code_at(f), f)
    if CONDITIONAL[row.family](f, row, dst, forms):
        metering.take_branch(f, row, forms)
        if pays(row):
            look_ahead(f)
            if metering.is_short(f, metering.cost_of(f)):
                return tail(metering.pay, f)
            f.pc = f.pc + cell(TICK, NOWHERE, (), size_of(usize)).size
        return tail(code_at(f), f)
    skip(f, row, dst, forms)
    return tail(code_at(f), f)


assert set(STRAIGHT) >= FIRST
assert {*STRAIGHT, *CONDITIONAL, *JUMPING, *CALLING} >= SECOND
