"""Types of a module or a store, as C sees them: what is made of one is of just that type, in whatever store."""

from fusee.engine.capi.counts import hold_source
from fusee.engine.capi.state import KIND_FUNC, KIND_MEMORY, ExternType, ModuleObject, Source, ValType, Vector, World
from fusee.engine.capi.types import NO_MAXIMUM, delete_externtype, make_valtype, new_externtype, new_tagtype
from fusee.engine.capi.vectors import new_elements, pointers
from fusee.engine.present import HAS_EXCEPTIONS
from fusee.engine.state import module as engine
from fusee.engine.state.module import ABSTRACT, AGGREGATE, HEAP_MASK, ID_MASK, NULLABLE, REF
from fusee.engine.state.runtime import Tag
from fusee.engine.subtyping import is_function
from fusee.kernel.lang import Ptr, address, cast, is_null, kernel, null, size_of, span, u32, u64, usize


@kernel(inline=True)
def is_declared(value_type: u32) -> bool:
    """Whether a value type is a reference to a type that some module defines."""
    return value_type & (REF | ABSTRACT) == REF


@kernel
def source_of(m: engine.Module) -> Source:
    """The binary that holds what a module was decoded from."""
    return cast(Source, m.source - size_of(Source))


@kernel
def declared_valtype(m: engine.Module, value_type: u32) -> ValType:
    """A value type of a module's; null if there is no memory."""
    if not is_declared(value_type):
        return make_valtype(value_type, null(Source))
    aggregate = u32(0) if is_function(m.types[value_type & HEAP_MASK]) else AGGREGATE
    return make_valtype(value_type | aggregate, source_of(m))


@kernel
def canonical_valtype(world: World, value_type: u32) -> ValType:
    """A canonical value type, by whatever module there is that defines the same; null if there is no memory."""
    if not is_declared(value_type):
        return make_valtype(value_type, null(Source))
    at = world.modules
    while at != 0:
        m = cast(ModuleObject, at).module
        for i in span(m.type_count):
            if m.types[i].canonical == value_type & ID_MASK:
                return declared_valtype(m, value_type & (REF | NULLABLE) | i)
        at = cast(ModuleObject, at).older
    return null(ValType)


@kernel
def read_valtypes(world: World, m: engine.Module, out: Vector, count: u32, types: Ptr[u32]) -> bool:
    """The value types of a module's list, or without a module canonical ones."""
    if not new_elements(out, count, usize(size_of(usize))):
        return False
    for i in span(count):
        made = canonical_valtype(world, types[i]) if is_null(m) else declared_valtype(m, types[i])
        pointers(out)[i] = address(made)
        if is_null(made):
            return False
    return True


@kernel
def read_functype(m: engine.Module, type_index: u32) -> ExternType:
    """A module's function type; null if there is no memory."""
    made = new_externtype(KIND_FUNC)
    if is_null(made):
        return made
    defined = m.types[type_index]
    complete = read_valtypes(null(World), m, made.params, defined.param_count, defined.params)
    if not complete or not read_valtypes(null(World), m, made.results, defined.result_count, defined.results):
        delete_externtype(address(made))
        return null(ExternType)
    if not is_plain(m, type_index):
        made.source = hold_source(source_of(m))
        made.index = type_index
    return made


@kernel
def is_plain(m: engine.Module, type_index: u32) -> bool:
    """Whether a function type is the one that its value types make: final, without supertype, alone in its group."""
    t = m.types[type_index]
    start = u32(0)
    if type_index != 0:
        start = m.types[type_index - 1].group_end
    if not t.is_final or t.supertype != engine.NONE or t.group_end != start + 1:
        return False
    return not names_types(t.params, t.param_count) and not names_types(t.results, t.result_count)


@kernel
def names_types(types: Ptr[u32], count: u32) -> bool:
    """Whether one of some value types refers to a defined type: it may be the one that has them."""
    for i in span(count):
        if is_declared(types[i]):
            return True
    return False


@kernel
def read_tagtype(world: World, tag: Tag) -> ExternType:
    """The type of a tag; null if there is no memory."""
    if HAS_EXCEPTIONS and not is_null(tag.module):
        return new_tagtype(read_functype(tag.module, tag.type_index))
    function = new_externtype(KIND_FUNC)
    if is_null(function) or read_valtypes(world, tag.module, function.params, tag.param_count, tag.params):
        return new_tagtype(function)
    delete_externtype(address(function))
    return null(ExternType)


@kernel
def read_limits(type: ExternType, minimum: u64, has_maximum: bool, maximum: u64, is_64: bool) -> None:  # noqa: A002
    """Limits that C's 32 bits cannot hold are shown as the greatest that they can."""
    if not is_null(type):
        type.limits.minimum = narrowed(minimum)
        type.limits.maximum = narrowed(maximum) if has_maximum else NO_MAXIMUM
        type.is_64 = is_64


@kernel
def read_memorytype(minimum: u64, has_maximum: bool, maximum: u64, is_shared: bool, is_64: bool) -> ExternType:
    """The type of a memory; null if there is no memory."""
    made = new_externtype(KIND_MEMORY)
    read_limits(made, minimum, has_maximum, maximum, is_64)
    if not is_null(made):
        made.is_shared = is_shared
    return made


@kernel
def narrowed(size: u64) -> u32:
    return u32(size) if size < NO_MAXIMUM else NO_MAXIMUM - 1
