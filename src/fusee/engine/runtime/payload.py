"""Where an exception's values are, and of which types."""

from fusee.engine.state.runtime import Exn, Tag
from fusee.engine.subtyping import canonical_value_type
from fusee.kernel.lang import Ptr, cast, is_null, kernel, size_of, u8, u32, u64, usize


@kernel(inline=True)
def payload(exn: Exn) -> Ptr[u64]:
    """An exception's values, as they are in a frame."""
    return cast(Ptr[u64], cast(Ptr[u8], exn) + usize((size_of(Exn) + 7) & ~7))


@kernel(inline=True)
def exn_bytes(slots: usize) -> usize:
    """What an exception takes with so many slots of values."""
    return usize((size_of(Exn) + 7) & ~7) + (slots << 3)


@kernel
def tag_param(tag: Tag, index: u32) -> u32:
    """The canonical type of a value. A tag of the embedder's whose type no module has has these itself."""
    return tag.params[index] if is_null(tag.module) else canonical_value_type(tag.module, tag.params[index])
