"""Exceptions as the embedder makes, throws and reads them (`fusee.h`)."""

from typing import Final

from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.call import WRONG_COUNT
from fusee.engine.capi.globals import put_nothing
from fusee.engine.capi.host import SMALL, WRONG_VALUE
from fusee.engine.capi.kinds import slots_of
from fusee.engine.capi.messages import MISSING, OUT_OF_MEMORY
from fusee.engine.capi.refs import delete_ref, is_kind, new_ref
from fusee.engine.capi.state import KIND_EXN, KIND_TAG, Ref, StoreObject, Trap, Value, Vector
from fusee.engine.capi.tag import tag_in
from fusee.engine.capi.trap import give_exn, new_trap
from fusee.engine.capi.values import from_slot, to_slot, values
from fusee.engine.capi.vectors import length
from fusee.engine.errors import Trap as Trapped
from fusee.engine.runtime.exceptions import make_exn
from fusee.engine.runtime.payload import payload, tag_param
from fusee.engine.state.runtime import Exn, Tag
from fusee.kernel.lang import Ptr, address, cast, caught, is_null, kernel, null, span, stack_array, u8, u32, u64, usize
from fusee.spec.traps import TrapCode

UNCAUGHT: Final = u64(Trapped(TrapCode.UNCAUGHT_EXCEPTION, 0).status)


@kernel(inline=True)
def exn_of(ref: Ref) -> Exn:
    return cast(Exn, ref.target)


@kernel(export="fusee_exn_new")
def new_exn_ref(s: StoreObject, of: Ref, given: Vector) -> Ref:
    """Null if there is no memory, or the values are not those of the tag; `fusee_store_error` then says so."""
    if is_null(s):
        return null(Ref)
    s.status = MISSING
    if not is_kind(of, KIND_TAG) or of.store != s:
        return null(Ref)
    tag = tag_in(of)
    s.status = WRONG_COUNT
    if length(given) != tag.param_count:
        return null(Ref)
    room = stack_array(u64, SMALL)
    slots = room
    if tag.slot_count > SMALL:
        slots = cast(Ptr[u64], new_block(usize(tag.slot_count) * 8))
    target = stack_array(usize, 1)
    s.status = OUT_OF_MEMORY
    if not is_null(slots):
        s.status = caught(make, s, tag, slots, target) if take_values(s, tag, given, slots) else WRONG_VALUE
    if tag.slot_count > SMALL:
        delete_block(cast(Ptr[u8], slots))
    return null(Ref) if s.status != 0 else new_ref(s, KIND_EXN, target[0])


@kernel
def take_values(s: StoreObject, tag: Tag, given: Vector, slots: Ptr[u64]) -> bool:
    place = slots
    for i in span(tag.param_count):
        code = tag_param(tag, i)
        if not to_slot(s, values(given)[i], code, place):
            return False
        place = place + slots_of(code)
    return True


@kernel
def make(s: StoreObject, tag: Tag, slots: Ptr[u64], target: Ptr[usize]) -> None:
    target[0] = make_exn(s.store, tag, slots)


@kernel(export="fusee_exn_tag")
def exn_tag(ref: Ref) -> Ref:
    """A handle of its tag; null if there is no memory."""
    if not is_kind(ref, KIND_EXN):
        return null(Ref)
    return new_ref(ref.store, KIND_TAG, address(exn_of(ref).tag))


@kernel(export="fusee_exn_field_count")
def field_count(ref: Ref) -> usize:
    return usize(exn_of(ref).tag.param_count) if is_kind(ref, KIND_EXN) else usize(0)


@kernel(export="fusee_exn_field")
def field(ref: Ref, index: usize, out: Value) -> bool:
    """False, and a null reference, beyond the end, without memory, and where C has no kind for the value."""
    if is_null(out):
        return False
    put_nothing(out)
    if not is_kind(ref, KIND_EXN):
        return False
    exn = exn_of(ref)
    ref.store.status = MISSING
    if index >= exn.tag.param_count:
        return False
    place = payload(exn)
    for i in span(u32(index)):
        place = place + slots_of(exn.tag.params[i])
    code = tag_param(exn.tag, u32(index))
    ref.store.status = u64(0)
    if from_slot(ref.store, place, code, out):
        return True
    ref.store.status = OUT_OF_MEMORY
    put_nothing(out)
    return False


# As traps.


@kernel(export="fusee_exn_throw")
def throw(s: StoreObject, ref: Ref) -> Trap:
    """A trap that is this exception, which is taken over; if it is null or another store's, one that says why."""
    reason = MISSING
    is_own = is_kind(ref, KIND_EXN) and not is_null(s) and ref.store == s
    if is_own:
        reason = UNCAUGHT
    elif is_null(ref) and not is_null(s) and s.status != 0:
        reason = s.status
    trap = new_trap(s, reason)
    if is_own:
        give_exn(trap, ref.target)
    if is_kind(ref, KIND_EXN):
        delete_ref(address(ref))
    return trap


@kernel(export="fusee_trap_exn")
def trap_exn(trap: Trap) -> Ref:
    """A handle of the exception that a trap is; null if it is none, and without memory."""
    if is_null(trap) or trap.exn == 0:
        return null(Ref)
    return new_ref(cast(StoreObject, trap.store), KIND_EXN, trap.exn)
