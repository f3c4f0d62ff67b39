"""Blocks and branches (spec 3.4.1)."""

from typing import Final

from fusee.engine.arena import grow_buffer
from fusee.engine.decode.instruction import BLOCK_INDEX_MASK, is_indexed, read_block_type
from fusee.engine.decode.reader import read_count, read_u32
from fusee.engine.errors import Malformed
from fusee.engine.present import HAS_EXCEPTIONS
from fusee.engine.state.module import VAL_I32
from fusee.engine.subtyping import is_function
from fusee.engine.validate.rule import Rule, rules
from fusee.engine.validate.state import (
    HEIGHT_MASK,
    KIND_BLOCK,
    KIND_CATCH,
    KIND_ELSE,
    KIND_IF,
    KIND_LOOP,
    KIND_MASK,
    Control,
    Validator,
    check_list,
    check_value_type,
    fail,
    matches,
    mismatch,
    pop,
    pop_list,
    push_list,
    set_unreachable,
    type_at,
)  # fmt: skip
from fusee.kernel.lang import Ptr, cast, kernel, null, offset_of, size_of, span, u8, u32, u64, unlikely
from fusee.spec import opcodes
from fusee.spec.errors import ModuleError
from fusee.spec.types import EMPTY_BLOCK


@kernel(inline=True)
def block_results(v: Validator, control: Control) -> tuple[u32, Ptr[u32]]:
    """How many results a block has, and their types."""
    block_type = control.block_type
    if block_type == EMPTY_BLOCK:
        return u32(0), null(Ptr[u32])
    if is_indexed(block_type):
        t = v.module.types[block_type & BLOCK_INDEX_MASK]
        return t.result_count, t.results
    return u32(1), cast(Ptr[u32], cast(Ptr[u8], control) + offset_of(Control, "block_type"))


@kernel(inline=True)
def block_params(v: Validator, control: Control) -> tuple[u32, Ptr[u32]]:
    """How many parameters a block has, and their types."""
    if is_indexed(control.block_type):
        t = v.module.types[control.block_type & BLOCK_INDEX_MASK]
        return t.param_count, t.params
    return u32(0), null(Ptr[u32])


@kernel(inline=True)
def label_types(v: Validator, control: Control) -> tuple[u32, Ptr[u32]]:
    """What a branch to a block takes: to a loop its parameters, else the results."""
    if control.state & KIND_MASK == KIND_LOOP:
        return block_params(v, control)
    return block_results(v, control)


@kernel
def open_control(v: Validator, kind: u32, block_type: u32) -> Control:
    """Open a block at the present height."""
    if unlikely(v.control_count == v.control_capacity):
        grow_controls(v)
    v.floor = v.height
    return open_at(v, v.height, kind, block_type)


@kernel(inline=True)
def open_at(v: Validator, height: u32, kind: u32, block_type: u32) -> Control:
    """Open a block where there is room for it. `Validator.floor` is left to whoever calls this."""
    assert v.control_count < v.control_capacity
    control = v.controls[v.control_count]
    v.control_count += 1
    control.state = height | kind
    control.block_type = block_type
    control.set_count = v.set_count
    control.br_table = u32(0)
    return control


@kernel(cold=True)
def grow_controls(v: Validator) -> None:
    grow_buffer(v.control_buffer, u64(v.control_count + 1) * size_of(Control))
    v.controls = cast(Ptr[Control], v.control_buffer.data)
    v.control_capacity = u32(v.control_buffer.capacity_bytes // size_of(Control))


@kernel(inline=True)
def innermost(v: Validator) -> Control:
    return v.controls[v.control_count - 1]


@kernel
def label_at(v: Validator, label: u32) -> Control:
    if unlikely(label >= v.control_count):
        fail(v, ModuleError.UNKNOWN_LABEL)
    return v.controls[v.control_count - 1 - label]


@kernel
def read_checked_block_type(v: Validator) -> u32:
    block_type = read_block_type(v.module, v.reader)
    if is_indexed(block_type):
        if not is_function(type_at(v, block_type & BLOCK_INDEX_MASK)):
            fail(v, ModuleError.UNKNOWN_TYPE)
    else:
        check_value_type(v, block_type)
    return block_type


@kernel
def enter_block(v: Validator, kind: u32, block_type: u32) -> None:
    """Pop a block's parameters, open it, and push them inside."""
    if not is_indexed(block_type):
        open_control(v, kind, block_type)
        return
    t = v.module.types[block_type & BLOCK_INDEX_MASK]
    pop_list(v, t.param_count, t.params)
    open_control(v, kind, block_type)
    push_list(v, t.param_count, t.params)


@kernel
def validate_block(v: Validator) -> None:
    enter_block(v, KIND_BLOCK, read_checked_block_type(v))


@kernel
def validate_loop(v: Validator) -> None:
    enter_block(v, KIND_LOOP, read_checked_block_type(v))


@kernel
def validate_if(v: Validator) -> None:
    block_type = read_checked_block_type(v)
    pop(v, VAL_I32)
    enter_block(v, KIND_IF, block_type)


@kernel
def check_block_end(v: Validator, control: Control) -> None:
    """The results, and nothing else, must be there; locals set inside are unset again."""
    count, types = block_results(v, control)
    pop_list(v, count, types)
    if unlikely(v.height != v.floor):
        mismatch(v)
    while unlikely(v.set_count != control.set_count):
        v.set_count -= 1
        v.initialised[v.set_locals[v.set_count]] = u32(0)


@kernel
def validate_else(v: Validator) -> None:
    control = innermost(v)
    if control.state & KIND_MASK != KIND_IF:
        raise Malformed(ModuleError.END_EXPECTED, v.instruction)
    check_block_end(v, control)
    control.state = control.state & HEIGHT_MASK | KIND_ELSE
    count, types = block_params(v, control)
    push_list(v, count, types)


@kernel
def validate_end(v: Validator) -> None:
    control = innermost(v)
    check_block_end(v, control)
    if control.state & KIND_MASK == KIND_IF:
        check_missing_else(v, control)
    if HAS_EXCEPTIONS:
        v.catch_depth -= u32(control.state & KIND_MASK >= KIND_CATCH)
    v.control_count -= 1
    if v.control_count != 0:
        v.floor = innermost(v).state & HEIGHT_MASK
        count, types = block_results(v, control)
        push_list(v, count, types)


@kernel
def check_missing_else(v: Validator, control: Control) -> None:
    """An absent `else` gives the parameters as results."""
    param_count, params = block_params(v, control)
    result_count, results = block_results(v, control)
    if param_count != result_count:
        mismatch(v)
    for i in span(param_count):
        if not matches(v.module, params[i], results[i]):
            mismatch(v)


@kernel
def validate_unreachable(v: Validator) -> None:
    set_unreachable(v)


@kernel
def validate_br(v: Validator) -> None:
    count, types = label_types(v, label_at(v, read_u32(v.reader)))
    pop_list(v, count, types)
    set_unreachable(v)


@kernel
def validate_br_if(v: Validator) -> None:
    count, types = label_types(v, label_at(v, read_u32(v.reader)))
    pop(v, VAL_I32)
    pop_list(v, count, types)
    push_list(v, count, types)


@kernel
def validate_br_table(v: Validator) -> None:
    """Every label is checked against the operands once, however often it is named."""
    pop(v, VAL_I32)
    v.br_table += 1
    r = v.reader
    label_count = read_count(r, u32(1)) + 1
    arity = u32(0)
    for i in span(label_count):
        control = label_at(v, read_u32(r))
        if control.br_table != v.br_table:
            control.br_table = v.br_table
            count, types = label_types(v, control)
            if i == 0:
                arity = count
            if count != arity:
                mismatch(v)
            check_list(v, count, types)
    set_unreachable(v)


@kernel
def validate_return(v: Validator) -> None:
    count, types = block_results(v, v.controls[0])
    pop_list(v, count, types)
    set_unreachable(v)


RULES: Final[list[Rule]] = [
    *rules(validate_end, opcodes.END),
    *rules(validate_br_if, opcodes.BR_IF),
    *rules(validate_block, opcodes.BLOCK),
    *rules(validate_loop, opcodes.LOOP),
    *rules(validate_if, opcodes.IF),
    *rules(validate_else, opcodes.ELSE),
    *rules(validate_br, opcodes.BR),
    *rules(validate_br_table, opcodes.BR_TABLE),
    *rules(validate_return, opcodes.RETURN),
    *rules(validate_unreachable, opcodes.UNREACHABLE),
]
