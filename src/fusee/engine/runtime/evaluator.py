"""What constant expressions are evaluated with: a reader of the source, and a stack of operands."""

from typing import Annotated, Final

from fusee.engine.decode.reader import Reader
from fusee.engine.errors import Exhausted
from fusee.engine.runtime.holdings import Limit
from fusee.engine.state.module import Span
from fusee.engine.state.runtime import SLOT_BYTES, Instance
from fusee.kernel.lang import (
    Count,
    Inline,
    Ptr,
    cast,
    diff,
    is_null,
    kernel,
    struct,
    u8,
    u32,
    u64,
    unreachable,
    usize,
)  # fmt: skip

SPREAD: Final = u32(1)  # a value takes two words of the stack, so that a v128 fits
OPERAND_WORDS: Final = usize(1 << SPREAD)
SMALL: Final = usize(16)  # operands that need no allocation


@struct
class Evaluator:
    """Evaluates the expressions of one range of the source, one after the other."""

    instance: Instance
    reader: Inline[Reader]
    stack: Ptr[u64]
    top: Ptr[u64]  # behind the last operand
    capacity: usize  # of the stack, in operands
    value: u64  # of the expression evaluated last
    high: u64  # its upper half, for v128
    small: Annotated[Ptr[u64], Count(OPERAND_WORDS * SMALL)]


@kernel
def open_evaluator(e: Evaluator, instance: Instance, span: Span) -> None:
    """Prepare for the expressions in `span`, which are valid; `close_evaluator` must follow.

    Every operand takes at least two bytes to push, which bounds the stack: it is never full.
    """
    e.instance = instance
    e.reader.source = instance.module.source
    e.reader.position = span.start
    e.reader.end = span.end
    e.reader.module_end = instance.module.source_size
    e.stack = e.small
    e.top = e.stack
    e.capacity = SMALL
    depth = (span.end - span.start) // 2 + 1
    if depth > SMALL:
        e.capacity = depth
        e.stack = cast(Ptr[u64], instance.platform.allocate(e.capacity, OPERAND_WORDS * SLOT_BYTES))
        if is_null(e.stack):
            raise Exhausted(Limit.SYSTEM, 0)
        e.top = e.stack


@kernel
def close_evaluator(e: Evaluator) -> None:
    if e.stack != e.small:
        e.instance.platform.release(cast(Ptr[u8], e.stack))


@kernel(inline=True)
def push(e: Evaluator, low: u64, high: u64) -> None:
    if diff(e.top, e.stack) >= e.capacity * OPERAND_WORDS:
        unreachable()
    e.top[0] = low
    e.top[1] = high
    e.top = e.top + OPERAND_WORDS
