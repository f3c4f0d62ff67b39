"""What a function begins with: its frame, parameters, locals, and `enter`."""

from typing import Final

from fusee.engine.decode.types import read_value_type
from fusee.engine.errors import Exhausted
from fusee.engine.isa.control import ZEROED_INLINE
from fusee.engine.isa.forms import PINS
from fusee.engine.isa.table import NUMBER
from fusee.engine.runtime.holdings import Limit
from fusee.engine.state.agreed import HEADER_SLOTS
from fusee.engine.state.module import Body
from fusee.engine.translate.buffers import sized
from fusee.engine.translate.encode import add_immediate, count_block, new_ins
from fusee.engine.translate.hoist import begin_hoisting
from fusee.engine.translate.immediate import next_u32
from fusee.engine.translate.locals import reload_pins
from fusee.engine.translate.metering import begin_function
from fusee.engine.translate.records import Local, LocalRun
from fusee.engine.translate.state import (
    FURTHER_VALUES,
    MOST_HOISTED,
    NO_VALUE,
    TEMPORARIES,
    VALUES_EACH,
    Translator,
    Value,
    spread_of,
    type_code,
)
from fusee.engine.translate.values import width
from fusee.kernel.lang import (
    Ptr,
    cast,
    fill_bytes,
    is_null,
    kernel,
    maximum,
    minimum,
    size_of,
    span,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip

ENTER: Final = u32(NUMBER["enter_0_0_0"])
ENTER_STRIDE: Final = ZEROED_INLINE + 2
FRAMELESS_SLOTS: Final = 256  # a leaf that needs no more has no `enter`: the stack's reserve holds it
MOST_SLOTS: Final = 0xFFFF  # slot numbers are 16 bits wide
MOST_ARGUMENTS: Final = u64(1000)  # of a call: `spec.limits`


@kernel
def lay_out_frame(t: Translator) -> None:
    """Locals, canonical slots, temporaries, a callee's header, a callee's frame."""
    most_arguments = MOST_ARGUMENTS << spread_of(t)
    slots = t.local_slots + ((u64(t.max_height) + TEMPORARIES) << spread_of(t)) + HEADER_SLOTS
    if slots + most_arguments > MOST_SLOTS:
        raise Exhausted(Limit.FRAME, t.index)
    t.temporaries = t.local_slots + (t.max_height << spread_of(t))
    t.out = t.temporaries + (TEMPORARIES << spread_of(t)) + HEADER_SLOTS
    t.frame_slots = maximum(t.out, t.result_slots)
    t.out_count = u32(0)
    t.out_barrier = u32(0)
    t.stack = cast(Ptr[u32], sized(t.stack_buffer, u64(t.max_height + 1) * 4))
    owner_bytes = u64(t.max_height + 1) * 8 << spread_of(t)
    owners = sized(t.owners_buffer, owner_bytes)
    fill_bytes(owners, u8(0), usize(owner_bytes))
    t.owners = cast(Ptr[u32], owners)
    most_values = u64(t.max_height) * VALUES_EACH + FURTHER_VALUES
    t.values = cast(Ptr[Value], sized(t.values_buffer, most_values * size_of(Value)))
    t.value_count = u32(0)
    t.free_value = NO_VALUE


@kernel
def find_params(t: Translator) -> None:
    """Where the parameters are, if there may be vectors among the locals."""
    t.has_wide_locals = False
    if spread_of(t) != 0:
        t.homes = cast(Ptr[u32], sized(t.homes_buffer, u64(t.param_count) * 4))
        slot = u32(0)
        for index in span(t.param_count):
            t.homes[index] = slot
            slot += width(type_code(t.params[index]))
        assert slot == t.param_slots


@kernel
def open_locals(t: Translator, body: Body) -> None:
    """What the declarations say; about single locals nothing is known yet."""
    if not is_null(t.locals_buffer.data):
        for at in span(t.used_count):
            fill_bytes(cast(Ptr[u8], t.locals[t.used[at]]), u8(0), usize(size_of(Local)))
    t.used_count = u32(0)
    find_params(t)
    t.reader.position = body.locals.start
    t.reader.end = body.locals.end
    t.run_count = next_u32(t.reader)
    t.runs = cast(Ptr[LocalRun], sized(t.runs_buffer, u64(t.run_count) * size_of(LocalRun)))
    end = t.param_count
    slot = t.param_slots
    for place in span(t.run_count):
        count = next_u32(t.reader)
        run = t.runs[place]
        run.type = read_value_type(t.module, t.reader)
        run.slot = slot
        end += count
        slot += count * width(type_code(run.type))
        run.end = end
    assert end == t.param_count + body.local_count
    t.has_wide_locals = slot != end
    t.catch_slots = slot
    t.local_slots = slot + body.catch_depth
    begin_hoisting(t)
    most = u64(t.local_slots) + MOST_HOISTED
    t.locals = cast(Ptr[Local], sized(t.locals_buffer, most * size_of(Local)))


@kernel
def emit_enter(t: Translator) -> None:
    """The cell that sets up the frame, left out where there is nothing to do."""
    zeroed = t.hoisted_slots - t.param_slots
    pins = t.int_pins + t.float_pins
    floats = u32(0) if t.has_wide_pins else t.float_pins  # `enter` does not load vectors
    t.has_enter = t.has_calls or zeroed != 0 or pins != 0 or t.frame_slots > FRAMELESS_SLOTS
    t.enter_offset = t.code_bytes
    if t.has_enter:
        number = (t.int_pins * (PINS + 1) + floats) * ENTER_STRIDE + minimum(zeroed, ZEROED_INLINE + 1)
        i = new_ins(t, ENTER + number)
        add_immediate(i, t.frame_slots)
        add_immediate(i, t.param_slots)
        add_immediate(i, zeroed)
        for pin in span(t.int_pins):
            add_immediate(i, t.pins[pin])
        for pin in span(floats):
            add_immediate(i, t.pins[PINS + pin])
    for index in span(pins):
        pin = index if index < t.int_pins else index - t.int_pins + PINS
        if index < t.int_pins + floats:
            t.locals[t.pins[pin]].form = t.locals[t.pins[pin]].pin
        t.locals[t.pins[pin]].in_slot = True
    reload_pins(t)
    begin_function(t)
    count_block(t)
