"""The operations on lanes of a vector.

Where a machine has an instruction that LLVM does not find from the plain form, `lower/machines.py` names it.
"""

from __future__ import annotations

from fusee.kernel.lower.expressions import conversion
from fusee.kernel.lower.function import FunctionWriter, lowers
from fusee.kernel.lower.intrinsics import call, lane_rule, rule, suffix
from fusee.kernel.lower.types import constant, llvm_type
from fusee.kernel.tree.expressions import Constant, Intrinsic, Lane, Node, Shuffle
from fusee.kernel.tree.types import Integer, Lanes


def lanes_of(node: Node) -> Lanes:
    assert isinstance(node.type, Lanes)
    return node.type


def every(count: int, bits: int, number: int) -> str:
    """A constant vector of equal integers."""
    return f"<{', '.join([f'i{bits} {number}'] * count)}>"


def shuffled(writer: FunctionWriter, type_: Lanes, left: str, right: str, numbers: range | tuple[int, ...]) -> str:
    """`shufflevector` of two vectors of one type."""
    shape = llvm_type(type_)
    mask = ", ".join(f"i32 {number}" for number in numbers)
    return writer.value(f"shufflevector {shape} {left}, {shape} {right}, <{len(numbers)} x i32> <{mask}>")


# --- single lanes --------------------------------------------------------------------------------


@lowers(Lane)
def _lane(writer: FunctionWriter, node: Lane) -> str:
    vector = writer.typed(node.vector)
    if node.value is None:
        return writer.value(f"extractelement {vector}, i32 {node.number}")
    return writer.value(f"insertelement {vector}, {writer.typed(node.value)}, i32 {node.number}")


@rule("lane_at")
def _lane_at(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """Of a vector in memory LLVM makes it a load."""
    lanes = lanes_of(node.operands[0])
    number = writer.value(f"and i32 {operands[1]}, {lanes.count - 1}")
    return writer.value(f"extractelement {llvm_type(lanes)} {operands[0]}, i32 {number}")


def splat(writer: FunctionWriter, lanes: Lanes, operand: str) -> str:
    """A number in all lanes."""
    shape = llvm_type(lanes)
    first = writer.value(f"insertelement {shape} poison, {llvm_type(lanes.element)} {operand}, i32 0")
    return shuffled(writer, lanes, first, "poison", (0,) * lanes.count)


@rule("splat")
def _splat(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    return splat(writer, lanes_of(node), operands[0])


@rule("shl", "lshr", "ashr")
def _shift(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    lanes = lanes_of(node)
    bits = lanes.element.bits
    if writer.module.checks:
        writer.module.checks.lane_shift(writer, bits, operands[1])
    count = node.operands[1]
    if isinstance(count, Constant):
        distances = constant(lanes, lanes.python.literal(count.value).to_bits())
    else:
        narrow = operands[1] if bits == 32 else writer.value(
            f"{'zext' if bits > 32 else 'trunc'} i32 {operands[1]} to i{bits}"
        )  # fmt: skip
        distances = splat(writer, lanes, narrow)
    return writer.value(f"{node.name} {llvm_type(lanes)} {operands[0]}, {distances}")


# --- places --------------------------------------------------------------------------------------


@lowers(Shuffle)
def _shuffle(writer: FunctionWriter, node: Shuffle) -> str:
    left, right = writer.lower(node.left), writer.lower(node.right)
    return shuffled(writer, lanes_of(node), left, right, node.numbers)


@rule("swizzle")
def _swizzle(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    limit = every(16, 8, 16)
    places = call(writer, "llvm.umin.v16i8", "<16 x i8>", f"<16 x i8> {operands[1]}", f"<16 x i8> {limit}")
    return _looked_up(writer, operands[0], "zeroinitializer", places)


@rule("swizzle_near")
def _swizzle_near(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    places = writer.value(f"and <16 x i8> {operands[1]}, {every(16, 8, -0x71)}")
    return _swizzle(writer, node, [operands[0], places])


@rule("swizzle_pair")
def _swizzle_pair(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    return _looked_up(writer, *operands)


def _looked_up(writer: FunctionWriter, low: str, high: str, places: str) -> str:
    """Bytes of 32 in memory, one by one."""
    room = writer.allocate("[32 x i8]", 16)
    writer.emit(f"store <16 x i8> {low}, ptr {room}, align 16")
    upper = writer.value(f"getelementptr inbounds i8, ptr {room}, i64 16")
    writer.emit(f"store <16 x i8> {high}, ptr {upper}, align 16")
    result = "poison"
    for number in range(16):
        place = writer.value(f"extractelement <16 x i8> {places}, i32 {number}")
        index = writer.value(f"zext i8 {place} to i64")
        address = writer.value(f"getelementptr inbounds i8, ptr {room}, i64 {index}")
        byte = writer.value(f"load i8, ptr {address}")
        result = writer.value(f"insertelement <16 x i8> {result}, i8 {byte}, i32 {number}")
    return result


# --- lanes of other widths -----------------------------------------------------------------------


def _half(writer: FunctionWriter, lanes: Lanes, operand: str, *, high: bool) -> tuple[str, str]:
    """The type and value of one half of the lanes."""
    half = lanes.count // 2
    first = half if high else 0
    return f"<{half} x {llvm_type(lanes.element)}>", shuffled(
        writer, lanes, operand, "poison", range(first, first + half)
    )


@rule("widen_low", "widen_high")
def _widen(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = lanes_of(node.operands[0]), lanes_of(node)
    shape, half = _half(writer, have, operands[0], high=node.name == "widen_high")
    return writer.value(f"{conversion(have.element, want.element)} {shape} {half} to {llvm_type(want)}")


def with_zeros(writer: FunctionWriter, lanes: Lanes, half: str) -> str:
    """A vector of `lanes` from half as many; the upper ones are zero."""
    count = lanes.count // 2
    shape = f"<{count} x {llvm_type(lanes.element)}>"
    mask = ", ".join(f"i32 {number}" for number in range(lanes.count))
    return writer.value(f"shufflevector {shape} {half}, {shape} zeroinitializer, <{lanes.count} x i32> <{mask}>")


@rule("narrow_zero")
def _narrow_zero(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = lanes_of(node.operands[0]), lanes_of(node)
    shape = f"<{have.count} x {llvm_type(want.element)}>"
    half = writer.value(f"{conversion(have.element, want.element)} {llvm_type(have)} {operands[0]} to {shape}")
    return with_zeros(writer, want, half)


@rule("narrow_sat")
def _narrow_sat(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = lanes_of(node.operands[0]), lanes_of(node)
    assert isinstance(have.element, Integer) and isinstance(want.element, Integer)
    both = shuffled(writer, have, operands[0], operands[1], range(want.count))
    shape, suffix = f"<{want.count} x i{have.element.bits}>", f"v{want.count}i{have.element.bits}"
    sign = "s" if have.element.signed else "u"
    kind = want.python.element
    for name, limit in (("min", kind.maximum()), ("max", kind.minimum())):
        limits = every(want.count, have.element.bits, limit)
        if sign == "s" or name == "min":
            both = call(writer, f"llvm.{sign}{name}.{suffix}", shape, f"{shape} {both}", f"{shape} {limits}")
    return writer.value(f"trunc {shape} {both} to {llvm_type(want)}")


@rule("pairwise_sum")
def _pairwise_sum(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = lanes_of(node.operands[0]), lanes_of(node)
    shape = f"<{want.count} x {llvm_type(have.element)}>"
    extend = conversion(have.element, want.element)
    parts = []
    for first in (0, 1):
        lanes = shuffled(writer, have, operands[0], "poison", range(first, have.count, 2))
        parts.append(writer.value(f"{extend} {shape} {lanes} to {llvm_type(want)}"))
    return writer.value(f"add {llvm_type(want)} {parts[0]}, {parts[1]}")


@rule("dot")
def _dot(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = lanes_of(node.operands[0]), llvm_type(node.type)
    shape = f"<{have.count // 2} x {llvm_type(have.element)}>"
    parts = []
    for first in (0, 1):
        factors = []
        for operand in operands:
            lanes = shuffled(writer, have, operand, "poison", range(first, have.count, 2))
            factors.append(writer.value(f"sext {shape} {lanes} to {want}"))
        parts.append(writer.value(f"mul {want} {factors[0]}, {factors[1]}"))
    return writer.value(f"add {want} {parts[0]}, {parts[1]}")


@rule("dot_sat")
def _dot_sat(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    bytes_ = lanes_of(node.operands[0])
    products = []
    for first in (0, 1):
        factors = []
        for operand, extend in zip(operands, ("zext", "sext"), strict=True):
            lanes = shuffled(writer, bytes_, operand, "poison", range(first, 16, 2))
            factors.append(writer.value(f"{extend} <8 x i8> {lanes} to <8 x i16>"))
        products.append(writer.value(f"mul <8 x i16> {factors[0]}, {factors[1]}"))
    return call(writer, "llvm.sadd.sat.v8i16", "<8 x i16>", *(f"<8 x i16> {product}" for product in products))


@rule("mul_q15")
@rule("mul_q15_sat")
def _mul_q15(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    wide = [writer.value(f"sext <8 x i16> {operand} to <8 x i32>") for operand in operands]
    product = writer.value(f"mul <8 x i32> {wide[0]}, {wide[1]}")
    total = writer.value(f"add <8 x i32> {product}, {every(8, 32, 0x4000)}")
    shifted = writer.value(f"ashr <8 x i32> {total}, {every(8, 32, 15)}")
    if node.name == "mul_q15_sat":
        limit = every(8, 32, 0x7FFF)
        shifted = call(writer, "llvm.smin.v8i32", "<8 x i32>", f"<8 x i32> {shifted}", f"<8 x i32> {limit}")
    return writer.value(f"trunc <8 x i32> {shifted} to <8 x i16>")


@lane_rule("mul_high")
def _mul_high(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    lanes = lanes_of(node)
    assert isinstance(lanes.element, Integer)
    bits = lanes.element.bits
    shape = f"<{lanes.count} x i{2 * bits}>"
    extend = "sext" if lanes.element.signed else "zext"
    wide = [writer.value(f"{extend} {llvm_type(lanes)} {operand} to {shape}") for operand in operands]
    product = writer.value(f"mul {shape} {wide[0]}, {wide[1]}")
    upper = writer.value(f"lshr {shape} {product}, {every(lanes.count, 2 * bits, bits)}")
    return writer.value(f"trunc {shape} {upper} to {llvm_type(lanes)}")


# --- masks and floats ----------------------------------------------------------------------------


def chosen(writer: FunctionWriter, type_: Lanes, condition: str, a: str, b: str) -> str:
    """`select` by a vector of truth values."""
    shape = llvm_type(type_)
    return writer.value(f"select <{type_.count} x i1> {condition}, {shape} {a}, {shape} {b}")


@lane_rule("select")
def _select(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    signs = writer.value(f"icmp slt {llvm_type(node.operands[0].type)} {operands[0]}, zeroinitializer")
    return chosen(writer, lanes_of(node), signs, *operands[1:])


@lane_rule("fmin", "fmax")
def _extreme(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """Of two zeros the signs are joined; the sum is a quiet NaN. LLVM's own form leaves a signalling one on x86-64."""
    lanes = lanes_of(node)
    type_, bits = llvm_type(lanes), f"<{lanes.count} x i{lanes.element.bits}>"
    a, b = operands
    comparison, join = ("olt", "or") if node.name == "fmin" else ("ogt", "and")
    picked = []
    for first, second in ((a, b), (b, a)):
        holds = writer.value(f"fcmp {comparison} {type_} {first}, {second}")
        picked.append(writer.value(f"bitcast {type_} {chosen(writer, lanes, holds, first, second)} to {bits}"))
    joined = writer.value(f"{join} {bits} {picked[0]}, {picked[1]}")
    extreme = writer.value(f"bitcast {bits} {joined} to {type_}")
    quiet = writer.arithmetic("fadd", type_, a, b)
    return chosen(writer, lanes, writer.value(f"fcmp uno {type_} {a}, {b}"), quiet, extreme)


@lane_rule("trunc_sat")
def _trunc_sat(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = lanes_of(node.operands[0]), lanes_of(node)
    assert isinstance(want.element, Integer)
    shape, name = f"<{have.count} x i{want.element.bits}>", f"v{have.count}i{want.element.bits}"
    name = f"llvm.fpto{'s' if want.element.signed else 'u'}i.sat.{name}.{suffix(have)}"
    found = call(writer, name, shape, f"{llvm_type(have)} {operands[0]}")
    return with_zeros(writer, want, found) if want.count > have.count else found


@rule("trunc_or_least")
def _trunc_or_least(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = lanes_of(node.operands[0]), lanes_of(node)
    type_, shape = llvm_type(have), f"<{have.count} x i32>"
    name = f"llvm.fptosi.sat.v{have.count}i32.{suffix(have)}"
    found = call(writer, name, shape, f"{type_} {operands[0]}")
    limit = f"<{', '.join([f'{llvm_type(have.element)} 0x41E0000000000000'] * have.count)}>"  # 2³¹
    great = writer.value(f"fcmp uge {type_} {operands[0]}, {limit}")
    least = every(have.count, 32, -(2**31))
    found = writer.value(f"select <{have.count} x i1> {great}, {shape} {least}, {shape} {found}")
    return with_zeros(writer, want, found) if want.count > have.count else found


# --- all lanes together --------------------------------------------------------------------------


@rule("any_bits")
def _any_bits(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    bits = writer.value(f"bitcast {llvm_type(node.operands[0].type)} {operands[0]} to i128")
    return writer.value(f"icmp ne i128 {bits}, 0")


@rule("bitmask")
def _bitmask(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    lanes = lanes_of(node.operands[0])
    count, shape = lanes.count, f"<{lanes.count} x i{lanes.element.bits}>"
    bits = operands[0]
    if not isinstance(lanes.element, Integer):
        bits = writer.value(f"bitcast {llvm_type(lanes)} {bits} to {shape}")
    signs = writer.value(f"icmp slt {shape} {bits}, zeroinitializer")
    mask = writer.value(f"bitcast <{count} x i1> {signs} to i{count}")
    return writer.value(f"zext i{count} {mask} to i32")
