"""Exceptions (spec 3.4.1: throw, throw_ref, try_table)."""

from typing import Final

from fusee.engine.decode.instruction import CATCH_ALL, CATCH_ALL_REF, CATCH_REF
from fusee.engine.decode.reader import read_byte, read_count, read_u32
from fusee.engine.errors import Malformed
from fusee.engine.state.module import ABSTRACT, NULLABLE, REF, TypeDef
from fusee.engine.validate.control import enter_block, label_at, label_types, read_checked_block_type
from fusee.engine.validate.rule import Rule, rules
from fusee.engine.validate.state import (
    HEIGHT_MASK,
    KIND_BLOCK,
    Validator,
    fail,
    matches,
    mismatch,
    pop,
    pop_list,
    set_unreachable,
)  # fmt: skip
from fusee.kernel.lang import kernel, maximum, null, span, u32
from fusee.spec import opcodes
from fusee.spec.errors import ModuleError
from fusee.spec.limits import MAX_CATCHES
from fusee.spec.types import Heap

EXCEPTION_REF: Final = REF | ABSTRACT | int(Heap.EXN)


@kernel
def read_tag_type(v: Validator) -> TypeDef:
    index = read_u32(v.reader)
    if index >= v.module.tag_count:
        fail(v, ModuleError.UNKNOWN_TAG)
    return v.module.types[v.module.tags[index]]


@kernel
def validate_throw(v: Validator) -> None:
    t = read_tag_type(v)
    pop_list(v, t.param_count, t.params)
    set_unreachable(v)


@kernel
def validate_throw_ref(v: Validator) -> None:
    pop(v, EXCEPTION_REF | NULLABLE)
    set_unreachable(v)


@kernel
def validate_try_table(v: Validator) -> None:
    """The labels of the clauses are those outside the block."""
    block_type = read_checked_block_type(v)
    count = read_count(v.reader, u32(2))
    if count > MAX_CATCHES:
        fail(v, ModuleError.LIMIT_CATCHES)
    for _ in span(count):
        validate_catch(v)
    enter_block(v, KIND_BLOCK, block_type)


@kernel
def validate_catch(v: Validator) -> None:
    """What is caught (the tag's parameters, and the exception with `_ref`) must suit the label."""
    kind = u32(read_byte(v.reader))
    if kind > CATCH_ALL_REF:
        raise Malformed(ModuleError.BAD_CATCH, v.reader.position - 1)
    if kind < CATCH_ALL:
        t = read_tag_type(v)
        check_caught(v, t.param_count, t, kind == CATCH_REF)
    else:
        check_caught(v, u32(0), null(TypeDef), kind == CATCH_ALL_REF)


@kernel
def check_caught(v: Validator, param_count: u32, t: TypeDef, with_reference: bool) -> None:
    control = label_at(v, read_u32(v.reader))
    count, types = label_types(v, control)
    height = control.state & HEIGHT_MASK
    v.max_height = maximum(v.max_height, height + count)  # what is caught arrives without being pushed
    if count != param_count + u32(with_reference):
        mismatch(v)
    for i in span(param_count):
        if not matches(v.module, t.params[i], types[i]):
            mismatch(v)
    if with_reference and not matches(v.module, EXCEPTION_REF, types[param_count]):
        mismatch(v)


RULES: Final[list[Rule]] = [
    *rules(validate_throw, opcodes.THROW),
    *rules(validate_throw_ref, opcodes.THROW_REF),
    *rules(validate_try_table, opcodes.TRY_TABLE),
]
