"""Types of a module or a store, as C sees them."""

from fusee.engine.capi.kinds import kind_from_code
from fusee.engine.capi.state import KIND_FUNC, KIND_MEMORY, ExternType, Vector
from fusee.engine.capi.types import (
    NO_MAXIMUM,
    delete_externtype,
    new_content_type,
    new_externtype,
    new_tagtype,
    read_valtype,
)
from fusee.engine.capi.vectors import new_elements, pointers
from fusee.engine.state import module as engine
from fusee.engine.subtyping import canonical_value_type
from fusee.kernel.lang import Ptr, address, is_null, kernel, null, size_of, span, u32, u64, usize


@kernel
def read_valtypes(m: engine.Module, out: Vector, count: u32, types: Ptr[u32]) -> bool:
    """The value types of a module's list."""
    if not new_elements(out, count, usize(size_of(usize))):
        return False
    for i in span(count):
        pointers(out)[i] = address(read_valtype(kind_from_code(canonical_value_type(m, types[i]))))
        if pointers(out)[i] == 0:
            return False
    return True


@kernel
def read_functype(m: engine.Module, type_index: u32) -> ExternType:
    """A module's function type; null if there is no memory."""
    made = new_externtype(KIND_FUNC)
    if is_null(made):
        return made
    defined = m.types[type_index]
    complete = read_valtypes(m, made.params, defined.param_count, defined.params)
    if not complete or not read_valtypes(m, made.results, defined.result_count, defined.results):
        delete_externtype(address(made))
        return null(ExternType)
    return made


@kernel
def read_tagtype(m: engine.Module, count: u32, types: Ptr[u32]) -> ExternType:
    """The type of a tag of these values, by a module's types; null if there is no memory."""
    function = new_externtype(KIND_FUNC)
    if is_null(function) or read_valtypes(m, function.params, count, types):
        return new_tagtype(function)
    delete_externtype(address(function))
    return null(ExternType)


@kernel
def read_content_type(kind: u32, value_type: u32) -> ExternType:
    """The type of a global or table of a canonical value type."""
    return new_content_type(kind, read_valtype(kind_from_code(value_type)))


@kernel
def read_limits(type: ExternType, minimum: u64, has_maximum: bool, maximum: u64) -> None:  # noqa: A002
    """Limits that C's 32 bits cannot hold are shown as the greatest that they can."""
    if not is_null(type):
        type.limits.minimum = narrowed(minimum)
        type.limits.maximum = narrowed(maximum) if has_maximum else NO_MAXIMUM


@kernel
def read_memorytype(minimum: u64, has_maximum: bool, maximum: u64, is_shared: bool) -> ExternType:
    """The type of a memory; null if there is no memory."""
    made = new_externtype(KIND_MEMORY)
    read_limits(made, minimum, has_maximum, maximum)
    if not is_null(made):
        made.is_shared = is_shared
    return made


@kernel
def narrowed(size: u64) -> u32:
    return u32(size) if size < NO_MAXIMUM else NO_MAXIMUM - 1
