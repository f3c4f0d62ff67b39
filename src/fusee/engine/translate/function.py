"""Translating a function: two linear passes over its body."""

from typing import Final

from fusee.engine.arena import new_memory
from fusee.engine.decode.instruction import BLOCK_INDEXED
from fusee.engine.errors import Exhausted, raise_again
from fusee.engine.present import HAS_EXCEPTIONS
from fusee.engine.runtime.codes import add_code, notes_bytes
from fusee.engine.runtime.holdings import Limit
from fusee.engine.state.code import CODE_START
from fusee.engine.state.module import Body, Module
from fusee.engine.state.runtime import Engine, Store
from fusee.engine.translate.analyze import analyze, choose_pins
from fusee.engine.translate.buffers import KEPT_BYTES, keep_translator, shrink, sized, take_translator
from fusee.engine.translate.clauses import clauses_bytes, clauses_start, write_clauses
from fusee.engine.translate.encode import check_code, clear_label, flush, reserve_code, resolve_fixups, thread_jumps
from fusee.engine.translate.exception import return_caught
from fusee.engine.translate.frames import FUNCTION, open_frame
from fusee.engine.translate.instruction import translate_code
from fusee.engine.translate.metering import end_stretch
from fusee.engine.translate.opening import emit_enter, lay_out_frame, open_locals
from fusee.engine.translate.pausing import copy_looking
from fusee.engine.translate.payments import settle_payments
from fusee.engine.translate.positions import begin_positions, table_bytes, write_positions
from fusee.engine.translate.records import Charge, Frame
from fusee.engine.translate.state import NO_VALUE, Translator
from fusee.kernel.lang import (
    Ptr,
    address,
    cast,
    caught,
    kernel,
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

CODE_BYTES_EACH: Final = 64
"""What a byte of WebAssembly may become. Ordinary code is about a twelfth of that; calls and branches that take along a
thousand values, which they may do in two bytes, are what it keeps from filling the memory."""

MOST_CODE_BYTES: Final = u32(1 << 20)  # of a function, and what its size allows besides
MOST_MODULE_CODE_BYTES: Final = 4 << 20  # of all functions of a module, and what its size allows besides
assert MOST_CODE_BYTES + (MAX_FUNCTION_BYTES * CODE_BYTES_EACH) < 1 << 31, "offsets in code are u32"

PASSED_EACH: Final = 16
"""How many values calls and blocks may pass for each byte of a function: mostly each takes bytes of its own."""

MOST_PASSED: Final = u32(1 << 20)  # in a function, and what its size allows besides


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
    t.module = m
    t.index = index
    t.is_metered = is_metered
    begin_function(t, m, body)
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


@kernel(inline=True)
def begin_function(t: Translator, m: Module, body: Body) -> None:
    """What both passes know of the function, and what it may take."""
    definition = m.types[body.type_index]
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


@kernel(inline=True)
def begin_code(t: Translator) -> None:
    """Nothing is on the stack, in the accumulators or in the code yet."""
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


@kernel
def translate_body(t: Translator) -> None:
    """The second pass: instructions and blocks in their order."""
    begin_code(t)
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
