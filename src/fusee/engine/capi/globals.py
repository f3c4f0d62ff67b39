"""Globals as the embedder makes, reads and writes them."""

from fusee.engine.capi.declared import code_of
from fusee.engine.capi.engine_types import canonical_valtype
from fusee.engine.capi.host import WRONG_VALUE
from fusee.engine.capi.messages import MISSING, OUT_OF_MEMORY, Mistake, Misuse
from fusee.engine.capi.refs import is_kind, new_ref
from fusee.engine.capi.state import KIND_GLOBAL, VAL_EXTERNREF, ExternType, Ref, StoreObject, Value
from fusee.engine.capi.types import new_content_type
from fusee.engine.capi.values import from_slot, to_slot
from fusee.engine.runtime.objects import new_global
from fusee.engine.state.runtime import Global
from fusee.kernel.lang import Ptr, address, cast, caught, is_null, kernel, null, stack_array, u64, usize


@kernel(inline=True)
def global_in(ref: Ref) -> Global:
    return cast(Global, ref.target)


@kernel(export="wasm_global_new")
def new_global_ref(s: StoreObject, type: ExternType, value: Value) -> Ref:  # noqa: A002
    """Null if the value is not of the type, or there is no memory."""
    if is_null(s):
        return null(Ref)
    if is_null(type) or type.kind != KIND_GLOBAL or is_null(value):
        s.status = MISSING
        return null(Ref)
    target = stack_array(usize, 1)
    s.status = caught(make_global, s, type, value, target)
    return null(Ref) if s.status != 0 else new_ref(s, KIND_GLOBAL, target[0])


@kernel
def make_global(s: StoreObject, type: ExternType, value: Value, target: Ptr[usize]) -> None:  # noqa: A002
    slots = stack_array(u64, 2)
    slots[1] = u64(0)
    code = code_of(s, type.content)
    if not to_slot(s, value, code, slots):
        raise Misuse(Mistake.VALUE, 0)
    target[0] = address(new_global(s.store, code, type.is_mutable, slots[0], slots[1]))


@kernel(export="wasm_global_type")
def global_type(ref: Ref) -> ExternType:
    if not is_kind(ref, KIND_GLOBAL):
        return null(ExternType)
    made = new_content_type(KIND_GLOBAL, canonical_valtype(ref.store.world, global_in(ref).value_type))
    if not is_null(made):
        made.is_mutable = global_in(ref).is_mutable
    return made


@kernel(export="wasm_global_get")
def get(ref: Ref, out: Value) -> None:
    """A null reference if there is no memory; `fusee_store_error` then says so."""
    if not is_kind(ref, KIND_GLOBAL):
        put_nothing(out)
        return
    origin = global_in(ref)
    slots = stack_array(u64, 2)
    slots[0] = origin.value
    slots[1] = origin.high
    if not from_slot(ref.store, slots, origin.value_type, out):
        ref.store.status = OUT_OF_MEMORY
        put_nothing(out)


@kernel
def put_nothing(out: Value) -> None:
    out.kind = VAL_EXTERNREF
    out.bits = u64(0)


@kernel(export="wasm_global_set")
def set_value(ref: Ref, value: Value) -> None:
    """Nothing happens to a constant, nor by a value of another type; `fusee_store_error` then says so."""
    if not is_kind(ref, KIND_GLOBAL):
        return
    target = global_in(ref)
    slots = stack_array(u64, 2)
    slots[1] = u64(0)
    ref.store.status = WRONG_VALUE
    if not is_null(value) and target.is_mutable and to_slot(ref.store, value, target.value_type, slots):
        target.value = slots[0]
        target.high = slots[1]
        ref.store.status = u64(0)
