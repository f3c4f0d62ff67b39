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


@kernel(export="wasm_byte_vec_new_empty")
def new_empty_bytes(out: Vector) -> None:
    new_bytes(out, usize(0))


@kernel(export="wasm_byte_vec_new_uninitialized")
def new_unset_bytes(out: Vector, size: usize) -> None:
    new_bytes(out, size)


@kernel(export="wasm_byte_vec_new")
def new_filled_bytes(out: Vector, size: usize, data: Ptr[u8]) -> None:
    copy_to_bytes(out, data, size)


@kernel(export="wasm_byte_vec_copy")
def copy_byte_vector(out: Vector, origin: Vector) -> None:
    copy_to_bytes(out, origin.data, origin.size)


@kernel(export="wasm_byte_vec_delete")
def delete_byte_vector(vector: Vector) -> None:
    delete_bytes(vector)


@kernel
def new_elements(out: Vector, count: usize, width: usize) -> bool:
    """Room for `count` zeroed elements."""
    out.size = usize(0)
    out.data = null(Ptr[u8])
    size = count * width
    if count == 0:
        return True
    if size // width == count:
        out.data = new_block(size)
    if is_null(out.data):
        return False
    out.size = count
    return True


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
    """`wasm_…_vec_new`: takes over the elements."""
    if new_elements(out, count, usize(size_of(usize))):
        if count != 0:
            copy_bytes(out.data, cast(Ptr[u8], given), count * usize(size_of(usize)))
    else:
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
    if not new_elements(out, origin.size, usize(size_of(usize))):
        return
    for i in span(origin.size):
        if pointers(origin)[i] != 0:
            pointers(out)[i] = copy(pointers(origin)[i])
            if pointers(out)[i] == 0:
                delete_vector(out, destroy)
                return


@kernel
def delete_vector(vector: Vector, destroy: Static[Kernel[[usize], None]]) -> None:
    """`wasm_…_vec_delete`, with the elements."""
    for i in span(vector.size):
        destroy(pointers(vector)[i])
    delete_bytes(vector)
