"""Tags as the embedder makes them, and their types."""

from fusee.engine.capi.declared import declaring
from fusee.engine.capi.engine_types import read_tagtype
from fusee.engine.capi.func import can_be_host, register_type, slots_in
from fusee.engine.capi.messages import MISSING
from fusee.engine.capi.refs import is_kind, new_ref
from fusee.engine.capi.state import KIND_TAG, ExternType, Ref, StoreObject
from fusee.engine.capi.types import tagtype_functype
from fusee.engine.present import HAS_EXCEPTIONS
from fusee.engine.runtime.holdings import BLOCK_PLAIN, own
from fusee.engine.runtime.objects import new_tag
from fusee.engine.state.runtime import Tag
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    caught,
    is_null,
    kernel,
    null,
    size_of,
    stack_array,
    u32,
    usize,
)


@kernel(inline=True)
def tag_in(ref: Ref) -> Tag:
    return cast(Tag, ref.target)


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
    """A tag of a type that a module declares, or that none has: then with a list of types of its own."""
    if HAS_EXCEPTIONS and not is_null(function.source):
        target[0] = address(new_tag(s.store, declaring(s, function.source), function.index))
        return
    canonical = stack_array(u32, 1)
    codes = register_type(s, function, canonical)
    tag = cast(Tag, own(s.store, BLOCK_PLAIN, usize(size_of(Tag))))
    tag.canonical = canonical[0]
    tag.param_count = u32(function.params.size)
    tag.slot_count = slots_in(codes, tag.param_count)
    tag.params = codes
    target[0] = address(tag)


@kernel(export="wasm_tag_type")
def tag_type(ref: Ref) -> ExternType:
    if not is_kind(ref, KIND_TAG):
        return null(ExternType)
    return read_tagtype(ref.store.world, tag_in(ref))
