"""A small interpreter: handlers in a table, operands in registers by form, errors that end in a handler."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from fusee.kernel.lang import (
    Fn,
    Kernel,
    KernelError,
    Ptr,
    Static,
    cast,
    handler,
    instance,
    kernel,
    registers,
    select,
    table,
    tail,
    u8,
    u32,
    u64,
)


class Stopped(KernelError, tag=203):
    """The interpreted program went wrong."""


@registers
class Regs:
    pc: Ptr[u8]
    out: Ptr[u64]
    acc: u64
    r0: u64
    r1: u64
    fuel: u32


Code = Fn[[Regs], None]


class Form(IntEnum):
    ACC = 0
    R0 = 1
    R1 = 2


@kernel(inline=True)
def read(f: Regs, form: Static[Form]) -> u64:
    if form == Form.ACC:
        return f.acc
    return f.r0 if form == Form.R0 else f.r1


@kernel(inline=True)
def write(f: Regs, form: Static[Form], value: u64) -> None:
    if form == Form.ACC:
        f.acc = value
    elif form == Form.R0:
        f.r0 = value
    else:
        f.r1 = value


@kernel(inline=True)
def add(a: u64, b: u64) -> u64:
    return a + b


@kernel(inline=True)
def remainder(a: u64, b: u64) -> u64:
    if b == 0:
        raise Stopped(5, a)
    return a % b


@kernel
def slow_power(a: u64, b: u64) -> u64:
    """Not inlined, and may raise."""
    if b > 63:
        raise Stopped(6, b)
    result = u64(1)
    rest = b
    while rest != 0:
        result = result * a
        rest -= 1
    return result


@dataclass(frozen=True)
class Row:
    name: str
    evaluate: Kernel[..., Any]


ROWS = [Row("add", add), Row("remainder", remainder), Row("power", slow_power)]


@handler
def on_error(f: Regs) -> None:
    f.out[0] = f.acc
    f.out[1] = u64(f.fuel)
    return


@handler(raises_to=on_error, status="acc")
def binary(f: Regs, row: Static[Row], dst: Static[Form], lhs: Static[Form], rhs: Static[Form]) -> None:
    write(f, dst, row.evaluate(read(f, lhs), read(f, rhs)))
    f.pc = f.pc + 1
    return tail(next_code(f), f)


@handler
def stop(f: Regs) -> None:
    f.out[0] = f.acc
    f.out[1] = f.r0
    f.out[2] = f.r1
    return


@handler
def jump_if_odd(f: Regs) -> None:
    """Back by three, unless even."""
    f.pc = select(f.r1 & 1 == 1 and f.acc != 0, f.pc - 3, f.pc + 1)
    return tail(next_code(f), f)


@handler(raises_to=on_error, status="acc")
def out_of_fuel(f: Regs) -> None:
    raise Stopped(9)


BINARY = [
    instance(binary, row=row, dst=dst, lhs=lhs, rhs=rhs) for row in ROWS for dst in Form for lhs in Form for rhs in Form
]
HANDLERS: Ptr[Code] = table(Fn[[Regs], None], [stop, jump_if_odd, *BINARY])


@kernel(inline=True)
def next_code(f: Regs) -> Code:
    if f.fuel == 0:
        return cast(Code, out_of_fuel)
    f.fuel -= 1
    return HANDLERS[u32(f.pc[0]) % (2 + len(BINARY))]


@kernel
def interpret(work: Ptr[u8], acc: u64, r0: u64) -> u64:
    f = Regs()
    f.pc = work + 8
    f.out = cast(Ptr[u64], work + 128)
    f.acc = acc
    f.r0 = r0
    f.r1 = u64(3)
    f.fuel = u32(100)
    code = HANDLERS[u32(work[8]) % 83]
    f.out[2] = u64(1)
    code(f)
    return f.acc ^ f.out[0]


@kernel
def handler_count() -> u8:
    return u8(len(BINARY))


ENTRIES: list[Kernel[..., Any]] = [interpret, handler_count]
SHARDS: dict[str, list[Any]] = {"binary": BINARY, "control": [stop, jump_if_odd]}
