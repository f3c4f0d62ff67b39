"""What leads interpreted code to native code (`docs/native.md`), and what is learnt of guests that shall get some."""

from typing import Annotated, Final

from fusee.engine.state.code import MOST_PINS
from fusee.kernel.lang import Count, Ptr, struct, u32, u64, usize

SAMPLED_NATIVE: Final = u64(0xFFFF_FFFF_FFFF_FFFF)  # in the place of where a guest has paused: in native code


@struct
class NativeCell:
    """The only cell of a function that has native code."""

    handler: usize
    entry: usize  # a `handlers.native.Entry` for the function's type
    code: usize


@struct
class Resume:
    """A loop of a translated function, in whose first cell `resume_natively` stands; native code goes on there."""

    is_old: u32  # there is newer code for this loop, which guests go on in; first, where native code looks
    next: usize  # the module's other ones
    cell: usize
    entry: usize  # an `Entry`, which takes the function's locals and operands from where they are in its frame
    slots: u32  # of the frame: behind it that code has what it keeps on the guest's stack
    int_pins: u32
    float_pins: u32
    wide_pins: u32  # a mask of the float pins that hold vectors
    pins: Annotated[Ptr[u32], Count(2 * MOST_PINS)]  # slots of the pinned locals, integers first


@struct
class Tiering:
    """What whoever gives functions native code while they run learns of guests (`docs/tiering.md`)."""

    is_asleep: u32  # nobody looks: a guest that begins to run calls `wake`, which executes no Python code in its thread
    is_due: u32  # a guest that begins to run shall pause soon: none has been met that ran
    wake: usize
    sampled: u64  # where a guest has paused: the function's index above the offset in its code; or `SAMPLED_NATIVE`
    sampled_module: usize
    turn: u32  # a number that is random enough: in which order cells are replaced (`runtime.heads`)
