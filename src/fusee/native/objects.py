"""Structures, arrays, i31 references and tests of types (spec 4.4.6, 4.6.5).

An object does not move, so that a reference can be in a register wherever it is in a slot, too, while the collector
may look. That it may where something is made, if the run of free cells is used up.
"""

from typing import Final, cast

from fusee.kernel.text import LIKELY, UNLIKELY
from fusee.native.control import branch_if
from fusee.native.function import FunctionCompiler
from fusee.native.layouts import Aggregate, bytes_of, layout
from fusee.native.module import NUMBERS, REFERENCE, Module
from fusee.native.reader import Instruction
from fusee.native.rules import rule
from fusee.native.slots import on_slots
from fusee.spec.types import CAST_TO_NULLABLE, PACKED_I8, PACKED_I16

MOST_OPERANDS: Final = 64  # of an instruction that has them in slots

_WIDEST_POINTER: Final = 8
_PACKED: Final = {PACKED_I8: "8", PACKED_I16: "16"}


def reason_against(module: Module, ins: Instruction) -> str:
    """Why an instruction cannot be compiled; empty if it can."""
    if ins.op.mnemonic == "array.new_fixed" and cast(int, ins.immediates[1]) > MOST_OPERANDS:
        return "array.new_fixed with many operands"
    if ins.op.mnemonic in ("struct.new", "struct.new_default"):
        size = layout(module.aggregates[cast(int, ins.immediates[0])], _WIDEST_POINTER)[1]
        if size > _cell_sizes()[-1]:
            return "large structures"
    return ""


def _cell_sizes() -> tuple[int, ...]:
    """Those of cells of the collector's, which most modules do not have; in their order."""
    from fusee.engine.state.heap import CELL_SIZES

    return CELL_SIZES


def _aggregate(c: FunctionCompiler, ins: Instruction) -> Aggregate:
    return c.unit.module.aggregates[cast(int, ins.immediates[0])]


def _kind(c: FunctionCompiler, storage: int) -> str:
    """The type of what is read from a field."""
    return "i32" if storage in _PACKED else c.unit.module.value_type(storage)


def _is_reference(storage: int) -> bool:
    return storage not in _PACKED and storage not in NUMBERS


# Fields and elements


def _read(c: FunctionCompiler, storage: int, place: str, sign: str) -> str:
    kind = _kind(c, storage)
    if storage in _PACKED:
        name = f"i32.load{_PACKED[storage]}_{sign or 'u'}"
    elif _is_reference(storage):
        name = "i64.load" if c.unit.pointer_bytes == 8 else "i64.load32_u"
    else:
        name = f"{kind}.load"
    c.accessed = "object"
    value = c.apply(("load", name), place)
    c.accessed = "engine"
    return value


def _write(c: FunctionCompiler, storage: int, place: str, operand: str, is_new: bool = False) -> None:
    if storage in _PACKED:
        name = f"i32.store{_PACKED[storage]}"
    elif _is_reference(storage):
        name = "i64.store" if c.unit.pointer_bytes == 8 else "i64.store32"
        if not is_new and _kind(c, storage) == REFERENCE:
            _before_write(c, storage, place)
    else:
        name = f"{_kind(c, storage)}.store"
    c.accessed = "object"
    c.apply(("store", name), place, operand)
    c.accessed = "engine"


def _before_write(c: FunctionCompiler, storage: int, place: str) -> None:
    """Tell the collector of a reference that is overwritten while it marks."""
    marking, going = c.label(), c.label()
    c.branch(c.use("is_marking", "%ctx"), marking, going, UNLIKELY)
    c.begin(marking)
    c.put(REFERENCE, _read(c, storage, place, ""), c.free_slot(0))
    c.emit(f"call i64 {c.helper('overwritten')}(ptr %ctx, ptr %top, i32 0, i32 0)")
    c.begin(going)


def _field(c: FunctionCompiler, ins: Instruction, reference: str) -> tuple[int, str]:
    """Storage type and place of a field."""
    aggregate, number = _aggregate(c, ins), cast(int, ins.immediates[1])
    offset = c.unit.offsets(cast(int, ins.immediates[0]))[number]
    return aggregate.fields[number], c.use("field_at", reference, str(offset))


def _element(c: FunctionCompiler, ins: Instruction, reference: str, index: str) -> tuple[int, str]:
    """Storage type and place of an element."""
    (storage,) = _aggregate(c, ins).fields
    log2 = bytes_of(storage, c.unit.pointer_bytes).bit_length() - 1
    c.accessed = "object"
    place = c.use("element_at", reference, index, log2=log2)
    c.accessed = "engine"
    return storage, place


@rule("struct.get", "struct.get_s", "struct.get_u")
def _struct_get(c: FunctionCompiler, ins: Instruction) -> None:
    storage, place = _field(c, ins, c.pop())
    c.push(_kind(c, storage), _read(c, storage, place, ins.op.mnemonic.partition("_")[2]))


@rule("struct.set")
def _struct_set(c: FunctionCompiler, ins: Instruction) -> None:
    reference, operand = c.pop_many(2)
    storage, place = _field(c, ins, reference)
    _write(c, storage, place, operand)


@rule("array.get", "array.get_s", "array.get_u")
def _array_get(c: FunctionCompiler, ins: Instruction) -> None:
    storage, place = _element(c, ins, *c.pop_many(2))
    c.push(_kind(c, storage), _read(c, storage, place, ins.op.mnemonic.partition("_")[2]))


@rule("array.set")
def _array_set(c: FunctionCompiler, ins: Instruction) -> None:
    reference, index, operand = c.pop_many(3)
    storage, place = _element(c, ins, reference, index)
    _write(c, storage, place, operand)


@rule("array.len")
def _array_len(c: FunctionCompiler, ins: Instruction) -> None:
    c.accessed = "object"
    length = c.use("array_length", c.pop())
    c.accessed = "engine"
    c.push("i32", length)


# New objects


def _new_structure(c: FunctionCompiler, index: int) -> str:
    """A structure with its header, whose fields are zero."""
    sizes = _cell_sizes()
    number = next(number for number, size in enumerate(sizes) if size >= c.unit.structure_bytes(index))
    first = c.use("next_cell", "%ctx", number=number, cell_bytes=sizes[number])
    before, slow, made = c.block, c.label(), c.label()
    c.branch(c.value(f"icmp ne i64 {first}, 0"), made, slow, LIKELY)
    c.begin(slow)
    c.keep_operands()
    c.check(c.value(f"call i64 {c.helper('new_cell')}(ptr %ctx, ptr %top, i32 {number}, i32 0)"), c.raised)
    second = c.get(REFERENCE, c.free_slot(0))
    after = c.block
    c.begin(made)
    reference = c.merge("i64", [(first, before), (second, after)])
    c.accessed = "object"
    c.use("begin_structure", "%ctx", reference, str(index))
    c.accessed = "engine"
    return reference


@rule("struct.new", calls=True)
def _struct_new(c: FunctionCompiler, ins: Instruction) -> None:
    index = cast(int, ins.immediates[0])
    fields = _aggregate(c, ins).fields
    reference = _new_structure(c, index)
    for storage, offset, operand in zip(fields, c.unit.offsets(index), c.pop_many(len(fields)), strict=True):
        _write(c, storage, c.use("new_field_at", reference, str(offset)), operand, is_new=True)
    c.push(REFERENCE, reference)


@rule("struct.new_default", calls=True)
def _struct_new_default(c: FunctionCompiler, ins: Instruction) -> None:
    c.push(REFERENCE, _new_structure(c, cast(int, ins.immediates[0])))


_ELEMENT: Final = "element"
_ARRAY_OPS: Final = {
    "array.new": ((_ELEMENT, "i32"), (REFERENCE,)),
    "array.new_default": (("i32",), (REFERENCE,)),
    "array.new_data": (("i32", "i32"), (REFERENCE,)),
    "array.new_elem": (("i32", "i32"), (REFERENCE,)),
    "array.fill": ((REFERENCE, "i32", _ELEMENT, "i32"), ()),
    "array.copy": ((REFERENCE, "i32", REFERENCE, "i32", "i32"), ()),
    "array.init_data": ((REFERENCE, "i32", "i32", "i32"), ()),
    "array.init_elem": ((REFERENCE, "i32", "i32", "i32"), ()),
}


@rule(*_ARRAY_OPS, calls=True)
def _array_op(c: FunctionCompiler, ins: Instruction) -> None:
    element = _kind(c, _aggregate(c, ins).fields[0])
    params, results = _ARRAY_OPS[ins.op.mnemonic]
    on_slots(c, ins, tuple(element if kind == _ELEMENT else kind for kind in params), results)


@rule("array.new_fixed", calls=True)
def _array_new_fixed(c: FunctionCompiler, ins: Instruction) -> None:
    element = _kind(c, _aggregate(c, ins).fields[0])
    on_slots(c, ins, (element,) * cast(int, ins.immediates[1]), (REFERENCE,))


# References


@rule("ref.eq")
def _ref_eq(c: FunctionCompiler, ins: Instruction) -> None:
    first, second = c.pop_many(2)
    c.push_condition(c.value(f"icmp eq i64 {first}, {second}"))


@rule("any.convert_extern", "extern.convert_any")
def _convert(c: FunctionCompiler, ins: Instruction) -> None:
    """A reference is the same in both hierarchies."""


@rule("ref.i31")
def _ref_i31(c: FunctionCompiler, ins: Instruction) -> None:
    c.push(REFERENCE, c.use("ref_i31", c.pop()))


@rule("i31.get_s", "i31.get_u")
def _i31_get(c: FunctionCompiler, ins: Instruction) -> None:
    c.push("i32", c.use(ins.op.mnemonic.replace(".", "_"), c.pop()))


def _matches(c: FunctionCompiler, reference: str, heap: int, is_null_too: bool) -> str:
    """Whether a reference is of a heap type, as an immediate names it."""
    c.accessed = "object"
    answer = _test(c, reference, heap, is_null_too)
    c.accessed = "engine"
    return answer


def _test(c: FunctionCompiler, reference: str, heap: int, is_null_too: bool) -> str:
    if heap < 0:
        return c.use("is_abstract", "%ctx", reference, heap=heap & 0x7F, is_null_too=is_null_too)
    aggregate = c.unit.module.aggregates.get(heap)
    if aggregate is None:
        return c.use("is_function", "%ctx", reference, str(heap), is_null_too=is_null_too)
    exact = aggregate.is_final
    return c.use("is_aggregate", "%ctx", reference, str(heap), is_null_too=is_null_too, is_exact=exact)


@rule("ref.test", "ref.test_null")
def _ref_test(c: FunctionCompiler, ins: Instruction) -> None:
    c.push_condition(_matches(c, c.pop(), cast(int, ins.immediates[0]), ins.op.mnemonic.endswith("null")))


@rule("ref.cast", "ref.cast_null")
def _ref_cast(c: FunctionCompiler, ins: Instruction) -> None:
    value = c.stack.pop()
    heap, is_null_too = cast(int, ins.immediates[0]), ins.op.mnemonic.endswith("null")
    c.use("check_cast", _matches(c, value.operand, heap, is_null_too))
    c.stack.append(value)


@rule("br_on_cast", "br_on_cast_fail")
def _br_on_cast(c: FunctionCompiler, ins: Instruction) -> None:
    """The reference stays, and goes along."""
    flags, depth, _, heap = (cast(int, immediate) for immediate in ins.immediates)
    condition = _matches(c, c.stack[-1].operand, heap, bool(flags & CAST_TO_NULLABLE))
    if ins.op.mnemonic.endswith("fail"):
        condition = c.value(f"xor i1 {condition}, true")
    branch_if(c, condition, depth)
