"""The bodies of the instructions that take their operands from consecutive slots.

Each kernel gets the instance, the slots, a mask of the operands that are i32 (their slots' upper
halves are arbitrary), and the instruction's two immediates.
"""

from typing import Any, Final

from fusee.engine.runtime import aggregates, bulk, memory, table
from fusee.engine.runtime.metering import charge
from fusee.engine.state.runtime import Instance
from fusee.kernel.lang import Ptr, Static, i64, kernel, mul_high, u16, u32, u64


@kernel(inline=True)
def slot(slots: Ptr[u64], number: Static[int], narrow: u16) -> Ptr[u64]:
    """Where the n-th operand or result is."""
    if number == 0:
        return slots
    return slots + (u32(number) << (narrow >> 15))


@kernel(inline=True)
def operand(slots: Ptr[u64], number: Static[int], narrow: u16) -> u64:
    """The n-th operand, zero-extended if it is an i32."""
    value = slot(slots, number, narrow)[0]
    if narrow & (1 << number) != 0:
        return value & 0xFFFF_FFFF
    return value


@kernel
def memory_grow(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, unused: u32) -> None:
    s[0] = memory.memory_grow(ctx, index, operand(s, 0, narrow))


@kernel
def memory_fill(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, unused: u32) -> None:
    bulk.memory_fill(ctx, index, operand(s, 0, narrow), operand(s, 1, narrow), operand(s, 2, narrow))


@kernel
def memory_copy(ctx: Instance, s: Ptr[u64], narrow: u16, to: u32, origin: u32) -> None:
    bulk.memory_copy(
        ctx, to, origin, operand(s, 0, narrow), operand(s, 1, narrow), operand(s, 2, narrow)
    )  # fmt: skip


@kernel
def memory_init(ctx: Instance, s: Ptr[u64], narrow: u16, segment: u32, index: u32) -> None:
    bulk.memory_init(
        ctx, index, segment, operand(s, 0, narrow), operand(s, 1, narrow), operand(s, 2, narrow)
    )  # fmt: skip


@kernel
def data_drop(ctx: Instance, s: Ptr[u64], narrow: u16, segment: u32, unused: u32) -> None:
    bulk.data_drop(ctx, segment)


@kernel
def table_get(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, unused: u32) -> None:
    s[0] = table.table_get(ctx, index, operand(s, 0, narrow))


@kernel
def table_set(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, unused: u32) -> None:
    table.table_set(ctx, index, operand(s, 0, narrow), slot(s, 1, narrow)[0])


@kernel
def table_grow(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, unused: u32) -> None:
    s[0] = table.table_grow(ctx, index, s[0], operand(s, 1, narrow))


@kernel
def table_fill(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, unused: u32) -> None:
    table.table_fill(ctx, index, operand(s, 0, narrow), slot(s, 1, narrow)[0], operand(s, 2, narrow))


@kernel
def table_copy(ctx: Instance, s: Ptr[u64], narrow: u16, to: u32, origin: u32) -> None:
    table.table_copy(
        ctx, to, origin, operand(s, 0, narrow), operand(s, 1, narrow), operand(s, 2, narrow)
    )  # fmt: skip


@kernel
def table_init(ctx: Instance, s: Ptr[u64], narrow: u16, segment: u32, index: u32) -> None:
    table.table_init(
        ctx, index, segment, operand(s, 0, narrow), operand(s, 1, narrow), operand(s, 2, narrow)
    )  # fmt: skip


@kernel
def elem_drop(ctx: Instance, s: Ptr[u64], narrow: u16, segment: u32, unused: u32) -> None:
    table.elem_drop(ctx, segment)


@kernel
def i64_add128(ctx: Instance, s: Ptr[u64], narrow: u16, unused: u32, unused_too: u32) -> None:
    low = s[0] + slot(s, 2, narrow)[0]
    high = slot(s, 1, narrow)
    high[0] = high[0] + slot(s, 3, narrow)[0] + u64(low < s[0])
    s[0] = low


@kernel
def i64_sub128(ctx: Instance, s: Ptr[u64], narrow: u16, unused: u32, unused_too: u32) -> None:
    low = slot(s, 2, narrow)[0]
    high = slot(s, 1, narrow)
    high[0] = high[0] - slot(s, 3, narrow)[0] - u64(s[0] < low)
    s[0] = s[0] - low


@kernel
def i64_mul_wide_s(ctx: Instance, s: Ptr[u64], narrow: u16, unused: u32, unused_too: u32) -> None:
    second = slot(s, 1, narrow)
    high = u64(mul_high(i64(s[0]), i64(second[0])))
    s[0] = s[0] * second[0]
    second[0] = high


@kernel
def i64_mul_wide_u(ctx: Instance, s: Ptr[u64], narrow: u16, unused: u32, unused_too: u32) -> None:
    second = slot(s, 1, narrow)
    high = mul_high(s[0], second[0])
    s[0] = s[0] * second[0]
    second[0] = high


@kernel(inline=True)
def spread_of(narrow: u16) -> u32:
    """Whether operands have two slots each: 1, or else 0."""
    return narrow >> 15


@kernel
def struct_new(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, unused: u32) -> None:
    s[0] = aggregates.make_struct(ctx, index, s, spread_of(narrow))


@kernel
def struct_new_default(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, unused: u32) -> None:
    s[0] = aggregates.make_default_struct(ctx, index)


@kernel
def array_new(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, unused: u32) -> None:
    charge(ctx.store, operand(s, 1, narrow))
    s[0] = aggregates.make_array(ctx, index, s, u32(operand(s, 1, narrow)))


@kernel
def array_new_default(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, unused: u32) -> None:
    charge(ctx.store, operand(s, 0, narrow))
    s[0] = aggregates.make_default_array(ctx, index, u32(operand(s, 0, narrow)))


@kernel
def array_new_fixed(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, length: u32) -> None:
    s[0] = aggregates.make_fixed_array(ctx, index, s, spread_of(narrow), length)


@kernel
def array_new_data(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, segment: u32) -> None:
    charge(ctx.store, operand(s, 1, narrow))
    s[0] = aggregates.make_array_of_data(ctx, index, segment, u32(s[0]), u32(operand(s, 1, narrow)))


@kernel
def array_new_elem(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, segment: u32) -> None:
    charge(ctx.store, operand(s, 1, narrow))
    s[0] = aggregates.make_array_of_elements(ctx, index, segment, u32(s[0]), u32(operand(s, 1, narrow)))


@kernel
def array_fill(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, unused: u32) -> None:
    charge(ctx.store, operand(s, 3, narrow))
    aggregates.fill_array(
        ctx, index, s[0], u32(operand(s, 1, narrow)), slot(s, 2, narrow), u32(operand(s, 3, narrow))
    )  # fmt: skip


@kernel
def array_copy(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, unused: u32) -> None:
    charge(ctx.store, operand(s, 4, narrow))
    aggregates.copy_array(
        ctx, index, s[0], u32(operand(s, 1, narrow)), operand(s, 2, narrow), u32(operand(s, 3, narrow)),
        u32(operand(s, 4, narrow)),
    )  # fmt: skip


@kernel
def array_init_data(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, segment: u32) -> None:
    charge(ctx.store, operand(s, 3, narrow))
    aggregates.write_data(
        ctx, index, segment, s[0], u32(operand(s, 1, narrow)), u32(operand(s, 2, narrow)), u32(operand(s, 3, narrow))
    )  # fmt: skip


@kernel
def array_init_elem(ctx: Instance, s: Ptr[u64], narrow: u16, index: u32, segment: u32) -> None:
    charge(ctx.store, operand(s, 3, narrow))
    aggregates.write_elements(
        ctx, index, segment, s[0], u32(operand(s, 1, narrow)), u32(operand(s, 2, narrow)), u32(operand(s, 3, narrow))
    )  # fmt: skip


ON_SLOTS: Final[dict[str, Any]] = {
    body.name: body
    for body in (
        memory_grow, memory_fill, memory_copy, memory_init, data_drop, table_get, table_set, table_grow, table_fill,
        table_copy, table_init, elem_drop, i64_add128, i64_sub128, i64_mul_wide_s, i64_mul_wide_u, struct_new,
        struct_new_default, array_new, array_new_default, array_new_fixed, array_new_data, array_new_elem, array_fill,
        array_copy, array_init_data, array_init_elem,
    )
}  # fmt: skip
