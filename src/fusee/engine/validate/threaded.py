"""Plain instructions one after the other: each has a handler, which jumps to the next one's.

So a processor foresees each jump by what came before it, where one loop for all has it jump from the same place.
"""

from collections.abc import Callable
from typing import Final

from fusee.engine.decode.optables import VALUE_CODES
from fusee.engine.validate.plain import (
    OPERAND_SHIFT,
    RESULT_SHIFT,
    SIZE_SHIFT,
    State,
    compute,
    drop,
    get_global,
    get_local,
    load_memory,
    push_float,
    push_integer,
    select_one,
    set_global,
    set_local,
    store_memory,
)
from fusee.engine.validate.plainblocks import (
    branch,
    branch_if,
    call_function,
    close_block,
    open_block,
    reach_nothing,
)  # fmt: skip
from fusee.engine.validate.state import KIND_BLOCK, KIND_IF, KIND_LOOP, KIND_SHIFT, Validator
from fusee.kernel.lang import (
    Fn,
    Ptr,
    Static,
    cast,
    diff,
    handler,
    instance,
    kernel,
    maximum,
    minimum,
    table,
    tail,
    u16,
    u32,
    unlikely,
    usize,
)  # fmt: skip
from fusee.spec import opcodes
from fusee.spec.op import BY_INDEX, Imm, Op

Form = Callable[[State, Validator, u32], bool]
Code = Fn[[State], None]

OWN: Final[dict[Op, Form]] = {
    opcodes.LOCAL_GET: get_local, opcodes.LOCAL_SET: set_local, opcodes.LOCAL_TEE: set_local,
    opcodes.BLOCK: open_block, opcodes.LOOP: open_block, opcodes.IF: open_block, opcodes.END: close_block,
    opcodes.BR: branch, opcodes.BR_IF: branch_if, opcodes.RETURN: branch, opcodes.UNREACHABLE: reach_nothing,
    opcodes.CALL: call_function, opcodes.DROP: drop, opcodes.SELECT: select_one,
    opcodes.GLOBAL_GET: get_global, opcodes.GLOBAL_SET: set_global,
}  # fmt: skip
_KINDS: Final = {opcodes.BLOCK: KIND_BLOCK, opcodes.LOOP: KIND_LOOP, opcodes.IF: KIND_IF}
OWN_SIZES: Final = {
    **{op: int(kind >> KIND_SHIFT) for op, kind in _KINDS.items()},
    opcodes.LOCAL_SET: 1, opcodes.LOCAL_TEE: 0, opcodes.BR: 2, opcodes.RETURN: 1,
}  # fmt: skip
"""Which of those with the same form they are."""

CONSTANTS: Final[dict[Imm, tuple[Form, int]]] = {
    Imm.I32: (push_integer, 1), Imm.I64: (push_integer, 2), Imm.F32: (push_float, 1), Imm.F64: (push_float, 2)
}  # fmt: skip
ONE_BYTE: Final[list[Form]] = [compute, drop, select_one, reach_nothing]
"""Forms of what is one byte other than `end`, which so is not the body's last one."""

FREQUENT: Final[list[Form]] = [get_local, set_local, compute, push_integer, store_memory, branch_if, close_block]
"""Forms that `local.get`, or what is computed, follows so often that branches pay."""

COMPUTED: Final = u32(opcodes.I32_EQZ.index)
"""From this byte on all have one handler; what is not plain there has an entry that fits no operand."""

LEAVE: Final = COMPUTED + 1  # in `HANDLERS`
NO_TYPE: Final = 1  # of no operand
NOT_PLAIN: Final = NO_TYPE << OPERAND_SHIFT | 1 << SIZE_SHIFT


def _shape(op: Op) -> tuple[Form | None, int]:
    """The form of an instruction, if it may be plain, and the size in its entry."""
    if op.params is None:
        return OWN.get(op), OWN_SIZES.get(op, 0)
    if op.immediates == (Imm.MEMARG,):
        return (load_memory if op.results else store_memory), op.width.bit_length() - 1
    if op.immediates:
        return CONSTANTS.get(op.immediates[0], (None, 0))
    count = len(op.params)
    is_computed = len(set(op.params)) == 1 and count <= 2 and len(op.results or ()) == 1
    return (compute, count) if is_computed else (None, 0)


def _plain(index: int) -> tuple[Form | None, int]:
    """The form of what one byte stands for, and its entry. What can be switched off is not plain."""
    op = BY_INDEX.get(index)
    form, size = (None, 0) if op is None or op.feature or op.unsupported else _shape(op)
    if op is None or form is None:
        return None, NOT_PLAIN
    operand, result = (VALUE_CODES[types[-1]] if types else NO_TYPE for types in (op.params, op.results))
    return form, operand << OPERAND_SHIFT | result << RESULT_SHIFT | size << SIZE_SHIFT


PLAIN: Final = [_plain(index) for index in range(0x100)]
"""By byte."""

if {form for form, _ in PLAIN[COMPUTED:]} - {compute, None}:
    raise TypeError("bytes from the first of what is computed have another form")


@handler
def apply(s: State, form: Static[Form]) -> None:
    """Validate an instruction and go on with the next one. The most common ones are foreseen better by branches."""
    if unlikely(not form(s, s.validator, u32(s.entries[s.at[0]]))):
        return tail(cast(Code, s.handlers[LEAVE]), s)
    if form not in ONE_BYTE and unlikely(s.at >= s.end):
        return tail(cast(Code, s.handlers[LEAVE]), s)
    if form in FREQUENT:
        if s.at[0] == opcodes.LOCAL_GET.index:
            return tail(apply_get, s)
        if s.at[0] >= COMPUTED:
            return tail(apply_compute, s)
    return tail(cast(Code, s.handlers[minimum(u32(s.at[0]), COMPUTED)]), s)


@handler
def leave(s: State) -> None:
    """The instruction at hand is not plain, or the body ends."""
    v = s.validator
    v.reader.position = u32(diff(s.at, v.reader.source))
    v.height = u32(diff(s.top, v.operands))
    v.floor = u32(diff(s.floor, v.operands))
    v.max_height = maximum(v.max_height, u32(diff(s.highest, v.operands)))
    return


apply_get: Final = instance(apply, form=get_local)
apply_compute: Final = instance(apply, form=compute)

ENTRIES: Final = table(u16, [entry for _, entry in PLAIN])
HANDLERS: Final = table(
    Code, [leave if form is None else instance(apply, form=form) for form, _ in PLAIN[: COMPUTED + 1]] + [leave]
)


@kernel
def validate_plain(v: Validator) -> None:
    """Validate instructions up to one that is not plain, or the end of the body."""
    if v.reader.position >= v.reader.end:
        return
    s = State()
    s.at = v.reader.source + v.reader.position
    s.top = v.operands + v.height
    s.floor = v.operands + v.floor
    s.highest = v.operands + minimum(v.max_height, v.capacity)  # what is caught may come higher than there is room
    s.end = v.reader.source + v.reader.end
    s.validator = v
    s.entries = ENTRIES
    s.handlers = cast(Ptr[usize], HANDLERS)
    first = cast(Code, s.handlers[minimum(u32(s.at[0]), COMPUTED)])
    first(s)
