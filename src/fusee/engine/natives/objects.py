"""What generated code has inlined of the instructions on structures, arrays and types (spec 4.6.5)."""

from fusee.engine.errors import Trap
from fusee.engine.layouts import HEADER_BYTES
from fusee.engine.registry import TypeRegistry
from fusee.engine.runtime.casts import matches_abstract, type_of
from fusee.engine.runtime.fields import length_of, object_at
from fusee.engine.state.runtime import TAG_MASK, Func, Instance
from fusee.engine.subtyping import is_subtype_of
from fusee.kernel.lang import Ptr, Static, cast, kernel, store, u8, u32, u64, unlikely, usize
from fusee.spec.traps import TrapCode


@kernel(inline=True)
def field_at(reference: u64, offset: u32) -> Ptr[u8]:
    """Where a structure's field is."""
    if unlikely(reference == 0):
        raise Trap(TrapCode.NULL_STRUCTURE, 0)
    return object_at(reference) + offset


@kernel(inline=True)
def new_field_at(reference: u64, offset: u32) -> Ptr[u8]:
    """The same of one that has just been made."""
    return object_at(reference) + offset


@kernel(inline=True)
def element_at(reference: u64, index: u32, log2: Static[int]) -> Ptr[u8]:
    """Where an array's element is."""
    if unlikely(reference == 0):
        raise Trap(TrapCode.NULL_ARRAY, 0)
    if unlikely(index >= length_of(reference)):
        raise Trap(TrapCode.ARRAY_OUT_OF_BOUNDS, 0)
    return object_at(reference) + HEADER_BYTES + (usize(index) << log2)


@kernel(inline=True)
def array_length(reference: u64) -> u32:
    """`array.len`"""
    if unlikely(reference == 0):
        raise Trap(TrapCode.NULL_ARRAY, 0)
    return length_of(reference)


@kernel(inline=True)
def next_cell(ctx: Instance, number: Static[int], cell_bytes: Static[int]) -> u64:
    """A zeroed cell of a size class; 0 if its run is used up."""
    run = ctx.store.heap.runs[number]
    at = run.next
    if unlikely(at == run.end):
        return u64(0)
    run.next = at + usize(cell_bytes)
    return u64(at)


@kernel(inline=True)
def begin_structure(ctx: Instance, reference: u64, type_index: u32) -> None:
    """Write the header of a new one."""
    store(object_at(reference), u64(ctx.module.types[type_index].canonical))


@kernel(inline=True)
def is_marking(ctx: Instance) -> bool:
    """Whether the collector has to be told of references that are overwritten (`heap.barrier`)."""
    return ctx.store.heap.is_marking


@kernel(inline=True)
def is_aggregate(
    ctx: Instance, reference: u64, type_index: u32, is_null_too: Static[bool], is_exact: Static[bool]
) -> bool:  # fmt: skip
    """Whether a reference is of a structure or array type, or null if that is allowed.

    `is_exact`: the type is final, so that nothing else matches it.
    """
    if reference & TAG_MASK != 0:
        return False
    if reference == 0:
        return is_null_too
    canonical = ctx.module.types[type_index].canonical
    if is_exact:
        return type_of(reference) == canonical
    return is_subtype_of(cast(TypeRegistry, ctx.registry), type_of(reference), canonical)


@kernel(inline=True)
def is_function(ctx: Instance, reference: u64, type_index: u32, is_null_too: Static[bool]) -> bool:
    """The same of a function type."""
    if reference == 0:
        return is_null_too
    canonical = ctx.module.types[type_index].canonical
    return is_subtype_of(cast(TypeRegistry, ctx.registry), cast(Func, usize(reference)).canonical, canonical)


@kernel(inline=True)
def is_abstract(ctx: Instance, reference: u64, heap: Static[int], is_null_too: Static[bool]) -> bool:
    """The same of an abstract heap type."""
    if reference == 0:
        return is_null_too
    return matches_abstract(cast(TypeRegistry, ctx.registry), reference, u32(heap))


@kernel(inline=True)
def check_cast(matches: bool) -> None:
    """`ref.cast`"""
    if unlikely(not matches):
        raise Trap(TrapCode.CAST_FAILURE, 0)
