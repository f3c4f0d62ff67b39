"""What instructions on i31 references compute (spec 4.6.5)."""

from fusee.engine.errors import Trap
from fusee.engine.state.runtime import TAG_I31
from fusee.kernel.lang import i32, kernel, u32, u64, unlikely
from fusee.spec.traps import TrapCode


@kernel(inline=True)
def ref_i31(value: u32) -> u64:
    """The reference that holds a number's 31 lowest bits."""
    return u64(value << 1 | TAG_I31)


@kernel(inline=True)
def i31_get_s(reference: u64) -> u32:
    """The number in a reference, its 31 bits extended by the highest."""
    if unlikely(reference == 0):
        raise Trap(TrapCode.NULL_I31, 0)
    return u32(i32(u32(reference)) >> 1)


@kernel(inline=True)
def i31_get_u(reference: u64) -> u32:
    """The same, extended by zero."""
    if unlikely(reference == 0):
        raise Trap(TrapCode.NULL_I31, 0)
    return u32(reference) >> 1
