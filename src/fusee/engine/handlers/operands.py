"""How handlers read operands and write results: in slots, in registers, in the cell itself."""

from typing import Any, Final

from fusee.engine.handlers.regs import Regs
from fusee.engine.isa.forms import ACC, CONST, PIN, PINS, SIGNED_SLOT, SLOT
from fusee.engine.isa.row import HAS_FIELD_AHEAD, SLOT_FIELD_BYTES
from fusee.kernel.lang import (
    Ptr,
    Static,
    bitcast,
    cast,
    f32,
    f64,
    from_low,
    i32,
    kernel,
    load,
    low,
    null,
    size_of,
    u8,
    u16,
    u32,
    u64,
    unroll,
    usize,
    v128,
    whole,
    with_low,
)  # fmt: skip


def is_slot(form: int) -> bool:
    """Whether an operand or a result is in the frame."""
    return form in (SLOT, SIGNED_SLOT)


@kernel(inline=True)
def slot_number(f: Regs, at: Static[int]) -> u32:
    """What the running cell has at an offset: the number of a slot, or an immediate that is as small."""
    if HAS_FIELD_AHEAD and at == size_of(usize):
        return u32(f.ahead)
    if SLOT_FIELD_BYTES == 4:
        return whole(load(u32, f.pc + at))
    return u32(load(u16, f.pc + at))  # extended by the load


@kernel(inline=True)
def frame_slot(f: Regs, at: Static[int]) -> Ptr[u64]:
    """The slot whose number the running cell has at an offset."""
    return f.fp + slot_number(f, at)


@kernel(inline=True)
def operand_slot(f: Regs, form: Static[int], at: Static[int]) -> Ptr[u64]:
    """The same for an operand, or a result, that `is_slot`."""
    if form == SIGNED_SLOT:
        if HAS_FIELD_AHEAD and at == size_of(usize):
            return f.fp + i32(f.ahead)
        return f.fp + load(i32, f.pc + at)
    return frame_slot(f, at)


@kernel(inline=True)
def extended(f: Regs, at: Static[int]) -> u64:
    """A constant that is added: AArch64 extends it when it adds."""
    if HAS_FIELD_AHEAD and at == size_of(usize):
        return u64(i32(f.ahead))
    return u64(whole(load(i32, f.pc + at)))


@kernel(inline=True)
def read_int(f: Regs, form: Static[int], at: Static[int]) -> u64:
    if form == ACC:
        return f.acc
    if form == PIN:
        return f.r0
    if form == PIN + 1:
        return f.r1
    if form == PIN + 2:
        return f.r2
    if form == PIN + 3:
        return f.r3
    if is_slot(form):
        return operand_slot(f, form, at)[0]
    if HAS_FIELD_AHEAD and at == size_of(usize):
        return u64(i32(f.ahead))
    return u64(load(i32, f.pc + at))


@kernel(inline=True)
def float_register(f: Regs, form: Static[int]) -> v128:
    if form == ACC:
        return f.facc
    if form == PIN:
        return f.f0
    if form == PIN + 1:
        return f.f1
    if form == PIN + 2:
        return f.f2
    return f.f3


@kernel(inline=True)
def read_float(f: Regs, form: Static[int], at: Static[int]) -> f64:
    """A float register or slot, whatever it holds; as a constant an f64."""
    if is_slot(form):
        return bitcast(f64, operand_slot(f, form, at)[0])
    if form == CONST:
        return load(f64, f.pc + at)
    return low(f64, float_register(f, form))


@kernel(inline=True)
def read_vector(f: Regs, form: Static[int], at: Static[int]) -> v128:
    if is_slot(form):
        return cast(Ptr[v128], operand_slot(f, form, at))[0]
    if form == CONST:
        return load(v128, f.pc + at)
    return float_register(f, form)


@kernel(inline=True)
def read_i32(f: Regs, form: Static[int], at: Static[int]) -> u32:
    if is_slot(form):
        return u32(whole(read_int(f, form, at)))
    return u32(read_int(f, form, at))


@kernel(inline=True)
def read_f32(f: Regs, form: Static[int], at: Static[int]) -> f32:
    if is_slot(form):
        return low(f32, from_low(whole(read_float(f, form, at))))
    if form == CONST:
        return load(f32, f.pc + at)
    return low(f32, float_register(f, form))


READ: Final[dict[str, Any]] = {
    "i32": read_i32, "i64": read_int, "f32": read_f32, "f64": read_float, "v128": read_vector,
}  # fmt: skip
"""By operand type: the kernel that reads an operand as what its evaluation takes."""


@kernel(inline=True)
def write_int(f: Regs, form: Static[int], at: Static[int], value: u64) -> None:
    if form == ACC:
        f.acc = value
    if form == PIN:
        f.r0 = value
    if form == PIN + 1:
        f.r1 = value
    if form == PIN + 2:
        f.r2 = value
    if form == PIN + 3:
        f.r3 = value
    if is_slot(form):
        operand_slot(f, form, at)[0] = value


@kernel(inline=True)
def write_register(f: Regs, form: Static[int], at: Static[int], value: v128) -> None:
    """A float with what is in the other lanes, which a slot does not take."""
    if form == ACC:
        f.facc = value
    if form == PIN:
        f.f0 = value
    if form == PIN + 1:
        f.f1 = value
    if form == PIN + 2:
        f.f2 = value
    if form == PIN + 3:
        f.f3 = value
    if is_slot(form):
        operand_slot(f, form, at)[0] = bitcast(u64, low(f64, value))


@kernel(inline=True)
def write_float(f: Regs, form: Static[int], at: Static[int], value: f64) -> None:
    write_register(f, form, at, from_low(value))


@kernel(inline=True)
def write_i32(f: Regs, form: Static[int], at: Static[int], value: u32) -> None:
    write_int(f, form, at, value)


@kernel(inline=True)
def write_f32(f: Regs, form: Static[int], at: Static[int], value: f32) -> None:
    write_register(f, form, at, from_low(value))


@kernel(inline=True)
def write_vector(f: Regs, form: Static[int], at: Static[int], value: v128) -> None:
    if is_slot(form):
        cast(Ptr[v128], operand_slot(f, form, at))[0] = value
    else:
        write_register(f, form, at, value)


@kernel(inline=True)
def write_f64_over(f: Regs, form: Static[int], at: Static[int], value: f64, over: Static[int]) -> None:
    """A result whose first operand is in the register `over` (`numeric.register_beneath`)."""
    write_register(f, form, at, with_low(float_register(f, over), value))


@kernel(inline=True)
def write_f32_over(f: Regs, form: Static[int], at: Static[int], value: f32, over: Static[int]) -> None:
    write_register(f, form, at, with_low(float_register(f, over), value))


WRITE: Final[dict[str, Any]] = {
    "i32": write_i32, "i64": write_int, "f32": write_f32, "f64": write_float, "v128": write_vector,
}  # fmt: skip


WRITE_OVER: Final[dict[str, Any]] = {"f32": write_f32_over, "f64": write_f64_over}


@kernel(inline=True)
def lose_registers(f: Regs) -> None:
    """Forget what calls lose, before one that leaves the handlers: otherwise it would be kept, for nobody."""
    f.mem = null(Ptr[u8])
    f.memlen = u64(0)
    f.lp = null(Ptr[u8])
    f.facc = from_low(f64(0.0))
    for pin in unroll(range(PINS)):
        write_int(f, PIN + pin, 0, u64(0))
        write_float(f, PIN + pin, 0, f64(0.0))
