"""Vectors (`WASM_DECLARE_VEC`) of bytes, and of pointers to objects that they own.

One that cannot be made for want of memory is empty; what it was given to own is deleted.
"""

from fusee.engine.capi.blocks import copy_to_bytes, delete_bytes, new_block, new_bytes
from fusee.engine.capi.state import Vector
from fusee.kernel.lang import (
    Kernel,
    Ptr,
    Static,
    cast,
    copy_bytes,
    is_null,
    kernel,
    null,
    size_of,
    span,
    u8,
    usize,
)  # fmt: skip


@kernel
def length(vector: Vector) -> usize:
    """How many elements there are; none where there is no vector, or no data."""
    return usize(0) if is_null(vector) or is_null(vector.data) else vector.size


@kernel(export="wasm_byte_vec_new_empty")
def new_empty_bytes(out: Vector) -> None:
    new_bytes(out, usize(0))


@kernel(export="wasm_byte_vec_new_uninitialized")
def new_unset_bytes(out: Vector, size: usize) -> None:
    new_bytes(out, size)


@kernel(export="wasm_byte_vec_new")
def new_filled_bytes(out: Vector, size: usize, data: Ptr[u8]) -> None:
    if is_null(data):
        new_bytes(out, size)
    else:
        copy_to_bytes(out, data, size)


@kernel(export="wasm_byte_vec_copy")
def copy_byte_vector(out: Vector, origin: Vector) -> None:
    size = length(origin)
    copy_to_bytes(out, null(Ptr[u8]) if size == 0 else origin.data, size)


@kernel(export="wasm_byte_vec_delete")
def delete_byte_vector(vector: Vector) -> None:
    delete_bytes(vector)


@kernel
def new_elements(out: Vector, count: usize, width: usize) -> bool:
    """Room for `count` zeroed elements."""
    out.size = usize(0)
    out.data = null(Ptr[u8])
    if count == 0:
        return True
    if is_possible(count, width):
        out.data = new_block(count * width)
    if is_null(out.data):
        return False
    out.size = count
    return True


@kernel
def is_possible(count: usize, width: usize) -> bool:
    """Whether there can be so many elements in memory at all."""
    return count * width // width == count


@kernel
def new_empty(out: Vector) -> None:
    """`wasm_…_vec_new_empty`"""
    out.size = usize(0)
    out.data = null(Ptr[u8])


@kernel
def new_vector(out: Vector, count: usize) -> None:
    """`wasm_…_vec_new_uninitialized`: the elements are null, so that deleting it is always right."""
    new_elements(out, count, usize(size_of(usize)))


@kernel(inline=True)
def pointers(vector: Vector) -> Ptr[usize]:
    return cast(Ptr[usize], vector.data)


@kernel
def new_owner(out: Vector, count: usize, given: Ptr[usize], destroy: Static[Kernel[[usize], None]]) -> None:
    """`wasm_…_vec_new`: takes over the elements, which are null if none are given."""
    if new_elements(out, count, usize(size_of(usize))):
        if count != 0 and not is_null(given):
            copy_bytes(out.data, cast(Ptr[u8], given), count * usize(size_of(usize)))
    elif not is_null(given) and is_possible(count, usize(size_of(usize))):
        for i in span(count):
            destroy(given[i])


@kernel
def copy_vector(
    out: Vector,
    origin: Vector,
    copy: Static[Kernel[[usize], usize]],
    destroy: Static[Kernel[[usize], None]],
) -> None:
    """`wasm_…_vec_copy`: copies of all elements, or nothing."""
    if not new_elements(out, length(origin), usize(size_of(usize))):
        return
    for i in span(length(origin)):
        if pointers(origin)[i] != 0:
            pointers(out)[i] = copy(pointers(origin)[i])
            if pointers(out)[i] == 0:
                delete_vector(out, destroy)
                return


@kernel
def delete_vector(vector: Vector, destroy: Static[Kernel[[usize], None]]) -> None:
    """`wasm_…_vec_delete`, with the elements."""
    for i in span(length(vector)):
        destroy(pointers(vector)[i])
    delete_bytes(vector)
