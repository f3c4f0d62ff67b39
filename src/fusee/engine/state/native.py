"""What leads interpreted code to native code (`docs/native.md`)."""

from typing import Annotated

from fusee.engine.state.code import MOST_PINS
from fusee.kernel.lang import Count, Ptr, struct, u32, usize


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
