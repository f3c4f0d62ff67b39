"""Constant expressions (spec 3.4.13), evaluated with an explicit stack: length costs time, never depth."""

from typing import Annotated, Final

from fusee.engine.errors import Exhausted
from fusee.engine.runtime.holdings import Limit
from fusee.engine.state.module import Span
from fusee.engine.state.runtime import SLOT_BYTES, Global, Instance
from fusee.kernel.lang import (
    Count,
    Ptr,
    cast,
    diff,
    is_null,
    kernel,
    load,
    struct,
    u8,
    u32,
    u64,
    unreachable,
    usize,
)
from fusee.spec import opcodes

SMALL: Final = 16  # operands that need no allocation
END: Final = opcodes.END.code
I32_CONST: Final = opcodes.I32_CONST.code
I64_CONST: Final = opcodes.I64_CONST.code
F32_CONST: Final = opcodes.F32_CONST.code
F64_CONST: Final = opcodes.F64_CONST.code
I32_ADD: Final = opcodes.I32_ADD.code
I32_SUB: Final = opcodes.I32_SUB.code
I32_MUL: Final = opcodes.I32_MUL.code
I64_ADD: Final = opcodes.I64_ADD.code
I64_SUB: Final = opcodes.I64_SUB.code
I64_MUL: Final = opcodes.I64_MUL.code
GLOBAL_GET: Final = opcodes.GLOBAL_GET.code
REF_NULL: Final = opcodes.REF_NULL.code
REF_FUNC: Final = opcodes.REF_FUNC.code


@struct
class Evaluator:
    """Evaluates the expressions of one range of the source, one after the other."""

    instance: Instance
    at: Ptr[u8]
    end: Ptr[u8]
    stack: Ptr[u64]
    capacity: usize  # of the stack
    value: u64  # of the expression evaluated last
    high: u64  # its upper half, for v128
    small: Annotated[Ptr[u64], Count(SMALL)]


@kernel
def open_evaluator(e: Evaluator, instance: Instance, span: Span) -> None:
    """Prepare for the expressions in `span`, which are valid; `close_evaluator` must follow.

    Every operand takes at least two bytes to push, which bounds the stack: it is never full.
    """
    e.instance = instance
    e.at = instance.module.source + span.start
    e.end = instance.module.source + span.end
    e.stack = e.small
    e.capacity = usize(SMALL)
    depth = (span.end - span.start) // 2 + 1
    if depth > SMALL:
        e.capacity = usize(depth)
        e.stack = cast(Ptr[u64], instance.platform.allocate(e.capacity, usize(SLOT_BYTES)))
        if is_null(e.stack):
            raise Exhausted(Limit.SYSTEM, 0)


@kernel
def close_evaluator(e: Evaluator) -> None:
    if e.stack != e.small:
        e.instance.platform.release(cast(Ptr[u8], e.stack))


@kernel
def evaluate(e: Evaluator) -> u64:
    """Evaluate the next expression, leaving `at` behind its `end`."""
    top = e.stack
    while e.at < e.end:
        assert top >= e.stack and diff(top, e.stack) < e.capacity
        opcode = u32(e.at[0])
        e.at += 1
        if opcode == END:
            break
        if opcode == I32_CONST:
            top[0] = u64(u32(read_signed(e)))
            top += 1
        elif opcode == I64_CONST:
            top[0] = read_signed(e)
            top += 1
        elif opcode == F32_CONST:
            top[0] = u64(load(u32, e.at))
            top += 1
            e.at += 4
        elif opcode == F64_CONST:
            top[0] = load(u64, e.at)
            top += 1
            e.at += 8
        elif opcode == GLOBAL_GET:
            origin = cast(Global, e.instance.globals[read_unsigned(e)])
            top[0] = origin.value
            top += 1
            e.high = origin.high
        elif opcode == REF_NULL:
            read_signed(e)
            top[0] = u64(0)
            top += 1
        elif opcode == REF_FUNC:
            top[0] = u64(e.instance.functions[read_unsigned(e)])
            top += 1
        else:
            top -= 1
            combine(opcode, top - 1, top[0])
    e.value = e.stack[0]
    return e.value


@kernel
def combine(opcode: u32, left: Ptr[u64], right: u64) -> None:
    """The extended constant operators (spec 3.4.13), in place."""
    if opcode == I32_ADD:
        left[0] = u64(u32(left[0]) + u32(right))
    elif opcode == I32_SUB:
        left[0] = u64(u32(left[0]) - u32(right))
    elif opcode == I32_MUL:
        left[0] = u64(u32(left[0]) * u32(right))
    elif opcode == I64_ADD:
        left[0] = left[0] + right
    elif opcode == I64_SUB:
        left[0] = left[0] - right
    elif opcode == I64_MUL:
        left[0] = left[0] * right
    else:
        unreachable()


@kernel
def read_unsigned(e: Evaluator) -> u32:
    """A LEB128 `u32` (spec 5.2.2); the module is valid, so nothing is checked."""
    result = u32(0)
    shift = u32(0)
    while True:
        byte = u32(e.at[0])
        e.at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result
        shift += 7


@kernel
def read_signed(e: Evaluator) -> u64:
    """A LEB128 `s33`, `s32` or `s64` (spec 5.2.2), sign-extended to 64 bits."""
    result = u64(0)
    shift = u64(0)
    while True:
        byte = u64(e.at[0])
        e.at += 1
        result |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if shift < 64 and byte & 0x40 != 0:
                result |= ~u64(0) << shift
            return result


@kernel
def evaluate_span(e: Evaluator, instance: Instance, span: Span) -> u64:
    """The value of the one expression in `span`."""
    open_evaluator(e, instance, span)
    value = evaluate(e)
    close_evaluator(e)
    return value
