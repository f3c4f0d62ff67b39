"""Most instructions as most code has them, validated in registers.

An instruction is *plain* here if its integers are short and its operands are there, of the very types that it wants.
All others are left to their rules, and so is everything that is wrong: nothing here refuses a module. A form that
returns False has changed nothing. What an instruction of fixed signature does comes from its row here, too.

The last byte of the body is known to be `end` (spec 5.4.9), which ends every integer, so none reaches behind the body.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fusee.engine.decode.optables import VALUE_CODES
from fusee.engine.decode.reader import SHORT_BYTES, behind_number, fits_s32, number_at
from fusee.engine.present import HAS_EXCEPTIONS
from fusee.engine.state.module import REF, VAL_I32
from fusee.engine.validate.control import block_results, innermost, label_types, open_at
from fusee.engine.validate.state import (
    BOTTOM,
    HEIGHT_MASK,
    KIND_BLOCK,
    KIND_CATCH,
    KIND_IF,
    KIND_LOOP,
    KIND_MASK,
    UNREACHABLE,
    Validator,
    are_same,
)  # fmt: skip
from fusee.kernel.lang import (
    Ptr,
    Static,
    diff,
    kernel,
    likely,
    maximum,
    minimum,
    registers,
    table,
    u8,
    u16,
    u32,
    unlikely,
    unroll,
)
from fusee.spec import opcodes
from fusee.spec.op import BY_INDEX, Imm, Op
from fusee.spec.types import EMPTY_BLOCK


@registers
class State:
    """What changes of a `Validator`, as addresses."""

    at: Ptr[u8]  # the instruction at hand
    top: Ptr[u32]  # behind the operands
    floor: Ptr[u32]
    highest: Ptr[u32]  # where `top` has been, and so may be again


# What an entry of `PLAIN` says
OPERAND_SHIFT: Final = 0  # the type of the operands that are no address
RESULT_SHIFT: Final = 7
TYPE_MASK: Final = 0x7F
SIZE_SHIFT: Final = 14  # how many operands; how many times four bytes an integer has at most; log2 of what is accessed


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
def assign_local(s: State, v: Validator, pops: Static[int]) -> bool:
    """`pops` is 1 for `local.set` and 0 for `local.tee`."""
    value_type = v.near[s.at[1]]
    if unlikely(value_type == BOTTOM) or not has(s, u32(1)) or (s.top - 1)[0] != value_type:
        return False
    s.top -= pops
    s.at += 2
    return True


@kernel(inline=True)
def set_local(s: State, v: Validator, entry: u32) -> bool:
    return assign_local(s, v, 1)


@kernel(inline=True)
def tee_local(s: State, v: Validator, entry: u32) -> bool:
    return assign_local(s, v, 0)


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
    if not g.is_mutable or (s.top - 1)[0] != g.value_type:
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
    """One or two operands of one type, and a result. No operand has the type in the entry of anything else."""
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
    if (s.top - 1 - above)[0] != v.address_type_0:
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
    if not has(s, u32(1)) or (s.top - 1)[0] != operand_type(entry) or not access_memory(s, v, entry, 1):
        return False
    s.top -= 2
    return True


@kernel(inline=True)
def has_i32(s: State) -> bool:
    return has(s, u32(1)) and (s.top - 1)[0] == VAL_I32


@kernel(inline=True)
def open_plain(s: State, v: Validator, kind: u32) -> bool:
    """Only blocks without parameters and results."""
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
def open_block(s: State, v: Validator, entry: u32) -> bool:
    return open_plain(s, v, KIND_BLOCK)


@kernel(inline=True)
def open_loop(s: State, v: Validator, entry: u32) -> bool:
    return open_plain(s, v, KIND_LOOP)


@kernel(inline=True)
def open_if(s: State, v: Validator, entry: u32) -> bool:
    return open_plain(s, v, KIND_IF)


@kernel(inline=True)
def fits(s: State, count: u32, types: Ptr[u32], above: Static[int]) -> bool:
    """Whether the operands below `above` others are `types`; only one is plain, or none."""
    if likely(count == 0):
        return True
    return count == 1 and has(s, u32(1 + above)) and (s.top - 1 - above)[0] == types[0]


@kernel(inline=True)
def close_block(s: State, v: Validator, entry: u32) -> bool:
    """The results stay where they are. Locals that have to be unset again are not plain, nor are clauses that end."""
    control = innermost(v)
    count, types = block_results(v, control)
    if u32(diff(s.top, s.floor)) != count or v.set_count != control.set_count or not fits(s, count, types, 0):
        return False
    kind = control.state & KIND_MASK
    if (HAS_EXCEPTIONS and kind >= KIND_CATCH) or (kind == KIND_IF and control.block_type != EMPTY_BLOCK):
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
    label = u32(s.at[1])
    return label < 0x80 and reaches(s, v, label, 0) and end_here(s, v, u32(2))


@kernel(inline=True)
def return_from(s: State, v: Validator, entry: u32) -> bool:
    return reaches(s, v, v.control_count - 1, 0) and end_here(s, v, u32(1))


@kernel(inline=True)
def reach_nothing(s: State, v: Validator, entry: u32) -> bool:
    return end_here(s, v, u32(1))


@kernel(inline=True)
def branch_if(s: State, v: Validator, entry: u32) -> bool:
    label = u32(s.at[1])
    if label >= 0x80 or not has_i32(s) or not reaches(s, v, label, 1):
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
    if not are_same(operands, t.param_count, t.params):
        return False
    if t.result_count != 0:
        if t.result_count != 1 or operands == s.highest:
            return False
        operands[0] = t.results[0]
    s.top = operands + t.result_count
    s.at += size
    return True


@kernel(inline=True)
def decline(s: State, v: Validator, entry: u32) -> bool:
    """What is never plain."""
    return False


@kernel(inline=True)
def drop(s: State, v: Validator, entry: u32) -> bool:
    if not has(s, u32(1)):
        return False
    s.top -= 1
    s.at += 1
    return True


@kernel(inline=True)
def select_one(s: State, v: Validator, entry: u32) -> bool:
    if not has(s, u32(3)) or (s.top - 1)[0] != VAL_I32:
        return False
    if (s.top - 2)[0] != (s.top - 3)[0] or (s.top - 2)[0] & REF != 0:
        return False
    s.top -= 2
    s.at += 1
    return True


Apply = Callable[[State, Validator, u32], bool]

OWN: Final[dict[Op, Apply]] = {
    opcodes.LOCAL_GET: get_local, opcodes.LOCAL_SET: set_local, opcodes.LOCAL_TEE: tee_local,
    opcodes.BLOCK: open_block, opcodes.LOOP: open_loop, opcodes.IF: open_if, opcodes.END: close_block,
    opcodes.BR: branch, opcodes.BR_IF: branch_if, opcodes.RETURN: return_from, opcodes.UNREACHABLE: reach_nothing,
    opcodes.CALL: call_function, opcodes.DROP: drop, opcodes.SELECT: select_one,
    opcodes.GLOBAL_GET: get_global, opcodes.GLOBAL_SET: set_global,
}  # fmt: skip
CONSTANTS: Final[dict[Imm, tuple[Apply, int]]] = {
    Imm.I32: (push_integer, 1), Imm.I64: (push_integer, 2), Imm.F32: (push_float, 1), Imm.F64: (push_float, 2)
}  # fmt: skip

# How bytes are told apart: below are `OWN` and accesses of memory, then come integers, floats, and what is computed
INTEGERS: Final = opcodes.I32_CONST.index
FLOATS: Final = opcodes.F32_CONST.index
COMPUTED: Final = opcodes.I32_EQZ.index
NO_TYPE: Final = 1  # of no operand
NOT_PLAIN: Final = NO_TYPE << OPERAND_SHIFT | 1 << SIZE_SHIFT


def _shape(op: Op) -> tuple[Apply, int]:
    """The form of an instruction, and the size in its entry."""
    if op.params is None:
        return OWN.get(op, decline), 0
    if op.immediates == (Imm.MEMARG,):
        return (load_memory if op.results else store_memory), op.width.bit_length() - 1
    if op.immediates:
        return CONSTANTS.get(op.immediates[0], (decline, 0))
    count = len(op.params)
    is_computed = op.index >= COMPUTED and len(set(op.params)) == 1 and count <= 2 and len(op.results or ()) == 1
    return (compute, count) if is_computed else (decline, 0)


def _plain(index: int) -> tuple[Apply, int]:
    """The form of what one byte stands for, and its entry in `PLAIN`. What can be switched off is not plain."""
    op = BY_INDEX.get(index)
    apply, size = (decline, 0) if op is None or op.feature or op.unsupported else _shape(op)
    if op is None or apply is decline:
        return decline, NOT_PLAIN
    operand, result = (VALUE_CODES[types[-1]] if types else NO_TYPE for types in (op.params, op.results))
    return apply, operand << OPERAND_SHIFT | result << RESULT_SHIFT | size << SIZE_SHIFT


SHAPES: Final = [_plain(index) for index in range(0x100)]
PLAIN: Final = table(u16, [entry for _, entry in SHAPES])
"""By byte."""


@dataclass(frozen=True)
class Form:
    """How instructions below `INTEGERS` are validated if they are plain."""

    apply: Apply
    bytes: list[int]


FORMS: Final = [
    Form(apply, [index for index in range(INTEGERS) if SHAPES[index][0] is apply])
    for apply in dict.fromkeys(apply for apply, _ in SHAPES[:INTEGERS])
]


@kernel
def skip_number(v: Validator, expected: u32, last: u32) -> bool:
    """Step over a constant expression that is one integer of the right type, unless it is so long as to be wrong."""
    at = v.reader.source + v.reader.position
    kind = u32(at[0]) - opcodes.I32_CONST.index  # then `i64.const`; its type is one less
    if kind > 1 or expected != VAL_I32 - kind:
        return False
    size = behind_number(at, u32(1))
    if size > (1 + kind) * SHORT_BYTES + 1 or at[size] != opcodes.END.index or v.reader.position + size >= last:
        return False
    v.reader.position += size + 1
    return True


@kernel
def validate_plain(v: Validator) -> None:
    """Validate instructions up to one that is not plain, or the end of the body."""
    source = v.reader.source
    s = State()
    s.at = source + v.reader.position
    s.top = v.operands + v.height
    s.floor = v.operands + v.floor
    s.highest = v.operands + minimum(v.max_height, v.capacity)  # what is caught may come higher than there is room
    end = source + v.reader.end
    plain = v.plain
    while likely(s.at < end) and step(s, v, u32(s.at[0]), u32(plain[s.at[0]])):
        pass
    v.reader.position = u32(diff(s.at, source))
    v.height = u32(diff(s.top, v.operands))
    v.floor = u32(diff(s.floor, v.operands))
    v.max_height = maximum(v.max_height, u32(diff(s.highest, v.operands)))


@kernel(inline=True)
def step(s: State, v: Validator, byte: u32, entry: u32) -> bool:
    """Branches for what most code is made of, which processors foresee better than the jump through a table."""
    if byte == opcodes.LOCAL_GET.index:
        return get_local(s, v, entry)
    if byte >= FLOATS:
        return compute(s, v, entry) or (byte < COMPUTED and push_float(s, v, entry))
    for form in unroll(FORMS):
        if is_among(byte, form.bytes):
            return form.apply(s, v, entry)
    return push_integer(s, v, entry)


@kernel(inline=True)
def is_among(byte: u32, values: Static[list[int]]) -> bool:
    for value in unroll(values):
        if byte == value:
            return True
    return False
