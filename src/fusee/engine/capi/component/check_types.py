"""Whether a component's types and functions are in range, and no larger or deeper than they may be."""

from typing import Final

from fusee.engine.capi.component.access import header, part_row, type_row
from fusee.engine.capi.component.errors import demand
from fusee.engine.capi.component.format import (
    BYTES,
    FLAT_BITS,
    MOST_DEPTH,
    MOST_FLAT_PARAMS,
    NONE,
    NOT_FLAT,
    FunctionRow,
    Kind,
    TypeRow,
)
from fusee.engine.capi.component.lift import discriminant_size
from fusee.engine.capi.component.state import Component
from fusee.kernel.lang import kernel, span, u32, u64

MOST_BYTES: Final = 1 << 28  # of a type


@kernel
def check_type(c: Component, number: u32) -> None:
    row = type_row(c, number)
    demand(row.kind <= Kind.BORROW and row.kind != Kind.NUMBERS)
    demand(row.alignment == 1 or row.alignment == 2 or row.alignment == 4 or row.alignment == 8)
    demand(row.size <= MOST_BYTES and (row.flat <= MOST_FLAT_PARAMS or row.flat == NOT_FLAT))
    demand(u64(row.first) + u64(row.count) <= u64(header(c).parts.count))
    demand(row.depth >= 1 and row.depth <= MOST_DEPTH)
    for i in span(row.count):
        part = part_row(c, row.first + i)
        if part.type == NONE:
            demand(row.kind == Kind.VARIANT)
        else:
            demand(part.type < number and type_row(c, part.type).depth < row.depth)
    if row.kind == Kind.RECORD:
        check_record(c, row)
    elif row.kind == Kind.VARIANT:
        check_variant(c, row)
    elif row.kind == Kind.LIST:
        check_list(c, row)
    else:
        check_scalar(c, row)


@kernel
def check_scalar(c: Component, row: TypeRow) -> None:
    demand(row.count == 0 and row.flat == u32(1) + u32(row.kind == Kind.STRING))
    if row.kind <= Kind.STRING:
        demand(row.size == u32(BYTES[row.kind]))
    elif row.kind == Kind.OWN or row.kind == Kind.BORROW:
        demand(row.size == 4 and row.extra < header(c).resources.count)
    else:
        demand(row.size == 1 or row.size == 2 or row.size == 4)
        demand(row.extra >= 1 and (row.kind == Kind.ENUM or row.extra <= 32))


@kernel
def check_record(c: Component, row: TypeRow) -> None:
    flat = u64(0)
    for i in span(row.count):
        part = part_row(c, row.first + i)
        inner = type_row(c, part.type)
        demand(u64(part.offset) + u64(inner.size) <= u64(row.size))
        flat += u64(inner.flat)
    demand(row.flat == NOT_FLAT or u64(row.flat) == flat)


@kernel
def check_variant(c: Component, row: TypeRow) -> None:
    demand(row.count >= 1 and row.flat >= 1 and discriminant_size(row.count) <= row.size)
    for i in span(row.count):
        part = part_row(c, row.first + i)
        if part.type != NONE:
            inner = type_row(c, part.type)
            demand(u64(row.extra) + u64(inner.size) <= u64(row.size))
            demand(row.flat == NOT_FLAT or inner.flat < row.flat)


@kernel
def check_list(c: Component, row: TypeRow) -> None:
    demand(row.count == 1)
    element = type_row(c, part_row(c, row.first).type)
    demand(element.size >= 1)
    if row.extra == NONE:
        demand(row.size == 8 and row.flat == 2)
    else:
        demand(u64(row.extra) * u64(element.size) == u64(row.size))
        demand(row.flat == NOT_FLAT or u64(row.extra) * u64(element.flat) == u64(row.flat))


@kernel
def check_function(c: Component, row: FunctionRow) -> None:
    count = header(c).types.count
    demand(row.params < count and type_row(c, row.params).kind == Kind.RECORD)
    if row.result != NONE:
        demand(row.result < count and type_row(c, row.result).flat >= 1)
    demand(row.result_kind < 1 << FLAT_BITS)
