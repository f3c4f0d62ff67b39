"""Tables as the embedder makes, reads and writes them."""

from fusee.engine.capi.declared import code_of
from fusee.engine.capi.engine_types import canonical_valtype, narrowed, read_limits
from fusee.engine.capi.memory import write_limits
from fusee.engine.capi.messages import MISSING, Mistake, Misuse
from fusee.engine.capi.refs import is_kind, new_ref
from fusee.engine.capi.state import KIND_TABLE, ExternType, Ref, StoreObject
from fusee.engine.capi.types import new_content_type
from fusee.engine.capi.values import reference_from_slot, reference_to_slot
from fusee.engine.runtime.objects import new_table
from fusee.engine.runtime.table import grow_table, write_element
from fusee.engine.state import module as engine
from fusee.engine.state.runtime import NOT_GROWN, Table
from fusee.kernel.lang import Ptr, address, cast, caught, is_null, kernel, null, stack_array, u32, u64, usize


@kernel(inline=True)
def table_in(ref: Ref) -> Table:
    return cast(Table, ref.target)


@kernel(export="wasm_table_new")
def new_table_ref(s: StoreObject, type: ExternType, initial: Ref) -> Ref:  # noqa: A002
    """Null if a limit or the system's memory is exceeded, or `initial` does not fit."""
    if is_null(s):
        return null(Ref)
    if is_null(type) or type.kind != KIND_TABLE:
        s.status = MISSING
        return null(Ref)
    cells = stack_array(usize, 1)
    s.status = caught(make_table, s, type, initial, cells)
    return null(Ref) if s.status != 0 else new_ref(s, KIND_TABLE, cells[0])


@kernel
def make_table(s: StoreObject, type: ExternType, initial: Ref, target: Ptr[usize]) -> None:  # noqa: A002
    slot = stack_array(u64, 1)
    code = code_of(s, type.content)
    if code & engine.REF == 0 or not reference_to_slot(s, initial, code, slot):
        raise Misuse(Mistake.VALUE, 0)
    limits = stack_array(engine.Limits, 1)[0]
    write_limits(limits, type)
    target[0] = address(new_table(s.store, limits, code, slot[0]))


@kernel(export="wasm_table_type")
def table_type(ref: Ref) -> ExternType:
    """With the size now as the minimum."""
    if not is_kind(ref, KIND_TABLE):
        return null(ExternType)
    table = table_in(ref)
    made = new_content_type(KIND_TABLE, canonical_valtype(ref.store.world, table.element))
    read_limits(made, table.length, table.has_maximum, table.maximum, table.is_64)
    return made


@kernel(export="wasm_table_get")
def get(ref: Ref, index: u32) -> Ref:
    """A handle of an element; null for null, and beyond the end."""
    if not is_kind(ref, KIND_TABLE):
        return null(Ref)
    table = table_in(ref)
    if index >= table.length:
        return null(Ref)
    return reference_from_slot(ref.store, table.elements[index], table.element)


@kernel(export="wasm_table_set")
def set_element(ref: Ref, index: u32, value: Ref) -> bool:
    """False beyond the end, and for what is not of the table's type."""
    if not is_kind(ref, KIND_TABLE):
        return False
    table = table_in(ref)
    slot = stack_array(u64, 1)
    if index >= table.length or not reference_to_slot(ref.store, value, table.element, slot):
        return False
    write_element(table, index, slot[0])
    return True


@kernel(export="wasm_table_size")
def size(ref: Ref) -> u32:
    """Of a 64-bit table as much of it as the number holds."""
    return narrowed(table_in(ref).length) if is_kind(ref, KIND_TABLE) else u32(0)


@kernel(export="wasm_table_grow")
def grow(ref: Ref, delta: u32, initial: Ref) -> bool:
    """False if a limit or the system's memory is exceeded, or `initial` does not fit."""
    if not is_kind(ref, KIND_TABLE):
        return False
    table = table_in(ref)
    slot = stack_array(u64, 1)
    if not reference_to_slot(ref.store, initial, table.element, slot):
        return False
    return grow_table(table, delta, slot[0]) != NOT_GROWN
