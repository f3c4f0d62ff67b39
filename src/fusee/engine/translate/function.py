"""Translating a function: two linear passes over its body."""

from typing import Final

from fusee.engine.arena import new_memory
from fusee.engine.decode.instruction import BLOCK_INDEXED
from fusee.engine.decode.types import read_value_type
from fusee.engine.errors import Exhausted, raise_again
from fusee.engine.isa.control import ZEROED_INLINE
from fusee.engine.isa.forms import PINS
from fusee.engine.isa.table import NUMBER
from fusee.engine.present import HAS_EXCEPTIONS
from fusee.engine.runtime.codes import add_code, notes_bytes
from fusee.engine.runtime.holdings import Limit
from fusee.engine.state.code import CODE_START
from fusee.engine.state.module import Body, Module
from fusee.engine.state.runtime import HEADER_SLOTS, Engine, Store
from fusee.engine.translate.analyze import analyze, choose_pins
from fusee.engine.translate.buffers import KEPT_BYTES, keep_translator, shrink, sized, take_translator
from fusee.engine.translate.encode import (
    add_immediate,
    check_code,
    clear_label,
    count_block,
    flush,
    new_ins,
    reserve_code,
    resolve_fixups,
    thread_jumps,
)
from fusee.engine.translate.exception import clauses_bytes, clauses_start, return_caught, write_clauses
from fusee.engine.translate.frames import FUNCTION, open_frame
from fusee.engine.translate.hoist import begin_hoisting
from fusee.engine.translate.immediate import next_u32
from fusee.engine.translate.instruction import translate_code
from fusee.engine.translate.locals import reload_pins
from fusee.engine.translate.metering import begin_function, end_stretch
from fusee.engine.translate.pausing import copy_looking
from fusee.engine.translate.payments import settle_payments
from fusee.engine.translate.positions import begin_positions, table_bytes, write_positions
from fusee.engine.translate.state import (
    FURTHER_VALUES,
    MOST_HOISTED,
    NO_VALUE,
    TEMPORARIES,
    VALUES_EACH,
    Charge,
    Frame,
    Local,
    LocalRun,
    Translator,
    Value,
    spread_of,
    type_code,
)  # fmt: skip
from fusee.engine.translate.values import width
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    caught,
    fill_bytes,
    is_null,
    kernel,
    maximum,
    minimum,
    null,
    size_of,
    span,
    store,
    u8,
    u32,
    u64,
    usize,
)  # fmt: skip
from fusee.spec.limits import MAX_FUNCTION_BYTES

ENTER: Final = u32(NUMBER["enter_0_0_0"])
ENTER_STRIDE: Final = ZEROED_INLINE + 2
FRAMELESS_SLOTS: Final = 256  # a leaf that needs no more has no `enter`: the stack's reserve holds it
MOST_SLOTS: Final = 0xFFFF  # slot numbers are 16 bits wide

CODE_BYTES_EACH: Final = 64
"""What a byte of WebAssembly may become. Ordinary code is about a twelfth of that; calls and branches that take along a
thousand values, which they may do in two bytes, are what it keeps from filling the memory."""

MOST_CODE_BYTES: Final = u32(1 << 20)  # of a function, and what its size allows besides
MOST_MODULE_CODE_BYTES: Final = 4 << 20  # of all functions of a module, and what its size allows besides
assert MOST_CODE_BYTES + (MAX_FUNCTION_BYTES * CODE_BYTES_EACH) < 1 << 31, "offsets in code are u32"

PASSED_EACH: Final = 16
"""How many values calls and blocks may pass for each byte of a function: mostly each takes bytes of its own."""

MOST_PASSED: Final = u32(1 << 20)  # in a function, and what its size allows besides

MOST_ARGUMENTS: Final = u64(1000)  # of a call: `spec.limits`


@kernel
def translate(world: Store, m: Module, index: u32) -> usize:
    """Enter a function's code into the `code_table`, and give where it begins; it lives as long as the module.

    If another thread has entered it meanwhile, that is the function's code. If the guest, whose store this is, shall
    stop meanwhile, nothing is left of the attempt.
    """
    t = take_translator(world.engine)
    t.world = world
    status = caught(translate_into, t, m, index)
    shrink(t, KEPT_BYTES)
    keep_translator(world.engine, t)
    raise_again(status)
    return m.code_table[index]


@kernel
def translate_into(t: Translator, m: Module, index: u32) -> None:
    run(t, m, index, t.world.engine.is_metered)
    positions = t.code_bytes + notes_bytes(t.head_count)
    positions_end = positions + table_bytes(t)
    clauses = clauses_start(positions_end)
    size = clauses + clauses_bytes(t) if HAS_EXCEPTIONS and t.clause_count != 0 else positions_end
    home = new_memory(t.platform, size)
    status = caught(complete, t, home, positions, clauses)
    if status != 0:
        t.platform.release(home)
        raise_again(status)
    found = add_code(m, home, t.code_bytes, index, size, most_code(m))
    if found != address(home) + CODE_START:
        t.platform.release(home)
    if found == 0:
        raise Exhausted(Limit.MODULE_CODE, t.index)


@kernel
def complete(t: Translator, home: Ptr[u8], positions: u32, clauses: u32) -> None:
    """Write the code to where it stays, and what stands behind it: notes, the table of positions, and of clauses."""
    copy_looking(t, home, t.code, t.code_bytes)
    note = cast(Ptr[u32], home + t.code_bytes)
    note[0] = t.frame_slots
    note[1] = t.head_count
    for number in span(t.head_count):
        note[2 + number] = t.heads[number * 2]
    resolve_fixups(t, home)
    write_positions(t, home, positions)
    if HAS_EXCEPTIONS:
        write_clauses(t, home, clauses)


@kernel
def most_code(m: Module) -> u64:
    """How much code a module may have, with what belongs to it."""
    return MOST_MODULE_CODE_BYTES + u64(m.source_size) * CODE_BYTES_EACH


@kernel
def run(t: Translator, m: Module, index: u32, is_metered: bool) -> None:
    """Translate a function into `t.code`; labels are resolved when the code has found its home."""
    body = m.bodies[index - m.imported_func_count]
    definition = m.types[body.type_index]
    t.module = m
    t.index = index
    t.is_metered = is_metered
    t.look_source = body.code.start
    t.result_count = definition.result_count
    t.result_slots = definition.result_slots
    t.result_types = definition.results
    t.params = definition.params
    t.max_height = body.max_height + 1
    t.param_count = definition.param_count
    t.param_slots = definition.param_slots
    t.spread = u32(body.has_vectors)
    t.passed = u32(0)
    t.passed_limit = MOST_PASSED + (body.code.end - body.locals.start) * PASSED_EACH
    t.code_limit = MOST_CODE_BYTES + (body.code.end - body.locals.start) * CODE_BYTES_EACH
    t.reader.source = m.source
    t.reader.module_end = m.source_size
    open_locals(t, body)
    t.reader.position = body.code.start
    t.reader.end = body.code.end
    analyze(t)
    t.local_slots += t.hoisted_count
    lay_out_frame(t)
    choose_pins(t)
    translate_body(t)
    flush(t)
    check_code(t)
    if t.is_metered:
        end_stretch(t)
        settle_payments(t)
    thread_jumps(t)
    if t.has_enter:
        store(t.code + t.enter_offset + size_of(usize), t.frame_slots)


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
def translate_body(t: Translator) -> None:
    """The second pass: instructions and blocks in their order."""
    t.height = u32(0)
    t.settled = u32(0)
    t.acc = NO_VALUE
    t.facc = NO_VALUE
    t.depth = u32(0)
    t.frames = cast(Ptr[Frame], sized(t.frames_buffer, u64(t.most_depth) * size_of(Frame)))
    if t.is_metered:
        t.charges = cast(Ptr[Charge], sized(t.charges_buffer, u64(t.most_depth) * size_of(Charge)))
    t.attention = u32(0) if t.is_metered else t.look_source
    t.charge_at = u32(0)
    t.moves_count = u32(0)
    t.loop_number = u32(0)
    t.head_count = u32(0)
    t.ins_count = u32(0)
    t.first_ins = u32(1)
    t.code_bytes = u32(CODE_START)
    t.look_code = u32(0)
    t.last_cell = u32(0)
    t.bound = u32(0)
    t.fixup_count = u32(0)
    t.clause_count = u32(0)
    t.catch_depth = u32(0)
    t.try_count = u32(0)
    clear_label(t.way_out)
    clear_label(t.inner)
    t.source_offset = t.reader.position
    begin_positions(t)
    reserve_code(t, u32(CODE_START))
    emit_enter(t)
    type_index = t.module.bodies[t.index - t.module.imported_func_count].type_index
    open_frame(t, FUNCTION, BLOCK_INDEXED | type_index, u32(0))
    translate_code(t)
    if HAS_EXCEPTIONS:
        return_caught(t)


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


@kernel
def translate_for_listing(engine: Engine, m: Module, index: u32, numbers: Ptr[usize]) -> usize:
    """Translate a function into a translator's own buffers; gives that, for `keep_translator`.

    `numbers` holds each handler's number and stands for the handlers, so that cells show which they name.
    """
    t = take_translator(engine)
    t.world = null(Store)
    t.handlers = numbers
    t.first_call = usize(0)  # there are no stubs
    status = caught(run, t, m, index, engine.is_metered)
    t.handlers = engine.handlers
    if status != 0:
        keep_translator(engine, t)
        raise_again(status)
    return address(t)
