"""Value types, limits and the types of tables, memories and globals (spec 5.3)."""

from typing import Final

from fusee.engine.decode.reader import Reader, fail_at_end, read_byte, read_index_s33, read_u32, read_u64
from fusee.engine.decode.state import has_feature, refuse_lacking
from fusee.engine.errors import Malformed, Unsupported
from fusee.engine.present import HAS_SWITCHES
from fusee.engine.state.module import (
    ABSTRACT,
    HEAP_MASK,
    NULLABLE,
    REF,
    VAL_F64,
    VAL_I32,
    VAL_V128,
    Limits,
    Module,
)  # fmt: skip
from fusee.kernel.lang import Static, kernel, likely, minimum, table, u8, u32
from fusee.spec.errors import ModuleError
from fusee.spec.families import reason_without
from fusee.spec.features import Feature
from fusee.spec.limits import PAGE_SIZE_LOG2
from fusee.spec.types import COLLECTED, FIRST_HEAP, LAST_HEAP, REF_CODE, REF_NULL_CODE, Heap

_HEAP_FEATURES: Final = {
    **dict.fromkeys(COLLECTED, Feature.GC),
    Heap.NOFUNC: Feature.GC,
    Heap.NOEXTERN: Feature.GC,
    Heap.EXN: Feature.EXCEPTIONS,
    Heap.NOEXN: Feature.EXCEPTIONS,
}
_HEAP_UNSUPPORTED: Final = {heap: reason_without(feature) for heap, feature in _HEAP_FEATURES.items()}
HEAP_UNSUPPORTED: Final = table(u8, [int(_HEAP_UNSUPPORTED.get(h, 0)) for h in Heap])
LACKS_HEAP_TYPES: Final = any(_HEAP_UNSUPPORTED.values())
LACKING_THREADS: Final = int(reason_without(Feature.THREADS))
LACKING_VECTORS: Final = int(reason_without(Feature.SIMD))
HEAP_FEATURE: Final = table(u32, [int(_HEAP_FEATURES.get(h, 0)) for h in Heap])

LIMITS_MAXIMUM: Final = u32(1)
LIMITS_SHARED: Final = 2
LIMITS_64: Final = 4
LIMITS_PAGE_SIZE: Final = 8


@kernel
def read_value_type(m: Module, r: Reader) -> u32:
    """A value type, as `state.module` writes them; type indices are checked by validation."""
    at = r.position
    code = u32(read_byte(r))
    if likely(code >= VAL_F64 and code <= VAL_I32):
        return code
    if code == VAL_V128 and has_feature(m, Feature.SIMD):
        refuse_lacking(LACKING_VECTORS, at)
        m.vectors += 1
        return code
    r.position = at
    return read_ref_type_or(m, r, ModuleError.BAD_VALUE_TYPE)


@kernel
def read_ref_type(m: Module, r: Reader) -> u32:
    return read_ref_type_or(m, r, ModuleError.BAD_REFERENCE_TYPE)


@kernel
def read_ref_type_or(m: Module, r: Reader, error: Static[int]) -> u32:
    """A reference type (spec 5.3.4), or the error given."""
    at = r.position
    code = u32(read_byte(r))
    if code >= FIRST_HEAP and code <= LAST_HEAP:
        r.position = at
        return REF | NULLABLE | read_heap_type(m, r)
    if code == REF_CODE and has_feature(m, Feature.FUNCTION_REFERENCES):
        return REF | read_heap_type(m, r)
    if code == REF_NULL_CODE and has_feature(m, Feature.FUNCTION_REFERENCES):
        return REF | NULLABLE | read_heap_type(m, r)
    raise Malformed(error, at)


@kernel
def read_heap_type(m: Module, r: Reader) -> u32:
    """A heap type (spec 5.3.3): a type index, or `ABSTRACT` and a code."""
    at = r.position
    if at >= r.end:
        fail_at_end(r)
    code = u32(r.source[at])
    if code & 0xC0 != 0x40:
        if not has_feature(m, Feature.FUNCTION_REFERENCES):
            raise Malformed(ModuleError.BAD_HEAP_TYPE, at)
        return minimum(read_index_s33(r), HEAP_MASK)
    r.position = at + 1
    if code < FIRST_HEAP or code > LAST_HEAP:
        raise Malformed(ModuleError.BAD_HEAP_TYPE, at)
    wanted = HEAP_FEATURE[code - FIRST_HEAP]
    if HAS_SWITCHES and wanted & ~u32(m.features) != 0:
        raise Malformed(ModuleError.BAD_HEAP_TYPE, at)
    if LACKS_HEAP_TYPES and HEAP_UNSUPPORTED[code - FIRST_HEAP] != 0:
        raise Unsupported(u32(HEAP_UNSUPPORTED[code - FIRST_HEAP]), at)
    return code | ABSTRACT


@kernel
def read_mutability(r: Reader) -> bool:
    flag = read_byte(r)
    if flag > 1:
        raise Malformed(ModuleError.BAD_MUTABILITY, r.position - 1)
    return flag == 1


@kernel
def read_limits(m: Module, r: Reader, limits: Limits, allowed: u32) -> None:
    """Limits with their address type (spec 5.3.11); `allowed` are the flags that this kind of limits may have."""
    at = r.position
    flags = u32(read_byte(r))
    if flags & ~allowed != 0:
        raise Malformed(ModuleError.BAD_LIMITS, at)
    limits.has_maximum = flags & LIMITS_MAXIMUM != 0
    limits.is_shared = flags & LIMITS_SHARED != 0
    limits.is_64 = flags & LIMITS_64 != 0
    limits.minimum = read_u64(r)
    if limits.has_maximum:
        limits.maximum = read_u64(r)
    limits.page_size_log2 = u32(PAGE_SIZE_LOG2)
    if flags & LIMITS_PAGE_SIZE != 0:
        limits.page_size_log2 = read_u32(r)
        if limits.page_size_log2 > 63:
            raise Malformed(ModuleError.BAD_PAGE_SIZE, at)


@kernel
def read_memory_limits(m: Module, r: Reader, limits: Limits) -> None:
    allowed = LIMITS_MAXIMUM
    if has_feature(m, Feature.MEMORY64):
        allowed |= LIMITS_64
    if has_feature(m, Feature.THREADS):
        allowed |= LIMITS_SHARED
    if has_feature(m, Feature.CUSTOM_PAGE_SIZES):
        allowed |= LIMITS_PAGE_SIZE
    at = r.position
    read_limits(m, r, limits, allowed)
    if limits.is_shared:
        refuse_lacking(LACKING_THREADS, at)


@kernel
def read_table_limits(m: Module, r: Reader, limits: Limits) -> None:
    allowed = LIMITS_MAXIMUM
    if has_feature(m, Feature.MEMORY64):
        allowed |= LIMITS_64
    read_limits(m, r, limits, allowed)
