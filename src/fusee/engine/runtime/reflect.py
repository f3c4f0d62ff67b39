"""What the embedder may ask of structures and arrays, and change in them; out of bounds is the guest's trap."""

from fusee.engine.errors import Trap
from fusee.engine.layouts import HEADER_BYTES, Layout, is_mutable, layout_of
from fusee.engine.registry import TypeRegistry
from fusee.engine.runtime.casts import type_of
from fusee.engine.runtime.fields import fill_fields, init_field, length_of, object_at, read_field, write_field
from fusee.engine.runtime.heap.allocate import new_array, new_struct
from fusee.engine.runtime.heap.collect import note_embedder
from fusee.engine.state.module import KIND_ARRAY, MUTABLE_SHIFT, VAL_V128
from fusee.engine.state.runtime import Engine, Store
from fusee.kernel.lang import Ptr, cast, kernel, span, u8, u32, u64, usize
from fusee.spec.traps import TrapCode


@kernel(inline=True)
def layout_in(engine: Engine, reference: u64) -> Layout:
    return layout_of(cast(TypeRegistry, engine.registry), type_of(reference))


@kernel
def count_fields(engine: Engine, reference: u64) -> u32:
    """How many fields a structure has, or elements an array."""
    layout = layout_in(engine, reference)
    return length_of(reference) if layout.kind == KIND_ARRAY else layout.field_count


@kernel
def field_type(engine: Engine, reference: u64, index: u32) -> u64:
    """The canonical storage type of a structure's field or, whatever the index, of an array's elements."""
    layout = layout_in(engine, reference)
    field = u32(0) if layout.kind == KIND_ARRAY else index
    if field >= layout.field_count:
        raise Trap(TrapCode.ARRAY_OUT_OF_BOUNDS, 0)
    return layout.storage[field] | u64(is_mutable(layout, field)) << MUTABLE_SHIFT


@kernel
def place_of(layout: Layout, reference: u64, index: u32) -> Ptr[u8]:
    """Where a field or an element is."""
    if index >= (length_of(reference) if layout.kind == KIND_ARRAY else layout.field_count):
        raise Trap(TrapCode.ARRAY_OUT_OF_BOUNDS, 0)
    return unchecked_place(layout, reference, index)


@kernel
def unchecked_place(layout: Layout, reference: u64, index: u32) -> Ptr[u8]:
    """Where it is, if there is one."""
    if layout.kind == KIND_ARRAY:
        return object_at(reference) + HEADER_BYTES + (usize(index) << layout.element_log2)
    return object_at(reference) + layout.offsets[index]


@kernel(inline=True)
def storage_of(layout: Layout, index: u32) -> u32:
    return layout.storage[u32(0) if layout.kind == KIND_ARRAY else index]


@kernel
def type_of_object(engine: Engine, reference: u64) -> u32:
    """The canonical id of an object's type."""
    return type_of(reference)


@kernel
def make_object(world: Store, type: u32, count: u32) -> usize:  # noqa: A002
    """A zeroed structure, or an array of `count` elements, for the embedder. Raises `Trap` if there is no memory."""
    note_embedder(world)
    layout = layout_of(cast(TypeRegistry, world.engine.registry), type)
    if layout.kind == KIND_ARRAY:
        return new_array(world, type, HEADER_BYTES + (u64(count) << layout.element_log2), count)
    return new_struct(world, type, layout.size_bytes)


@kernel
def fill_object(world: Store, reference: u64, values: Ptr[u64], are_same: bool) -> None:
    """Write all fields or elements of a new object, from slots in a row; an array's perhaps all from the first."""
    layout = layout_in(world.engine, reference)
    if are_same and layout.kind == KIND_ARRAY:
        fill_fields(object_at(reference) + HEADER_BYTES, layout.storage[0], length_of(reference), values)
        return
    value = values
    for index in span(count_fields(world.engine, reference)):
        storage = storage_of(layout, index)
        init_field(unchecked_place(layout, reference, index), storage, value)
        value = value + (u32(1) + u32(storage == VAL_V128))


@kernel
def get_field(engine: Engine, reference: u64, index: u32, value: Ptr[u64]) -> None:
    """Read a field or an element into a slot, or two for a vector; what is packed is extended by zero."""
    layout = layout_in(engine, reference)
    place = place_of(layout, reference, index)
    read_field(place, storage_of(layout, index), value)


@kernel
def set_field(store: Store, reference: u64, index: u32, value: Ptr[u64]) -> None:
    """Write one, which can be set, from a slot; the value is of its type."""
    layout = layout_in(store.engine, reference)
    place = place_of(layout, reference, index)
    write_field(store, place, storage_of(layout, index), value)
