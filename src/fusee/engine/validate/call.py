"""Calls and tail calls (spec 3.4.1)."""

from typing import Final

from fusee.engine.decode.reader import read_u32
from fusee.engine.state.module import ABSTRACT, NULLABLE, REF, TypeDef
from fusee.engine.subtyping import is_function
from fusee.engine.validate.control import block_results
from fusee.engine.validate.rule import Rule, rules
from fusee.engine.validate.state import (
    Validator,
    fail,
    matches,
    mismatch,
    pop,
    pop_list,
    push_list,
    set_unreachable,
    type_at,
)  # fmt: skip
from fusee.engine.validate.table import table_address_type, table_at
from fusee.kernel.lang import kernel, span, u32, unlikely
from fusee.spec import opcodes
from fusee.spec.errors import ModuleError
from fusee.spec.types import Heap

NULLABLE_FUNCTION: Final = REF | NULLABLE | ABSTRACT | int(Heap.FUNC)


@kernel
def apply_call(v: Validator, t: TypeDef) -> None:
    pop_list(v, t.param_count, t.params)
    push_list(v, t.result_count, t.results)


@kernel
def apply_tail_call(v: Validator, t: TypeDef) -> None:
    """The callee's results must do as the caller's."""
    count, types = block_results(v, v.controls[0])
    if t.result_count != count:
        mismatch(v)
    for i in span(count):
        if not matches(v.module, t.results[i], types[i]):
            mismatch(v)
    pop_list(v, t.param_count, t.params)
    set_unreachable(v)


@kernel
def function_type_at(v: Validator, index: u32) -> TypeDef:
    """A defined type that must be a function type."""
    t = type_at(v, index)
    if unlikely(not is_function(t)):
        mismatch(v)
    return t


@kernel
def read_function(v: Validator) -> TypeDef:
    index = read_u32(v.reader)
    if unlikely(index >= v.module.func_count):
        fail(v, ModuleError.UNKNOWN_FUNCTION)
    return v.module.types[v.module.func_types[index]]


@kernel
def read_indirect(v: Validator) -> TypeDef:
    """Type and table of an indirect call, whose operand is the element's index."""
    t = function_type_at(v, read_u32(v.reader))
    table = table_at(v, read_u32(v.reader))
    if not matches(v.module, table.element, NULLABLE_FUNCTION):
        mismatch(v)
    pop(v, table_address_type(table))
    return t


@kernel
def read_reference(v: Validator) -> TypeDef:
    """The type of a call through a reference, which is an operand."""
    index = read_u32(v.reader)
    t = function_type_at(v, index)
    pop(v, REF | NULLABLE | index)
    return t


@kernel
def validate_call(v: Validator) -> None:
    apply_call(v, read_function(v))


@kernel
def validate_call_indirect(v: Validator) -> None:
    apply_call(v, read_indirect(v))


@kernel
def validate_call_ref(v: Validator) -> None:
    apply_call(v, read_reference(v))


@kernel
def validate_return_call(v: Validator) -> None:
    apply_tail_call(v, read_function(v))


@kernel
def validate_return_call_indirect(v: Validator) -> None:
    apply_tail_call(v, read_indirect(v))


@kernel
def validate_return_call_ref(v: Validator) -> None:
    apply_tail_call(v, read_reference(v))


RULES: Final[list[Rule]] = [
    *rules(validate_call, opcodes.CALL),
    *rules(validate_call_indirect, opcodes.CALL_INDIRECT),
    *rules(validate_call_ref, opcodes.CALL_REF),
    *rules(validate_return_call, opcodes.RETURN_CALL),
    *rules(validate_return_call_indirect, opcodes.RETURN_CALL_INDIRECT),
    *rules(validate_return_call_ref, opcodes.RETURN_CALL_REF),
]
