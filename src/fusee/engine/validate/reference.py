"""References: null, functions, i31, casts (spec 3.4.10, and the branches on references of 3.4.1)."""

from typing import Final

from fusee.engine.decode.reader import read_byte, read_u32
from fusee.engine.decode.types import read_heap_type
from fusee.engine.errors import Malformed
from fusee.engine.state.module import ABSTRACT, HEAP_MASK, NULLABLE, REF, VAL_I32
from fusee.engine.subtyping import is_function
from fusee.engine.validate.control import label_at, label_types
from fusee.engine.validate.rule import Rule, rules
from fusee.engine.validate.state import (
    Validator,
    check_heap_type,
    check_match,
    fail,
    mismatch,
    pop,
    pop_list,
    pop_ref,
    push,
    push_list,
)  # fmt: skip
from fusee.kernel.lang import kernel, u8, u32
from fusee.spec import opcodes
from fusee.spec.errors import ModuleError
from fusee.spec.types import CAST_FLAGS_END, CAST_FROM_NULLABLE, CAST_TO_NULLABLE, Heap

ANY: Final = REF | ABSTRACT | int(Heap.ANY)
EQ: Final = REF | ABSTRACT | int(Heap.EQ)
EXTERN: Final = REF | ABSTRACT | int(Heap.EXTERN)
I31: Final = REF | ABSTRACT | int(Heap.I31)


@kernel
def read_checked_heap_type(v: Validator) -> u32:
    heap = read_heap_type(v.module, v.reader)
    check_heap_type(v, heap)
    return heap


@kernel
def validate_ref_null(v: Validator) -> None:
    push(v, REF | NULLABLE | read_checked_heap_type(v))


@kernel
def validate_ref_is_null(v: Validator) -> None:
    pop_ref(v)
    push(v, VAL_I32)


@kernel
def validate_ref_func(v: Validator) -> None:
    """In code only functions that occur elsewhere may be named; constant expressions are such places."""
    index = read_u32(v.reader)
    if index >= v.module.func_count:
        fail(v, ModuleError.UNKNOWN_FUNCTION)
    if v.is_constant:
        v.declared[index] = u8(1)
    elif v.declared[index] == 0:
        fail(v, ModuleError.UNDECLARED_FUNCTION)
    push(v, REF | v.module.func_types[index])


@kernel
def validate_ref_eq(v: Validator) -> None:
    pop(v, EQ | NULLABLE)
    pop(v, EQ | NULLABLE)
    push(v, VAL_I32)


@kernel
def validate_ref_as_non_null(v: Validator) -> None:
    push(v, pop_ref(v) & ~NULLABLE)


@kernel
def validate_br_on_null(v: Validator) -> None:
    count, types = label_types(v, label_at(v, read_u32(v.reader)))
    reference = pop_ref(v)
    pop_list(v, count, types)
    push_list(v, count, types)
    push(v, reference & ~NULLABLE)


@kernel
def validate_br_on_non_null(v: Validator) -> None:
    """The label takes the reference last."""
    count, types = label_types(v, label_at(v, read_u32(v.reader)))
    reference = pop_ref(v) & ~NULLABLE
    if count == 0:
        mismatch(v)
    check_match(v, reference, types[count - 1])
    pop_list(v, count - 1, types)
    push_list(v, count - 1, types)


@kernel
def top_of(v: Validator, heap: u32) -> u32:
    """The nullable reference to everything in the hierarchy of a heap type: what a cast may be applied to."""
    top: Heap = Heap.ANY
    if heap & ABSTRACT == 0:
        if is_function(v.module.types[heap]):
            top = Heap.FUNC
    else:
        code = heap & HEAP_MASK
        if code == Heap.FUNC or code == Heap.NOFUNC:
            top = Heap.FUNC
        elif code == Heap.EXTERN or code == Heap.NOEXTERN:
            top = Heap.EXTERN
        elif code == Heap.EXN or code == Heap.NOEXN:
            top = Heap.EXN
    return REF | NULLABLE | ABSTRACT | top


@kernel
def validate_ref_test(v: Validator) -> None:
    pop(v, top_of(v, read_checked_heap_type(v)))
    push(v, VAL_I32)


@kernel
def validate_ref_cast(v: Validator) -> None:
    heap = read_checked_heap_type(v)
    pop(v, top_of(v, heap))
    push(v, REF | heap | (NULLABLE if v.opcode == opcodes.REF_CAST_NULL.index else u32(0)))


@kernel
def validate_br_on_cast(v: Validator) -> None:
    """Both branches on casts: one takes the label with the new type, the other with what remains."""
    flags = u32(read_byte(v.reader))
    if flags >= CAST_FLAGS_END:
        raise Malformed(ModuleError.BAD_CAST_FLAGS, v.reader.position - 1)
    label = read_u32(v.reader)
    source = REF | read_checked_heap_type(v)
    target = REF | read_checked_heap_type(v)
    if flags & CAST_FROM_NULLABLE != 0:
        source |= NULLABLE
    remaining = source
    if flags & CAST_TO_NULLABLE != 0:
        target |= NULLABLE
        remaining = source & ~NULLABLE
    check_match(v, target, source)
    count, types = label_types(v, label_at(v, label))
    if count == 0:
        mismatch(v)
    branches_on_success = v.opcode == opcodes.BR_ON_CAST.index
    check_match(v, target if branches_on_success else remaining, types[count - 1])
    pop(v, source)
    pop_list(v, count - 1, types)
    push_list(v, count - 1, types)
    push(v, remaining if branches_on_success else target)


@kernel
def validate_any_convert_extern(v: Validator) -> None:
    reference = pop_ref(v)
    check_match(v, reference, EXTERN | NULLABLE)
    push(v, ANY | reference & NULLABLE)


@kernel
def validate_extern_convert_any(v: Validator) -> None:
    reference = pop_ref(v)
    check_match(v, reference, ANY | NULLABLE)
    push(v, EXTERN | reference & NULLABLE)


@kernel
def validate_ref_i31(v: Validator) -> None:
    pop(v, VAL_I32)
    push(v, I31)


@kernel
def validate_i31_get(v: Validator) -> None:
    pop(v, I31 | NULLABLE)
    push(v, VAL_I32)


RULES: Final[list[Rule]] = [
    *rules(validate_ref_null, opcodes.REF_NULL),
    *rules(validate_ref_is_null, opcodes.REF_IS_NULL),
    *rules(validate_ref_func, opcodes.REF_FUNC),
    *rules(validate_ref_eq, opcodes.REF_EQ),
    *rules(validate_ref_as_non_null, opcodes.REF_AS_NON_NULL),
    *rules(validate_br_on_null, opcodes.BR_ON_NULL),
    *rules(validate_br_on_non_null, opcodes.BR_ON_NON_NULL),
    *rules(validate_ref_test, opcodes.REF_TEST, opcodes.REF_TEST_NULL),
    *rules(validate_ref_cast, opcodes.REF_CAST, opcodes.REF_CAST_NULL),
    *rules(validate_br_on_cast, opcodes.BR_ON_CAST, opcodes.BR_ON_CAST_FAIL),
    *rules(validate_any_convert_extern, opcodes.ANY_CONVERT_EXTERN),
    *rules(validate_extern_convert_any, opcodes.EXTERN_CONVERT_ANY),
    *rules(validate_ref_i31, opcodes.REF_I31),
    *rules(validate_i31_get, opcodes.I31_GET_S, opcodes.I31_GET_U),
]
