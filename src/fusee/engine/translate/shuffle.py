"""`i8x16.shuffle`, whose sixteen numbers are constants: what they are decides how it is done."""

from typing import Final

from fusee.engine.isa.selection import chosen
from fusee.engine.isa.shuffles import PATTERNS, halves
from fusee.engine.isa.table import NO_ROW, NUMBER
from fusee.engine.translate.compute import materialize_top, push_result
from fusee.engine.translate.encode import add_immediate
from fusee.engine.translate.state import CONSTANT, PENDING, V128, Translator, Value
from fusee.engine.translate.values import new_node, pop, push, push_constant, release, top
from fusee.kernel.lang import kernel, load, span, table, u32, u64

SHUFFLE: Final = u32(NUMBER["i8x16_shuffle"])
SWIZZLE: Final = u32(NUMBER["i8x16_swizzle"])

HAS_PATTERNS: Final = chosen().has_vector_forms
FIRST_PATTERN: Final = u32(NUMBER[next(iter(PATTERNS))] if HAS_PATTERNS else NO_ROW)
PATTERN_COUNT: Final = u32(len(PATTERNS))
LOW = table(u64, [halves(places)[0] for places in PATTERNS.values()])
HIGH = table(u64, [halves(places)[1] for places in PATTERNS.values()])

OTHER_VECTOR: Final = 0x1010_1010_1010_1010  # in each byte the bit that tells the vectors apart


@kernel
def translate_shuffle(t: Translator) -> None:
    place = t.reader.position
    t.reader.position += 16
    at = t.reader.source + place
    low = load(u64, at)
    high = load(u64, at + 8)
    if HAS_PATTERNS:
        if (low | high) & OTHER_VECTOR == 0 or is_zero(t, top(t, u32(0))):
            swizzle_first(t, place)
            return
        is_swapped = low & 0x10 != 0
        row = pattern_of(low ^ OTHER_VECTOR, high ^ OTHER_VECTOR) if is_swapped else pattern_of(low, high)
        if row != NO_ROW:
            push_pattern(t, row, is_swapped)
            return
    materialize_top(t, u32(2))
    second = pop(t)
    push_result(t, SHUFFLE, u32(2), pop(t), second, V128)
    i = t.ins[t.ins_count - 1]
    for number in span(u32(4)):
        add_immediate(i, load(u32, at + number * 4))


@kernel
def is_zero(t: Translator, value: Value) -> bool:
    """Whether it is a constant without ones."""
    if value.kind != CONSTANT:
        return False
    at = t.reader.source + u32(value.payload)
    return load(u64, at) | load(u64, at + 8) == 0


@kernel
def swizzle_first(t: Translator, place: u32) -> None:
    """Only bytes of the first vector, and zeros where a number is 16 or more: the numbers are a constant operand."""
    release(t, pop(t))
    materialize_top(t, u32(1))
    first = pop(t)
    push_constant(t, V128, u64(place))
    push(t, new_node(t, PENDING, SWIZZLE, V128, first, pop(t)))


@kernel
def pattern_of(low: u64, high: u64) -> u32:
    """The row of a shuffle of which there is one, or `NO_ROW`."""
    for number in span(PATTERN_COUNT):
        if LOW[number] == low and HIGH[number] == high:
            return FIRST_PATTERN + number
    return NO_ROW


@kernel
def push_pattern(t: Translator, row: u32, is_swapped: bool) -> None:
    """A pure instruction on the two topmost entries, in either order."""
    materialize_top(t, u32(2))
    second = pop(t)
    first = pop(t)
    if is_swapped:
        push(t, new_node(t, PENDING, row, V128, second, first))
    else:
        push(t, new_node(t, PENDING, row, V128, first, second))
