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
from fusee.engine.state.module import REF, VAL_I32
from fusee.engine.validate.control import block_results, innermost, label_types, open_at
from fusee.engine.validate.state import (
    HEIGHT_MASK,
    KIND_BLOCK,
    KIND_CATCH,
    KIND_IF,
    KIND_LOOP,
    KIND_MASK,
    UNREACHABLE,
    Validator,
    are_same,
    is_defaultable,
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
    u32,
    unlikely,
    unreachable,
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


# What an entry of `PLAIN` says beside the form's number
OPERAND_SHIFT: Final = 8  # the type of the operands that are no address
RESULT_SHIFT: Final = 16
SIZE_SHIFT: Final = 24  # the most bytes of a constant; log2 of those that are accessed


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
    index = u32(s.at[1])
    if unlikely(index >= v.near_count):
        return False
    value_type = v.near[index]
    if unlikely(not is_defaultable(value_type)) or not push_plain(s, v, value_type):
        return False
    s.at += 2
    return True


@kernel(inline=True)
def assign_local(s: State, v: Validator, pops: Static[int]) -> bool:
    """`pops` is 1 for `local.set` and 0 for `local.tee`."""
    index = u32(s.at[1])
    if unlikely(index >= v.near_count) or not has(s, u32(1)):
        return False
    value_type = v.near[index]
    if unlikely(not is_defaultable(value_type)) or (s.top - 1)[0] != value_type:
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
    size = behind_number(s.at, u32(1))
    most = entry >> SIZE_SHIFT
    if unlikely(size > most) and not (most == 1 + SHORT_BYTES and size == 6 and fits_s32(s.at[5])):
        return False
    if not push_plain(s, v, entry >> RESULT_SHIFT & 0xFF):
        return False
    s.at += size
    return True


@kernel(inline=True)
def push_float(s: State, v: Validator, entry: u32) -> bool:
    size = entry >> SIZE_SHIFT
    left = v.reader.end - u32(diff(s.at, v.reader.source))
    if unlikely(size > left) or not push_plain(s, v, entry >> RESULT_SHIFT & 0xFF):
        return False
    s.at += size
    return True


@kernel(inline=True)
def compute(s: State, entry: u32, count: Static[int]) -> bool:
    """Operands of one type, and a result."""
    operand = entry >> OPERAND_SHIFT & 0xFF
    if not has(s, u32(count)):
        return False
    for i in unroll(range(count)):
        if unlikely((s.top - 1 - i)[0] != operand):
            return False
    s.top -= count - 1
    (s.top - 1)[0] = entry >> RESULT_SHIFT & 0xFF
    s.at += 1
    return True


@kernel(inline=True)
def compute_of_one(s: State, v: Validator, entry: u32) -> bool:
    return compute(s, entry, 1)


@kernel(inline=True)
def compute_of_two(s: State, v: Validator, entry: u32) -> bool:
    return compute(s, entry, 2)


@kernel(inline=True)
def behind_access(s: State, entry: u32) -> u32:
    """The size of an instruction that accesses the first memory, or 0 if it is not plain."""
    if unlikely(s.at[1] > entry >> SIZE_SHIFT):
        return u32(0)
    size = behind_number(s.at, u32(2))
    return size if likely(size <= 2 + SHORT_BYTES) else u32(0)


@kernel(inline=True)
def load_memory(s: State, v: Validator, entry: u32) -> bool:
    size = behind_access(s, entry)
    if size == 0 or not has(s, u32(1)) or (s.top - 1)[0] != v.address_type_0:
        return False
    (s.top - 1)[0] = entry >> RESULT_SHIFT & 0xFF
    s.at += size
    return True


@kernel(inline=True)
def store_memory(s: State, v: Validator, entry: u32) -> bool:
    size = behind_access(s, entry)
    if size == 0 or not has(s, u32(2)):
        return False
    if (s.top - 1)[0] != entry >> OPERAND_SHIFT & 0xFF or (s.top - 2)[0] != v.address_type_0:
        return False
    s.top -= 2
    s.at += size
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
    if kind >= KIND_CATCH or (kind == KIND_IF and control.block_type != EMPTY_BLOCK):
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


@dataclass(frozen=True)
class Form:
    """How instructions are validated if they are plain."""

    number: int
    apply: Callable[[State, Validator, u32], bool]


OWN: Final = {
    opcodes.LOCAL_GET: get_local, opcodes.LOCAL_SET: set_local, opcodes.LOCAL_TEE: tee_local,
    opcodes.BLOCK: open_block, opcodes.LOOP: open_loop, opcodes.IF: open_if, opcodes.END: close_block,
    opcodes.BR: branch, opcodes.BR_IF: branch_if, opcodes.RETURN: return_from, opcodes.UNREACHABLE: reach_nothing,
    opcodes.CALL: call_function, opcodes.DROP: drop, opcodes.SELECT: select_one,
    opcodes.GLOBAL_GET: get_global, opcodes.GLOBAL_SET: set_global,
}  # fmt: skip


def _shape(op: Op) -> tuple[Callable[[State, Validator, u32], bool] | None, int]:
    """The form of an instruction of fixed signature, and the size in its entry."""
    if op.immediates == (Imm.MEMARG,):
        return (load_memory if op.results else store_memory), op.width.bit_length() - 1
    if op.immediates:
        bytes_of = {Imm.I32: int(SHORT_BYTES) + 1, Imm.I64: 9, Imm.F32: 5, Imm.F64: 9}
        size = bytes_of.get(op.immediates[0], 0)
        return (push_float if op.immediates[0] in (Imm.F32, Imm.F64) else push_integer) if size else None, size
    if len(set(op.params or ())) != 1 or len(op.results or ()) != 1:
        return None, 0
    return {1: compute_of_one, 2: compute_of_two}.get(len(op.params or ())), 0


FORMS: Final = [Form(number, apply) for number, apply in enumerate([
    *OWN.values(), push_integer, push_float, compute_of_one, compute_of_two, load_memory, store_memory,
    decline,
])]  # fmt: skip
NOT_PLAIN: Final = FORMS[-1].number
NUMBER: Final = next(form.number for form in FORMS if form.apply is push_integer)


def _plain(index: int) -> int:
    """An entry of `PLAIN`. What can be switched off is not plain."""
    op = BY_INDEX.get(index)
    if op is None or op.feature or op.unsupported:
        return NOT_PLAIN
    apply, size = (OWN.get(op), 0) if op.params is None else _shape(op)
    number = next((form.number for form in FORMS if form.apply is apply), NOT_PLAIN)
    operand, result = (VALUE_CODES[types[-1]] if types else 0 for types in (op.params, op.results))
    return number | operand << OPERAND_SHIFT | result << RESULT_SHIFT | size << SIZE_SHIFT


PLAIN: Final = table(u32, [_plain(index) for index in range(0x100)])
"""By byte."""


@kernel
def skip_number(v: Validator, expected: u32, last: u32) -> bool:
    """Step over a constant expression that is one integer of the right type, unless it is so long as to be wrong."""
    at = v.reader.source + v.reader.position
    entry = v.plain[at[0]]
    if entry & 0xFF != NUMBER or entry >> RESULT_SHIFT & 0xFF != expected:
        return False
    size = behind_number(at, u32(1))
    if size > entry >> SIZE_SHIFT or at[size] != opcodes.END.index or v.reader.position + size >= last:
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
    while likely(s.at < end) and step(s, v, plain[s.at[0]]):
        pass
    v.reader.position = u32(diff(s.at, source))
    v.height = u32(diff(s.top, v.operands))
    v.floor = u32(diff(s.floor, v.operands))
    v.max_height = maximum(v.max_height, u32(diff(s.highest, v.operands)))


@kernel(inline=True)
def step(s: State, v: Validator, entry: u32) -> bool:
    """One jump through a table, once compiled."""
    number = entry & 0xFF
    for form in unroll(FORMS):
        if number == form.number:
            return form.apply(s, v, entry)
    unreachable()
