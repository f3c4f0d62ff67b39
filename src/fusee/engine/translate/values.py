"""The symbolic operand stack: pushing, popping, and who owns which slot."""

from fusee.engine.arena import grow_buffer
from fusee.engine.errors import Exhausted
from fusee.engine.isa.forms import SLOT
from fusee.engine.runtime.holdings import Limit
from fusee.engine.translate.state import (
    COMPARE,
    CONSTANT,
    F32,
    FURTHER_VALUES,
    I32,
    IN_ACC,
    LOCAL,
    NO_VALUE,
    PENDING,
    SLOTTED,
    VALUES_EACH,
    Translator,
    Value,
    is_vector,
    spread_of,
    type_code,
)  # fmt: skip
from fusee.kernel.lang import Ptr, cast, kernel, size_of, span, u8, u16, u32, u64


@kernel(inline=True)
def is_float(kind: u8) -> bool:
    """Whether a type belongs to the float bank."""
    return kind >= F32


@kernel(inline=True)
def allot(t: Translator) -> u32:
    """The number of a value that nobody has."""
    number = t.free_value
    if number != NO_VALUE:
        t.free_value = t.values[number].operands[0]
    else:
        number = t.value_count
        assert number < t.max_height * VALUES_EACH + FURTHER_VALUES
        t.value_count += 1
    return number


@kernel(inline=True)
def make_value(t: Translator, kind: u8, type_: u8, payload: u64) -> u32:
    """A value that is on no stack yet; its position is the next one."""
    number = allot(t)
    value = t.values[number]
    value.kind = kind
    value.type = type_
    value.position = t.height
    value.payload = payload
    return number


@kernel
def new_value(t: Translator, kind: u8, type_: u8) -> u32:
    """`make_value` without a payload."""
    return make_value(t, kind, type_, u64(0))


@kernel(inline=True)
def free(t: Translator, number: u32) -> None:
    recycle(t, t.values[number], number)


@kernel(inline=True)
def recycle(t: Translator, value: Value, number: u32) -> None:
    """The value's number may be given to another one."""
    value.operands[0] = t.free_value
    t.free_value = number


@kernel(inline=True)
def push(t: Translator, number: u32) -> None:
    assert t.height < t.max_height
    t.stack[t.height] = number
    t.height += 1


@kernel(inline=True)
def pop(t: Translator) -> u32:
    assert t.height != 0
    t.height -= 1
    if t.height < t.settled:
        t.settled = t.height
    return t.stack[t.height]


@kernel(inline=True)
def top(t: Translator, below: u32) -> Value:
    """The entry `below` entries under the top."""
    return t.values[t.stack[t.height - 1 - below]]


@kernel(inline=True)
def canonical(t: Translator, position: u32) -> u32:
    """The slot that the entry at `position` has at labels."""
    return t.local_slots + (position << spread_of(t))


@kernel(inline=True)
def home(t: Translator, index: u32) -> u32:
    """The slot of a local: its number, unless there are vectors before it."""
    return home_among_vectors(t, index) if t.has_wide_locals else index


@kernel
def home_among_vectors(t: Translator, index: u32) -> u32:
    if index < t.param_count:
        return t.homes[index]
    place = run_of(t, index)
    run = t.runs[place]
    first = t.runs[place - 1].end if place != 0 else t.param_count
    return run.slot + (index - first) * width(type_code(run.type))


@kernel
def run_of(t: Translator, index: u32) -> u32:
    """Which run a declared local is of: a function may declare thousands of them in a few bytes."""
    low = u32(0)
    high = t.run_count - 1
    while low < high:
        middle = (low + high) // 2
        if index < t.runs[middle].end:
            high = middle
        else:
            low = middle + 1
    return low


@kernel(inline=True)
def width(type_: u8) -> u32:
    """How many slots a value takes."""
    return u32(1) + u32(is_vector(type_))


@kernel
def use_local(t: Translator, slot: u32, type_: u8) -> None:
    """The function mentions a local for the first time."""
    needed = (u64(t.used_count) + 1) * size_of(u32)
    if needed > t.used_buffer.capacity_bytes:
        grow_buffer(t.used_buffer, needed)
    t.used = cast(Ptr[u32], t.used_buffer.data)
    t.used[t.used_count] = slot
    t.used_count += 1
    t.locals[slot].type = type_
    t.locals[slot].form = SLOT


@kernel(inline=True)
def push_local(t: Translator, index: u32) -> None:
    local = t.locals[index]
    local.waiting += 1
    push(t, make_value(t, LOCAL, local.type, index))


@kernel(inline=True)
def push_constant(t: Translator, type_: u8, bits: u64) -> None:
    push(t, make_value(t, CONSTANT, type_, bits))


@kernel
def push_canonical(t: Translator, type_: u8) -> None:
    """An entry that is already where it belongs at labels."""
    number = new_value(t, SLOTTED, type_)
    t.values[number].payload = canonical(t, t.height)
    t.owners[t.height] = number + 1
    push(t, number)


@kernel
def note_passed(t: Translator, count: u32) -> None:
    """A call or block passes so many values, each of which takes time here."""
    t.passed += count
    if t.passed > t.passed_limit:
        raise Exhausted(Limit.PASSED_VALUES, t.index)


@kernel
def own_slot(t: Translator, number: u32) -> None:
    """Give `number` its canonical slot. Nobody else may be in it: see `emit.claim`."""
    assert t.values[number].position < t.max_height
    t.owners[t.values[number].position] = number + 1


@kernel
def loosen(t: Translator, number: u32) -> None:
    """A value that does not wait leaves its place."""
    value = t.values[number]
    if value.kind == LOCAL:
        t.locals[u32(value.payload)].waiting -= 1
    elif value.kind == SLOTTED or value.kind == IN_ACC:
        leave_place(t, value, number)


@kernel
def leave_place(t: Translator, value: Value, number: u32) -> None:
    """`loosen`, of a value in a slot or in the accumulator."""
    if t.owners[value.position] == number + 1:
        t.owners[value.position] = u32(0)
    if t.acc == number:
        t.acc = NO_VALUE
    if t.facc == number:
        t.facc = NO_VALUE
    # If it is a call's result, the slot where the callee left it is of no more interest.
    slot = u32(value.payload) - u32(value.kind == IN_ACC)
    if value.payload != 0 and slot >= t.out and slot - t.out < t.out_count:
        place = t.max_height + (slot - t.out)
        if t.owners[place] == number + 1:
            t.owners[place] = u32(0)


@kernel
def release(t: Translator, number: u32) -> None:
    """The value is consumed, or no longer wanted; so are its operands, none of which waits itself."""
    value = t.values[number]
    if is_waiting(value):
        for place in span(value.operand_count):
            loosen(t, value.operands[place])
            free(t, value.operands[place])
    else:
        loosen(t, number)
    free(t, number)


@kernel
def drop_to(t: Translator, height: u32) -> None:
    """Forget the entries above `height`."""
    while t.height > height:
        release(t, pop(t))


@kernel
def reads_local(t: Translator, number: u32, index: u32) -> u32:
    """How often the value will read the local when it is consumed."""
    value = t.values[number]
    if value.kind == LOCAL:
        return u32(value.payload == index)
    count = u32(0)
    if value.kind == PENDING or value.kind == COMPARE:
        for place in span(value.operand_count):
            operand = t.values[value.operands[place]]
            count += u32(operand.kind == LOCAL and operand.payload == index)
    return count


@kernel(inline=True)
def is_waiting(value: Value) -> bool:
    """Whether no code exists for the value yet that computes it."""
    return value.kind == PENDING or value.kind == COMPARE


@kernel(inline=True)
def is_only_in_acc(value: Value) -> bool:
    """Whether the value would be lost with the accumulator: a call's result is in the callee's frame as well."""
    return value.kind == IN_ACC and value.payload == 0


@kernel
def new_node(t: Translator, kind: u8, row: u32, type_: u8, first: u32, second: u32) -> u32:
    """A pure instruction on one or two operands, to be emitted when it is needed."""
    number = make_value(t, kind, type_, u64(0))
    value = t.values[number]
    value.row = u16(row)
    value.operand_count = u32(1) + u32(second != NO_VALUE)
    value.operands[0] = first
    value.operands[1] = second
    return number


@kernel
def new_tree(t: Translator, row: u32, type_: u8, count: u32) -> u32:
    """A tree on the first `count` of `t.leaves`, to be emitted when it is needed."""
    number = new_node(t, PENDING, row, type_, t.leaves[0], t.leaves[1])
    value = t.values[number]
    value.operand_count = count
    value.operands[2] = t.leaves[2]
    return number


@kernel
def new_comparison(t: Translator, code: u32, type_: u8, first: u32, second: u32) -> u32:
    """A comparison of two values of a type that waits for its consumer."""
    number = new_node(t, COMPARE, code, I32, first, second)
    t.values[number].compared = type_
    return number
