"""The instructions with a fixed signature: numeric, vector, memory and atomic ones (spec 3.4.2 to 3.4.5, 3.4.8).

None of them has code of its own: all comes from their rows in the opcode table.
"""

from typing import Final

from fusee.engine.decode.instruction import MEMARG_HAS_MEMORY, read_memarg_flags
from fusee.engine.decode.optables import (
    ADDRESS,
    CLASS,
    LANES,
    NATURAL_ALIGNMENT,
    immediates_of,
    params_of,
    results_of,
)
from fusee.engine.decode.reader import read_byte, read_u32, read_u64, skip_bytes, skip_s32, skip_s64
from fusee.engine.decode.state import has_feature
from fusee.engine.errors import Malformed
from fusee.engine.present import HAS_THREADS, HAS_VECTORS
from fusee.engine.state.module import VAL_I32, VAL_I64
from fusee.engine.validate.state import Validator, fail, pop, push
from fusee.kernel.lang import kernel, span, u32
from fusee.spec import atomic_opcodes
from fusee.spec.errors import ModuleError
from fusee.spec.features import Feature
from fusee.spec.op import INDEX_BASE, Imm

FIRST_ATOMIC: Final = INDEX_BASE[atomic_opcodes.ATOMIC_FENCE.prefix]


@kernel
def validate_fixed(v: Validator, index: u32) -> None:
    """Read the immediates, then apply the signature with the address type of the memory they name."""
    kinds = immediates_of(index)
    while kinds != 0:
        validate_immediate(v, kinds & 0xFF)
        kinds >>= 8
    params = params_of(index)
    while params != 0:
        code = params & 0xFF
        pop(v, v.address_type if code == ADDRESS else code)
        params >>= 8
    results = results_of(index)
    while results != 0:
        code = results & 0xFF
        push(v, v.address_type if code == ADDRESS else code)
        results >>= 8


@kernel(inline=True)
def validate_immediate(v: Validator, kind: u32) -> None:
    r = v.reader
    if kind == Imm.MEMARG:
        validate_memarg(v)
    elif kind == Imm.I32:
        skip_s32(r)
    elif kind == Imm.I64:
        skip_s64(r)
    elif kind == Imm.F32:
        skip_bytes(r, u32(4))
    elif kind == Imm.F64:
        skip_bytes(r, u32(8))
    elif HAS_VECTORS and kind == Imm.V128:
        skip_bytes(r, u32(16))
    elif HAS_VECTORS and kind == Imm.LANE:
        validate_lane(v)
    elif HAS_VECTORS and kind == Imm.LANES:
        for _ in span(u32(16)):
            validate_lane(v)
    elif kind == Imm.MEMORY:
        v.address_type = memory_address_type(v, read_memory_index(v))
    elif kind == Imm.DATA:
        validate_data_index(v)
    elif read_byte(r) != 0:
        raise Malformed(ModuleError.ZERO_BYTE_EXPECTED, r.position - 1)


@kernel
def validate_lane(v: Validator) -> None:
    if read_byte(v.reader) >= LANES[CLASS[v.opcode]]:
        fail(v, ModuleError.LANE_INDEX)


@kernel
def read_memory_index(v: Validator) -> u32:
    """Without multiple memories the index is a zero byte, not an integer."""
    if has_feature(v.module, Feature.MULTI_MEMORY):
        return read_u32(v.reader)
    if read_byte(v.reader) != 0:
        raise Malformed(ModuleError.ZERO_BYTE_EXPECTED, v.reader.position - 1)
    return u32(0)


@kernel
def memory_address_type(v: Validator, index: u32) -> u32:
    """The address type of a memory, which must exist."""
    if index >= v.module.memory_count:
        fail(v, ModuleError.UNKNOWN_MEMORY)
    return VAL_I64 if v.module.memories[index].limits.is_64 else VAL_I32


@kernel
def validate_memarg(v: Validator) -> None:
    """Alignment, memory and offset (spec 3.4.11)."""
    r = v.reader
    flags = read_memarg_flags(r)
    memory = u32(0)
    if flags & MEMARG_HAS_MEMORY != 0:
        if not has_feature(v.module, Feature.MULTI_MEMORY):
            raise Malformed(ModuleError.BAD_MEMOP_FLAGS, r.position - 1)
        memory = read_u32(r)
        flags -= MEMARG_HAS_MEMORY
    offset = read_u64(r)
    natural = u32(NATURAL_ALIGNMENT[CLASS[v.opcode]])
    if flags > natural:
        fail(v, ModuleError.ALIGNMENT)
    if HAS_THREADS and flags != natural and v.opcode >= FIRST_ATOMIC:
        fail(v, ModuleError.ALIGNMENT_NOT_NATURAL)
    v.address_type = memory_address_type(v, memory)
    if v.address_type == VAL_I32 and offset > 0xFFFF_FFFF:
        fail(v, ModuleError.OFFSET_RANGE)


@kernel
def validate_data_index(v: Validator) -> None:
    """A data segment; how many there are must have been said before the code (spec 5.5.16)."""
    if not v.module.has_data_count:
        raise Malformed(ModuleError.DATA_COUNT_REQUIRED, v.instruction)
    if read_u32(v.reader) >= v.module.data_count:
        fail(v, ModuleError.UNKNOWN_DATA_SEGMENT)
