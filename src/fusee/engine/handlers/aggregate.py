"""What instructions on structures, arrays and types do (spec 4.6.5)."""

from fusee.engine.errors import Trap
from fusee.engine.handlers.memory import STORED, immediate
from fusee.engine.handlers.operands import READ, WRITE
from fusee.engine.handlers.regs import Regs, save_registers
from fusee.engine.isa.row import SLOT_FIELD, Row, cell
from fusee.engine.layouts import HEADER_BYTES, LENGTH_AT, TYPE_AT
from fusee.engine.registry import TypeRegistry
from fusee.engine.runtime.casts import reference_matches, type_of
from fusee.engine.runtime.fields import length_of, object_at, read_reference
from fusee.engine.runtime.heap.allocate import cell_of_next_run
from fusee.engine.runtime.heap.barrier import before_write
from fusee.engine.state.module import ID_MASK, NULLABLE
from fusee.engine.state.runtime import TAG_MASK
from fusee.engine.subtyping import is_subtype_of
from fusee.kernel.lang import Ptr, Static, cast, kernel, load, size_of, store, u8, u32, u64, unlikely, usize
from fusee.spec.traps import TrapCode

STORED_LOG2 = {"u8": 0, "i8": 0, "u16": 1, "i16": 1, "u32": 2, "f32": 2, "u64": 3, "f64": 3, "v128": 4}


@kernel(inline=True)
def operand(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]], n: Static[int]) -> u64:
    """The n-th operand, a reference."""
    value: u64 = READ["i64"](f, forms[n], cell(row, dst, forms, size_of(usize)).sources[n])
    return value


@kernel(inline=True)
def index_operand(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> u32:
    """The second operand, an index."""
    value: u32 = READ["i32"](f, forms[1], cell(row, dst, forms, size_of(usize)).sources[1])
    return value


@kernel(inline=True)
def field_place(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> Ptr[u8]:
    """Where the field is that the immediate names; the first operand is the structure."""
    reference = operand(f, row, dst, forms, 0)
    if unlikely(reference == 0):
        raise Trap(TrapCode.NULL_STRUCTURE, 0)
    return object_at(reference) + immediate(f, row, dst, forms, 0)


@kernel(inline=True)
def element_place(
    f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]], log2: Static[int]
) -> Ptr[u8]:  # fmt: skip
    """Where the element is; the first two operands are the array and the index."""
    reference = operand(f, row, dst, forms, 0)
    if unlikely(reference == 0):
        raise Trap(TrapCode.NULL_ARRAY, 0)
    index = index_operand(f, row, dst, forms)
    if unlikely(index >= length_of(reference)):
        raise Trap(TrapCode.ARRAY_OUT_OF_BOUNDS, 0)
    return object_at(reference) + HEADER_BYTES + (usize(index) << log2)


@kernel(inline=True)
def read_from(
    f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]], place: Ptr[u8]
) -> None:  # fmt: skip
    """The result is what is in a field or element."""
    if row.result == "i64":
        WRITE["i64"](f, dst, cell(row, dst, forms, size_of(usize)).result, u64(load(STORED[row.detail], place)))
    else:
        WRITE[row.detail](f, dst, cell(row, dst, forms, size_of(usize)).result, load(STORED[row.detail], place))


@kernel(inline=True)
def write_to(
    f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]], n: Static[int], place: Ptr[u8]
) -> None:  # fmt: skip
    """The n-th operand goes into a field or element."""
    if row.detail == "usize":
        before_write(f.ctx.store, read_reference(place))
        store(place, usize(operand(f, row, dst, forms, n)))
    elif row.sources[n] == "i64":
        store(place, STORED[row.detail](operand(f, row, dst, forms, n)))
    else:
        store(place, READ[row.detail](f, forms[n], cell(row, dst, forms, size_of(usize)).sources[n]))


def stored_log2(stored: str, pointer_bytes: int) -> int:
    """The size of what is stored."""
    return pointer_bytes.bit_length() - 1 if stored == "usize" else STORED_LOG2[stored]


@kernel(inline=True)
def field_get(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    read_from(f, row, dst, forms, field_place(f, row, dst, forms))


@kernel(inline=True)
def field_set(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    write_to(f, row, dst, forms, 1, field_place(f, row, dst, forms))


@kernel(inline=True)
def element_get(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    read_from(f, row, dst, forms, element_place(f, row, dst, forms, stored_log2(row.detail, size_of(usize))))


@kernel(inline=True)
def element_set(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    write_to(f, row, dst, forms, 2, element_place(f, row, dst, forms, stored_log2(row.detail, size_of(usize))))


@kernel(inline=True)
def array_len(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    reference = operand(f, row, dst, forms, 0)
    if unlikely(reference == 0):
        raise Trap(TrapCode.NULL_ARRAY, 0)
    WRITE["i32"](f, dst, cell(row, dst, forms, size_of(usize)).result, length_of(reference))


@kernel(inline=True)
def is_of_type(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> bool:
    """Whether the first operand is of the reference type that is the second; or whether not."""
    reference = operand(f, row, dst, forms, 0)
    value_type = index_operand(f, row, dst, forms)
    if row.detail[0] == "ref":
        matches = reference_matches(cast(TypeRegistry, f.ctx.registry), reference, value_type)
    else:
        matches = matches_aggregate(f, reference, value_type, row.detail[0] == "ref_exact")
    if row.detail[1] == "is_not":
        return not matches
    return matches


@kernel(inline=True)
def matches_aggregate(f: Regs, reference: u64, value_type: u32, is_exact: Static[bool]) -> bool:
    """The same for the type of a structure or an array: most objects are exactly of the type that is asked for."""
    if reference & TAG_MASK != 0:
        return False
    if reference == 0:
        return value_type & NULLABLE != 0
    if is_exact:
        return type_of(reference) == value_type & ID_MASK
    return is_subtype_of(cast(TypeRegistry, f.ctx.registry), type_of(reference), value_type & ID_MASK)


@kernel(inline=True)
def ref_test(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    WRITE["i32"](f, dst, cell(row, dst, forms, size_of(usize)).result, u32(is_of_type(f, row, dst, forms)))


@kernel(inline=True)
def ref_cast(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """The operand stays where it is, or this traps."""
    if unlikely(not is_of_type(f, row, dst, forms)):
        raise Trap(TrapCode.CAST_FAILURE, 0)


@kernel(inline=True)
def ref_as_non_null(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """The operand stays where it is, or this traps."""
    if unlikely(operand(f, row, dst, forms, 0) == 0):
        raise Trap(TrapCode.NULL_REFERENCE, 0)


@kernel(inline=True)
def new_struct(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """A structure whose fields are zero, of a size that has a class."""
    number = load(SLOT_FIELD, f.pc + cell(row, dst, forms, size_of(usize)).immediates[1])
    run = f.ctx.store.heap.runs[number]
    at = run.next
    if unlikely(at == run.end):
        save_registers(f)
        at = cell_of_next_run(f.ctx.store, number)
    else:
        run.next = at + load(SLOT_FIELD, f.pc + cell(row, dst, forms, size_of(usize)).immediates[2])
    store(object_at(at), u64(immediate(f, row, dst, forms, 0)))
    f.acc = u64(at)


@kernel(inline=True)
def field_init(f: Regs, row: Static[Row], dst: Static[int], forms: Static[tuple[int, ...]]) -> None:
    """Write a field of the new structure in the accumulator."""
    place = object_at(f.acc) + immediate(f, row, dst, forms, 0)
    if row.sources[1] == "i64":
        store(place, STORED[row.detail](operand(f, row, dst, forms, 1)))
    else:
        store(place, READ[row.detail](f, forms[1], cell(row, dst, forms, size_of(usize)).sources[1]))


assert TYPE_AT == 0 and LENGTH_AT == 4
