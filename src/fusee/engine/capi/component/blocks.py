"""Memory, as vectors of bytes of the C API are made of it."""

from fusee.engine.capi.component import capi
from fusee.engine.capi.component.errors import Broken, Fault
from fusee.engine.capi.component.state import Call, Value
from fusee.engine.capi.state import Vector
from fusee.kernel.lang import Ptr, cast, copy_bytes, is_null, kernel, null, size_of, stack_array, u8, u32, u64, usize


@kernel
def try_block(size: usize) -> Ptr[u8]:
    """Zeroed memory, or null; null too if nothing is asked for."""
    vector = stack_array(Vector, 1)[0]
    vector.data = null(Ptr[u8])
    capi.new_bytes(vector, size)
    return vector.data


@kernel
def new_block(size: usize) -> Ptr[u8]:
    """Zeroed memory; null if nothing is asked for."""
    made = try_block(size)
    if is_null(made) and size != 0:
        raise Broken(Fault.MEMORY, 0)
    return made


@kernel
def delete_block(block: Ptr[u8]) -> None:
    """Give it back; nothing if it is null."""
    vector = stack_array(Vector, 1)[0]
    vector.size = usize(0)
    vector.data = block
    capi.delete_bytes(vector)


@kernel
def table_block(count: u32, width: usize) -> Ptr[u8]:
    """Zeroed room for so many entries of a table."""
    return new_block(usize(count) * width)


@kernel
def larger_block(old: Ptr[u8], size: usize, larger: usize) -> Ptr[u8]:
    """A larger block with the same contents; the old one is given back."""
    made = new_block(larger)
    if size != 0:
        copy_bytes(made, old, size)
    delete_block(old)
    return made


@kernel
def value_room(call: Call, count: u64, width: usize) -> Ptr[u8]:
    """Zeroed room for values that the app is given, as long as they are not too many."""
    instance = call.instance
    if count > instance.bytes_left // u64(width):
        raise Broken(Fault.BUDGET, 0)
    size = count * u64(width)
    instance.bytes_left -= size
    if u64(usize(size)) != size:
        raise Broken(Fault.MEMORY, 0)
    return new_block(usize(size))


@kernel
def new_values(call: Call, out: Value, count: u64) -> Ptr[Value]:
    """Give a value so many others, which are zero."""
    made = value_room(call, count, usize(size_of(Value)))
    out.data = made
    out.size = usize(count)
    return cast(Ptr[Value], made)
