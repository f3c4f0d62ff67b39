"""The validator's state, and its operand stack (spec appendix 7.3).

Value types are those of `state.module`, heap type indices being the module's. Only where two types
differ are they translated into canonical ones and looked up in the registry.
"""

from typing import Annotated, Final

from fusee.engine.arena import Buffer, grow_buffer
from fusee.engine.decode.reader import Reader
from fusee.engine.errors import Invalid
from fusee.engine.state.module import ABSTRACT, HEAP_MASK, NULLABLE, REF, Module, TypeDef
from fusee.engine.subtyping import canonical_value_type, is_subtype_canonical
from fusee.kernel.lang import (
    Count,
    Inline,
    Ptr,
    cast,
    kernel,
    likely,
    maximum,
    size_of,
    span,
    struct,
    u8,
    u32,
    u64,
    unlikely,
)
from fusee.spec.errors import ModuleError
from fusee.spec.limits import MAX_OPERANDS

BOTTOM: Final = u32(0)  # the type of what unreachable code pops (spec 3.1.1): matches every type
BOTTOM_REF: Final = REF | ABSTRACT  # the same among references

NEAR_LOCALS: Final = u32(0x80)  # locals that one byte names; the types of those beyond are searched for

KIND_BLOCK: Final = u32(0x0000_0000)  # of `Control`; a function is a block
KIND_LOOP: Final = u32(0x1000_0000)
KIND_IF: Final = u32(0x2000_0000)
KIND_ELSE: Final = 0x3000_0000
KIND_TRY: Final = u32(0x4000_0000)  # of the older form of exceptions, before its first clause
KIND_CATCH: Final = u32(0x5000_0000)
KIND_CATCH_ALL: Final = u32(0x6000_0000)
KIND_SHIFT: Final = u32(28)
KIND_MASK: Final = 0x7000_0000
UNREACHABLE: Final = 0x8000_0000
HEIGHT_MASK: Final = 0x0FFF_FFFF
assert MAX_OPERANDS < HEIGHT_MASK // 4, "the buffer of operands may be twice as large, and may get a list more"


@struct
class Control:
    """A block that is open. Millions may be, so it has no byte too many."""

    state: u32  # the height of the operand stack below its parameters, `KIND_…`, and perhaps `UNREACHABLE`
    block_type: u32  # as `read_block_type` gives it
    set_count: u32  # locals that were initialised where it began
    br_table: u32  # serial number of the last `br_table` that was checked against it


@struct
class LocalRun:
    """Consecutive locals of one type."""

    end: u32
    value_type: u32


@struct
class Validator:
    """One for a whole module: its buffers serve all functions."""

    reader: Inline[Reader]
    module: Module
    instruction: u32  # offset of the instruction at hand, for errors
    opcode: u32  # its index, see `spec.op`
    address_type: u32  # of the memory that it names
    rules: Ptr[u8]  # by opcode index, without the opcodes that are switched off
    operands: Ptr[u32]
    height: u32
    floor: u32  # height of the innermost block
    capacity: u32  # in operands
    max_height: u32
    controls: Ptr[Control]
    control_count: u32
    control_capacity: u32
    br_table: u32  # serial number
    catch_depth: u32  # clauses of the older form that are open, one in the other
    max_catch_depth: u32
    visible_globals: u32  # in constant expressions: those before the one that is defined
    is_constant: bool
    declared: Ptr[u8]  # by function index: may be named by `ref.func` (spec 3.4.10, C.refs)
    param_count: u32
    params: Ptr[u32]
    local_count: u32  # with parameters
    runs: Ptr[LocalRun]
    run_count: u32
    serial: u32  # of the function, from 1
    initialised: Ptr[u32]  # by local: the serial of the function if it is set where its type has no default
    set_locals: Ptr[u32]  # those locals in the order in which they were set
    set_count: u32
    operand_buffer: Inline[Buffer]
    control_buffer: Inline[Buffer]
    run_buffer: Inline[Buffer]
    initialised_buffer: Inline[Buffer]
    set_buffer: Inline[Buffer]
    scratch: Inline[Buffer]
    near_count: u32  # as many of `near` may be others than `BOTTOM`
    address_type_0: u32  # of the first memory, or NONE
    near: Annotated[Ptr[u32], Count(0x100)]  # types of near locals that are always set, by any byte; else `BOTTOM`


@kernel(cold=True)
def fail(v: Validator, error: ModuleError) -> None:
    """The instruction at hand breaks a rule."""
    raise Invalid(error, v.instruction)


@kernel(cold=True)
def mismatch(v: Validator) -> None:
    raise Invalid(ModuleError.TYPE_MISMATCH, v.instruction)


@kernel
def type_at(v: Validator, index: u32) -> TypeDef:
    """A defined type, which must exist."""
    if unlikely(index >= v.module.type_count):
        fail(v, ModuleError.UNKNOWN_TYPE)
    return v.module.types[index]


@kernel
def check_heap_type(v: Validator, heap: u32) -> None:
    if heap & ABSTRACT == 0:
        type_at(v, heap & HEAP_MASK)


@kernel(inline=True)
def check_value_type(v: Validator, value_type: u32) -> None:
    """Spec 3.2.1 to 3.2.5: a type index in it must exist."""
    if unlikely(value_type & REF != 0):
        check_heap_type(v, value_type)


@kernel
def matches(m: Module, a: u32, b: u32) -> bool:
    """Whether value type `a` is a subtype of `b` (spec 3.3)."""
    if likely(a == b or a == BOTTOM):
        return True
    if a & b & REF == 0:
        return False
    return is_subtype_canonical(m.registry, canonical_value_type(m, a), canonical_value_type(m, b))


@kernel(inline=True)
def is_defaultable(value_type: u32) -> bool:
    """Spec 3.2.6: all but references that cannot be null."""
    return value_type & (REF | NULLABLE) != REF


@kernel(cold=True)
def push(v: Validator, value_type: u32) -> None:
    """Out of line, as `pop`: where it matters, instructions are plain (`validate.plain`)."""
    height = v.height
    if unlikely(height == v.capacity):
        grow_operands(v, u32(1))
    assert height < v.capacity
    v.operands[height] = value_type
    height += 1
    v.height = height
    if unlikely(height > v.max_height):
        v.max_height = height


@kernel(cold=True)
def grow_operands(v: Validator, more: u32) -> None:
    """Make room for `more` operands."""
    if v.height + more > MAX_OPERANDS:
        fail(v, ModuleError.LIMIT_OPERANDS)
    grow_buffer(v.operand_buffer, (u64(v.height) + more) * size_of(u32))
    v.operands = cast(Ptr[u32], v.operand_buffer.data)
    v.capacity = u32(v.operand_buffer.capacity_bytes >> 2)


@kernel(inline=True)
def pop_any(v: Validator) -> u32:
    """Any operand; `BOTTOM` out of nothing where code is unreachable."""
    if unlikely(v.height == v.floor):
        return pop_nothing(v)
    v.height -= 1
    return v.operands[v.height]


@kernel(cold=True)
def pop_nothing(v: Validator) -> u32:
    if v.controls[v.control_count - 1].state & UNREACHABLE == 0:
        mismatch(v)
    return BOTTOM


@kernel(cold=True)
def pop(v: Validator, expected: u32) -> None:
    """An operand that matches `expected`."""
    actual = pop_any(v)
    if unlikely(actual != expected):
        check_match(v, actual, expected)


@kernel
def check_match(v: Validator, actual: u32, expected: u32) -> None:
    if not matches(v.module, actual, expected):
        mismatch(v)


@kernel
def pop_ref(v: Validator) -> u32:
    """Any reference; `BOTTOM_REF` out of nothing."""
    actual = pop_any(v)
    if actual == BOTTOM:
        return BOTTOM_REF
    if actual & REF == 0:
        mismatch(v)
    return actual


@kernel(inline=True)
def are_same(operands: Ptr[u32], count: u32, types: Ptr[u32]) -> bool:
    """Whether operands are of these very types."""
    difference = u32(0)
    for i in span(count):
        difference |= operands[i] ^ types[i]
    return difference == 0


@kernel
def pop_list(v: Validator, count: u32, types: Ptr[u32]) -> None:
    """`count` operands; out of nothing they take no time.

    Most are the types themselves, which is seen without a branch for each: a function may have a thousand.
    """
    if likely(count <= v.height - v.floor):
        if likely(are_same(v.operands + (v.height - count), count, types)):
            v.height -= count
            return
    remaining = count
    while remaining != 0:
        if unlikely(v.height == v.floor):
            pop_nothing(v)
            return
        remaining -= 1
        pop(v, types[remaining])


@kernel
def push_list(v: Validator, count: u32, types: Ptr[u32]) -> None:
    if unlikely(count > v.capacity - v.height):
        grow_operands(v, count)
    top = v.operands + v.height
    for i in span(count):
        top[i] = types[i]
    v.height += count
    v.max_height = maximum(v.max_height, v.height)


@kernel
def check_list(v: Validator, count: u32, types: Ptr[u32]) -> None:
    """As `pop_list`, but the operands stay."""
    for i in span(count):
        if v.height - v.floor <= i:
            pop_nothing(v)
            return
        actual = v.operands[v.height - 1 - i]
        expected = types[count - 1 - i]
        if actual != expected:
            check_match(v, actual, expected)


@kernel
def set_unreachable(v: Validator) -> None:
    """What follows in this block is never executed; it may pop anything."""
    v.height = v.floor
    v.controls[v.control_count - 1].state |= UNREACHABLE
