"""Tests of the types of references, and what traps or branches on them (spec 4.6.5)."""

from typing import Final

from fusee.engine.decode.types import read_heap_type
from fusee.engine.isa.aggregate import TEST_KINDS
from fusee.engine.isa.forms import NOWHERE
from fusee.engine.isa.table import NUMBER
from fusee.engine.layouts import layout_of
from fusee.engine.registry import TypeRegistry
from fusee.engine.state.module import ABSTRACT, AGGREGATE, ID_MASK, NULLABLE, REF
from fusee.engine.subtyping import canonical_value_type
from fusee.engine.translate.comparing import push_comparison
from fusee.engine.translate.comparison import EQ, NE, REF_TEST
from fusee.engine.translate.compute import materialize_top
from fusee.engine.translate.control import branch_conditionally
from fusee.engine.translate.emit import emit
from fusee.engine.translate.fuse import take_leaves
from fusee.engine.translate.immediate import next_byte, next_u32
from fusee.engine.translate.rule import Rule
from fusee.engine.translate.settle import hold_in_acc, settle
from fusee.engine.translate.state import CONSTANT, I32, I64, IN_ACC, LOCAL, NO_VALUE, SLOTTED, Translator
from fusee.engine.translate.values import (
    new_comparison,
    new_value,
    pop,
    push,
    push_canonical,
    push_local,
    release,
    top,
)  # fmt: skip
from fusee.kernel.lang import cast, kernel, table, u8, u16, u32
from fusee.spec import opcodes
from fusee.spec.types import CAST_TO_NULLABLE

SUB: Final = u32(TEST_KINDS.index("ref_sub"))
EXACT: Final = u32(TEST_KINDS.index("ref_exact"))
CAST_ROW = table(u16, [NUMBER[f"cast_{kind}"] for kind in TEST_KINDS])
REF_AS_NON_NULL: Final = u32(NUMBER["ref_as_non_null"])


@kernel
def read_target(t: Translator, is_nullable: bool) -> u32:
    """The reference type to be tested for, canonical; its heap type comes next."""
    heap = read_heap_type(t.module, t.reader)
    return canonical_value_type(t.module, REF | heap | (NULLABLE if is_nullable else u32(0)))


@kernel
def kind_of(t: Translator, value_type: u32) -> u32:
    """Which of `TEST_KINDS` serves a type: no other type matches a final one."""
    if value_type & (ABSTRACT | AGGREGATE) != AGGREGATE:
        return u32(0)
    layout = layout_of(cast(TypeRegistry, t.module.registry), value_type & ID_MASK)
    return EXACT if layout.is_final else SUB


@kernel
def constant_of(t: Translator, value_type: u32) -> u32:
    """A type as an operand."""
    number = new_value(t, CONSTANT, I32)
    t.values[number].payload = value_type
    return number


@kernel
def test_top(t: Translator, is_nullable: bool) -> None:
    """`ref.test`"""
    value_type = read_target(t, is_nullable)
    materialize_top(t, u32(1))
    if top(t, u32(0)).kind == CONSTANT:  # the rows have no form for null
        settle(t, t.stack[t.height - 1])
    reference = pop(t)
    push_comparison(t, EQ, u8(REF_TEST + kind_of(t, value_type)), reference, constant_of(t, value_type))


@kernel
def cast_top(t: Translator, is_nullable: bool) -> None:
    """`ref.cast`"""
    value_type = read_target(t, is_nullable)
    check_top(t, CAST_ROW[kind_of(t, value_type)], value_type)


@kernel
def check_top(t: Translator, row: u32, value_type: u32) -> None:
    """Emit a row that checks the topmost entry, a reference, which stays where it is; 0: not for a type."""
    materialize_top(t, u32(1))
    value = top(t, u32(0))
    if value.kind == LOCAL:
        local = u32(value.payload)
        emit_check(t, row, value_type)
        push_local(t, local)
    elif value.kind == IN_ACC:
        emit_check(t, row, value_type)
        number = new_value(t, SLOTTED, I64)
        hold_in_acc(t, number)
        push(t, number)
    else:
        settle(t, t.stack[t.height - 1])
        emit_check(t, row, value_type)
        push_canonical(t, I64)


@kernel
def emit_check(t: Translator, row: u32, value_type: u32) -> None:
    """Emit the row on the topmost entry, which is consumed."""
    reference = pop(t)
    count = take_leaves(t, reference, constant_of(t, value_type) if value_type != 0 else NO_VALUE)
    emit(t, row, t.leaves, count, NOWHERE, u32(0))


@kernel
def branch_on_cast(t: Translator, code: u32) -> None:
    """The reference stays, and goes along when branching."""
    flags = next_byte(t.reader)
    label = next_u32(t.reader)
    read_heap_type(t.module, t.reader)
    value_type = read_target(t, flags & CAST_TO_NULLABLE != 0)
    settle(t, t.stack[t.height - 1])
    tested = new_value(t, SLOTTED, I64)
    t.values[tested].payload = top(t, u32(0)).payload
    kind = u8(REF_TEST + kind_of(t, value_type))
    branch_conditionally(t, label, new_comparison(t, code, kind, tested, constant_of(t, value_type)))


@kernel
def translate_ref_test(t: Translator) -> None:
    test_top(t, False)


@kernel
def translate_ref_test_null(t: Translator) -> None:
    test_top(t, True)


@kernel
def translate_ref_cast(t: Translator) -> None:
    cast_top(t, False)


@kernel
def translate_ref_cast_null(t: Translator) -> None:
    cast_top(t, True)


@kernel
def translate_ref_as_non_null(t: Translator) -> None:
    check_top(t, REF_AS_NON_NULL, u32(0))


@kernel
def translate_br_on_cast(t: Translator) -> None:
    branch_on_cast(t, EQ)


@kernel
def translate_br_on_cast_fail(t: Translator) -> None:
    branch_on_cast(t, NE)


# Branches on null references (spec 4.6.9)


@kernel
def translate_br_on_null(t: Translator) -> None:
    """The reference is dropped when branching and stays otherwise."""
    label = next_u32(t.reader)
    reference = keep_reference(t)
    condition = null_test(t, reference, EQ)
    branch_conditionally(t, label, condition)
    push_canonical(t, I64)


@kernel
def translate_br_on_non_null(t: Translator) -> None:
    """The reference is taken along when branching and dropped otherwise."""
    label = next_u32(t.reader)
    reference = keep_reference(t)
    push_canonical(t, I64)
    condition = null_test(t, reference, NE)
    branch_conditionally(t, label, condition)
    release(t, pop(t))


@kernel
def keep_reference(t: Translator) -> u32:
    """Pop a reference after putting it into its canonical slot, whose number is given."""
    settle(t, t.stack[t.height - 1])
    number = pop(t)
    slot = u32(t.values[number].payload)
    release(t, number)
    return slot


@kernel
def null_test(t: Translator, slot: u32, code: u32) -> u32:
    """A comparison of the reference in a slot with null."""
    first = new_value(t, SLOTTED, I64)
    t.values[first].payload = slot
    second = new_value(t, CONSTANT, I64)
    return new_comparison(t, code, I64, first, second)


RULES: Final = [
    Rule(opcodes.REF_TEST, translate_ref_test),
    Rule(opcodes.REF_TEST_NULL, translate_ref_test_null),
    Rule(opcodes.REF_CAST, translate_ref_cast),
    Rule(opcodes.REF_CAST_NULL, translate_ref_cast_null),
    Rule(opcodes.REF_AS_NON_NULL, translate_ref_as_non_null),
    Rule(opcodes.BR_ON_NULL, translate_br_on_null),
    Rule(opcodes.BR_ON_NON_NULL, translate_br_on_non_null),
    Rule(opcodes.BR_ON_CAST, translate_br_on_cast),
    Rule(opcodes.BR_ON_CAST_FAIL, translate_br_on_cast_fail),
]
