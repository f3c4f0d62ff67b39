"""The type section: recursive groups of sub types of composite types (spec 5.3.6 to 5.3.9, 5.5.4)."""

from typing import Final

from fusee.engine.arena import allocate, grown
from fusee.engine.decode.reader import Reader, read_byte, read_count, read_u32
from fusee.engine.decode.state import arena_of, has_feature, refuse_lacking
from fusee.engine.decode.types import read_mutability, read_value_type
from fusee.engine.errors import Invalid, Malformed
from fusee.engine.state.module import KIND_ARRAY, KIND_FUNC, KIND_STRUCT, NONE, Module, TypeDef
from fusee.kernel.lang import Ptr, Static, cast, kernel, size_of, span, u8, u32
from fusee.spec.errors import ModuleError
from fusee.spec.families import reason_without
from fusee.spec.features import Feature
from fusee.spec.limits import MAX_FIELDS, MAX_PARAMS, MAX_RESULTS, MAX_TYPES
from fusee.spec.types import COMP_ARRAY, COMP_FUNC, COMP_STRUCT, PACKED_I8, PACKED_I16, REC, SUB, SUB_FINAL

LACKING_OBJECTS: Final = int(reason_without(Feature.GC))
GROUP_BYTES: Final = u32(2)  # the least that a recursive group takes: an empty one, or an empty struct type


@kernel
def decode_types(m: Module, r: Reader) -> None:
    groups = read_count(r, GROUP_BYTES)
    for _ in span(groups):
        at = r.position
        size = u32(1)
        if r.position < r.end and r.source[r.position] == REC and has_feature(m, Feature.GC):
            r.position += 1
            size = read_count(r, GROUP_BYTES)
        if size > MAX_TYPES or m.type_count > MAX_TYPES - size:
            raise Invalid(ModuleError.LIMIT_TYPES, at)
        group_end = m.type_count + size
        for _ in span(size):
            new_type(m).group_end = group_end
            decode_sub_type(m, r, m.types[m.type_count - 1])


@kernel
def new_type(m: Module) -> TypeDef:
    room = grown(arena_of(m), cast(Ptr[u8], m.types), m.type_count, u32(size_of(TypeDef)))
    m.types = cast(Ptr[TypeDef], room)
    m.type_count += 1
    return m.types[m.type_count - 1]


@kernel
def decode_sub_type(m: Module, r: Reader, t: TypeDef) -> None:
    """`sub final? x* comptype`, or a composite type alone, which is final and has no supertype."""
    t.offset = r.position
    t.supertype = NONE
    t.is_final = True
    code = u32(read_byte(r))
    if (code == SUB or code == SUB_FINAL) and has_feature(m, Feature.GC):
        t.is_final = code == SUB_FINAL
        supertypes = read_count(r, u32(1))
        if supertypes > 1:
            raise Malformed(ModuleError.BAD_TYPE, t.offset)
        if supertypes == 1:
            t.supertype = read_u32(r)
            if t.supertype == NONE:
                raise Invalid(ModuleError.UNKNOWN_TYPE, t.offset)
        code = u32(read_byte(r))
    decode_composite(m, r, t, code)


@kernel
def decode_composite(m: Module, r: Reader, t: TypeDef, code: u32) -> None:
    if code == COMP_FUNC:
        t.kind = KIND_FUNC
        t.param_count = read_count(r, u32(1))
        vectors = m.vectors
        t.params = read_result_type(m, r, t.param_count, MAX_PARAMS, ModuleError.LIMIT_PARAMS)
        t.param_slots = t.param_count + (m.vectors - vectors)
        t.result_count = read_count(r, u32(1))
        vectors = m.vectors
        t.results = read_result_type(m, r, t.result_count, MAX_RESULTS, ModuleError.LIMIT_RESULTS)
        t.result_slots = t.result_count + (m.vectors - vectors)
    elif code == COMP_STRUCT and has_feature(m, Feature.GC):
        refuse_lacking(LACKING_OBJECTS, r.position - 1)
        t.kind = KIND_STRUCT
        read_fields(m, r, t, read_count(r, u32(2)))
    elif code == COMP_ARRAY and has_feature(m, Feature.GC):
        refuse_lacking(LACKING_OBJECTS, r.position - 1)
        t.kind = KIND_ARRAY
        read_fields(m, r, t, u32(1))
    else:
        raise Malformed(ModuleError.BAD_TYPE, r.position - 1)


@kernel
def read_result_type(m: Module, r: Reader, count: u32, limit: Static[int], error: Static[int]) -> Ptr[u32]:
    """The value types of parameters or results."""
    if count > limit:
        raise Invalid(error, r.position)
    types = cast(Ptr[u32], allocate(arena_of(m), count, u32(size_of(u32))))
    for i in span(count):
        types[i] = read_value_type(m, r)
    return types


@kernel
def read_fields(m: Module, r: Reader, t: TypeDef, count: u32) -> None:
    if count > MAX_FIELDS:
        raise Invalid(ModuleError.LIMIT_FIELDS, r.position)
    t.field_count = count
    t.fields = cast(Ptr[u32], allocate(arena_of(m), count, u32(size_of(u32))))
    t.mutable = allocate(arena_of(m), count, u32(1))
    for i in span(count):
        t.fields[i] = read_storage_type(m, r)
        t.mutable[i] = u8(read_mutability(r))


@kernel
def read_storage_type(m: Module, r: Reader) -> u32:
    if r.position < r.end:
        code = u32(r.source[r.position])
        if code == PACKED_I8 or code == PACKED_I16:
            r.position += 1
            return code
    return read_value_type(m, r)
