"""Most instructions as most code has them, validated in registers: forms of those that need no block.

An instruction is *plain* if its integers are short and its operands are there, of the very types that it wants. All
others are left to their rules, and so is everything that is wrong: nothing here refuses a module. A form that returns
False has changed nothing. What an instruction of fixed signature does comes from its row here, too: it is in its entry.

The last byte of the body is known to be `end` (spec 5.4.9), which ends every integer, so none reaches behind the body.
That all is as it should be is what the compiler is told to expect: else it computes where the next instruction is
from the comparison of types, and the processor has to wait for these before it can look at it.
"""

from typing import Final

from fusee.engine.decode.reader import SHORT_BYTES, behind_number, fits_s32, number_at
from fusee.engine.state.module import REF, VAL_I32
from fusee.engine.validate.state import BOTTOM, Validator
from fusee.kernel.lang import Ptr, Static, diff, kernel, likely, registers, u8, u16, u32, unlikely, usize


@registers
class State:
    """What changes of a `Validator`, as addresses, and what all forms need."""

    at: Ptr[u8]  # the instruction at hand
    top: Ptr[u32]  # behind the operands
    floor: Ptr[u32]
    highest: Ptr[u32]  # where `top` has been, and so may be again
    end: Ptr[u8]  # of the body
    validator: Validator
    entries: Ptr[u16]  # `validate.threaded.ENTRIES`
    handlers: Ptr[usize]  # `validate.threaded.HANDLERS`


# What an entry says
OPERAND_SHIFT: Final = 0  # the type of the operands that are no address
RESULT_SHIFT: Final = 7
TYPE_MASK: Final = 0x7F
# How many operands; how many times four bytes an integer has at most; log2 of what is accessed; what a block is; how
# many bytes a branch is
SIZE_SHIFT: Final = 14


@kernel(inline=True)
def operand_type(entry: u32) -> u32:
    return entry >> OPERAND_SHIFT & TYPE_MASK


@kernel(inline=True)
def result_type(entry: u32) -> u32:
    return entry >> RESULT_SHIFT & TYPE_MASK


@kernel(inline=True)
def most_bytes(entry: u32) -> u32:
    """Of an instruction with a constant."""
    return (entry >> SIZE_SHIFT) * SHORT_BYTES + 1


@kernel(inline=True)
def push_plain(s: State, v: Validator, value_type: u32) -> bool:
    if unlikely(s.top == s.highest):
        if s.top == v.operands + v.capacity:
            return False
        s.highest = s.top + 1
    s.top[0] = value_type
    s.top += 1
    return True


@kernel(inline=True)
def has(s: State, count: u32) -> bool:
    """Whether there are so many operands."""
    return likely(u32(diff(s.top, s.floor)) >= count)


@kernel(inline=True)
def get_local(s: State, v: Validator, entry: u32) -> bool:
    value_type = v.near[s.at[1]]
    if unlikely(value_type == BOTTOM) or not push_plain(s, v, value_type):
        return False
    s.at += 2
    return True


@kernel(inline=True)
def set_local(s: State, v: Validator, entry: u32) -> bool:
    """Or `local.tee`, which pops nothing."""
    value_type = v.near[s.at[1]]
    if unlikely(value_type == BOTTOM) or not has(s, u32(1)) or unlikely((s.top - 1)[0] != value_type):
        return False
    s.top -= entry >> SIZE_SHIFT
    s.at += 2
    return True


@kernel(inline=True)
def get_global(s: State, v: Validator, entry: u32) -> bool:
    index, size = number_at(s.at, u32(1))
    if unlikely(index >= v.visible_globals):
        return False
    if not push_plain(s, v, v.module.globals[index].value_type):
        return False
    s.at += size
    return True


@kernel(inline=True)
def set_global(s: State, v: Validator, entry: u32) -> bool:
    index, size = number_at(s.at, u32(1))
    if unlikely(index >= v.visible_globals) or not has(s, u32(1)):
        return False
    g = v.module.globals[index]
    if unlikely(not g.is_mutable or (s.top - 1)[0] != g.value_type):
        return False
    s.top -= 1
    s.at += size
    return True


@kernel(inline=True)
def push_integer(s: State, v: Validator, entry: u32) -> bool:
    size = u32(2)
    if s.at[1] >= 0x80:
        size = behind_number(s.at, size)
        most = most_bytes(entry)
        if unlikely(size > most) and not (most == 1 + SHORT_BYTES and size == 6 and fits_s32(s.at[5])):
            return False
    if not push_plain(s, v, result_type(entry)):
        return False
    s.at += size
    return True


@kernel(inline=True)
def push_float(s: State, v: Validator, entry: u32) -> bool:
    size = most_bytes(entry)
    left = v.reader.end - u32(diff(s.at, v.reader.source))
    if unlikely(size > left) or not push_plain(s, v, result_type(entry)):
        return False
    s.at += size
    return True


@kernel(inline=True)
def compute(s: State, v: Validator, entry: u32) -> bool:
    """One or two operands of one type, and a result."""
    lowest = s.top - (entry >> SIZE_SHIFT)
    if unlikely(lowest < s.floor or (s.top - 1)[0] != operand_type(entry) or lowest[0] != operand_type(entry)):
        return False
    lowest[0] = result_type(entry)
    s.top = lowest + 1
    s.at += 1
    return True


@kernel(inline=True)
def access_memory(s: State, v: Validator, entry: u32, above: Static[int]) -> bool:
    """Of the first memory, at an address below `above` others. What becomes of these is left to whoever calls this."""
    if unlikely(s.at[1] > entry >> SIZE_SHIFT) or not has(s, u32(1 + above)):
        return False
    size = u32(3)
    if s.at[2] >= 0x80:
        size = behind_number(s.at, size)
        if unlikely(size > 2 + SHORT_BYTES):
            return False
    if unlikely((s.top - 1 - above)[0] != v.address_type_0):
        return False
    s.at += size
    return True


@kernel(inline=True)
def load_memory(s: State, v: Validator, entry: u32) -> bool:
    if not access_memory(s, v, entry, 0):
        return False
    (s.top - 1)[0] = result_type(entry)
    return True


@kernel(inline=True)
def store_memory(s: State, v: Validator, entry: u32) -> bool:
    if not has(s, u32(1)) or unlikely((s.top - 1)[0] != operand_type(entry)) or not access_memory(s, v, entry, 1):
        return False
    s.top -= 2
    return True


@kernel(inline=True)
def has_i32(s: State) -> bool:
    return has(s, u32(1)) and likely((s.top - 1)[0] == VAL_I32)


@kernel(inline=True)
def drop(s: State, v: Validator, entry: u32) -> bool:
    if not has(s, u32(1)):
        return False
    s.top -= 1
    s.at += 1
    return True


@kernel(inline=True)
def select_one(s: State, v: Validator, entry: u32) -> bool:
    if not has(s, u32(3)) or unlikely((s.top - 1)[0] != VAL_I32):
        return False
    if unlikely((s.top - 2)[0] != (s.top - 3)[0] or (s.top - 2)[0] & REF != 0):
        return False
    s.top -= 2
    s.at += 1
    return True
