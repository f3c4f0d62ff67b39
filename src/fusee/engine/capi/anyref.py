"""References of the `any` hierarchy as the embedder has them, and the types of objects (`fusee.h`).

A handle has a place among the store's roots, which keeps what it refers to. A type is known by its canonical id, which
is valid as long as the store has an instance of a module with it: so they come from instances and objects.
"""

from typing import Final

from fusee.engine.capi.call import WRONG_COUNT
from fusee.engine.capi.globals import put_nothing
from fusee.engine.capi.host import WRONG_VALUE
from fusee.engine.capi.kinds import kind_from_code
from fusee.engine.capi.messages import MISSING, OUT_OF_MEMORY
from fusee.engine.capi.refs import delete_ref, is_kind, new_any, reference_of
from fusee.engine.capi.state import KIND_ANY, KIND_INSTANCE, KIND_NONE, FieldType, Ref, StoreObject, Value, Vector
from fusee.engine.capi.values import from_slot, to_slot, values
from fusee.engine.capi.vectors import length
from fusee.engine.layouts import HEADER_BYTES, Layout, is_mutable, layout_of
from fusee.engine.registry import TypeRegistry
from fusee.engine.runtime.casts import is_object, type_of
from fusee.engine.runtime.fields import fill_fields, init_field, object_at, read_field, write_field
from fusee.engine.runtime.reflect import count_fields, make_object, storage_of, unchecked_place
from fusee.engine.state.module import ABSTRACT, AGGREGATE, ID_MASK, KIND_ARRAY, NONE, NULLABLE, REF, VAL_I32
from fusee.engine.state.runtime import TAG_I31, Instance
from fusee.engine.subtyping import is_subtype_of
from fusee.kernel.lang import Ptr, address, cast, caught, is_null, kernel, null, span, stack_array, u8, u32, u64, usize
from fusee.spec.types import PACKED_I8, PACKED_I16

I31: Final = u8(0)  # `fusee_any_kind_t`
STRUCT: Final = u8(1)
ARRAY: Final = u8(2)


@kernel(inline=True)
def registry_of(s: StoreObject) -> TypeRegistry:
    return cast(TypeRegistry, s.world.engine.registry)


@kernel(inline=True)
def is_packed(storage: u32) -> bool:
    return storage == PACKED_I8 or storage == PACKED_I16


@kernel(inline=True)
def value_code(storage: u32) -> u32:
    """The type of the values of a storage type."""
    return VAL_I32 if is_packed(storage) else storage


# Handles


@kernel
def object_in(ref: Ref) -> u64:
    """The structure or array that a handle is of; 0 if it is none's."""
    if not is_kind(ref, KIND_ANY) or ref.store.is_ended or not is_object(reference_of(ref)):
        return u64(0)
    return reference_of(ref)


@kernel(export="fusee_any_kind")
def any_kind(ref: Ref) -> u8:
    made = object_in(ref)
    if made != 0:
        return ARRAY if layout_of(registry_of(ref.store), type_of(made)).kind == KIND_ARRAY else STRUCT
    is_number = is_kind(ref, KIND_ANY) and reference_of(ref) & TAG_I31 != 0
    return I31 if is_number else KIND_NONE


@kernel(export="fusee_any_type")
def any_type(ref: Ref) -> u32:
    made = object_in(ref)
    return NONE if made == 0 else type_of(made)


@kernel(export="fusee_i31_new")
def new_i31(s: StoreObject, value: u32) -> Ref:
    """Of the lower 31 bits; null if there is no memory."""
    return null(Ref) if is_null(s) else new_any(s, (u64(value) << 1 | TAG_I31) & 0xFFFF_FFFF)


@kernel(export="fusee_i31_get")
def get_i31(ref: Ref) -> u32:
    """With the sign in the highest bit; 0 if it is something else."""
    if any_kind(ref) != I31:
        return u32(0)
    word = u32(reference_of(ref))
    return word >> 1 | (word & 0x8000_0000)


# Fields and elements


@kernel(export="fusee_object_size")
def object_size(ref: Ref) -> usize:
    """Of a structure its fields, of an array its elements; 0 if it is something else."""
    made = object_in(ref)
    return usize(0) if made == 0 else usize(count_fields(ref.store.world.engine, made))


@kernel(export="fusee_object_get")
def get(ref: Ref, index: usize, out: Value) -> bool:
    """False, and a null reference, beyond the end, and without memory."""
    if is_null(out):
        return False
    put_nothing(out)
    if index >= object_size(ref):
        return False
    made = object_in(ref)
    layout = layout_of(registry_of(ref.store), type_of(made))
    slots = stack_array(u64, 2)
    storage = storage_of(layout, u32(index))
    read_field(unchecked_place(layout, made, u32(index)), storage, slots)
    if from_slot(ref.store, slots, value_code(storage), out):
        return True
    ref.store.status = OUT_OF_MEMORY
    put_nothing(out)
    return False


@kernel(export="fusee_object_set")
def set_value(ref: Ref, index: usize, value: Value) -> bool:
    """False beyond the end, and if it is immutable or the value of another type."""
    if is_null(value) or index >= object_size(ref):
        return False
    s = ref.store
    made = object_in(ref)
    layout = layout_of(registry_of(s), type_of(made))
    storage = storage_of(layout, u32(index))
    slots = stack_array(u64, 2)
    s.status = WRONG_VALUE
    is_array = layout.kind == KIND_ARRAY
    if not is_mutable(layout, u32(0) if is_array else u32(index)) or not to_slot(s, value, value_code(storage), slots):
        return False
    write_field(s.store, unchecked_place(layout, made, u32(index)), storage, slots)
    s.status = u64(0)
    return True


# Making them


@kernel(export="fusee_object_new")
def new_object_ref(s: StoreObject, type: u32, given: Vector) -> Ref:  # noqa: A002
    """Of these fields or elements; of null, a structure of zeros and nulls. Null if they are not of the type."""
    layout = layout_in(s, type)
    if is_null(layout):
        return null(Ref)
    count = layout.field_count if is_null(given) and layout.kind != KIND_ARRAY else u32(length(given))
    s.status = WRONG_COUNT
    if count != length(given) and not is_null(given):
        return null(Ref)
    if layout.kind != KIND_ARRAY and count != layout.field_count:
        return null(Ref)
    made = allocate_ref(s, type, count)
    if is_null(made):
        return made
    slots = stack_array(u64, 2)
    for i in span(count):
        storage = storage_of(layout, i)
        if not take(s, values(given)[i] if not is_null(given) else null(Value), storage, slots):
            delete_ref(address(made))
            return null(Ref)
        init_field(unchecked_place(layout, reference_of(made), i), storage, slots)
    return made


@kernel(export="fusee_array_new")
def new_array_ref(s: StoreObject, type: u32, count: u32, value: Value) -> Ref:  # noqa: A002
    """All elements are the value; null: zero or null. Null if it is of another type, or there is no memory."""
    layout = layout_in(s, type)
    slots = stack_array(u64, 2)
    if is_null(layout):
        return null(Ref)
    s.status = WRONG_VALUE
    if layout.kind != KIND_ARRAY or not take(s, value, layout.storage[0], slots):
        return null(Ref)
    made = allocate_ref(s, type, count)
    if not is_null(made) and not is_null(value):
        fill_fields(object_at(reference_of(made)) + HEADER_BYTES, layout.storage[0], count, slots)
    return made


@kernel
def take(s: StoreObject, value: Value, storage: u32, slots: Ptr[u64]) -> bool:
    """A value for a place of a storage type, or if there is none its default; false if that is not of the type."""
    slots[0] = u64(0)
    slots[1] = u64(0)
    fits = storage & REF == 0 or storage & NULLABLE != 0
    if not is_null(value):
        fits = to_slot(s, value, value_code(storage), slots)
    s.status = u64(0) if fits else WRONG_VALUE
    return fits


@kernel
def allocate_ref(s: StoreObject, type: u32, count: u32) -> Ref:  # noqa: A002
    """A handle of a zeroed object; null if the heap's limit or the platform does not allow it."""
    target = stack_array(usize, 1)
    s.status = caught(allocate, s, type, count, target)
    return null(Ref) if s.status != 0 else new_any(s, target[0])


@kernel
def allocate(s: StoreObject, type: u32, count: u32, target: Ptr[usize]) -> None:  # noqa: A002
    target[0] = make_object(s.store, type, count)


# Types


@kernel
def layout_in(s: StoreObject, type: u32) -> Layout:  # noqa: A002
    """Null if it is no type of structures or arrays of the store's."""
    if is_null(s) or s.is_ended:
        return null(Layout)
    registry = registry_of(s)
    s.status = MISSING
    if type >= registry.type_count or registry.types[type].layout == 0:
        return null(Layout)
    return layout_of(registry, type)


@kernel(export="fusee_instance_type")
def instance_type(ref: Ref, index: u32) -> u32:
    """Of a module's types, by their numbers there."""
    if not is_kind(ref, KIND_INSTANCE):
        return NONE
    m = cast(Instance, ref.target).module
    if index >= m.type_count or is_null(layout_in(ref.store, m.types[index].canonical)):
        return NONE
    return m.types[index].canonical


@kernel(export="fusee_type_kind")
def type_kind(s: StoreObject, type: u32) -> u8:  # noqa: A002
    layout = layout_in(s, type)
    if is_null(layout):
        return KIND_NONE
    return ARRAY if layout.kind == KIND_ARRAY else STRUCT


@kernel(export="fusee_type_size")
def type_size(s: StoreObject, type: u32) -> usize:  # noqa: A002
    """How many fields its structures have; 1 for arrays."""
    layout = layout_in(s, type)
    return usize(0) if is_null(layout) else usize(layout.field_count)


@kernel(export="fusee_type_field")
def type_field(s: StoreObject, type: u32, index: usize, out: FieldType) -> bool:  # noqa: A002
    """False beyond the end."""
    if index >= type_size(s, type):
        return False
    layout = layout_in(s, type)
    storage = layout.storage[index]
    out.kind = u8(storage) if is_packed(storage) else u8(kind_from_code(storage))
    out.is_mutable = is_mutable(layout, u32(index))
    out.type = storage & ID_MASK if storage & (REF | ABSTRACT | AGGREGATE) == REF | AGGREGATE else NONE
    return True


@kernel(export="fusee_type_is_subtype")
def is_subtype(s: StoreObject, a: u32, b: u32) -> bool:
    if is_null(layout_in(s, a)) or is_null(layout_in(s, b)):
        return False
    return is_subtype_of(registry_of(s), a, b)
