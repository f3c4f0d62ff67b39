"""Globals as the embedder makes, reads and writes them."""

from fusee.engine.capi.host import WRONG_VALUE
from fusee.engine.capi.kinds import code_from_kind, is_expressible
from fusee.engine.capi.messages import MISSING
from fusee.engine.capi.refs import is_kind, new_ref
from fusee.engine.capi.state import KIND_GLOBAL, VAL_EXTERNREF, ExternType, Ref, StoreObject, Value
from fusee.engine.capi.types import read_content_type
from fusee.engine.capi.values import from_slot, to_slot
from fusee.engine.runtime.objects import new_global
from fusee.engine.state.runtime import Global
from fusee.kernel.lang import Ptr, address, cast, caught, is_null, kernel, null, stack_array, u8, u32, u64, usize


@kernel(inline=True)
def global_in(ref: Ref) -> Global:
    return cast(Global, ref.target)


@kernel(export="wasm_global_new")
def new_global_ref(s: StoreObject, type: ExternType, value: Value) -> Ref:  # noqa: A002
    """Null if the value is not of the type, or there is no memory."""
    if is_null(s):
        return null(Ref)
    if is_null(type) or type.kind != KIND_GLOBAL or is_null(value):
        s.status = u64(MISSING)
        return null(Ref)
    target = stack_array(usize, 1)
    slot = stack_array(u64, 1)
    if not to_slot(s, value, code_from_kind(type.content.kind), slot):
        s.status = u64(WRONG_VALUE)
        return null(Ref)
    s.status = caught(make_global, s, type, slot[0], target)
    return null(Ref) if s.status != 0 else new_ref(s, u32(KIND_GLOBAL), target[0])


@kernel
def make_global(s: StoreObject, type: ExternType, value: u64, target: Ptr[usize]) -> None:  # noqa: A002
    target[0] = address(new_global(s.store, code_from_kind(type.content.kind), type.is_mutable, value, u64(0)))


@kernel(export="wasm_global_type")
def global_type(ref: Ref) -> ExternType:
    if not is_kind(ref, KIND_GLOBAL):
        return null(ExternType)
    made = read_content_type(u32(KIND_GLOBAL), global_in(ref).value_type)
    if not is_null(made):
        made.is_mutable = global_in(ref).is_mutable
    return made


@kernel(export="wasm_global_get")
def get(ref: Ref, out: Value) -> None:
    """A null reference if there is no memory, or C has no kind for the value; `fusee_store_error` then says so."""
    if not is_kind(ref, KIND_GLOBAL):
        put_nothing(out)
    elif not is_expressible(global_in(ref).value_type):
        ref.store.status = u64(WRONG_VALUE)
        put_nothing(out)
    elif not from_slot(ref.store, global_in(ref).value, global_in(ref).value_type, out):
        put_nothing(out)


@kernel
def put_nothing(out: Value) -> None:
    out.kind = u8(VAL_EXTERNREF)
    out.bits = u64(0)


@kernel(export="wasm_global_set")
def set_value(ref: Ref, value: Value) -> None:
    """Nothing happens to a constant, nor by a value of another type; `fusee_store_error` then says so."""
    if not is_kind(ref, KIND_GLOBAL):
        return
    target = global_in(ref)
    slot = stack_array(u64, 1)
    ref.store.status = u64(WRONG_VALUE)
    if not is_null(value) and target.is_mutable and to_slot(ref.store, value, target.value_type, slot):
        target.value = slot[0]
        ref.store.status = u64(0)
