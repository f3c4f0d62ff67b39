"""What the translator knows while it works on one function.

Wasm's operand stack is symbolic: an entry is a `Value`, of which code exists only once somebody
needs it. Every value is consumed exactly once, so it may own a place: the value at stack position
p owns *canonical slot* p (after the locals) while it lives in a slot or in the accumulator.
"""

from typing import Annotated, Final

from fusee.engine.arena import Buffer
from fusee.engine.decode.reader import Reader
from fusee.engine.isa.forms import MOST_LEAVES
from fusee.engine.present import HAS_VECTORS
from fusee.engine.state.code import MOST_PINS, Clause
from fusee.engine.state.module import Module
from fusee.engine.state.platform import Platform
from fusee.engine.state.runtime import Store
from fusee.engine.translate.records import Charge, Fixup, Frame, Ins, Label, Local, LocalRun, Moves, Payment, Try
from fusee.kernel.lang import Count, Inline, Ptr, kernel, struct, u8, u16, u32, u64, usize

# Kinds of values
LOCAL: Final = u8(0)  # what the local `payload` holds; read when consumed
SLOTTED: Final = u8(1)  # in slot `payload`
IN_ACC: Final = u8(2)  # in the accumulator of its bank: `producer` put it there; or in slot `payload` minus one as well
CONSTANT: Final = u8(3)  # `payload` holds the bits, of a vector where they are in the source
PENDING: Final = u8(4)  # a pure instruction not emitted yet: `row` on `operands`
COMPARE: Final = u8(5)  # a comparison not emitted yet: `row` is a comparison code of values of the type `compared`

INS_CAPACITY: Final = 256  # instructions are encoded at the latest when so many wait
MOST_HOISTED: Final = 16  # constants of a function that are kept in locals
TEMPORARIES: Final = u32(3)  # slots for operands that an instruction cannot take where they are

VALUES_EACH: Final = 1 + MOST_LEAVES
"""An entry of the stack is one value, and while it waits it has its operands, none of which waits itself. What was
popped for the instruction at hand counts as the entries that it was."""

FURTHER_VALUES: Final = 8
"""Values that are made before the entries that they stand for are given back: a result; the inner node of a tree that
is taken apart; the comparison and the zero of a condition; the comparison, the reference and the null of
`br_on_null`."""

NO_VALUE: Final = u32(0xFFFF_FFFF)
NO_INS: Final = u32(0xFFFF_FFFF)
LOOP_POINTER: Final = u32(0xFFFF_FFFF)
PAID_LOOP_POINTER: Final = u32(0xFFFF_FFFE)  # what has that is the cell behind the `tick` to which it points
PAYING_LOOP_POINTER: Final = u32(0xFFFF_FFFD)  # a branch to what has that does what the `tick` there would
FRAME_POINTER: Final = u32(0xFFFF_FFFC)  # what has that is the loop that the frame names

# Types as the translator sees them: references are I64.
I32: Final = u8(0)
I64: Final = u8(1)
F32: Final = u8(2)
F64: Final = u8(3)
V128: Final = u8(4)


@kernel(inline=True)
def type_code(value_type: u32) -> u8:
    """A value type as the translator sees it: i32, i64, f32, f64, v128 are 0x7F down to 0x7B."""
    if value_type > 0x7F:
        return I64
    return u8(0x7F - value_type)


@kernel(inline=True)
def is_vector(type_: u8) -> bool:
    """Whether a value is a vector; in an engine without them none is."""
    return HAS_VECTORS and type_ == V128


@struct
class Value:
    kind: u8
    type: u8
    row: u16
    position: u32  # on the stack, when it was pushed
    payload: u64
    producer: u32  # number of the instruction that put it into the accumulator
    operand_count: u32
    operands: Annotated[Ptr[u32], Count(MOST_LEAVES)]  # values
    compared: u8


@struct
class Translator:
    """Buffers that are kept from function to function, and the state of the current one."""

    platform: Platform
    handlers: Ptr[usize]
    module: Module
    reader: Inline[Reader]
    is_metered: bool
    is_timed: bool
    is_profiled: bool
    is_relaxed: bool
    # the function
    index: u32
    param_count: u32
    params: Ptr[u32]
    spread: u32  # 1 where there are vectors: each height of the stack has two slots, else 0
    param_slots: u32
    local_slots: u32  # with parameters, and what else is kept as if it were a local
    has_wide_locals: bool
    homes: Ptr[u32]  # where there may be vectors: by parameter, its slot
    result_count: u32
    result_slots: u32
    result_types: Ptr[u32]
    max_height: u32  # of the stack: what validation found, and one for the zero that `eqz` compares with
    has_loops: bool
    has_calls: bool
    loop_number: u32  # of the next `loop` met
    int_pins: u32
    float_pins: u32
    pins: Annotated[Ptr[u32], Count(2 * MOST_PINS)]  # locals by register: integer pins, then float pins
    has_wide_pins: bool
    temporaries: u32  # first of the slots for `TEMPORARIES` operands
    out: u32  # slot of a callee's slot 0
    out_count: u32  # slots of results of the latest call that may still be there
    out_barrier: u32  # number of the latest instruction that used the slots from `out` on
    passed: u32  # arguments and results of calls and blocks so far
    passed_limit: u32
    frame_slots: u32  # what the frame needs at most
    has_enter: bool
    enter_offset: u32  # of the `enter` cell, whose immediate is known at the end
    # the symbolic stack
    locals: Ptr[Local]  # all zero but those in `used`
    used: Ptr[u32]  # the locals that the function mentions
    used_count: u32
    runs: Ptr[LocalRun]  # what its declarations say
    run_count: u32
    stack: Ptr[u32]  # value numbers
    height: u32
    settled: u32  # entries below it are in their canonical slots
    values: Ptr[Value]
    value_count: u32
    free_value: u32
    owners: Ptr[u32]  # by height of the stack, then by `out` slot: the value that lives there, plus one
    acc: u32  # value in `acc` / `facc`, or NO_VALUE
    facc: u32
    frames: Ptr[Frame]
    depth: u32
    most_depth: u32
    moves: Ptr[Moves]
    moves_count: u32
    around: Inline[Label]  # behind the code being emitted
    inner: Inline[Label]  # the quiet loop for which the loop pointer has been set, until it is met (`nesting`)
    # the code
    ins: Ptr[Ins]
    ins_count: u32
    first_ins: u32  # number of `ins[0]`, counted from the function's start
    source_offset: u32
    code: Ptr[u8]
    code_bytes: u32
    code_limit: u32
    last_cell: u32  # where the latest cell is, or 0, and the number of its own handler
    last_handler: u32
    bound: u32  # where the latest label is
    fixups: Ptr[Fixup]
    fixup_count: u32
    leaves: Annotated[Ptr[u32], Count(MOST_LEAVES)]  # operands of the instruction at hand, inner nodes dissolved
    # metering
    charges: Ptr[Charge]  # by number of the frame
    charge_at: u32  # where the cost of the stretch at hand will be written; 0: there is none yet
    cost: u32  # of that stretch so far
    is_due: bool  # a stretch begins with the next instruction that costs something
    newest_loop: u32  # number of the frame
    behind: Inline[Label]  # the cell behind a loop's first `tick`
    payments: Ptr[Payment]
    payment_count: u32
    arriving: u32  # number plus one of a payment of a branch to this very place, where a stretch may begin
    users: u32  # how many branches lead here, and one more if it is come to without
    choice: u32  # number plus one of the payment of a branch on a condition, if this is where that is not taken
    has_tries: bool  # a `try` or `try_table` has begun
    # stopping and pausing
    world: Store  # of the guest for which this is done, or null
    attention: u32  # the offset in the source from which on each instruction gets some
    look_source: u32  # and the one where somebody must look whether the guest shall stop
    look_code: u32  # likewise: of the code
    # constants of loops that are kept in locals: `hoist`
    hoisted_count: u32
    hoisted_first: u32  # of the outermost loop at hand
    hoisted_slots: u32  # where the first one is
    hoisted_bits: Annotated[Ptr[u64], Count(MOST_HOISTED)]
    hoisted_starts: Annotated[Ptr[u32], Count(MOST_HOISTED)]  # the outermost loop around it, in the source
    hoisted_ends: Annotated[Ptr[u32], Count(MOST_HOISTED)]
    # exceptions
    clauses: Ptr[Clause]  # `target` is the number of a `Fixup` until the code is complete
    clause_count: u32
    catch_slots: u32  # the first of the locals that hold what clauses of the older form may rethrow
    catch_depth: u32  # such clauses that are open
    tries: Ptr[Try]  # those that are open
    try_count: u32
    way_out: Inline[Label]  # where a caught exception's values are returned
    first_call: usize  # the handler in stubs of functions; 0: in listings
    # a memory access being read
    memory: u32
    offset: u64
    # where the cells come from: `engine.runtime.positions`
    steps: Ptr[u8]
    step_bits: u32
    stepped_code: u32  # the offsets that they have led to
    stepped_source: u32
    noted_until: u32  # cells that begin up to here have to be found, whatever they are
    # capacities
    homes_buffer: Inline[Buffer]
    locals_buffer: Inline[Buffer]
    used_buffer: Inline[Buffer]
    runs_buffer: Inline[Buffer]
    stack_buffer: Inline[Buffer]
    values_buffer: Inline[Buffer]
    owners_buffer: Inline[Buffer]
    frames_buffer: Inline[Buffer]
    ins_buffer: Inline[Buffer]
    code_buffer: Inline[Buffer]
    fixups_buffer: Inline[Buffer]
    moves_buffer: Inline[Buffer]
    steps_buffer: Inline[Buffer]
    clauses_buffer: Inline[Buffer]
    tries_buffer: Inline[Buffer]
    charges_buffer: Inline[Buffer]
    payments_buffer: Inline[Buffer]
    loops_buffer: Inline[Buffer]
    loops: Ptr[u32]  # of each loop its kind (`nesting`)
    heads_buffer: Inline[Buffer]  # of each loop: the offset of its first cell, and its own in the module
    heads: Ptr[u32]
    head_count: u32
    loop_count: u32
    # loops in the first pass: their numbers plus one; 0: none
    open_loop: u32  # the innermost open one
    newest_quiet: u32
    quiet_before: u32  # the quiet one before that
    newest_outer: u32  # the one that sets the pointer for that
    newest_framed: u32
    loops_at_call: u32  # how many there were at the latest call


@kernel(inline=True)
def spread_of(t: Translator) -> u32:
    """`Translator.spread`, which is 0 in an engine without vectors."""
    return t.spread if HAS_VECTORS else u32(0)
