"""What the translator's buffers hold of one function: instructions, labels, blocks, locals, costs."""

from typing import Annotated, Final

from fusee.engine.isa.forms import MOST_LEAVES, PINS
from fusee.kernel.lang import Count, Inline, Ptr, struct, u8, u16, u32, u64, usize

MOST_IMMEDIATES: Final = max(4, 3 + 2 * int(PINS))  # `enter` has so many, and `return_call_indirect` four


@struct
class Ins:
    """A register instruction that may still change its destination."""

    row: u16
    slot: u16  # of the destination, if it is one
    destination: u8  # form
    sources: u8  # what `forms` are, as a signature's key has them (`isa.table`)
    immediate_count: u16
    forms: Annotated[Ptr[u8], Count(4)]  # 0 where there is no operand
    source_offset: u32  # of the Wasm instruction, in the module
    operands: Annotated[Ptr[u64], Count(MOST_LEAVES)]  # slot numbers or constant bits
    immediates: Annotated[Ptr[u64], Count(MOST_IMMEDIATES)]
    label: usize  # `Label`, or 0


@struct
class Label:
    """A place in the code that branches name; `offset` is 0 until it is bound."""

    offset: u32
    fixups: u32  # number plus one of the newest `Fixup` that waits for it; of a bound one perhaps `LOOP_POINTER`


@struct
class Fixup:
    """A field that holds a code address (base 0) or a displacement from `base`."""

    at: u32
    base: u32
    target: u32
    next: u32  # number plus one of the next that waits for the same label


@struct
class Frame:
    """A structured control instruction (spec 3.3.8) that is open here. Millions may be, so it has no byte too many."""

    block_type: u32  # as `read_block_type` gives it
    height: u32  # of the stack below its parameters
    label: Inline[Label]
    otherwise: Inline[Label]  # of an `if`, until its `else`
    moves: u32  # number plus one of the newest `Moves` of a branch to the label
    opcode: u16


@struct
class Try:
    """What is known of a `try_table` or `try`, beside its frame."""

    depth: u32  # the number of the frame
    start: u32  # offset of the code that it covers
    end: u32  # a `try`, in its clauses: where that ends
    clauses: u32  # a `try_table`: where its clauses are in the source; a `try`: the number of the open one
    slot: u32  # a `try`, in its clauses: where the exception is kept if something rethrows it


@struct
class Charge:
    """Of an open block in metered code, beside its frame."""

    at: u32  # where the cost is written of the stretch that the block begins in; 0: in none; 1: it has not begun yet
    lowest: u32  # the least number of a frame that something inside of the block may leave it for
    head: u32  # a loop that begins with a `tick`: where its cost is written; an `if`: its `Payment`; else 0
    behind: u32  # of such a loop: the cell behind that
    payments: u32  # number plus one of the newest `Payment` of a branch to its end
    users: u32  # how many branches go to its label


@struct
class Payment:
    """A branch in metered code, and who may pay for what is behind it; or a stretch."""

    kind: u32
    payer: u32  # where the cost is written of the stretch that ends with it
    paid: u32  # and of the stretch that begins where it leads; 0: none
    other: u32  # and of the one that begins if it is not taken; 0: none that only this leads to
    fixup: u32  # the number of its label field
    next: u32  # number plus one of another one to the same place


@struct
class Moves:
    """Code that moves the values of a branch to where a frame's label expects them, and goes there."""

    label: Inline[Label]
    height: u32  # of the stack where the branch is


@struct
class Local:
    """What is known about one local. It is known by its slot."""

    type: u8
    pin: u8  # form, or 0 if it has none
    form: u8  # where it is read: its pin while that holds the current value, else its slot
    is_written: bool
    in_slot: bool  # its slot does
    uses: u32  # reads and writes, those in loops weighted
    waiting: u32  # LOCAL values that are not consumed yet
    last_access: u32  # number of the last instruction that read or wrote it


@struct
class LocalRun:
    """Consecutive locals of one type."""

    end: u32
    type: u32
    slot: u32  # of the first one
