"""What mypy says about kernels: the language's first checker."""

import re
from pathlib import Path

import pytest
from mypy import api

SOURCE = """
from typing import TypeVar

from fusee.kernel.lang import (
    Fn, Ptr, Static, any_bits, bitcast, cast, f32, f32x4, handler, i8x16, i64, kernel, load, maximum, null, registers,
    select, span, splat, struct, table, tail, u8, u8x16, u32, u32x4, u64, usize, v128, widen_low, with_lane,
)

T = TypeVar("T")


@struct
class Cursor:
    start: Ptr[u8]
    size: u32


@registers
class Regs:
    pc: Ptr[u8]
    acc: u64


Code = Fn[[Regs], None]


@kernel(inline=True)
def read(p: Ptr[u8], kind: Static[type[T]]) -> T:
    return load(kind, p)


@kernel
def good(c: Cursor, wide: u64) -> u64:
    total = u64(0)
    for i in span(u32(0), c.size):
        total += u64(c.start[i] + 1) << 3
    if wide == 0 or total > wide:
        return maximum(total, 1)
    return total + wide + 1 + u64(read(c.start, u32)) + u64(read(cast(Ptr[u8], c), usize))


@handler
def step(f: Regs) -> None:
    f.acc = f.acc + 1
    return tail(cast(Code, load(usize, f.pc)), f)


@kernel
def good_lanes(v: v128, x: f32) -> u8:
    a, b = bitcast(u8x16, v), bitcast(f32x4, v)
    greater = maximum(a, 7) - (a << 3)
    mask: u32x4 = b < splat(f32x4, x)
    c = select(mask, b * 2.0, with_lane(b, 1, x))
    if any_bits(mask) and any_bits(greater == a):
        return greater[15]
    return bitcast(u8x16, c)[0]


CODES = table(Code, [step, None])
CODES[0] = step


@kernel
def bad_lanes(a: u8x16, b: i8x16, v: v128) -> u32x4:
    a + b  # error: operator
    maximum(a, b)  # error: type-var
    v + v  # error: operator
    a / a  # error: operator
    a << b  # error: operator
    widen_low(u32, a)  # error: type-var
    return a == a  # error: return-value


@kernel
def good_widths(c: Cursor, narrow: u8, size: usize) -> u64:
    c.size = narrow
    total = c.size + narrow + size
    if narrow == c.size or size < narrow:
        good(c, c.size)
    return maximum(total << narrow, u64(3)) % narrow | narrow


@kernel
def bad(c: Cursor, narrow: u32, wide: u64, other: i64) -> u32:
    narrow + other  # error: operator
    narrow == other  # error: operator
    wide += other  # error: operator
    narrow += wide  # error: assignment
    narrow // 2
    narrow << wide  # error: operator
    maximum(narrow, other)  # error: type-var
    c.size = wide  # error: assignment
    c.start[wide] = narrow  # error: assignment
    good(c, other)  # error: arg-type
    good(c)  # error: call-arg
    read(c.start, u32) + other  # error: operator
    null(Ptr[u32])[0] = read(c.start, u64)  # error: assignment
    return 0  # error: return-value
"""


def test_mypy_accepts_good_kernels_and_rejects_mixing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])  # the settings name `src` relative to the project
    (tmp_path / "kernels.py").write_text(SOURCE)
    options = ["--config-file=pyproject.toml", f"--cache-dir={tmp_path}", str(tmp_path / "kernels.py")]
    output, _, _ = api.run(options)
    found = {int(line): code for line, code in re.findall(r"kernels\.py:(\d+): error: .*\[([a-z-]+)\]", output)}
    wanted = {
        number: code.group(1)
        for number, line in enumerate(SOURCE.splitlines(), 1)
        if (code := re.search("# error: ([a-z-]+)", line))
    }
    assert found == wanted, output
