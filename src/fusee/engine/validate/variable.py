"""Locals, globals, `drop` and `select` (spec 3.4.4, 3.4.5)."""

from typing import Final

from fusee.engine.decode.reader import read_count, read_u32
from fusee.engine.decode.types import read_value_type
from fusee.engine.state.module import REF, VAL_I32, GlobalType
from fusee.engine.validate.rule import Rule, rules
from fusee.engine.validate.state import (
    BOTTOM,
    NEAR_LOCALS,
    Validator,
    check_value_type,
    fail,
    is_defaultable,
    mismatch,
    pop,
    pop_any,
    push,
)  # fmt: skip
from fusee.kernel.lang import kernel, likely, u32, unlikely
from fusee.spec import opcodes
from fusee.spec.errors import ModuleError


@kernel(inline=True)
def local_type(v: Validator, index: u32) -> u32:
    if unlikely(index >= v.local_count):
        fail(v, ModuleError.UNKNOWN_LOCAL)
    if likely(index < NEAR_LOCALS and v.near[index] != BOTTOM):
        return v.near[index]
    return far_local_type(v, index)


@kernel(cold=True)
def far_local_type(v: Validator, index: u32) -> u32:
    """Find the run that a local belongs to: a function may declare thousands of locals in a few bytes."""
    if index < v.param_count:
        return v.params[index]
    low = u32(0)
    high = v.run_count - 1
    while low < high:
        middle = (low + high) // 2
        if index < v.runs[middle].end:
            high = middle
        else:
            low = middle + 1
    return v.runs[low].value_type


@kernel(inline=True)
def is_unset(v: Validator, index: u32, value_type: u32) -> bool:
    """Whether a local has neither a default value nor been set; parameters always are (spec 3.4.4)."""
    if likely(is_defaultable(value_type)) or index < v.param_count:
        return False
    return v.initialised[index] != v.serial


@kernel
def set_local(v: Validator, index: u32, value_type: u32) -> None:
    """Note that a local without a default value now has a value, up to the end of the block."""
    if is_unset(v, index, value_type):
        v.initialised[index] = v.serial
        v.set_locals[v.set_count] = index
        v.set_count += 1


@kernel
def validate_local_get(v: Validator) -> None:
    index = read_u32(v.reader)
    value_type = local_type(v, index)
    if unlikely(is_unset(v, index, value_type)):
        fail(v, ModuleError.UNINITIALIZED_LOCAL)
    push(v, value_type)


@kernel
def validate_local_set(v: Validator) -> None:
    index = read_u32(v.reader)
    value_type = local_type(v, index)
    pop(v, value_type)
    set_local(v, index, value_type)


@kernel
def validate_local_tee(v: Validator) -> None:
    index = read_u32(v.reader)
    value_type = local_type(v, index)
    pop(v, value_type)
    set_local(v, index, value_type)
    push(v, value_type)


@kernel
def read_global_type(v: Validator) -> GlobalType:
    index = read_u32(v.reader)
    if unlikely(index >= v.visible_globals):
        fail(v, ModuleError.UNKNOWN_GLOBAL)
    return v.module.globals[index]


@kernel
def validate_global_get(v: Validator) -> None:
    g = read_global_type(v)
    if v.is_constant and g.is_mutable:
        fail(v, ModuleError.NOT_CONSTANT)
    push(v, g.value_type)


@kernel
def validate_global_set(v: Validator) -> None:
    g = read_global_type(v)
    if not g.is_mutable:
        fail(v, ModuleError.IMMUTABLE_GLOBAL)
    pop(v, g.value_type)


@kernel
def validate_drop(v: Validator) -> None:
    pop_any(v)


@kernel
def validate_select(v: Validator) -> None:
    """Without a type it is for numbers and vectors only."""
    pop(v, VAL_I32)
    first = pop_any(v)
    second = pop_any(v)
    if (first | second) & REF != 0:
        mismatch(v)
    if first == BOTTOM:
        first = second
    if first != second and second != BOTTOM:
        mismatch(v)
    push(v, first)


@kernel
def validate_select_t(v: Validator) -> None:
    if read_count(v.reader, u32(1)) != 1:
        fail(v, ModuleError.RESULT_ARITY)
    value_type = read_value_type(v.module, v.reader)
    check_value_type(v, value_type)
    pop(v, VAL_I32)
    pop(v, value_type)
    pop(v, value_type)
    push(v, value_type)


RULES: Final[list[Rule]] = [
    *rules(validate_local_get, opcodes.LOCAL_GET),
    *rules(validate_local_set, opcodes.LOCAL_SET),
    *rules(validate_local_tee, opcodes.LOCAL_TEE),
    *rules(validate_global_get, opcodes.GLOBAL_GET),
    *rules(validate_global_set, opcodes.GLOBAL_SET),
    *rules(validate_drop, opcodes.DROP),
    *rules(validate_select, opcodes.SELECT),
    *rules(validate_select_t, opcodes.SELECT_T),
]
