"""What instructions do that compute a value from operands, or move one."""

from fusee.engine.handlers.evaluate import OPERAND, VALUE, Forms, base, is_comparison, test
from fusee.engine.handlers.operands import READ, WRITE, WRITE_OVER, read_i32
from fusee.engine.handlers.regs import Regs
from fusee.engine.isa.forms import NOWHERE, SLOT
from fusee.engine.isa.row import Row, cell
from fusee.kernel.lang import Static, kernel, load, select, size_of, u32, u64, usize, v128


def register_beneath(row: Row, dst: int, forms: Forms) -> int:
    """The register of the operand over whose lowest lane a machine has an instruction to write the row's result."""
    is_float = row.result in WRITE_OVER and row.sources == (row.result, row.result) and row.inner is None
    if not is_float or row.name.partition("_")[2] not in ("add", "sub", "mul", "div") or dst >= SLOT:
        return int(NOWHERE)
    if row.commutes and forms[1] == dst:
        return dst
    return forms[0] if forms[0] < SLOT else int(NOWHERE)


@kernel(inline=True)
def compute(f: Regs, row: Static[Row], dst: Static[int], forms: Static[Forms]) -> None:
    """Evaluate the row on its operands."""
    if is_comparison(base(row)):
        WRITE["i32"](f, dst, cell(row, dst, forms, size_of(usize)).result, evaluate_comparison(f, row, dst, forms))
    elif register_beneath(row, dst, forms) != NOWHERE:
        WRITE_OVER[row.result](
            f, dst, cell(row, dst, forms, size_of(usize)).result, VALUE[row.result](f, row, row, 0, dst, forms),
            register_beneath(row, dst, forms),
        )  # fmt: skip
    else:
        WRITE[row.result](
            f, dst, cell(row, dst, forms, size_of(usize)).result, VALUE[row.result](f, row, row, 0, dst, forms)
        )  # fmt: skip


@kernel(inline=True)
def evaluate_comparison(f: Regs, row: Static[Row], dst: Static[int], forms: Static[Forms]) -> u32:
    if len(base(row).sources) == 1:
        return u32(VALUE["i32"](f, row, row, 0, dst, forms))
    return u32(test(f, row, dst, forms))


@kernel(inline=True)
def move(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """Copy between places of one bank; as a float constant, 64 bits."""
    WRITE[row.result](
        f, dst, cell(row, dst, forms, size_of(usize)).result,
        READ[row.sources[0]](f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0]),
    )  # fmt: skip


@kernel(inline=True)
def constant(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """A 64-bit constant that no operand field holds."""
    value = load(u64, f.pc + cell(row, dst, forms, size_of(usize)).immediates[0])
    WRITE[row.result](f, dst, cell(row, dst, forms, size_of(usize)).result, value)


@kernel(inline=True)
def vector_constant(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    value = load(v128, f.pc + cell(row, dst, forms, size_of(usize)).immediates[0])
    WRITE["v128"](f, dst, cell(row, dst, forms, size_of(usize)).result, value)


@kernel(inline=True)
def shuffle(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """`i8x16.shuffle`, whose lane numbers are immediates."""
    lanes = load(v128, f.pc + cell(row, dst, forms, size_of(usize)).immediates[0])
    WRITE["v128"](
        f, dst, cell(row, dst, forms, size_of(usize)).result,
        row.evaluate(
            OPERAND["v128"](f, row, row, 0, 0, dst, forms), OPERAND["v128"](f, row, row, 1, 0, dst, forms), lanes
        ),
    )  # fmt: skip


@kernel(inline=True)
def choose(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """`select` (spec 4.6.4): both operands are read, the condition decides without a branch."""
    WRITE[row.result](
        f, dst, cell(row, dst, forms, size_of(usize)).result,
        select(
            read_i32(f, forms[2], 0) != 0,
            READ[row.sources[0]](f, forms[0], cell(row, dst, forms, size_of(usize)).sources[0]),
            READ[row.sources[1]](f, forms[1], cell(row, dst, forms, size_of(usize)).sources[1]),
        ),
    )  # fmt: skip
