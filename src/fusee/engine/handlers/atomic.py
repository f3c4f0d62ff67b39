"""The atomic instructions (threads proposal) on operands in slots."""

from typing import Any, Final

from fusee.engine.errors import Trap
from fusee.engine.handlers.on_slots import slot
from fusee.engine.handlers.operands import frame_slot
from fusee.engine.handlers.regs import Regs, forget_place, note_place, reload_memory
from fusee.engine.isa.atomic import SIZE_MASK
from fusee.engine.isa.row import SLOT_FIELD, Row, cell
from fusee.engine.runtime.atomic import atomic_place, notify_word, wait_for_word
from fusee.engine.runtime.memory import memory_at
from fusee.engine.runtime.words import (
    OPERATIONS,
    WORDS,
    change_word,
    exchange_word,
    fence_words,
    read_word,
    write_word,
)  # fmt: skip
from fusee.engine.state.runtime import Instance
from fusee.kernel.lang import Ptr, Static, kernel, load, size_of, u8, u16, u32, u64, unreachable, unroll, usize
from fusee.spec.traps import TrapCode


@kernel(inline=True)
def place_of(ctx: Instance, s: Ptr[u64], flags: u16, offset: u64, memory: u32) -> Ptr[u8]:
    return atomic_place(ctx, memory, s[0], offset, flags)


@kernel
def read(ctx: Instance, s: Ptr[u64], flags: u16, offset: u64, memory: u32) -> None:
    place = place_of(ctx, s, flags, offset, memory)
    for size, stored in unroll(WORDS):
        if flags & SIZE_MASK == size:
            s[0] = read_word(place, stored, u64)
            return
    unreachable()


@kernel
def write(ctx: Instance, s: Ptr[u64], flags: u16, offset: u64, memory: u32) -> None:
    place = place_of(ctx, s, flags, offset, memory)
    for size, stored in unroll(WORDS):
        if flags & SIZE_MASK == size:
            write_word(place, slot(s, 1, flags)[0], stored, u64)
            return
    unreachable()


@kernel
def change(
    ctx: Instance, s: Ptr[u64], flags: u16, offset: u64, memory: u32, operation: Static[Any]
) -> None:  # fmt: skip
    place = place_of(ctx, s, flags, offset, memory)
    for size, stored in unroll(WORDS):
        if flags & SIZE_MASK == size:
            s[0] = change_word(place, slot(s, 1, flags)[0], operation, stored, u64)
            return
    unreachable()


@kernel
def compare_exchange(ctx: Instance, s: Ptr[u64], flags: u16, offset: u64, memory: u32) -> None:
    place = place_of(ctx, s, flags, offset, memory)
    expected, value = slot(s, 1, flags)[0], slot(s, 2, flags)[0]
    for size, stored in unroll(WORDS):
        if flags & SIZE_MASK == size:
            s[0] = exchange_word(place, expected, value, stored, u64)
            return
    unreachable()


@kernel
def notify(ctx: Instance, s: Ptr[u64], flags: u16, offset: u64, memory: u32) -> None:
    place = place_of(ctx, s, flags, offset, memory)
    s[0] = notify_word(ctx.store, memory_at(ctx, memory), place, slot(s, 1, flags)[0] & 0xFFFF_FFFF)


@kernel
def wait(ctx: Instance, s: Ptr[u64], flags: u16, offset: u64, memory: u32) -> None:
    place = place_of(ctx, s, flags, offset, memory)
    if not memory_at(ctx, memory).is_shared:
        raise Trap(TrapCode.ATOMIC_WAIT_NON_SHARED_MEMORY, 0)
    size = u64(1) << (flags & SIZE_MASK)
    expected = slot(s, 1, flags)[0]
    if size == 4:
        expected &= 0xFFFF_FFFF
    s[0] = wait_for_word(ctx.store, memory_at(ctx, memory), place, expected, size, slot(s, 2, flags)[0])


_OTHERS: Final[dict[str, Any]] = {"load": read, "store": write, "cmpxchg": compare_exchange}
_PAUSING: Final[dict[str, Any]] = {"notify": notify, "wait": wait}


@kernel(inline=True)
def atomic(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """An instruction on the memory that its cell names."""
    offset = load(u64, f.pc + cell(row, dst, forms, size_of(usize)).immediates[0])
    memory = load(u32, f.pc + cell(row, dst, forms, size_of(usize)).immediates[1])
    slots = frame_slot(f, cell(row, dst, forms, size_of(usize)).immediates[2])
    flags = u16(load(SLOT_FIELD, f.pc + cell(row, dst, forms, size_of(usize)).immediates[3]))
    if row.detail in OPERATIONS:
        change(f.ctx, slots, flags, offset, memory, OPERATIONS[row.detail])
    elif row.detail in _PAUSING:
        note_place(f)
        _PAUSING[row.detail](f.ctx, slots, flags, offset, memory)
        forget_place(f)
    else:
        _OTHERS[row.detail](f.ctx, slots, flags, offset, memory)
    if row.detail != "store":
        reload_memory(f)  # who sees what another thread has written sees the memory as large as that did


@kernel(inline=True)
def fence(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    fence_words()
    reload_memory(f)
