"""Opcodes and immediates, and the extent of constant expressions (spec 5.4)."""

from typing import Final

from fusee.engine.decode.optables import (
    CLASS,
    END,
    FIRST_PREFIX,
    LACKS_OPCODES,
    LAST_PREFIX,
    OPENS_BLOCK,
    PREFIX_BASE,
    PREFIX_LIMIT,
    RULE,
    RULE_NONE,
    RULE_UNSUPPORTED,
    UNSUPPORTED,
    immediates_of,
)  # fmt: skip
from fusee.engine.decode.reader import (
    SHORT_BYTES,
    Reader,
    fail_at_end,
    read_byte,
    read_count,
    read_index_s33,
    read_u32,
    read_u64,
    skip_bytes,
    skip_s32,
    skip_s64,
)  # fmt: skip
from fusee.engine.decode.types import read_heap_type, read_value_type
from fusee.engine.errors import Malformed, Unsupported
from fusee.engine.present import HAS_AGGREGATES, HAS_EXCEPTIONS, HAS_VECTORS
from fusee.engine.state.module import REF, Module, Span
from fusee.kernel.lang import kernel, minimum, span, u32, unlikely
from fusee.spec import opcodes
from fusee.spec.errors import ModuleError
from fusee.spec.op import Imm
from fusee.spec.types import EMPTY_BLOCK, Clause

BLOCK_INDEXED: Final = u32(0x1000_0000)  # a block type that is a type index; otherwise a value type or EMPTY_BLOCK
BLOCK_INDEX_MASK: Final = u32(0x0FFF_FFFF)

MEMARG_HAS_MEMORY: Final = 0x40  # spec 5.4.5: a memory index follows
MEMARG_FLAGS_END: Final = 0x80

CATCH_REF: Final = int(Clause.CATCH_REF)
CATCH_ALL: Final = int(Clause.CATCH_ALL)
CATCH_ALL_REF: Final = int(Clause.CATCH_ALL_REF)


@kernel(inline=True)
def read_opcode(r: Reader) -> u32:
    """The index of the next opcode (see `spec.op`); it may be one that has no row."""
    code = u32(read_byte(r))
    if unlikely(code >= FIRST_PREFIX and code <= LAST_PREFIX):
        return read_prefixed(r, code)
    return code


@kernel
def read_prefixed(r: Reader, prefix: u32) -> u32:
    at = r.position - 1
    code = read_u32(r)
    if code >= PREFIX_LIMIT[prefix - FIRST_PREFIX]:
        raise Malformed(ModuleError.ILLEGAL_OPCODE, at)
    return PREFIX_BASE[prefix - FIRST_PREFIX] + code


@kernel
def read_block_type(m: Module, r: Reader) -> u32:
    """`EMPTY_BLOCK`, a value type, or `BLOCK_INDEXED` and a type index (spec 5.4.1)."""
    if r.position >= r.end:
        fail_at_end(r)
    code = u32(r.source[r.position])
    if code == EMPTY_BLOCK:
        r.position += 1
        return code
    if code & 0xC0 == 0x40:
        return read_value_type(m, r)
    return minimum(read_index_s33(r), BLOCK_INDEX_MASK) | BLOCK_INDEXED


@kernel(inline=True)
def is_indexed(block_type: u32) -> bool:
    """Whether a block type is a type index."""
    return block_type & (REF | BLOCK_INDEXED) == BLOCK_INDEXED


@kernel
def read_memarg_flags(r: Reader) -> u32:
    flags = read_u32(r)
    if flags >= MEMARG_FLAGS_END:
        raise Malformed(ModuleError.BAD_MEMOP_FLAGS, r.position - 1)
    return flags


@kernel(inline=True)
def skip_short_integer(r: Reader) -> bool:
    """Step over an expression that is a constant integer of at most four bytes, as most are."""
    limit = minimum(r.end - r.position, 1 + SHORT_BYTES + 1)
    at = r.source + r.position
    if limit < 3 or (at[0] != opcodes.I32_CONST.index and at[0] != opcodes.I64_CONST.index):
        return False
    size = u32(1)
    while size < limit - 1 and at[size] >= 0x80:
        size += 1
    if size == limit - 1 or at[size + 1] != END:
        return False
    r.position += size + 2
    return True


@kernel
def skip_expression(m: Module, r: Reader, place: Span) -> None:
    """Step over a constant expression, noting where it is. Whether it is one is for validation to say."""
    place.start = r.position
    if skip_short_integer(r):
        place.end = r.position
        return
    depth = u32(1)
    while depth != 0:
        at = r.position
        index = read_opcode(r)
        rule = u32(RULE[CLASS[index]])
        if rule == RULE_NONE:
            raise Malformed(ModuleError.ILLEGAL_OPCODE, at)
        if LACKS_OPCODES and rule & RULE_UNSUPPORTED != 0:
            raise Unsupported(UNSUPPORTED[CLASS[index]], at)
        if index == END:
            depth -= 1
        elif OPENS_BLOCK[CLASS[index]] != 0:
            depth += 1
        skip_immediates(m, r, immediates_of(index))
    place.end = r.position


@kernel
def skip_immediates(m: Module, r: Reader, kinds: u32) -> None:
    while kinds != 0:
        skip_immediate(m, r, kinds & 0xFF)
        kinds >>= 8


@kernel
def skip_immediate(m: Module, r: Reader, kind: u32) -> None:
    if kind == Imm.I32:
        skip_s32(r)
    elif kind == Imm.I64:
        skip_s64(r)
    elif kind == Imm.F32:
        skip_bytes(r, u32(4))
    elif kind == Imm.F64:
        skip_bytes(r, u32(8))
    elif HAS_VECTORS and (kind == Imm.V128 or kind == Imm.LANES):
        skip_bytes(r, u32(16))
    elif kind == Imm.ZERO or (HAS_VECTORS and kind == Imm.LANE) or (HAS_AGGREGATES and kind == Imm.CAST_FLAGS):
        skip_bytes(r, u32(1))
    elif kind == Imm.BLOCK_TYPE:
        read_block_type(m, r)
    elif kind == Imm.HEAP_TYPE:
        read_heap_type(m, r)
    elif kind == Imm.MEMARG:
        skip_memarg(r)
    elif kind == Imm.LABELS:
        for _ in span(read_count(r, u32(1)) + 1):
            read_u32(r)
    elif kind == Imm.VALUE_TYPES:
        for _ in span(read_count(r, u32(1))):
            read_value_type(m, r)
    elif HAS_EXCEPTIONS and kind == Imm.CATCHES:
        for _ in span(read_count(r, u32(2))):
            skip_catch(r)
    else:
        read_u32(r)


@kernel
def skip_memarg(r: Reader) -> None:
    if read_memarg_flags(r) & MEMARG_HAS_MEMORY != 0:
        read_u32(r)
    read_u64(r)


@kernel
def skip_catch(r: Reader) -> None:
    kind = u32(read_byte(r))
    if kind > CATCH_ALL_REF:
        raise Malformed(ModuleError.BAD_CATCH, r.position - 1)
    if kind <= CATCH_REF:
        read_u32(r)
    read_u32(r)
