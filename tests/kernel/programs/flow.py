"""Control flow: loops in all forms, unrolling, several results, short circuits, static decisions."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from fusee.kernel.lang import Kernel, Ptr, Static, f64, i32, kernel, span, table, trunc_to, u8, u32, u64, unroll


class Mode(IntEnum):
    PLAIN = 0
    TWICE = 1


@dataclass(frozen=True)
class Step:
    name: str
    apply: Kernel[..., Any]
    modes: tuple[Mode, ...] = (Mode.PLAIN,)


@kernel(inline=True)
def add_step(a: u32, b: u32) -> u32:
    return a + b


@kernel
def multiply_step(a: u32, b: u32) -> u32:
    return a * (b | 1)


@kernel(inline=True)
def pick(a: u32, b: u32) -> u32:
    """Returns early, in a loop, and at its end."""
    if a > b:
        return a - b
    for i in span(u32(5)):
        if a + i > b:
            return i
    return a ^ b


STEPS = [Step("add", add_step), Step("multiply", multiply_step, (Mode.PLAIN, Mode.TWICE)), Step("pick", pick)]


def crc_table() -> list[int]:
    """Ordinary Python, run when the module is imported."""
    rows = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (0xEDB88320 if number & 1 else 0)
        rows.append(number)
    return rows


CRC_TABLE = table(u32, crc_table())


@kernel
def apply_step(a: u32, b: u32, step: Static[Step], mode: Static[Mode]) -> u32:
    result: u32 = step.apply(a, b)
    if mode == Mode.TWICE:
        result = step.apply(result, b)
    return result


@kernel
def all_steps(a: u32, b: u32) -> u32:
    result = a
    for step in unroll(STEPS):
        for mode in unroll(step.modes):
            if step.name != "pick" or mode == Mode.PLAIN:
                result = apply_step(result, b, step, mode)
            if result == 77:
                break
    return pick(pick(result, b), pick(b, a))


@kernel
def crc32(work: Ptr[u8], length: u8) -> u32:
    crc = ~u32(0)
    for i in span(u32(length)):
        crc = CRC_TABLE[(crc ^ u32(work[i])) & 0xFF] ^ (crc >> 8)
    return ~crc


@kernel
def divide(a: u32, b: u32) -> tuple[u32, u32]:
    if b == 0:
        return u32(0), a
    return a // b, a % b


@kernel
def gcd(a: u32, b: u32) -> u64:
    steps = u64(0)
    while b != 0:
        quotient, rest = divide(a, b)
        a, b = b, rest
        steps += u64(quotient & 1) + 1
    return steps << 32 | u64(a)


@kernel
def collatz(start: u32, limit: u8) -> u32:
    n = u64(start)
    rounds = u32(0)
    while n > 1:
        if rounds >= u32(limit):
            break
        rounds += 1
        if n & 1 == 0:
            n = n >> 1
            continue
        n = n * 3 + 1
    return rounds


@kernel
def touch(work: Ptr[u8], value: bool) -> bool:
    work[0] += 1
    return value


@kernel
def short_circuit(work: Ptr[u8], a: bool, b: bool, c: bool) -> u32:
    result = u32(0)
    if (touch(work, a) and touch(work, b)) or touch(work, c):
        result = u32(1)
    d = touch(work, a) or (touch(work, b) and not touch(work, c))
    if not (d or a) and c:
        result += 2
    return result + (u32(4) if d and b else 8)


@kernel
def mandelbrot(x: i32, y: i32) -> u32:
    cx = f64(x) / 1073741824.0 - 0.5
    cy = f64(y) / 2147483648.0
    zx = f64(0)
    zy = f64(0)
    for i in span(u32(60)):
        if zx * zx + zy * zy > 4.0:
            return i
        zx, zy = zx * zx - zy * zy + cx, 2.0 * zx * zy + cy
    return trunc_to(u32, zx * zx) + 60


@kernel
def unrolled_search(work: Ptr[u8], wanted: u8) -> u32:
    found = u32(99)
    for offset in unroll(range(0, 24, 3)):
        if work[offset] == wanted:
            found = u32(offset)
            break
        if work[offset] > 200:
            continue
        work[offset] = u8(offset)
    return found


@kernel
def nested(work: Ptr[u8], n: u8) -> u32:
    total = u32(0)
    for i in span(u32(n & 15)):
        for k in span(i, u32(16)):
            if (i + k) % 5 == 0:
                continue
            if k > 12:
                break
            total += i * k
            work[k] = u8(total)
    return total


@kernel
def advance(work: Ptr[u8], by: u8) -> u8:
    work[0] += by
    return work[0] & 31


@kernel
def evaluation_order(work: Ptr[u8], by: u8) -> u32:
    """Python evaluates a value before the place that it is assigned to, but reads what it augments first."""
    work[advance(work, by) + 8] = advance(work, by) + work[0]
    work[0] += advance(work, by)
    work[1], work[advance(work, by) + 8] = advance(work, u8(1)), work[0]
    return u32(work[0] & 15) + u32(advance(work, u8(3))) * u32(work[0]) - u32(advance(work, by))


@kernel(cold=True)
def in_mode(a: u32, mode: Mode) -> u32:
    """Enumerations are numbers that are passed on, compared and stored."""
    kept: Mode = Mode.PLAIN
    if a % 3 == 0:
        kept = mode
    return (a * 2 if mode == Mode.TWICE else a) + (u32(kept) << 16)


@kernel
def modes(a: u32) -> u32:
    which: Mode = Mode.TWICE if a & 4 != 0 else Mode.PLAIN
    again = in_mode(a + 2, Mode.PLAIN if a & 8 != 0 else Mode.TWICE)
    return in_mode(a, Mode.TWICE) ^ in_mode(a + 1, Mode.PLAIN) * 7 ^ in_mode(again, which)


ENTRIES = [all_steps, crc32, gcd, collatz, short_circuit, mandelbrot, unrolled_search, nested, evaluation_order, modes]
