"""The type section: references, supertypes, and canonical ids (spec 3.1.2, 3.2.4 to 3.2.10)."""

from typing import Final

from fusee.engine.arena import Buffer, grow_buffer
from fusee.engine.errors import Invalid, raise_again
from fusee.engine.groups import hold_group
from fusee.engine.layouts import record_types
from fusee.engine.locks import lock, unlock
from fusee.engine.present import HAS_AGGREGATES
from fusee.engine.registry import TypeRegistry
from fusee.engine.state.module import (
    ABSTRACT,
    HEAP_MASK,
    KIND_ARRAY,
    NONE,
    NULLABLE,
    REF,
    Module,
    TypeDef,
)  # fmt: skip
from fusee.engine.subtyping import is_function
from fusee.engine.validate.state import matches
from fusee.kernel.lang import Ptr, cast, caught, kernel, span, u32, u64
from fusee.spec.errors import ModuleError
from fusee.spec.limits import MAX_GROUP_WORDS

WITHIN_GROUP: Final = u32(0x1000_0000)  # in a group's words: the index counts from the group's first type
HEADER_WORDS: Final = u32(3)  # of each type: kind and finality, supertype, length of the first list
WORD_BYTES: Final = 4


@kernel
def validate_types(m: Module, buffer: Buffer) -> None:
    """Give every type its canonical id, group by group; `buffer` is scratch memory."""
    registry = cast(TypeRegistry, m.registry)
    first = u32(0)
    while first < m.type_count:
        end = m.types[first].group_end
        for i in span(first, end):
            check_references(m, i, end)
        word_count = write_group(m, first, end, buffer)
        lock(registry.lock, registry.platform)
        status = caught(register_group, m, registry, cast(Ptr[u32], buffer.data), word_count, first, end)
        unlock(registry.lock)
        raise_again(status)
        for i in span(first, end):
            check_supertype(m, m.types[i])
        first = end


@kernel
def register_group(m: Module, registry: TypeRegistry, words: Ptr[u32], word_count: u32, first: u32, end: u32) -> None:
    """Hold a group. Whoever finds it, when the registry is free again, finds it complete."""
    group = hold_group(registry, words, word_count, end - first)
    for i in span(first, end):
        m.types[i].canonical = group.first_id + (i - first)
    m.registered_types = end
    record_types(m, registry, group, first, end)


@kernel
def check_references(m: Module, index: u32, group_end: u32) -> None:
    """A type may mention those before it and those of its group; its supertype must come before it."""
    t = m.types[index]
    check_known(t.param_count, t.params, group_end, t.offset)
    check_known(t.result_count, t.results, group_end, t.offset)
    if HAS_AGGREGATES:
        check_known(t.field_count, t.fields, group_end, t.offset)
    if t.supertype != NONE and t.supertype >= index:
        raise Invalid(ModuleError.UNKNOWN_TYPE, t.offset)


@kernel
def check_known(count: u32, types: Ptr[u32], group_end: u32, offset: u32) -> None:
    for i in span(count):
        if types[i] & (REF | ABSTRACT) == REF and types[i] & HEAP_MASK >= group_end:
            raise Invalid(ModuleError.UNKNOWN_TYPE, offset)


@kernel
def write_group(m: Module, first: u32, end: u32, buffer: Buffer) -> u32:
    """Write the words by which `engine.registry` knows a group, and give their number."""
    position = u32(0)
    for i in span(first, end):
        t = m.types[i]
        room = position + HEADER_WORDS + t.param_count + t.result_count
        if HAS_AGGREGATES:
            room += t.field_count * 2
        if room > MAX_GROUP_WORDS:  # no sum of these wraps: a type adds at most some 20,000
            raise Invalid(ModuleError.LIMIT_TYPES, t.offset)
        if u64(room) * WORD_BYTES > buffer.capacity_bytes:
            grow_buffer(buffer, u64(room) * WORD_BYTES)
        words = cast(Ptr[u32], buffer.data) + position
        words[0] = t.kind << 1 | u32(t.is_final)
        words[1] = t.supertype if t.supertype == NONE else rolled(m, REF | t.supertype, first)
        words[2] = t.param_count + t.field_count
        words += HEADER_WORDS
        write_list(m, first, t.param_count, t.params, words)
        write_list(m, first, t.result_count, t.results, words + t.param_count)
        if HAS_AGGREGATES and not is_function(t):
            write_fields(m, first, t, words)
        position = room
    return position


@kernel
def write_fields(m: Module, first: u32, t: TypeDef, words: Ptr[u32]) -> None:
    """A structure's fields, or an array's element, and whether they can be set."""
    write_list(m, first, t.field_count, t.fields, words)
    for field in span(t.field_count):
        words[t.field_count + field] = t.mutable[field]


@kernel
def write_list(m: Module, first: u32, count: u32, types: Ptr[u32], words: Ptr[u32]) -> None:
    for i in span(count):
        words[i] = rolled(m, types[i], first)


@kernel
def rolled(m: Module, value_type: u32, first: u32) -> u32:
    """A value type as it stands in the words of the group that starts with type `first`."""
    if value_type & (REF | ABSTRACT) != REF:
        return value_type
    index = value_type & HEAP_MASK
    flags = value_type & (REF | NULLABLE)
    return flags | (m.types[index].canonical if index < first else WITHIN_GROUP | (index - first))


@kernel
def check_supertype(m: Module, t: TypeDef) -> None:
    """A declared supertype must be matched in structure (spec 3.2.10, 3.3.9)."""
    if t.supertype == NONE:
        return
    above = m.types[t.supertype]
    if not composite_matches(m, t, above):
        raise Invalid(ModuleError.SUB_TYPE, t.offset)


@kernel
def composite_matches(m: Module, t: TypeDef, above: TypeDef) -> bool:
    if is_function(t):
        if t.param_count != above.param_count or t.result_count != above.result_count:
            return False
        return list_matches(m, t.param_count, above.params, t.params) and list_matches(
            m, t.result_count, t.results, above.results
        )
    if t.field_count < above.field_count or (t.kind == KIND_ARRAY and t.field_count != above.field_count):
        return False
    for i in span(above.field_count):
        if not field_matches(m, t, above, i):
            return False
    return True


@kernel
def list_matches(m: Module, count: u32, types: Ptr[u32], above: Ptr[u32]) -> bool:
    for i in span(count):
        if not matches(m, types[i], above[i]):
            return False
    return True


@kernel
def field_matches(m: Module, t: TypeDef, above: TypeDef, field: u32) -> bool:
    """Mutable fields are invariant (spec 3.3.7)."""
    if t.mutable[field] != above.mutable[field] or not matches(m, t.fields[field], above.fields[field]):
        return False
    return t.mutable[field] == 0 or matches(m, above.fields[field], t.fields[field])
