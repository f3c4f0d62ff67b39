"""Making structures and arrays, and the instructions on several elements of arrays (spec 4.6.5).

Values are where slots have them, `1 << spread` words apart. Whatever makes an object may look for those that nothing
refers to: references must be in a guest's frame or in saved registers. Not those of constant expressions: while an
instance is made nothing is looked for.
"""

from fusee.engine.errors import Trap
from fusee.engine.layouts import HEADER_BYTES, Layout, layout_of
from fusee.engine.registry import TypeRegistry
from fusee.engine.runtime.fields import fill_fields, forget_references, init_field, length_of, object_at
from fusee.engine.runtime.heap.allocate import new_array, new_struct
from fusee.engine.runtime.memory import out_of_range
from fusee.engine.runtime.metering import CHUNK_BYTES, look
from fusee.engine.state.module import REF
from fusee.engine.state.runtime import Instance
from fusee.kernel.lang import Ptr, cast, copy_bytes, kernel, minimum, span, u8, u32, u64, unlikely, usize
from fusee.spec.traps import TrapCode


@kernel(inline=True)
def layout_at(ctx: Instance, index: u32) -> Layout:
    """The layout of a structure or array type of the instance's module."""
    return layout_of(cast(TypeRegistry, ctx.registry), ctx.module.types[index].canonical)


@kernel(inline=True)
def element_at(reference: u64, layout: Layout, index: u32) -> Ptr[u8]:
    """Where an element is."""
    return object_at(reference) + HEADER_BYTES + (usize(index) << layout.element_log2)


@kernel
def make_struct(ctx: Instance, index: u32, values: Ptr[u64], spread: u32) -> u64:
    """`struct.new`"""
    layout = layout_at(ctx, index)
    made = u64(new_struct(ctx.store, ctx.module.types[index].canonical, layout.size_bytes))
    place = values
    for field in span(layout.field_count):
        init_field(object_at(made) + layout.offsets[field], layout.storage[field], place)
        place = place + (u32(1) << spread)
    return made


@kernel
def make_default_struct(ctx: Instance, index: u32) -> u64:
    """`struct.new_default`"""
    layout = layout_at(ctx, index)
    return new_struct(ctx.store, ctx.module.types[index].canonical, layout.size_bytes)


@kernel
def make_default_array(ctx: Instance, index: u32, length: u32) -> u64:
    """`array.new_default`"""
    layout = layout_at(ctx, index)
    size = (u64(length) << layout.element_log2) + HEADER_BYTES
    return new_array(ctx.store, ctx.module.types[index].canonical, size, length)


@kernel
def make_array(ctx: Instance, index: u32, value: Ptr[u64], length: u32) -> u64:
    """`array.new`"""
    made = make_default_array(ctx, index, length)
    fill_range(ctx, layout_at(ctx, index), made, u32(0), value, length)
    return made


@kernel
def make_fixed_array(ctx: Instance, index: u32, values: Ptr[u64], spread: u32, length: u32) -> u64:
    """`array.new_fixed`"""
    made = make_default_array(ctx, index, length)
    layout = layout_at(ctx, index)
    place = values
    for i in span(length):
        init_field(element_at(made, layout, i), layout.storage[0], place)
        place = place + (u32(1) << spread)
    return made


# Segments. What is dropped has length 0.


@kernel
def check_data(ctx: Instance, layout: Layout, segment: u32, start: u32, count: u32) -> None:
    """Trap unless a data segment has `count` elements from byte `start` on."""
    if unlikely(out_of_range(start, u64(count) << layout.element_log2, ctx.datas[segment].length)):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, 0)


@kernel
def check_elements(ctx: Instance, segment: u32, start: u32, count: u32) -> None:
    """Trap unless an element segment has `count` references from `start` on."""
    if unlikely(out_of_range(start, count, ctx.elements[segment].length)):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS, 0)


@kernel
def copy_data(ctx: Instance, layout: Layout, at: Ptr[u8], segment: u32, start: u32, count: u32) -> None:
    """It may take long."""
    size = u64(count) << layout.element_log2
    done = u64(0)
    while done < size:
        part = minimum(size - done, CHUNK_BYTES)
        copy_bytes(at + usize(done), ctx.datas[segment].items + usize(start + done), usize(part))
        done += part
        if done < size:
            look(ctx.store)


@kernel
def copy_elements(ctx: Instance, at: Ptr[u8], segment: u32, start: u32, count: u32) -> None:
    """References are as wide as slots in a segment, and as pointers in an array."""
    references = cast(Ptr[u64], ctx.elements[segment].items)
    for i in span(usize(count)):
        cast(Ptr[usize], at)[i] = usize(references[start + i])


@kernel
def make_array_of_data(ctx: Instance, index: u32, segment: u32, start: u32, length: u32) -> u64:
    """`array.new_data`"""
    layout = layout_at(ctx, index)
    check_data(ctx, layout, segment, start, length)
    made = make_default_array(ctx, index, length)
    copy_data(ctx, layout, element_at(made, layout, u32(0)), segment, start, length)
    return made


@kernel
def make_array_of_elements(ctx: Instance, index: u32, segment: u32, start: u32, length: u32) -> u64:
    """`array.new_elem`"""
    check_elements(ctx, segment, start, length)
    made = make_default_array(ctx, index, length)
    copy_elements(ctx, element_at(made, layout_at(ctx, index), u32(0)), segment, start, length)
    return made


# Elements of arrays that are there. What takes long is done in chunks, between which the guest may pause.


@kernel(inline=True)
def chunk_of(layout: Layout) -> u32:
    """How many elements of an array are done at once."""
    return u32(CHUNK_BYTES >> layout.element_log2)


@kernel
def check_range(reference: u64, start: u32, count: u32) -> None:
    """Trap unless there is an array, and it has `count` elements from `start` on."""
    if unlikely(reference == 0):
        raise Trap(TrapCode.NULL_ARRAY, 0)
    if unlikely(out_of_range(start, count, length_of(reference))):
        raise Trap(TrapCode.ARRAY_OUT_OF_BOUNDS, 0)


@kernel
def forget_range(ctx: Instance, layout: Layout, reference: u64, start: u32, count: u32) -> None:
    """Elements are about to be written over."""
    if layout.storage[0] & REF != 0 and unlikely(ctx.store.heap.is_marking):
        forget_references(ctx.store, element_at(reference, layout, start), count)


@kernel
def fill_range(ctx: Instance, layout: Layout, reference: u64, start: u32, value: Ptr[u64], count: u32) -> None:
    done = u32(0)
    while done < count:
        part = minimum(count - done, chunk_of(layout))
        forget_range(ctx, layout, reference, start + done, part)
        fill_fields(element_at(reference, layout, start + done), layout.storage[0], part, value)
        done += part
        if done < count:
            look(ctx.store)


@kernel
def fill_array(ctx: Instance, index: u32, reference: u64, start: u32, value: Ptr[u64], count: u32) -> None:
    """`array.fill`"""
    check_range(reference, start, count)
    fill_range(ctx, layout_at(ctx, index), reference, start, value, count)


@kernel
def copy_array(ctx: Instance, index: u32, reference: u64, to: u32, origin: u64, start: u32, count: u32) -> None:
    """`array.copy`; the ranges may overlap. Elements of both are of one size (spec 3.4.10)."""
    if unlikely(reference == 0 or origin == 0):
        raise Trap(TrapCode.NULL_ARRAY, 0)
    check_range(reference, to, count)
    check_range(origin, start, count)
    layout = layout_at(ctx, index)
    is_backward = reference == origin and to > start
    done = u32(0)
    while done < count:
        part = minimum(count - done, chunk_of(layout))
        at = count - done - part if is_backward else done
        forget_range(ctx, layout, reference, to + at, part)
        size = usize(part) << layout.element_log2
        copy_bytes(element_at(reference, layout, to + at), element_at(origin, layout, start + at), size)
        done += part
        if done < count:
            look(ctx.store)


@kernel
def write_data(
    ctx: Instance, index: u32, segment: u32, reference: u64, to: u32, start: u32, count: u32
) -> None:  # fmt: skip
    """`array.init_data`"""
    check_range(reference, to, count)
    layout = layout_at(ctx, index)
    check_data(ctx, layout, segment, start, count)
    copy_data(ctx, layout, element_at(reference, layout, to), segment, start, count)


@kernel
def write_elements(
    ctx: Instance, index: u32, segment: u32, reference: u64, to: u32, start: u32, count: u32
) -> None:  # fmt: skip
    """`array.init_elem`"""
    check_range(reference, to, count)
    check_elements(ctx, segment, start, count)
    layout = layout_at(ctx, index)
    done = u32(0)
    while done < count:
        part = minimum(count - done, chunk_of(layout))
        forget_range(ctx, layout, reference, to + done, part)
        copy_elements(ctx, element_at(reference, layout, to + done), segment, start + done, part)
        done += part
        if done < count:
            look(ctx.store)
