"""The operations on lanes of a vector.

Where a machine has an instruction that LLVM does not find from the plain form, `x86` and `neon` name it.
"""

from __future__ import annotations

from fusee.kernel.lower.function import FunctionWriter, lowers
from fusee.kernel.lower.rules import call, lane_rule, rule, suffix
from fusee.kernel.lower.types import constant, llvm_type
from fusee.kernel.lower.vectors import chosen, every, lanes_of, shuffled, splat, with_zeros
from fusee.kernel.tree.expressions import Constant, Intrinsic, Lane, Shuffle
from fusee.kernel.tree.types import Integer

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


# --- masks and floats ----------------------------------------------------------------------------


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
