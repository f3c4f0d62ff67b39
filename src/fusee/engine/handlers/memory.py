"""What loads, stores, globals and the instructions that work on slots do."""

from typing import Any, Final

from fusee.engine.errors import Trap
from fusee.engine.handlers.evaluate import OPERAND, base
from fusee.engine.handlers.on_slots import ON_SLOTS, operand
from fusee.engine.handlers.operands import READ, WRITE, frame_slot
from fusee.engine.handlers.regs import Regs, field, forget_place, is_beyond, note_place, reload_memory, save_registers
from fusee.engine.isa.lanes import has_lane
from fusee.engine.isa.memory import ALLOCATING, NO_LENGTH, PAUSING, Access
from fusee.engine.isa.row import SLOT_FIELD, Row, cell
from fusee.engine.runtime.memory import checked_32, checked_64, memory_at, memory_size
from fusee.engine.runtime.metering import CHUNK_ELEMENTS
from fusee.engine.runtime.table import table_size
from fusee.engine.state.runtime import Global
from fusee.kernel.lang import (
    Ptr,
    Static,
    cast,
    f32,
    f64,
    i8,
    i16,
    i32,
    kernel,
    load,
    size_of,
    store,
    u8,
    u16,
    u32,
    u64,
    unlikely,
    usize,
    v128,
)  # fmt: skip
from fusee.spec.traps import TrapCode

STORED: Final[dict[str, Any]] = {
    "u8": u8, "i8": i8, "u16": u16, "i16": i16, "u32": u32, "i32": i32, "u64": u64, "f32": f32, "f64": f64,
    "v128": v128,
}  # fmt: skip
WIDTH: Final = {"u8": 1, "i8": 1, "u16": 2, "i16": 2, "u32": 4, "i32": 4, "f32": 4, "u64": 8, "f64": 8, "v128": 16}


@kernel(inline=True)
def place_of(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> Ptr[u8]:
    """Where the access goes, checked against the memory's length (spec 4.6.6)."""
    if row.detail.memory == "any":
        memory = memory_at(f.ctx, load(u32, f.pc + cell(row, dst, forms, size_of(usize)).immediates[1]))
        return memory.base + usize(effective_address(f, row, dst, forms, memory.length_bytes))
    if row.detail.memory == "0" and row.detail.address == "i32":
        return f.mem + usize(address_in_first(f, row, dst, forms))
    return f.mem + usize(effective_address(f, row, dst, forms, f.memlen))


@kernel(inline=True)
def address_in_first(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> u64:
    """Address plus offset in memory 0, as `checked_32` gives it, but checked by registers."""
    narrow: u32 = OPERAND["i32"](f, row, row, 0, 0, dst, forms)
    start = u64(narrow) + field(f, cell(row, dst, forms, size_of(usize)).immediates[0])
    if unlikely(is_beyond(f, start, WIDTH[row.detail.stored])):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS, 0)
    return start


@kernel(inline=True)
def effective_address(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]], length: u64) -> u64:
    """Address plus offset, if the access is within the memory."""
    if row.detail.address == "i32":
        narrow: u32 = OPERAND["i32"](f, row, row, 0, 0, dst, forms)
        wide_offset = load(u64, f.pc + cell(row, dst, forms, size_of(usize)).immediates[0])
        return checked_32(narrow, wide_offset, length, WIDTH[row.detail.stored])
    index: u64 = OPERAND["i64"](f, row, row, 0, 0, dst, forms)
    far = load(u64, f.pc + cell(row, dst, forms, size_of(usize)).immediates[0])
    return checked_64(index, far, length, WIDTH[row.detail.stored])


def is_integer(access: Access) -> bool:
    """Whether the accessed type is an integer one."""
    return not access.stored.startswith(("f", "v"))


@kernel(inline=True)
def lane_number(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> u32:
    return u32(load(SLOT_FIELD, f.pc + cell(row, dst, forms, size_of(usize)).immediates[1]))


@kernel(inline=True)
def load_value(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """A load (spec 4.6.6); integers are extended to 64 bits by the signedness of the type in memory."""
    if row.evaluate is not None:
        WRITE["v128"](f, dst, cell(row, dst, forms, size_of(usize)).result, made_of_number(f, row, dst, forms))
    elif is_integer(row.detail):
        WRITE["i64"](
            f, dst, cell(row, dst, forms, size_of(usize)).result,
            u64(load(STORED[row.detail.stored], place_of(f, row, dst, forms))),
        )  # fmt: skip
    else:
        WRITE[row.detail.stored](
            f, dst, cell(row, dst, forms, size_of(usize)).result,
            load(STORED[row.detail.stored], place_of(f, row, dst, forms)),
        )  # fmt: skip


@kernel(inline=True)
def made_of_number(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> v128:
    """The vector that a load of lanes gives: made of the number in memory, or with that as one of its lanes."""
    if len(base(row).sources) == 1:
        alone: v128 = row.evaluate(load(STORED[row.detail.stored], place_of(f, row, dst, forms)))
        return alone
    number = load(STORED[row.detail.stored], place_of(f, row, dst, forms))
    if has_lane(row):
        numbered: v128 = row.evaluate(
            OPERAND["v128"](f, row, row, 1, 0, dst, forms), number, lane_number(f, row, dst, forms)
        )
        return numbered
    replaced: v128 = row.evaluate(OPERAND["v128"](f, row, row, 1, 0, dst, forms), number)
    return replaced


@kernel(inline=True)
def store_value(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """A store (spec 4.6.7) of the operand's low bytes, or of one of its lanes."""
    if has_lane(row):
        chosen = row.evaluate(OPERAND["v128"](f, row, row, 1, 0, dst, forms), lane_number(f, row, dst, forms))
        store(place_of(f, row, dst, forms), STORED[row.detail.stored](chosen))
    elif row.evaluate is not None:
        lane = row.evaluate(OPERAND["v128"](f, row, row, 1, 0, dst, forms))
        store(place_of(f, row, dst, forms), STORED[row.detail.stored](lane))
    elif is_integer(row.detail):
        value: u64 = OPERAND["i64"](f, row, row, 1, 0, dst, forms)
        store(place_of(f, row, dst, forms), STORED[row.detail.stored](value))
    else:
        store(
            place_of(f, row, dst, forms),
            OPERAND[row.detail.stored](f, row, row, 1, 0, dst, forms),
        )


@kernel(inline=True)
def immediate(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]], n: Static[int]) -> u32:
    """The n-th immediate, where it is 32 bits wide."""
    return u32(field(f, cell(row, dst, forms, size_of(usize)).immediates[n]))


@kernel(inline=True)
def global_cell(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> Ptr[u64]:
    """The value of a global: at a fixed distance from the instance that owns it, else through a pointer."""
    if row.family.endswith("import"):
        return cast(Ptr[u64], cast(Global, f.ctx.globals[immediate(f, row, dst, forms, 0)]))
    return cast(Ptr[u64], cast(Ptr[u8], f.ctx) + immediate(f, row, dst, forms, 0))


@kernel(inline=True)
def global_get(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    if row.result == "v128":
        wide = cast(Ptr[v128], global_cell(f, row, dst, forms))[0]
        WRITE["v128"](f, dst, cell(row, dst, forms, size_of(usize)).result, wide)
    else:
        WRITE["i64"](f, dst, cell(row, dst, forms, size_of(usize)).result, global_cell(f, row, dst, forms)[0])


@kernel(inline=True)
def global_set(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    if row.sources[0] == "v128":
        wide = READ["v128"](f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0])
        cast(Ptr[v128], global_cell(f, row, dst, forms))[0] = wide
    else:
        value: u64 = READ["i64"](f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0])
        global_cell(f, row, dst, forms)[0] = value


@kernel(inline=True)
def on_slots(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """Run a kernel of `ON_SLOTS` on consecutive slots; it may grow memory, and pause."""
    slots = frame_slot(f, cell(row, dst, forms, size_of(usize)).immediates[2])
    narrow = u16(load(SLOT_FIELD, f.pc + cell(row, dst, forms, size_of(usize)).immediates[3]))
    if row.detail in ALLOCATING:
        save_registers(f)
    if row.detail in PAUSING:
        if PAUSING[row.detail] == NO_LENGTH or operand(slots, PAUSING[row.detail], narrow) > CHUNK_ELEMENTS:
            note_place(f)
    ON_SLOTS[row.detail](f.ctx, slots, narrow, immediate(f, row, dst, forms, 0), immediate(f, row, dst, forms, 1))
    if row.detail in PAUSING:
        forget_place(f)
    reload_memory(f)


@kernel(inline=True)
def into_acc(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """`ref.func`, `memory.size`, `table.size`."""
    if row.name == "ref_func":
        f.acc = u64(f.ctx.functions[immediate(f, row, dst, forms, 0)])
    elif row.name == "memory_size":
        f.acc = memory_size(f.ctx, immediate(f, row, dst, forms, 0))
        reload_memory(f)  # another thread may have grown it: accesses from here on are to find it as large as that
    else:
        f.acc = table_size(f.ctx, immediate(f, row, dst, forms, 0))
