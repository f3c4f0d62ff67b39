"""`wasm_val_t`, and how it passes into the interpreter's slots and back; types here are the engine's codes."""

from fusee.engine.capi.blocks import delete_bytes
from fusee.engine.capi.kinds import kind_from_code
from fusee.engine.capi.refs import copy_ref, delete_ref, new_ref
from fusee.engine.capi.state import (
    KIND_FOREIGN,
    KIND_FUNC,
    VAL_EXTERNREF,
    VAL_F32,
    VAL_FUNCREF,
    VAL_I32,
    VAL_V128,
    Ref,
    StoreObject,
    Value,
    Vector,
)
from fusee.engine.capi.vectors import new_elements
from fusee.engine.runtime.link import func_matches
from fusee.engine.state.module import NULLABLE
from fusee.engine.state.runtime import Func
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


@kernel(inline=True)
def ref_in(value: Value) -> Ref:
    return cast(Ref, usize(value.bits))


@kernel(export="wasm_val_delete")
def delete_value(value: Value) -> None:
    if value.kind >= VAL_EXTERNREF:
        delete_ref(ref_in(value))
        value.bits = u64(0)


@kernel(export="wasm_val_copy")
def copy_value(out: Value, value: Value) -> None:
    out.kind = value.kind
    out.bits = value.bits
    if value.kind >= VAL_EXTERNREF:
        out.bits = u64(address(copy_ref(ref_in(value))))


@kernel
def to_slot(store: StoreObject, value: Value, code: u32, slot: Ptr[u64]) -> bool:
    """Put a value where the interpreter expects one of a type; false if it is none, or of another store."""
    kind = kind_from_code(code)
    if u32(value.kind) != kind or kind == VAL_V128:
        return False
    if kind < VAL_V128:
        narrow = kind == VAL_I32 or kind == VAL_F32
        slot[0] = u64(u32(value.bits)) if narrow else value.bits
        return True
    return reference_to_slot(store, ref_in(value), code, slot)


@kernel
def reference_to_slot(store: StoreObject, ref: Ref, code: u32, slot: Ptr[u64]) -> bool:
    """The same for a reference, which may be null."""
    slot[0] = u64(0)
    if is_null(ref):
        return code & NULLABLE != 0
    if ref.store != store:
        return False
    slot[0] = u64(ref.target)
    if kind_from_code(code) == VAL_FUNCREF:
        return ref.kind == KIND_FUNC and func_matches(store.engine.engine, cast(Func, ref.target), code)
    return ref.kind == KIND_FOREIGN and kind_from_code(code) == VAL_EXTERNREF


@kernel
def from_slot(store: StoreObject, slot: u64, code: u32, out: Value) -> bool:
    """The other way; false if there is no memory for the handle of a reference."""
    kind = kind_from_code(code)
    out.kind = u8(kind)
    out.bits = u64(u32(slot)) if kind == VAL_I32 or kind == VAL_F32 else slot
    if kind < VAL_EXTERNREF or slot == 0:
        return True
    ref = reference_from_slot(store, slot, code)
    out.bits = u64(address(ref))
    return not is_null(ref)


@kernel
def reference_from_slot(store: StoreObject, slot: u64, code: u32) -> Ref:
    """A handle of what a reference refers to; null for the null reference."""
    if slot == 0:
        return null(Ref)
    is_func = kind_from_code(code) == VAL_FUNCREF
    return new_ref(store, u32(KIND_FUNC) if is_func else u32(KIND_FOREIGN), usize(slot))


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
        if count != 0:
            copy_bytes(out.data, cast(Ptr[u8], given), count * usize(size_of(Value)))
    else:
        for i in span(count):
            delete_value(given[i])


@kernel(export="wasm_val_vec_copy")
def copy_values(out: Vector, origin: Vector) -> None:
    if new_elements(out, origin.size, usize(size_of(Value))):
        for i in span(origin.size):
            copy_value(values(out)[i], values(origin)[i])


@kernel(export="wasm_val_vec_delete")
def delete_values(vector: Vector) -> None:
    for i in span(vector.size):
        delete_value(values(vector)[i])
    delete_bytes(vector)
