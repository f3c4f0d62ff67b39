"""What is learnt of guests that shall get native code while they run."""

from typing import Final

from fusee.kernel.lang import struct, u32, u64, usize

SAMPLED_NATIVE: Final = u64(0xFFFF_FFFF_FFFF_FFFF)  # in the place of where a guest has paused: in native code


@struct
class Tiering:
    """What whoever gives functions native code while they run learns of guests (`docs/tiering.md`)."""

    is_asleep: u32  # nobody looks: a guest that begins to run calls `wake`, which executes no Python code in its thread
    is_due: u32  # a guest that begins to run shall pause soon: none has been met that ran
    wake: usize
    sampled: u64  # where a guest has paused: the function's index above the offset in its code; or `SAMPLED_NATIVE`
    sampled_module: usize
    turn: u32  # a number that is random enough: in which order cells are replaced (`runtime.heads`)
