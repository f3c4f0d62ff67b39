"""Handlers that compute a value from operands, or move one."""

from typing import Any

from fusee.engine.handlers.regs import READ, WRITE, Regs, code_at, read_i32
from fusee.engine.handlers.trap import on_trap
from fusee.engine.isa.row import Row, cell
from fusee.kernel.lang import Static, handler, kernel, load, select, size_of, tail, u32, u64, usize


@kernel(inline=True)
def test(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> bool:
    """Evaluate a comparison; a negated one is the opposite, also for NaN."""
    answer: bool = row.evaluate(
        READ[row.sources[0]](f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0]),
        READ[row.sources[1]](f, forms[1], cell(row, dst, forms, size_of(usize)).sources[1]),
    )
    if row.detail == "negated":
        return not answer
    return answer


def is_comparison(row: Row) -> bool:
    """Whether the row's evaluation gives a bool."""
    result: Any = row.evaluate.function.__annotations__["return"]
    return result is bool or result == "bool"


@handler(raises_to=on_trap, status="acc")
def compute(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """Evaluate the row on its one or two operands."""
    following = code_at(f.pc + cell(row, dst, forms, size_of(usize)).size)
    if len(forms) == 1:
        if is_comparison(row):
            flag: bool = row.evaluate(READ[row.sources[0]](f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0]))
            WRITE["i32"](f, dst, cell(row, dst, forms, size_of(usize)).result, u32(flag))
        else:
            WRITE[row.result](
                f, dst, cell(row, dst, forms, size_of(usize)).result,
                row.evaluate(READ[row.sources[0]](f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0])),
            )  # fmt: skip
    elif is_comparison(row):
        WRITE["i32"](f, dst, cell(row, dst, forms, size_of(usize)).result, u32(test(f, row, dst, forms)))
    else:
        WRITE[row.result](
            f, dst, cell(row, dst, forms, size_of(usize)).result,
            row.evaluate(
                READ[row.sources[0]](f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0]),
                READ[row.sources[1]](f, forms[1], cell(row, dst, forms, size_of(usize)).sources[1]),
            ),
        )  # fmt: skip
    f.pc = f.pc + cell(row, dst, forms, size_of(usize)).size
    return tail(following, f)


@handler
def move(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """Copy between places of one bank; as a float constant, 64 bits."""
    following = code_at(f.pc + cell(row, dst, forms, size_of(usize)).size)
    WRITE[row.result](
        f, dst, cell(row, dst, forms, size_of(usize)).result,
        READ[row.sources[0]](f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0]),
    )  # fmt: skip
    f.pc = f.pc + cell(row, dst, forms, size_of(usize)).size
    return tail(following, f)


@handler
def constant(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """A 64-bit constant that no operand field holds."""
    following = code_at(f.pc + cell(row, dst, forms, size_of(usize)).size)
    value = load(u64, f.pc + cell(row, dst, forms, size_of(usize)).immediates[0])
    WRITE[row.result](f, dst, cell(row, dst, forms, size_of(usize)).result, value)
    f.pc = f.pc + cell(row, dst, forms, size_of(usize)).size
    return tail(following, f)


@handler
def choose(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """`select` (spec 4.6.4): both operands are read, the condition decides without a branch."""
    following = code_at(f.pc + cell(row, dst, forms, size_of(usize)).size)
    WRITE[row.result](
        f, dst, cell(row, dst, forms, size_of(usize)).result,
        select(
            read_i32(f, forms[2], 0) != 0,
            READ[row.sources[0]](f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0]),
            READ[row.sources[1]](f, forms[1], cell(row, dst, forms, size_of(usize)).sources[1]),
        ),
    )  # fmt: skip
    f.pc = f.pc + cell(row, dst, forms, size_of(usize)).size
    return tail(following, f)
