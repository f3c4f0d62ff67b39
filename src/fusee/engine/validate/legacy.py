"""The older form of exceptions (proposal exception-handling, legacy/Exceptions.md): try, catch, delegate, rethrow."""

from typing import Final

from fusee.engine.decode.reader import read_u32
from fusee.engine.errors import Malformed
from fusee.engine.validate.control import (
    block_results,
    check_block_end,
    enter_block,
    innermost,
    label_at,
    read_checked_block_type,
)
from fusee.engine.validate.exception import read_tag_type
from fusee.engine.validate.rule import Rule, rules
from fusee.engine.validate.state import (
    HEIGHT_MASK,
    KIND_CATCH,
    KIND_CATCH_ALL,
    KIND_MASK,
    KIND_TRY,
    Control,
    Validator,
    fail,
    push_list,
    set_unreachable,
)
from fusee.kernel.lang import kernel, maximum, u32
from fusee.spec import opcodes
from fusee.spec.errors import ModuleError


@kernel
def validate_try(v: Validator) -> None:
    enter_block(v, KIND_TRY, read_checked_block_type(v))


@kernel
def begin_clause(v: Validator, kind: u32) -> None:
    """The end of a `try`'s body or of its previous clause, and the begin of the next one."""
    control = innermost(v)
    before = control.state & KIND_MASK
    if before != KIND_TRY and before != KIND_CATCH:
        raise Malformed(ModuleError.END_EXPECTED, v.instruction)
    check_block_end(v, control)
    if before == KIND_TRY:
        v.catch_depth += 1
        v.max_catch_depth = maximum(v.max_catch_depth, v.catch_depth)
    control.state = control.state & HEIGHT_MASK | kind


@kernel
def validate_catch(v: Validator) -> None:
    begin_clause(v, KIND_CATCH)
    t = read_tag_type(v)
    push_list(v, t.param_count, t.params)


@kernel
def validate_catch_all(v: Validator) -> None:
    begin_clause(v, KIND_CATCH_ALL)


@kernel(inline=True)
def is_clause(control: Control) -> bool:
    return control.state & KIND_MASK == KIND_CATCH or control.state & KIND_MASK == KIND_CATCH_ALL


@kernel
def validate_delegate(v: Validator) -> None:
    """Ends a `try` without clauses; the label is one of those outside of it."""
    control = innermost(v)
    if control.state & KIND_MASK != KIND_TRY:
        raise Malformed(ModuleError.END_EXPECTED, v.instruction)
    check_block_end(v, control)
    v.control_count -= 1
    v.floor = innermost(v).state & HEIGHT_MASK  # a function's body is no `try`: there is a block around it
    label_at(v, read_u32(v.reader))
    count, types = block_results(v, control)
    push_list(v, count, types)


@kernel
def validate_rethrow(v: Validator) -> None:
    """The label must be that of a clause around it."""
    if not is_clause(label_at(v, read_u32(v.reader))):
        fail(v, ModuleError.RETHROW_LABEL)
    set_unreachable(v)


RULES: Final[list[Rule]] = [
    *rules(validate_try, opcodes.TRY),
    *rules(validate_catch, opcodes.CATCH),
    *rules(validate_catch_all, opcodes.CATCH_ALL),
    *rules(validate_delegate, opcodes.DELEGATE),
    *rules(validate_rethrow, opcodes.RETHROW),
]
