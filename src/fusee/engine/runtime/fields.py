"""Reading and writing the fields of structures and the elements of arrays, by their storage types (spec 4.2.15).

A field is given by its address. A value is where slots have it: a vector takes two of them.
"""

from fusee.engine.layouts import LENGTH_AT, size_log2
from fusee.engine.runtime.heap.barrier import before_write
from fusee.engine.state.module import REF
from fusee.engine.state.runtime import Store
from fusee.kernel.lang import Ptr, cast, copy_bytes, kernel, load, minimum, span, store, u8, u16, u32, u64, usize


@kernel(inline=True)
def object_at(reference: u64) -> Ptr[u8]:
    """Where an object is."""
    return cast(Ptr[u8], usize(reference))


@kernel(inline=True)
def length_of(reference: u64) -> u32:
    """How many elements an array has."""
    return load(u32, object_at(reference) + LENGTH_AT)


@kernel(inline=True)
def read_reference(at: Ptr[u8]) -> u64:
    return load(usize, at)


@kernel
def init_field(at: Ptr[u8], storage: u32, value: Ptr[u64]) -> None:
    """Write a field of a new object."""
    log2 = size_log2(storage)
    if log2 == 3:
        store(at, value[0])
    elif log2 == 2:
        store(at, u32(value[0]))
    elif log2 == 1:
        store(at, u16(value[0]))
    elif log2 == 0:
        store(at, u8(value[0]))
    else:
        store(at, value[0])
        store(at + 8, value[1])


@kernel
def write_field(world: Store, at: Ptr[u8], storage: u32, value: Ptr[u64]) -> None:
    """Write a field of an object that others may know."""
    if storage & REF != 0:
        before_write(world, read_reference(at))
    init_field(at, storage, value)


@kernel
def read_field(at: Ptr[u8], storage: u32, value: Ptr[u64]) -> None:
    """Read a field; what is narrower than a slot is extended by zero."""
    log2 = size_log2(storage)
    if log2 == 3:
        value[0] = load(u64, at)
    elif log2 == 2:
        value[0] = load(u32, at)
    elif log2 == 1:
        value[0] = load(u16, at)
    elif log2 == 0:
        value[0] = load(u8, at)
    else:
        value[0] = load(u64, at)
        value[1] = load(u64, at + 8)


@kernel
def fill_fields(at: Ptr[u8], storage: u32, count: u32, value: Ptr[u64]) -> None:
    """Write `count` fields that follow one another, all the same: what is there already is copied behind itself."""
    if count == 0:
        return
    init_field(at, storage, value)
    done = usize(1) << size_log2(storage)
    end = usize(count) << size_log2(storage)
    while done < end:
        more = minimum(done, end - done)
        copy_bytes(at + done, at, more)
        done += more


@kernel
def forget_references(world: Store, at: Ptr[u8], count: u32) -> None:
    """`count` references that follow one another are about to be written over."""
    for i in span(usize(count)):
        before_write(world, cast(Ptr[usize], at)[i])
