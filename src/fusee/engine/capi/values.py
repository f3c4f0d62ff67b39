"""`wasm_val_t`, and how it passes into the interpreter's slots and back; types here are the engine's codes."""

from typing import Final

from fusee.engine.capi.blocks import delete_block, delete_bytes, new_block
from fusee.engine.capi.kinds import is_owner, kind_from_code
from fusee.engine.capi.objects import find_object, new_object, object_for, object_of, reference_to
from fusee.engine.capi.refs import copy_ref, delete_ref, new_any, new_ref, reference_of
from fusee.engine.capi.state import (
    KIND_ANY,
    KIND_EXN,
    KIND_FOREIGN,
    KIND_FUNC,
    KIND_MODULE,
    KIND_TRAP,
    VAL_EXNREF,
    VAL_EXTERNREF,
    VAL_F32,
    VAL_FUNCREF,
    VAL_I32,
    VAL_V128,
    ModuleObject,
    Object,
    Ref,
    StoreObject,
    Trap,
    Value,
    Vector,
)
from fusee.engine.capi.vectors import is_possible, length, new_elements
from fusee.engine.runtime.casts import is_of_type
from fusee.engine.runtime.link import func_matches
from fusee.engine.state.module import NULLABLE
from fusee.engine.state.runtime import TAG_HOST, TAG_MASK, Func
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    copy_bytes,
    is_null,
    kernel,
    null,
    size_of,
    span,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

VECTOR_BYTES: Final = usize(16)


@kernel(inline=True)
def ref_in(value: Value) -> usize:
    """What a value points to: a `Ref`, a trap, a module, or a vector's bytes."""
    return usize(value.bits)


# Vectors: `wasm_v128_t`.


@kernel(export="wasm_v128_new")
def new_vector_block(given: Ptr[u8]) -> Ptr[u8]:
    """A vector of these bytes, or of zeros; null if there is no memory."""
    made = new_block(VECTOR_BYTES)
    if not is_null(made) and not is_null(given):
        copy_bytes(made, given, VECTOR_BYTES)
    return made


@kernel(export="wasm_v128_copy")
def copy_vector_block(vector: Ptr[u8]) -> Ptr[u8]:
    return vector if is_null(vector) else new_vector_block(vector)


@kernel(export="wasm_v128_delete")
def delete_vector_block(vector: Ptr[u8]) -> None:
    delete_block(vector)


# Values.


@kernel(export="wasm_val_delete")
def delete_value(value: Value) -> None:
    if is_null(value) or not is_owner(value.kind):
        return
    if value.kind == VAL_V128:
        delete_block(cast(Ptr[u8], ref_in(value)))
    else:
        delete_ref(ref_in(value))
    value.bits = u64(0)


@kernel(export="wasm_val_copy")
def copy_value(out: Value, value: Value) -> None:
    """A null reference, or a vector's NULL, in the place of what there is no memory for."""
    out.kind = value.kind
    out.bits = value.bits
    if value.kind == VAL_V128:
        out.bits = address(copy_vector_block(cast(Ptr[u8], ref_in(value))))
    elif value.kind >= VAL_EXTERNREF:
        out.bits = copy_ref(ref_in(value))


@kernel
def to_slot(store: StoreObject, value: Value, code: u32, slot: Ptr[u64]) -> bool:
    """Put a value where the interpreter expects one of a type; false if it is none, or of another store.

    It takes `slots_of` slots.
    """
    kind = kind_from_code(code)
    if value.kind != kind:
        return False
    if kind == VAL_V128:
        if value.bits == 0:
            return False
        copy_bytes(cast(Ptr[u8], slot), cast(Ptr[u8], ref_in(value)), VECTOR_BYTES)
        return True
    if kind < VAL_V128:
        narrow = kind == VAL_I32 or kind == VAL_F32
        slot[0] = u64(u32(value.bits)) if narrow else value.bits
        return True
    return reference_to_slot(store, cast(Ref, ref_in(value)), code, slot)


@kernel
def reference_to_slot(store: StoreObject, ref: Ref, code: u32, slot: Ptr[u64]) -> bool:
    """The same for a reference, which may be null."""
    slot[0] = u64(0)
    if is_null(ref):
        return code & NULLABLE != 0
    kind = kind_from_code(code)
    if kind == VAL_FUNCREF:
        if ref.kind != KIND_FUNC or ref.store != store:
            return False
        slot[0] = ref.target
        return func_matches(store.world.engine, cast(Func, ref.target), code)
    if (kind == VAL_EXNREF) != (ref.kind == KIND_EXN):
        return False
    if store.is_ended:
        return False
    if ref.kind == KIND_EXN or ref.kind == KIND_ANY:
        slot[0] = u64(ref.target) if ref.kind == KIND_EXN else reference_of(ref)
        return ref.store == store and is_of_type(store.world.engine, slot[0], code)
    slot[0] = reference_to(external_of(store, ref))
    return slot[0] != 0 and is_of_type(store.world.engine, slot[0], code)


@kernel
def external_of(store: StoreObject, ref: Ref) -> Object:
    """What a guest sees of a `wasm_ref_t`; null if it is another store's, or there is no memory."""
    if ref.kind == KIND_MODULE:
        return module_external(store, cast(ModuleObject, ref))
    if ref.kind == KIND_TRAP:
        return trap_external(store, cast(Trap, ref))
    if ref.store != store:
        return null(Object)
    if ref.kind == KIND_FOREIGN:
        return cast(Object, ref.target)
    return object_for(store, ref.kind, ref.target)


@kernel
def module_external(store: StoreObject, module: ModuleObject) -> Object:
    """As long as the guest may have it, the store keeps the module."""
    target = address(module)
    found = find_object(store, KIND_MODULE, target)
    if is_null(found):
        found = new_object(store, KIND_MODULE, target)
        if not is_null(found):
            module.count += 1
    return found


@kernel
def trap_external(store: StoreObject, trap: Trap) -> Object:
    """The same for a trap, which then does not keep the store any more when its handles are gone."""
    if trap.store != address(store):
        return null(Object)
    made = object_for(store, KIND_TRAP, address(trap))
    trap.is_external = trap.is_external or not is_null(made)
    return made


@kernel
def from_slot(store: StoreObject, slot: Ptr[u64], code: u32, out: Value) -> bool:
    """The other way; false if there is no memory for a vector or a reference's handle."""
    kind = kind_from_code(code)
    out.kind = u8(kind)
    if kind == VAL_V128:
        out.bits = address(new_vector_block(cast(Ptr[u8], slot)))
        return out.bits != 0
    out.bits = u64(u32(slot[0])) if kind == VAL_I32 or kind == VAL_F32 else slot[0]
    if kind < VAL_EXTERNREF or slot[0] == 0:
        return True
    ref = reference_from_slot(store, slot[0], code)
    out.bits = address(ref)
    return not is_null(ref)


@kernel
def reference_from_slot(store: StoreObject, slot: u64, code: u32) -> Ref:
    """A handle of what a reference refers to; null for the null reference."""
    kind = kind_from_code(code)
    if slot == 0 or kind < VAL_EXTERNREF or (store.is_ended and kind != VAL_FUNCREF):
        return null(Ref)
    if kind == VAL_FUNCREF:
        return new_ref(store, KIND_FUNC, usize(slot))
    if kind == VAL_EXNREF:
        return new_ref(store, KIND_EXN, usize(slot))
    if slot & TAG_MASK != TAG_HOST:
        return new_any(store, slot)
    external = object_of(slot)
    if external.kind == KIND_MODULE or external.kind == KIND_TRAP:
        return cast(Ref, copy_ref(external.target))
    return new_ref(store, external.kind, external.target)


# Vectors of values.


@kernel(inline=True)
def values(vector: Vector) -> Ptr[Value]:
    return cast(Ptr[Value], vector.data)


@kernel(export="wasm_val_vec_new_empty")
def new_empty_values(out: Vector) -> None:
    new_elements(out, usize(0), usize(size_of(Value)))


@kernel(export="wasm_val_vec_new_uninitialized")
def new_unset_values(out: Vector, count: usize) -> None:
    new_elements(out, count, usize(size_of(Value)))


@kernel(export="wasm_val_vec_new")
def new_values(out: Vector, count: usize, given: Ptr[Value]) -> None:
    if new_elements(out, count, usize(size_of(Value))):
        if count != 0 and not is_null(given):
            copy_bytes(out.data, cast(Ptr[u8], given), count * usize(size_of(Value)))
    elif not is_null(given) and is_possible(count, usize(size_of(Value))):
        for i in span(count):
            delete_value(given[i])


@kernel(export="wasm_val_vec_copy")
def copy_values(out: Vector, origin: Vector) -> None:
    if new_elements(out, length(origin), usize(size_of(Value))):
        for i in span(length(origin)):
            copy_value(values(out)[i], values(origin)[i])
            given = values(origin)[i]
            if is_owner(given.kind) and given.bits != 0 and values(out)[i].bits == 0:
                delete_values(out)
                return


@kernel(export="wasm_val_vec_delete")
def delete_values(vector: Vector) -> None:
    for i in span(length(vector)):
        delete_value(values(vector)[i])
    delete_bytes(vector)
