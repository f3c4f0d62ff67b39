"""Plain forms (`validate.plain`) of blocks, branches and calls."""

from fusee.engine.decode.reader import number_at
from fusee.engine.present import HAS_EXCEPTIONS
from fusee.engine.validate.control import block_results, innermost, label_types, open_at
from fusee.engine.validate.plain import SIZE_SHIFT, State, has, has_i32
from fusee.engine.validate.state import (
    HEIGHT_MASK,
    KIND_CATCH,
    KIND_IF,
    KIND_MASK,
    KIND_SHIFT,
    UNREACHABLE,
    Validator,
    are_same,
)  # fmt: skip
from fusee.kernel.lang import Ptr, Static, diff, kernel, likely, u32, unlikely
from fusee.spec.types import EMPTY_BLOCK


@kernel(inline=True)
def open_block(s: State, v: Validator, entry: u32) -> bool:
    """A block, loop or `if`, as the entry says, without parameters and results."""
    kind = (entry >> SIZE_SHIFT) << KIND_SHIFT
    if unlikely(u32(s.at[1]) != EMPTY_BLOCK or v.control_count == v.control_capacity):
        return False
    if kind == KIND_IF:
        if not has_i32(s):
            return False
        s.top -= 1
    open_at(v, u32(diff(s.top, v.operands)), kind, u32(EMPTY_BLOCK))
    s.floor = s.top
    s.at += 2
    return True


@kernel(inline=True)
def fits(s: State, count: u32, types: Ptr[u32], above: Static[int]) -> bool:
    """Whether the operands below `above` others are `types`; only one is plain, or none."""
    if likely(count == 0):
        return True
    return count == 1 and has(s, u32(1 + above)) and likely((s.top - 1 - above)[0] == types[0])


@kernel(inline=True)
def close_block(s: State, v: Validator, entry: u32) -> bool:
    """The results stay where they are. Locals that have to be unset again are not plain, nor are clauses that end."""
    control = innermost(v)
    count, types = block_results(v, control)
    if unlikely(u32(diff(s.top, s.floor)) != count or v.set_count != control.set_count or not fits(s, count, types, 0)):
        return False
    kind = control.state & KIND_MASK
    if unlikely((HAS_EXCEPTIONS and kind >= KIND_CATCH) or (kind == KIND_IF and control.block_type != EMPTY_BLOCK)):
        return False
    if likely(v.control_count != 1):
        s.floor = v.operands + (v.controls[v.control_count - 2].state & HEIGHT_MASK)
    elif s.at + 1 != v.reader.source + v.reader.end:
        return False
    v.control_count -= 1
    s.at += 1
    return True


@kernel(inline=True)
def reaches(s: State, v: Validator, label: u32, above: Static[int]) -> bool:
    """Whether there is such a label, and the operands below `above` others are what it takes."""
    if unlikely(label >= v.control_count):
        return False
    count, types = label_types(v, v.controls[v.control_count - 1 - label])
    return fits(s, count, types, above)


@kernel(inline=True)
def end_here(s: State, v: Validator, size: u32) -> bool:
    """What follows in this block is never executed."""
    s.top = s.floor
    innermost(v).state |= UNREACHABLE
    s.at += size
    return True


@kernel(inline=True)
def branch(s: State, v: Validator, entry: u32) -> bool:
    """`return`, too, which is one byte: it is to the outermost block."""
    size = entry >> SIZE_SHIFT
    label = v.control_count - 1 if size == 1 else u32(s.at[1])
    return likely(label < 0x80 or size == 1) and reaches(s, v, label, 0) and end_here(s, v, size)


@kernel(inline=True)
def reach_nothing(s: State, v: Validator, entry: u32) -> bool:
    return end_here(s, v, u32(1))


@kernel(inline=True)
def branch_if(s: State, v: Validator, entry: u32) -> bool:
    label = u32(s.at[1])
    if unlikely(label >= 0x80 or not has_i32(s) or not reaches(s, v, label, 1)):
        return False
    s.top -= 1
    s.at += 2
    return True


@kernel(inline=True)
def call_function(s: State, v: Validator, entry: u32) -> bool:
    """Of a function with one result at most."""
    index, size = number_at(s.at, u32(1))
    if unlikely(index >= v.module.func_count):
        return False
    t = v.module.types[v.module.func_types[index]]
    if not has(s, t.param_count):
        return False
    operands = s.top - t.param_count
    if unlikely(not are_same(operands, t.param_count, t.params)):
        return False
    if t.result_count != 0:
        if unlikely(t.result_count != 1 or operands == s.highest):
            return False
        operands[0] = t.results[0]
    s.top = operands + t.result_count
    s.at += size
    return True
