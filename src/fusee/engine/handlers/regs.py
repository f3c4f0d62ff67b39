"""The interpreter's machine registers, how handlers reach the next cell, and where others find what registers hold."""

from typing import Final

from fusee.engine.isa.fields import Reading
from fusee.engine.isa.forms import PINS
from fusee.engine.isa.row import HAS_FIELD_AHEAD
from fusee.engine.isa.selection import chosen
from fusee.engine.state.runtime import Instance, Memory
from fusee.kernel.lang import (
    Fleeting,
    Fn,
    Ptr,
    Static,
    address,
    cast,
    i32,
    i64,
    keep_order,
    kernel,
    load,
    load_invariant,
    null,
    registers,
    size_of,
    u8,
    u32,
    u64,
    usize,
    v128,
    whole,
)  # fmt: skip


@registers
class Regs:
    """All of the interpreter's state that is not in memory; one machine register each.

    The float registers hold a float in their lowest lane; what the other lanes hold then is of no account.
    """

    pc: Ptr[u8]
    fp: Ptr[u64]  # slot 0 of the running function's frame
    mem: Ptr[u8]
    memlen: u64
    ctx: Instance
    acc: u64
    lp: Ptr[u8]  # start of the innermost loop's body
    r0: u64
    r1: u64
    r2: u64
    r3: u64
    if HAS_FIELD_AHEAD:
        ahead: Fleeting[u64]  # the running cell's first field, if that has four bytes; what jumps to a cell reads it
    facc: v128
    f0: v128
    f1: v128
    f2: v128
    f3: v128


Code = Fn[[Regs], None]

HAS_MEMORY_LIMITS: Final = chosen().has_memory_limits
"""Whether `r2` and `r3`, which hold no locals then, hold where an access of 4 or 8 bytes to memory 0 may begin at most:
most accesses are of these, and need not add their width."""

assert not HAS_MEMORY_LIMITS or PINS <= 2


@kernel(inline=True)
def look_ahead(f: Regs) -> None:
    """Have the first field of the cell at `pc` at hand, be it one or what follows a cell without any.

    AArch64 reads it together with the address of the cell's handler: whoever reads an odd number of fields is an
    instruction shorter.
    """
    if HAS_FIELD_AHEAD:
        f.ahead = u64(load(u32, f.pc + size_of(usize)))


@kernel(inline=True)
def read_ahead(f: Regs, reading: Static[Reading]) -> None:
    """The same of the second cell of a pair, whose handler reads the field with others."""
    if HAS_FIELD_AHEAD and reading == Reading.SIGNED:
        f.ahead = u64(load(i32, f.pc + size_of(usize)))
    elif HAS_FIELD_AHEAD and reading == Reading.WHOLE:
        f.ahead = u64(whole(load(u32, f.pc + size_of(usize))))
    else:
        look_ahead(f)


@kernel(inline=True)
def code_at(f: Regs) -> Code:
    """The handler of the cell at `pc`, which is to run next. Its address is read last, together with the field."""
    if HAS_FIELD_AHEAD:
        keep_order()
    look_ahead(f)
    return cast(Code, load(usize, f.pc))


@kernel(inline=True)
def following_code(pc: Ptr[u8]) -> Code:
    """The handler of a cell that comes after the running one, which writes no cells."""
    return cast(Code, load_invariant(usize, pc))


@kernel(inline=True)
def field(f: Regs, at: Static[int]) -> u64:
    """What the running cell has at an offset, in four bytes."""
    if HAS_FIELD_AHEAD and at == size_of(usize):
        return f.ahead
    return u64(load(u32, f.pc + at))


@kernel(inline=True)
def save_registers(f: Regs) -> None:
    """Before anything that may look for objects that nothing refers to: registers do."""
    world = f.ctx.store
    world.saved_pc = f.pc
    world.saved_fp = f.fp
    world.saved_instance = address(f.ctx)
    world.saved[0] = f.acc
    world.saved[1] = f.r0
    world.saved[2] = f.r1
    world.saved[3] = f.r2
    world.saved[4] = f.r3


@kernel(inline=True)
def note_place(f: Regs) -> None:
    """Before a kernel that may call `look`: where the guest is, so that it can pause there."""
    save_registers(f)
    world = f.ctx.store
    world.place_fp = f.fp
    world.place_pc = f.pc
    world.place_instance = address(f.ctx)


@kernel(inline=True)
def forget_place(f: Regs) -> None:
    """After it. If it traps, `on_trap` does this."""
    f.ctx.store.place_fp = null(Ptr[u64])


@kernel(inline=True)
def reload_memory(f: Regs) -> None:
    """Refresh the registers of memory 0 after anything that may have grown it or changed the instance."""
    if f.ctx.memory != 0:
        memory = cast(Memory, f.ctx.memory)
        f.mem = memory.base
        f.memlen = memory.length_bytes
    else:
        f.memlen = u64(0)
    if HAS_MEMORY_LIMITS:
        f.r2 = f.memlen - 4
        f.r3 = f.memlen - 8


@kernel(inline=True)
def is_beyond(f: Regs, start: u64, width: Static[int]) -> bool:
    """Whether an access of some bytes ends behind memory 0. The limits are negative if that has fewer bytes."""
    if HAS_MEMORY_LIMITS and width == 4:
        return i64(start) > i64(f.r2)
    if HAS_MEMORY_LIMITS and width == 8:
        return i64(start) > i64(f.r3)
    if width == 1:
        return start >= f.memlen
    return start + width > f.memlen
