"""Functions are called by the embedder."""

from typing import Final

from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.func import param_code, result_code
from fusee.engine.capi.host import SMALL, WRONG_VALUE
from fusee.engine.capi.interrupt import call_guest
from fusee.engine.capi.kinds import slots_of
from fusee.engine.capi.messages import MISSING, OUT_OF_MEMORY, Mistake, Misuse
from fusee.engine.capi.refs import drop_store, is_kind
from fusee.engine.capi.state import KIND_FUNC, Ref, StoreObject, Trap, Vector
from fusee.engine.capi.trap import add_frames, delete_trap, new_trap, trap_of
from fusee.engine.capi.values import delete_value, from_slot, to_slot, values
from fusee.engine.capi.vectors import length
from fusee.engine.state.runtime import Func
from fusee.kernel.lang import (
    Ptr,
    cast,
    caught,
    is_null,
    kernel,
    maximum,
    null,
    span,
    stack_array,
    u8,
    u64,
    usize,
)  # fmt: skip

WRONG_COUNT: Final = u64(Misuse(Mistake.COUNT, 0).status)
TOO_DEEP: Final = u64(Misuse(Mistake.NESTING, 0).status)


@kernel(export="wasm_func_call")
def call(ref: Ref, arguments: Vector, results: Vector) -> Trap:
    """Null if the function has returned and given its results; if there is no room for them, a trap afterwards."""
    if not is_kind(ref, KIND_FUNC):
        return new_trap(null(StoreObject), MISSING)
    s = ref.store
    func = cast(Func, ref.target)
    if length(arguments) != func.param_count:
        return new_trap(s, WRONG_COUNT)
    s.count += 1  # as in `run`
    trap = call_in(s, func, arguments, results)
    drop_store(s)
    return trap


@kernel
def call_in(s: StoreObject, func: Func, arguments: Vector, results: Vector) -> Trap:
    """Call with as many arguments as there should be."""
    room = stack_array(u64, SMALL)
    slots = room
    count = maximum(func.param_slots, func.result_slots)
    if count > SMALL:
        slots = cast(Ptr[u64], new_block(usize(count) * 8))
        if is_null(slots):
            return new_trap(s, OUT_OF_MEMORY)
    trap = null(Trap)
    if not take_arguments(s, func, arguments, slots):
        trap = new_trap(s, WRONG_VALUE)
    else:
        trap = run(s, func, slots)
    if is_null(trap) and length(results) < func.result_count:
        trap = new_trap(s, WRONG_COUNT)
    elif is_null(trap) and not give_results(s, func, slots, results):
        trap = new_trap(s, OUT_OF_MEMORY)
    if count > SMALL:
        delete_block(cast(Ptr[u8], slots))
    return trap


@kernel
def take_arguments(s: StoreObject, func: Func, arguments: Vector, slots: Ptr[u64]) -> bool:
    place = slots
    for i in span(func.param_count):
        code = param_code(s, func, i)
        if not to_slot(s, values(arguments)[i], code, place):
            return False
        place = place + slots_of(code)
    return True


@kernel
def give_results(s: StoreObject, func: Func, slots: Ptr[u64], results: Vector) -> bool:
    """What `results` held is overwritten, as for any out parameter."""
    place = slots
    for i in span(func.result_count):
        code = result_code(s, func, i)
        if not from_slot(s, place, code, values(results)[i]):
            for given in span(i):
                delete_value(values(results)[given])
            values(results)[i].bits = u64(0)
            return False
        place = place + slots_of(code)
    return True


@kernel
def run(s: StoreObject, func: Func, slots: Ptr[u64]) -> Trap:
    """Call with slots; null if the function has returned, else the trap, with its frames.

    The store lives until then, whatever handles a callback deletes.
    """
    s.count += 1
    trap = run_in(s, func, slots)
    drop_store(s)
    return trap


@kernel
def run_in(s: StoreObject, func: Func, slots: Ptr[u64]) -> Trap:
    if s.is_ended or s.depth >= s.engine.most_nested:
        return new_trap(s, TOO_DEEP)
    s.depth += 1
    s.has_exited = False
    status = caught(call_guest, s.store, func, slots)
    s.depth -= 1
    if status == 0:
        delete_trap(cast(Trap, s.pending))  # what a callback has thrown, and a guest caught
        s.pending = usize(0)
        return null(Trap)
    trap = trap_of(s, status)
    add_frames(s, trap)
    s.has_exited = False
    return trap
