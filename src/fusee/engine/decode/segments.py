"""The element, data count and data sections (spec 5.5.12, 5.5.14, 5.5.15)."""

from typing import Final

from fusee.engine.arena import allocate
from fusee.engine.decode.instruction import skip_expression
from fusee.engine.decode.reader import Reader, read_byte, read_bytes, read_count, read_u32
from fusee.engine.decode.state import arena_of
from fusee.engine.decode.types import read_ref_type
from fusee.engine.errors import Invalid, Malformed
from fusee.engine.state.module import (
    ABSTRACT,
    NULLABLE,
    REF,
    SEGMENT_ACTIVE,
    SEGMENT_DECLARATIVE,
    SEGMENT_PASSIVE,
    DataSegment,
    ElementSegment,
    Module,
    Span,
)  # fmt: skip
from fusee.kernel.lang import Ptr, cast, kernel, size_of, span, stack_array, u32
from fusee.spec.errors import ModuleError
from fusee.spec.limits import MAX_SEGMENTS
from fusee.spec.types import Heap

ELEMENT_NOT_ACTIVE: Final = 1  # flags of an element segment
ELEMENT_EXPLICIT: Final = 2  # a table index if active, otherwise: declarative
ELEMENT_EXPRESSIONS: Final = 4

DATA_PASSIVE: Final = 1
DATA_EXPLICIT: Final = 2

FUNCTION_REFERENCE: Final = u32(REF | ABSTRACT | int(Heap.FUNC))  # (ref func): what a list of functions holds


@kernel
def decode_elements(m: Module, r: Reader) -> None:
    count = read_count(r, u32(3))
    if count > MAX_SEGMENTS:
        raise Invalid(ModuleError.LIMIT_SEGMENTS, r.position)
    m.element_count = count
    m.elements = cast(Ptr[ElementSegment], allocate(arena_of(m), count, u32(size_of(ElementSegment))))
    for i in span(count):
        decode_element(m, r, m.elements[i])


@kernel
def decode_element(m: Module, r: Reader, segment: ElementSegment) -> None:
    segment.place = r.position
    flags = read_u32(r)
    if flags > (ELEMENT_NOT_ACTIVE | ELEMENT_EXPLICIT | ELEMENT_EXPRESSIONS):
        raise Malformed(ModuleError.BAD_SEGMENT_KIND, segment.place)
    explicit = flags & ELEMENT_EXPLICIT != 0
    if flags & ELEMENT_NOT_ACTIVE == 0:
        segment.mode = SEGMENT_ACTIVE
        if explicit:
            segment.table = read_u32(r)
        skip_expression(m, r, segment.offset)
    else:
        segment.mode = SEGMENT_DECLARATIVE if explicit else SEGMENT_PASSIVE
    segment.is_expressions = flags & ELEMENT_EXPRESSIONS != 0
    has_type = flags & (ELEMENT_NOT_ACTIVE | ELEMENT_EXPLICIT) != 0
    segment.element = read_element_type(m, r, segment.is_expressions, has_type)
    decode_items(m, r, segment)


@kernel
def read_element_type(m: Module, r: Reader, is_expressions: bool, has_type: bool) -> u32:
    if is_expressions:
        return read_ref_type(m, r) if has_type else FUNCTION_REFERENCE | NULLABLE
    if has_type and read_byte(r) != 0:
        raise Malformed(ModuleError.BAD_SEGMENT_KIND, r.position - 1)
    return FUNCTION_REFERENCE


@kernel
def decode_items(m: Module, r: Reader, segment: ElementSegment) -> None:
    segment.count = read_count(r, u32(1))
    segment.items.start = r.position
    if segment.is_expressions:
        place = cast(Span, stack_array(Span, 1))
        for _ in span(segment.count):
            skip_expression(m, r, place)
    else:
        for _ in span(segment.count):
            read_u32(r)
    segment.items.end = r.position


@kernel
def decode_data_count(m: Module, r: Reader) -> None:
    m.has_data_count = True
    m.data_count = read_u32(r)


@kernel
def decode_datas(m: Module, r: Reader) -> None:
    at = r.position
    count = read_count(r, u32(2))
    if m.has_data_count and count != m.data_count:
        raise Malformed(ModuleError.DATA_COUNT, at)
    if count > MAX_SEGMENTS:
        raise Invalid(ModuleError.LIMIT_SEGMENTS, at)
    m.data_count = count
    m.datas = cast(Ptr[DataSegment], allocate(arena_of(m), count, u32(size_of(DataSegment))))
    for i in span(count):
        decode_data(m, r, m.datas[i])


@kernel
def decode_data(m: Module, r: Reader, segment: DataSegment) -> None:
    segment.place = r.position
    flags = read_u32(r)
    if flags > DATA_EXPLICIT:
        raise Malformed(ModuleError.BAD_SEGMENT_KIND, segment.place)
    if flags == DATA_PASSIVE:
        segment.mode = SEGMENT_PASSIVE
    else:
        segment.mode = SEGMENT_ACTIVE
        if flags == DATA_EXPLICIT:
            segment.memory = read_u32(r)
        skip_expression(m, r, segment.offset)
    read_bytes(r, segment.bytes)
