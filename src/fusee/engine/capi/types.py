"""Types as C sees them, made by the embedder: of values and externs."""

from typing import Final

from fusee.engine.capi.blocks import delete_block, new_block
from fusee.engine.capi.counts import drop_source, hold_source
from fusee.engine.capi.kinds import code_from_kind, kind_from_code
from fusee.engine.capi.state import (
    KIND_FUNC,
    KIND_GLOBAL,
    KIND_MEMORY,
    KIND_NONE,
    KIND_TABLE,
    KIND_TAG,
    VAL_NONE,
    ExternType,
    Limits,
    Source,
    ValType,
    Vector,
)
from fusee.engine.capi.vectors import copy_vector, delete_vector, length, pointers
from fusee.kernel.lang import (
    Ptr,
    Static,
    address,
    cast,
    copy_bytes,
    is_null,
    kernel,
    null,
    size_of,
    span,
    u8,
    u32,
    usize,
)  # fmt: skip
from fusee.spec.limits import MAX_PARAMS

NO_MAXIMUM: Final = u32(0xFFFF_FFFF)


@kernel(export="wasm_valtype_new")
def new_valtype(kind: u32) -> ValType:
    """Null if there is no such kind. The caller may leave anything in the upper bits of a small argument."""
    code = code_from_kind(kind & 0xFF)
    return null(ValType) if code == 0 else make_valtype(code, null(Source))


@kernel
def make_valtype(code: u32, source: Source) -> ValType:
    """A value type as it is kept; null if there is no memory."""
    made = cast(ValType, new_block(usize(size_of(ValType))))
    if not is_null(made):
        made.code = code
        made.source = hold_source(source)
    return made


@kernel(export="wasm_valtype_kind")
def valtype_kind(type: ValType) -> u8:  # noqa: A002
    return VAL_NONE if is_null(type) else u8(kind_from_code(type.code))


@kernel
def delete_valtype(type: usize) -> None:  # noqa: A002
    if type != 0:
        drop_source(address(cast(ValType, type).source))
        delete_block(cast(Ptr[u8], type))


@kernel
def copy_valtype(type: usize) -> usize:  # noqa: A002
    return usize(0) if type == 0 else address(make_valtype(cast(ValType, type).code, cast(ValType, type).source))


@kernel
def delete_externtype(type: usize) -> None:  # noqa: A002
    """End a type of any kind, with what it owns; nothing if it is null."""
    if type != 0:
        function = cast(ExternType, type).function
        delete_parts(cast(ExternType, type))
        if function != 0:
            delete_parts(cast(ExternType, function))


@kernel
def delete_parts(of: ExternType) -> None:
    """All but the function type in a tag's."""
    delete_vector(of.params, delete_valtype)
    delete_vector(of.results, delete_valtype)
    delete_valtype(address(of.content))
    drop_source(address(of.source))
    delete_block(cast(Ptr[u8], of))


@kernel
def new_externtype(kind: u32) -> ExternType:
    made = cast(ExternType, new_block(usize(size_of(ExternType))))
    if not is_null(made):
        made.kind = kind
    return made


@kernel
def copy_externtype(type: usize) -> usize:  # noqa: A002
    """A copy with all that it owns, or null."""
    if type == 0:
        return type
    made = copy_parts(cast(ExternType, type))
    function = cast(ExternType, type).function
    if not is_null(made) and function != 0:
        made.function = address(copy_parts(cast(ExternType, function)))
        if made.function == 0:
            delete_externtype(address(made))
            return usize(0)
    return address(made)


@kernel
def copy_parts(origin: ExternType) -> ExternType:
    """All but the function type in a tag's; null if there is no memory."""
    made = new_externtype(origin.kind)
    if is_null(made):
        return made
    copy_bytes(cast(Ptr[u8], made), cast(Ptr[u8], origin), usize(size_of(ExternType)))
    made.function = usize(0)
    hold_source(made.source)
    copy_vector(made.params, origin.params, copy_valtype, delete_valtype)
    copy_vector(made.results, origin.results, copy_valtype, delete_valtype)
    made.content = cast(ValType, copy_valtype(address(origin.content)))
    complete = made.params.size == origin.params.size and made.results.size == origin.results.size
    if not complete or is_null(made.content) != is_null(origin.content):
        delete_parts(made)
        return null(ExternType)
    return made


@kernel(inline=True)
def move_vector(out: Vector, origin: Vector) -> None:
    """Take over what a vector owns."""
    if length(origin) != 0:
        out.size = origin.size
        out.data = origin.data
        origin.size = usize(0)
        origin.data = null(Ptr[u8])


@kernel(export="wasm_functype_new")
def new_functype(params: Vector, results: Vector) -> ExternType:
    """Takes over the vectors. Null if there is no memory, or one of the types is null for want of it."""
    made = new_externtype(KIND_FUNC)
    if is_null(made) or not is_complete(params) or not is_complete(results):
        delete_vector(params, delete_valtype)
        delete_vector(results, delete_valtype)
        delete_externtype(address(made))
        return null(ExternType)
    move_vector(made.params, params)
    move_vector(made.results, results)
    return made


@kernel
def is_complete(types: Vector) -> bool:
    """Whether a vector holds so many value types as a function may have, and each of them."""
    if length(types) > MAX_PARAMS:
        return False
    for i in span(length(types)):
        if pointers(types)[i] == 0:
            return False
    return True


@kernel(export="wasm_functype_params")
def functype_params(type: ExternType) -> Vector:  # noqa: A002
    return null(Vector) if is_null(type) else type.params


@kernel(export="wasm_functype_results")
def functype_results(type: ExternType) -> Vector:  # noqa: A002
    return null(Vector) if is_null(type) else type.results


@kernel
def new_content_type(kind: u32, content: ValType) -> ExternType:
    """A global's or table's type, which takes over `content`."""
    made = new_externtype(kind)
    if is_null(made) or is_null(content):
        delete_valtype(address(content))
        delete_externtype(address(made))
        return null(ExternType)
    made.content = content
    return made


@kernel(export="wasm_globaltype_new")
def new_globaltype(content: ValType, mutability: u32) -> ExternType:
    made = new_content_type(KIND_GLOBAL, content)
    if not is_null(made):
        made.is_mutable = mutability & 0xFF != 0
    return made


@kernel
def content_of(type: ExternType) -> ValType:  # noqa: A002
    """`wasm_globaltype_content` and `wasm_tabletype_element`; null for any other type."""
    return null(ValType) if is_null(type) else type.content


@kernel(export="wasm_globaltype_mutability")
def globaltype_mutability(type: ExternType) -> u8:  # noqa: A002
    return u8(0) if is_null(type) else u8(type.is_mutable)


@kernel(export="wasm_tabletype_new")
def new_tabletype(element: ValType, limits: Limits) -> ExternType:
    made = new_content_type(KIND_TABLE, element)
    if not is_null(made):
        set_limits(made, limits)
    return made


@kernel(export="wasm_memorytype_new")
def new_memorytype(limits: Limits) -> ExternType:
    made = new_externtype(KIND_MEMORY)
    if not is_null(made):
        set_limits(made, limits)
    return made


@kernel(export="fusee_memorytype_new_shared")
def new_shared_memorytype(limits: Limits) -> ExternType:
    """Null without a maximum, which shared memories must have, or without memory."""
    made = null(ExternType)
    if not is_null(limits) and limits.maximum != NO_MAXIMUM:
        made = new_memorytype(limits)
    if not is_null(made):
        made.is_shared = True
    return made


@kernel(export="fusee_memorytype_is_shared")
def is_shared_type(type: ExternType) -> bool:  # noqa: A002
    return not is_null(type) and type.is_shared


@kernel(export="wasm_tagtype_new")
def new_tagtype(function: ExternType) -> ExternType:
    """Takes over the type of a function, whose parameters are the values; null if it has results, or without memory."""
    made = null(ExternType)
    if not is_null(function) and function.kind == KIND_FUNC and function.results.size == 0:
        made = new_externtype(KIND_TAG)
    if is_null(made):
        delete_externtype(address(function))
        return made
    made.function = address(function)
    return made


@kernel(export="wasm_tagtype_functype")
def tagtype_functype(type: ExternType) -> ExternType:  # noqa: A002
    return null(ExternType) if is_null(type) else cast(ExternType, type.function)


@kernel(inline=True)
def set_limits(type: ExternType, limits: Limits) -> None:  # noqa: A002
    """Without limits: none at all."""
    type.limits.maximum = NO_MAXIMUM
    if not is_null(limits):
        type.limits.minimum = limits.minimum
        type.limits.maximum = limits.maximum


@kernel
def limits_of(type: ExternType) -> Limits:  # noqa: A002
    """`wasm_tabletype_limits` and `wasm_memorytype_limits`."""
    return null(Limits) if is_null(type) else type.limits


@kernel(export="wasm_externtype_kind")
def externtype_kind(type: ExternType) -> u8:  # noqa: A002
    return KIND_NONE if is_null(type) else u8(type.kind)


@kernel
def as_externtype(type: ExternType) -> ExternType:  # noqa: A002
    """From a function, global, table, memory or tag type to the extern type that it is."""
    return type


@kernel
def from_externtype(type: ExternType, kind: Static[int]) -> ExternType:  # noqa: A002
    """The other way; null if the extern type is of another kind."""
    if is_null(type) or type.kind != kind:
        return null(ExternType)
    return type
