"""Instructions that helpers do: those on tables and memories as a whole, and on operands of 128 bits."""

from collections.abc import Sequence
from typing import Final, cast

from fusee.native.function import FunctionCompiler
from fusee.native.module import REFERENCE
from fusee.native.reader import Instruction
from fusee.native.rules import rule

# Instructions on slots (`engine.handlers.on_slots`): operands and results by type

_ADDRESS: Final = "address"  # of the table or memory that an immediate names
_TABLE_OPS: Final = {
    "table.get": ((_ADDRESS,), (REFERENCE,)),
    "table.set": ((_ADDRESS, REFERENCE), ()),
    "table.grow": ((REFERENCE, _ADDRESS), (_ADDRESS,)),
    "table.fill": ((_ADDRESS, REFERENCE, _ADDRESS), ()),
    "table.init": ((_ADDRESS, "i32", "i32"), ()),
    "elem.drop": ((), ()),
}
_MEMORY_OPS: Final = {
    "memory.grow": ((_ADDRESS,), (_ADDRESS,)),
    "memory.fill": ((_ADDRESS, "i32", _ADDRESS), ()),
    "memory.init": ((_ADDRESS, "i32", "i32"), ()),
    "data.drop": ((), ()),
}
_WIDE_OPS: Final = {
    "i64.add128": (("i64",) * 4, ("i64",) * 2),
    "i64.sub128": (("i64",) * 4, ("i64",) * 2),
    "i64.mul_wide_s": (("i64",) * 2, ("i64",) * 2),
    "i64.mul_wide_u": (("i64",) * 2, ("i64",) * 2),
}
_NAMES_LAST: Final = ("memory.init", "table.init")  # their last immediate is the memory or table


def on_slots(c: FunctionCompiler, ins: Instruction, params: tuple[str, ...], results: tuple[str, ...]) -> None:
    """Have a helper do an instruction; if there are vectors, every operand has two slots."""
    numbers = [cast(int, immediate) for immediate in ins.immediates if immediate is not None]
    first, second = [*numbers, 0, 0][:2]
    operands = c.pop_many(len(params))
    call_on_slots(c, ins.op.mnemonic.replace(".", "_"), params, operands, results, (first, second))


def call_on_slots(
    c: FunctionCompiler, name: str, params: Sequence[str], operands: Sequence[str], results: Sequence[str],
    numbers: tuple[int, int],
) -> None:  # fmt: skip
    """Call a helper of that name, which is given two numbers; what it does may take a pause."""
    c.keep_operands()
    if "v128" in params:
        name = f"{name}_wide"
        for number, (kind, operand) in enumerate(zip(params, operands, strict=True)):
            c.put(kind, operand, c.free_slot(2 * number))
    else:
        c.put_all(params, operands, 0)
    first, second = numbers
    status = c.value(f"call i64 {c.helper(name)}(ptr %ctx, ptr %top, i32 {first}, i32 {second})")
    c.check(status, c.raised)
    c.reload_memories()
    c.push_all(results, c.get_all(results, 0))


def _addressed(c: FunctionCompiler, ins: Instruction) -> None:
    """An instruction on a table or memory, whose addresses are as that says."""
    mnemonic = ins.op.mnemonic
    is_table = mnemonic in _TABLE_OPS
    params, results = (_TABLE_OPS if is_table else _MEMORY_OPS)[mnemonic]
    spaces = c.unit.module.tables if is_table else c.unit.module.memories
    address = "i32"
    if params or results:
        named = cast(int, ins.immediates[-1 if mnemonic in _NAMES_LAST else 0])
        address = "i64" if spaces[named] else "i32"
    on_slots(
        c, ins, tuple(address if kind == _ADDRESS else kind for kind in params),
        tuple(address if kind == _ADDRESS else kind for kind in results),
    )  # fmt: skip


@rule("memory.copy", "table.copy", calls=True)
def _copy(c: FunctionCompiler, ins: Instruction) -> None:
    """The length is as wide as the smaller of the addresses (spec 3.3.10)."""
    spaces = c.unit.module.tables if ins.op.mnemonic == "table.copy" else c.unit.module.memories
    to, origin = ("i64" if spaces[cast(int, named)] else "i32" for named in ins.immediates)
    on_slots(c, ins, (to, origin, "i64" if to == origin == "i64" else "i32"), ())


def _wide(c: FunctionCompiler, ins: Instruction) -> None:
    on_slots(c, ins, *_WIDE_OPS[ins.op.mnemonic])


rule(*_TABLE_OPS, *_MEMORY_OPS, calls=True)(_addressed)
rule(*_WIDE_OPS, calls=True)(_wide)


@rule("table.size", "memory.size")
def _size(c: FunctionCompiler, ins: Instruction) -> None:
    is_table = ins.op.mnemonic == "table.size"
    named = cast(int, ins.immediates[0])
    size = c.use("table_size" if is_table else "memory_size", "%ctx", str(named))
    if not is_table:
        c.reload_shared()  # which another thread may have grown
    if (c.unit.module.tables if is_table else c.unit.module.memories)[named]:
        c.push("i64", size)
    else:
        c.push("i32", c.value(f"trunc i64 {size} to i32"))
