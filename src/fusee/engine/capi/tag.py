"""Tags as the embedder makes them, and their types."""

from fusee.engine.capi.engine_types import read_tagtype
from fusee.engine.capi.func import can_be_host, canonical_type, slots_in
from fusee.engine.capi.host import kind_at
from fusee.engine.capi.messages import MISSING
from fusee.engine.capi.refs import is_kind, new_ref
from fusee.engine.capi.state import KIND_TAG, ExternType, Ref, StoreObject
from fusee.engine.capi.types import tagtype_functype
from fusee.engine.runtime.holdings import BLOCK_PLAIN, own
from fusee.engine.state.runtime import Tag
from fusee.engine.subtyping import canonical_value_type
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    caught,
    is_null,
    kernel,
    null,
    size_of,
    span,
    stack_array,
    u32,
    usize,
)


@kernel(inline=True)
def tag_in(ref: Ref) -> Tag:
    return cast(Tag, ref.target)


@kernel
def param_of(tag: Tag, index: u32) -> u32:
    """The type of a value as the engine writes it; a host's tag has no module, and needs none."""
    return canonical_value_type(tag.module, tag.params[index])


@kernel(export="wasm_tag_new")
def new_tag_ref(s: StoreObject, type: ExternType) -> Ref:  # noqa: A002
    """Null if there is no memory, or if `type` is no tag's."""
    if is_null(s):
        return null(Ref)
    function = tagtype_functype(type)
    if not can_be_host(function):
        s.status = MISSING
        return null(Ref)
    target = stack_array(usize, 1)
    s.status = caught(make_tag, s, function, target)
    return null(Ref) if s.status != 0 else new_ref(s, KIND_TAG, target[0])


@kernel
def make_tag(s: StoreObject, function: ExternType, target: Ptr[usize]) -> None:
    """A tag that has its list of types behind it: no module has one."""
    canonical = canonical_type(s, function)
    count = u32(function.params.size)
    base = own(s.store, BLOCK_PLAIN, usize(size_of(Tag)) + count * usize(size_of(u32)))
    tag = cast(Tag, base)
    tag.canonical = canonical
    tag.param_count = count
    tag.slot_count = slots_in(function.params)
    tag.params = cast(Ptr[u32], base + size_of(Tag))
    for i in span(count):
        tag.params[i] = kind_at(function.params, i)
    target[0] = address(tag)


@kernel(export="wasm_tag_type")
def tag_type(ref: Ref) -> ExternType:
    if not is_kind(ref, KIND_TAG):
        return null(ExternType)
    tag = tag_in(ref)
    return read_tagtype(tag.module, tag.param_count, tag.params)
