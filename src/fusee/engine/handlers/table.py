"""Which handler implements which row, and the table of all handlers by number."""

from typing import Any, Final

from fusee.engine.handlers import call, control, memory, numeric
from fusee.engine.handlers.regs import Code
from fusee.engine.isa.row import Row
from fusee.engine.isa.table import ROWS, handlers
from fusee.kernel.lang import instance, table

FAMILIES: Final[dict[str, Any]] = {
    "compute": numeric.compute,
    "move": numeric.move,
    "constant": numeric.constant,
    "select": numeric.choose,
    "load": memory.load_value,
    "store": memory.store_value,
    "global_get": memory.global_get,
    "global_get_import": memory.global_get,
    "global_set": memory.global_set,
    "global_set_import": memory.global_set,
    "on_slots": memory.on_slots,
    "ref_func": memory.into_acc,
    "ref_as_non_null": memory.into_acc,
    "memory_size": memory.into_acc,
    "table_size": memory.into_acc,
    "branch": control.branch,
    "branch_loop": control.branch,
    "branch_test": control.branch,
    "branch_test_loop": control.branch,
    "step_branch": control.step,
    "step_branch_loop": control.step,
    "step_branch_test": control.step,
    "step_branch_test_loop": control.step,
    "jump": control.jump,
    "jump_loop": control.jump,
    "br_table": control.br_table,
    "set_loop": control.set_loop,
    "unreachable": control.unreachable_,
    "tick": control.tick,
    "count": control.count,
    "enter": control.enter,
    "spill": control.transfer_pins,
    "reload": control.transfer_pins,
    "return": control.return_,
    "return_value": control.return_,
    "call": call.call,
    "call_lazy": call.call_lazy,
    "call_import": call.call_import,
    "call_indirect": call.call_indirect,
    "call_ref": call.call_ref,
    "return_call": call.return_call,
    "return_call_import": call.return_call_func,
    "return_call_indirect": call.return_call_func,
    "return_call_ref": call.return_call_func,
}


def handler_of(row: Row, destination: int, forms: tuple[int, ...]) -> Any:
    """The specialised handler of a row in one combination of forms."""
    return instance(FAMILIES[row.family], row=row, dst=destination, forms=forms)


INSTANCES: Final = [handler_of(*key) for key in handlers()]
HANDLERS = table(Code, INSTANCES)
CALL: Final = next(number for number, (row, _, _) in enumerate(handlers()) if row.name == "call")


def shards() -> dict[str, list[Any]]:
    """The handlers in groups that are compiled apart, by family of rows and type of operands."""
    groups: dict[str, list[Any]] = {}
    for (row, _, _), handler in zip(handlers(), INSTANCES, strict=True):
        kind = row.sources[0] if row.sources else "none"
        groups.setdefault(f"{FAMILIES[row.family].name}_{kind}", []).append(handler)
    return groups


assert {row.family for row in ROWS} == set(FAMILIES)
