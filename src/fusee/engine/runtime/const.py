"""Constant expressions (spec 3.4.13), evaluated with an explicit stack: length costs time, never depth.

Which instructions may occur is in their rows (`constant=True`), and so is what they do: a constant is its immediate,
a numeric instruction has a meaning (`engine.numeric`). All others are in `OWN`, where a new one is to be added:
an executed instruction that is marked constant and has no rule fails when this file is imported.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from fusee.engine.decode.instruction import read_opcode
from fusee.engine.decode.optables import END
from fusee.engine.errors import raise_again
from fusee.engine.numeric import MEANING
from fusee.engine.numeric.reference import ref_i31 as make_i31
from fusee.engine.runtime.aggregates import (
    make_array,
    make_default_array,
    make_default_struct,
    make_fixed_array,
    make_struct,
)
from fusee.engine.runtime.evaluator import OPERAND_WORDS, SPREAD, Evaluator, close_evaluator, open_evaluator, push
from fusee.engine.state.module import Span
from fusee.engine.state.runtime import Global, Instance
from fusee.engine.translate.immediate import next_s64, next_u32
from fusee.kernel.lang import (
    Ptr,
    Static,
    bitcast,
    cast,
    caught,
    f32,
    f64,
    kernel,
    load,
    u32,
    u64,
    unreachable,
    unroll,
)  # fmt: skip
from fusee.spec.op import Imm, Op, rows


@kernel
def evaluate(e: Evaluator) -> None:
    """Evaluate the next expression, leaving the reader behind its `end`."""
    e.top = e.stack
    while e.reader.position < e.reader.end:
        index = read_opcode(e.reader)
        if index == END:
            break
        step(e, index, RULES)
    e.value = e.stack[0]
    e.high = e.stack[1]


@kernel
def evaluate_span(e: Evaluator, instance: Instance, span: Span) -> None:
    """Evaluate the one expression in `span`."""
    open_evaluator(e, instance, span)
    status = caught(evaluate, e)
    close_evaluator(e)
    if status != 0:
        raise_again(status)


# What instructions do, each with its row.


@kernel
def constant(e: Evaluator, row: Static[Op]) -> None:
    """An instruction without operands: the value of its immediate, floats and vectors by their bits."""
    r = e.reader
    at = r.source + r.position
    if row.immediates[0] == Imm.I32:
        push(e, u32(next_s64(r)), u64(0))
    elif row.immediates[0] == Imm.I64:
        push(e, next_s64(r), u64(0))
    elif row.immediates[0] == Imm.F32:
        push(e, load(u32, at), u64(0))
        r.position += 4
    elif row.immediates[0] == Imm.F64:
        push(e, load(u64, at), u64(0))
        r.position += 8
    else:
        push(e, load(u64, at), load(u64, at + 8))
        r.position += 16


@kernel(inline=True)
def take_i32(operand: Ptr[u64]) -> u32:
    return u32(operand[0])


@kernel(inline=True)
def take_i64(operand: Ptr[u64]) -> u64:
    return operand[0]


@kernel(inline=True)
def take_f32(operand: Ptr[u64]) -> f32:
    return bitcast(f32, u32(operand[0]))


@kernel(inline=True)
def take_f64(operand: Ptr[u64]) -> f64:
    return bitcast(f64, operand[0])


TAKE: Final[dict[str, Any]] = {"i32": take_i32, "i64": take_i64, "f32": take_f32, "f64": take_f64}


@kernel
def compute(e: Evaluator, row: Static[Op]) -> None:
    """A numeric instruction of one or two operands, by its meaning."""
    first = e.top - len(row.params) * OPERAND_WORDS  # type: ignore[arg-type]  # it has a signature
    if len(row.params) == 1:  # type: ignore[arg-type]
        result = MEANING[row.mnemonic](TAKE[row.params[0]](first))  # type: ignore[index]
    else:
        second = first + OPERAND_WORDS
        result = MEANING[row.mnemonic](TAKE[row.params[0]](first), TAKE[row.params[1]](second))  # type: ignore[index]
    if row.results[0] == "f32":  # type: ignore[index]
        first[0] = u64(bitcast(u32, result))
    elif row.results[0] == "f64":  # type: ignore[index]
        first[0] = bitcast(u64, result)
    else:
        first[0] = u64(result)
    e.top = first + OPERAND_WORDS


@kernel
def global_get(e: Evaluator, row: Static[Op]) -> None:
    """Globals before the one at hand have their values."""
    origin = cast(Global, e.instance.globals[next_u32(e.reader)])
    push(e, origin.value, origin.high)


@kernel
def ref_null(e: Evaluator, row: Static[Op]) -> None:
    next_s64(e.reader)  # the heap type: all nulls are alike
    push(e, u64(0), u64(0))


@kernel
def ref_func(e: Evaluator, row: Static[Op]) -> None:
    push(e, e.instance.functions[next_u32(e.reader)], u64(0))


@kernel
def ref_i31(e: Evaluator, row: Static[Op]) -> None:
    operand = e.top - OPERAND_WORDS
    operand[0] = make_i31(u32(operand[0]))


@kernel
def convert(e: Evaluator, row: Static[Op]) -> None:
    """Between the hierarchies of `any` and `extern`: a reference is the same in both."""


@kernel
def struct_new(e: Evaluator, row: Static[Op]) -> None:
    index = next_u32(e.reader)
    first = e.top - e.instance.module.types[index].field_count * OPERAND_WORDS
    made = make_struct(e.instance, index, first, SPREAD)
    e.top = first
    push(e, made, u64(0))


@kernel
def struct_new_default(e: Evaluator, row: Static[Op]) -> None:
    push(e, make_default_struct(e.instance, next_u32(e.reader)), u64(0))


@kernel
def array_new(e: Evaluator, row: Static[Op]) -> None:
    value = e.top - 2 * OPERAND_WORDS
    value[0] = make_array(e.instance, next_u32(e.reader), value, u32(value[OPERAND_WORDS]))
    e.top = value + OPERAND_WORDS


@kernel
def array_new_default(e: Evaluator, row: Static[Op]) -> None:
    length = e.top - OPERAND_WORDS
    length[0] = make_default_array(e.instance, next_u32(e.reader), u32(length[0]))


@kernel
def array_new_fixed(e: Evaluator, row: Static[Op]) -> None:
    index = next_u32(e.reader)
    length = next_u32(e.reader)
    first = e.top - length * OPERAND_WORDS
    made = make_fixed_array(e.instance, index, first, SPREAD, length)
    e.top = first
    push(e, made, u64(0))


OWN: Final[dict[str, Callable[[Evaluator, Any], None]]] = {
    "global.get": global_get,
    "ref.null": ref_null,
    "ref.func": ref_func,
    "ref.i31": ref_i31,
    "any.convert_extern": convert,
    "extern.convert_any": convert,
    "struct.new": struct_new,
    "struct.new_default": struct_new_default,
    "array.new": array_new,
    "array.new_default": array_new_default,
    "array.new_fixed": array_new_fixed,
}
"""By mnemonic: instructions that take more than their row to evaluate."""


@dataclass(frozen=True)
class Rule:
    """How one instruction is evaluated."""

    op: Op
    evaluate: Callable[[Evaluator, Any], None]


def rule_of(row: Op) -> Rule:
    """The rule of a row that is marked constant; raises TypeError if there is none."""
    values = (Imm.I32, Imm.I64, Imm.F32, Imm.F64, Imm.V128)
    if row.mnemonic in OWN:
        return Rule(row, OWN[row.mnemonic])
    if row.params == () and len(row.immediates) == 1 and row.immediates[0] in values:
        return Rule(row, constant)
    types = (*(row.params or ()), *(row.results or ()))
    if row.mnemonic in MEANING and not row.immediates and len(types) in (2, 3) and set(types) <= set(TAKE):
        return Rule(row, compute)
    raise TypeError(f"{row.mnemonic} is allowed in constant expressions, but nothing evaluates it")


def rules_of(table: Iterable[Op]) -> tuple[Rule, ...]:
    """The rules of all instructions that may occur in what is executed."""
    return tuple(rule_of(row) for row in table if row.constant and not row.unsupported)


RULES: Final = rules_of(rows())


@kernel(inline=True)
def step(e: Evaluator, index: u32, rules: Static[tuple[Rule, ...]]) -> None:
    """Evaluate the instruction of an opcode: one jump through a table, once compiled."""
    for rule in unroll(rules):
        if index == rule.op.index:
            rule.evaluate(e, rule.op)
            return
    unreachable()
