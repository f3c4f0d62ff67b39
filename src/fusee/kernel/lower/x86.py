"""Operations on lanes for which x86-64 has shorter code than LLVM makes of the plain form."""

from __future__ import annotations

from fusee.kernel.lower.function import FunctionWriter
from fusee.kernel.lower.rules import RULES, call, machine_rule
from fusee.kernel.lower.types import llvm_type
from fusee.kernel.lower.vectors import every, lanes_of, shuffled, splat, with_zeros
from fusee.kernel.tree.expressions import Intrinsic
from fusee.kernel.tree.types import Integer, Lanes

_BYTES, _WORDS, _DOUBLE_WORDS = "<16 x i8>", "<8 x i16>", "<4 x i32>"
_SINGLES, _DOUBLES = "<4 x float>", "<2 x double>"
_2_31, _MAX_I32, _MAX_U32, _2_52 = (
    "0x41E0000000000000",
    "0x41DFFFFFFFC00000",
    "0x41EFFFFFFFE00000",
    "0x4330000000000000",
)


def _all(shape: str, number: str) -> str:
    """A constant vector of equal floats."""
    count, element = shape[1:-1].split(" x ")
    return f"<{', '.join([f'{element} {number}'] * int(count))}>"


# --- places --------------------------------------------------------------------------------------


def _pshufb(writer: FunctionWriter, subject: str, places: str) -> str:
    """Bytes by the lowest four bits of their places; zero where a place has its first bit."""
    return call(writer, "llvm.x86.ssse3.pshuf.b.128", _BYTES, f"{_BYTES} {subject}", f"{_BYTES} {places}")


@machine_rule("ssse3", "swizzle")
def _swizzle(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    high = every(16, 8, 0x70)  # takes 16 and more to 128 and more
    places = call(writer, "llvm.uadd.sat.v16i8", _BYTES, f"{_BYTES} {operands[1]}", f"{_BYTES} {high}")
    return _pshufb(writer, operands[0], places)


@machine_rule("ssse3", "swizzle_near")
def _swizzle_near(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    return _pshufb(writer, *operands)


@machine_rule("ssse3", "swizzle_pair")
def _swizzle_pair(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """Places are below 32: those of the other vector get the first bit."""
    found = []
    for vector, distance in ((operands[0], 0x70), (operands[1], -16)):
        places = writer.value(f"add {_BYTES} {operands[2]}, {every(16, 8, distance)}")
        found.append(_pshufb(writer, vector, places))
    return writer.value(f"or {_BYTES} {found[0]}, {found[1]}")


# --- integers ------------------------------------------------------------------------------------


@machine_rule("sse2", "ashr", "i8x16->i8x16")
def _shift_bytes(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """There are no shifts of bytes: each as the upper half of a word, by eight more."""
    lanes = lanes_of(node)
    if writer.module.checks:
        writer.module.checks.lane_shift(writer, 8, operands[1])
    words = lanes_of_words(writer)
    count = writer.value(f"add nuw i32 {operands[1]}, 8")
    distances = splat(writer, words, writer.value(f"trunc i32 {count} to i16"))
    halves = []
    for first in (0, 8):
        doubled = [number for place in range(first, first + 8) for number in (place, place)]
        pairs = writer.value(
            f"bitcast {_BYTES} {shuffled(writer, lanes, operands[0], 'poison', tuple(doubled))} to {_WORDS}"
        )
        halves.append(writer.value(f"ashr {_WORDS} {pairs}, {distances}"))
    return call(writer, "llvm.x86.sse2.packsswb.128", _BYTES, *(f"{_WORDS} {half}" for half in halves))


def lanes_of_words(writer: FunctionWriter) -> Lanes:
    words = writer.types.named("i16x8")
    assert isinstance(words, Lanes)
    return words


@machine_rule("ssse3", "mul_q15")
def _mul_q15(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    return call(writer, "llvm.x86.ssse3.pmul.hr.sw.128", _WORDS, *(f"{_WORDS} {operand}" for operand in operands))


@machine_rule("ssse3", "mul_q15_sat")
def _mul_q15_sat(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    return _saturated(writer, _mul_q15(writer, node, operands))


@machine_rule("sse2", "mul_q15_sat")
def _mul_q15_sat_by_halves(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """Upper half of the product twice, and of the lower one its two highest bits, rounded."""
    arguments = (f"{_WORDS} {operand}" for operand in operands)
    high = call(writer, "llvm.x86.sse2.pmulh.w", _WORDS, *arguments)
    low = writer.value(f"mul {_WORDS} {operands[0]}, {operands[1]}")
    two_bits = writer.value(f"lshr {_WORDS} {low}, {every(8, 16, 14)}")
    more = writer.value(f"add nuw {_WORDS} {two_bits}, {every(8, 16, 1)}")
    rounded = writer.value(f"lshr {_WORDS} {more}, {every(8, 16, 1)}")
    doubled = writer.value(f"shl {_WORDS} {high}, {every(8, 16, 1)}")
    return _saturated(writer, writer.value(f"add {_WORDS} {doubled}, {rounded}"))


def _saturated(writer: FunctionWriter, product: str) -> str:
    """The only product out of range, that of -1 and -1, comes out as -1."""
    least = writer.value(f"icmp eq {_WORDS} {product}, {every(8, 16, -0x8000)}")
    ones = writer.value(f"sext <8 x i1> {least} to {_WORDS}")
    return writer.value(f"xor {_WORDS} {product}, {ones}")


@machine_rule("ssse3", "pairwise_sum", "i8x16->i16x8")
@machine_rule("ssse3", "pairwise_sum", "u8x16->u16x8")
def _pairwise_sum_bytes(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """The products with ones; the instruction's first operand is unsigned, the second signed."""
    is_signed = node.operands[0].type.name == "i8x16"
    return _dot_sat(writer, node, [every(16, 8, 1), operands[0]] if is_signed else [operands[0], every(16, 8, 1)])


@machine_rule("ssse3", "dot_sat")
def _dot_sat(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    return call(writer, "llvm.x86.ssse3.pmadd.ub.sw.128", _WORDS, *(f"{_BYTES} {operand}" for operand in operands))


@machine_rule("sse2", "pairwise_sum", "i16x8->i32x4")
def _pairwise_sum_words(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    return _multiply_add(writer, operands[0], every(8, 16, 1))


@machine_rule("sse2", "pairwise_sum")
def _pairwise_sum(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    want = lanes_of(node)
    even, odd = _parts(writer, want, operands[0])
    return writer.value(f"add {llvm_type(want)} {even}, {odd}")


def _parts(writer: FunctionWriter, wide: Lanes, operand: str) -> tuple[str, str]:
    """The even and the odd lanes of a vector, in lanes twice as wide."""
    assert isinstance(wide.element, Integer)
    bits, shape = wide.element.bits // 2, llvm_type(wide)
    narrow = f"<{2 * wide.count} x i{bits}>"
    distance, right = every(wide.count, 2 * bits, bits), "ashr" if wide.element.signed else "lshr"
    whole = writer.value(f"bitcast {narrow} {operand} to {shape}")
    even = writer.value(f"{right} {shape} {writer.value(f'shl {shape} {whole}, {distance}')}, {distance}")
    return even, writer.value(f"{right} {shape} {whole}, {distance}")


@machine_rule("sse2", "dot", "i16x8->i32x4")
def _dot(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    return _multiply_add(writer, *operands)


def _multiply_add(writer: FunctionWriter, a: str, b: str) -> str:
    return call(writer, "llvm.x86.sse2.pmadd.wd", _DOUBLE_WORDS, f"{_WORDS} {a}", f"{_WORDS} {b}")


@machine_rule("sse2", "dot", "i8x16->i16x8")
def _dot_bytes(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    first, second = (_parts(writer, lanes_of(node), operand) for operand in operands)
    products = [writer.value(f"mul {_WORDS} {a}, {b}") for a, b in zip(first, second, strict=True)]
    return writer.value(f"add {_WORDS} {products[0]}, {products[1]}")


@machine_rule("sse2", "narrow_sat", "i32x4->u16x8")
def _narrow_words(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """Before SSE4.1 only signed numbers are narrowed with limits: so 32,768 less, and afterwards more."""
    if "sse4.1" in writer.module.instructions:
        return RULES[node.name](writer, node, operands)
    lowered = []
    for operand in operands:
        negative = writer.value(f"ashr {_DOUBLE_WORDS} {operand}, {every(4, 32, 31)}")
        others = writer.value(f"xor {_DOUBLE_WORDS} {negative}, {every(4, 32, -1)}")
        limited = writer.value(f"and {_DOUBLE_WORDS} {operand}, {others}")
        lowered.append(writer.value(f"sub {_DOUBLE_WORDS} {limited}, {every(4, 32, 0x8000)}"))
    arguments = (f"{_DOUBLE_WORDS} {operand}" for operand in lowered)
    packed = call(writer, "llvm.x86.sse2.packssdw.128", _WORDS, *arguments)
    return writer.value(f"xor {_WORDS} {packed}, {every(8, 16, -0x8000)}")


# --- floats to integers --------------------------------------------------------------------------


def _convert(writer: FunctionWriter, shape: str, operand: str) -> str:
    """Towards zero; what does not fit gives the least integer. The upper lanes of two are zero."""
    name = "llvm.x86.sse2.cvttps2dq" if shape == _SINGLES else "llvm.x86.sse2.cvttpd2dq"
    return call(writer, name, _DOUBLE_WORDS, f"{shape} {operand}")


def _picked(writer: FunctionWriter, shape: str, comparison: str, a: str, b: str) -> str:
    """`a` if the comparison of `a` with `b` holds, else `b`: of a NaN `b`, as the machine's min and max have it."""
    count = shape[1:].split(" ")[0]
    holds = writer.value(f"fcmp {comparison} {shape} {a}, {b}")
    return writer.value(f"select <{count} x i1> {holds}, {shape} {a}, {shape} {b}")


def _mask(writer: FunctionWriter, comparison: str, a: str, b: str) -> str:
    holds = writer.value(f"fcmp {comparison} {_SINGLES} {a}, {b}")
    return writer.value(f"sext <4 x i1> {holds} to {_DOUBLE_WORDS}")


@machine_rule("sse2", "trunc_or_least", "f32x4->i32x4")
@machine_rule("sse2", "trunc_or_least", "f64x2->i32x4")
def _trunc_or_least(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    return _convert(writer, llvm_type(node.operands[0].type), operands[0])


@machine_rule("sse2", "trunc_sat", "f32x4->i32x4")
def _trunc_sat(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """Zero instead of a NaN; where it is too great, the least integer's opposite bits."""
    ordered = writer.value(f"fcmp ord {_SINGLES} {operands[0]}, {operands[0]}")
    number = writer.value(f"select <4 x i1> {ordered}, {_SINGLES} {operands[0]}, {_SINGLES} zeroinitializer")
    great = _mask(writer, "oge", number, _all(_SINGLES, _2_31))
    return writer.value(f"xor {_DOUBLE_WORDS} {_convert(writer, _SINGLES, number)}, {great}")


@machine_rule("sse2", "trunc_sat", "f32x4->u32x4")
def _trunc_sat_unsigned(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """What is above 2³¹ is added to 2³¹, which is what the conversion of too great a number gives."""
    limit = _all(_SINGLES, _2_31)
    number = _picked(writer, _SINGLES, "ogt", operands[0], "zeroinitializer")
    above = writer.value(f"fsub {_SINGLES} {number}, {limit}")
    great = _mask(writer, "oge", above, limit)
    rest = writer.value(f"xor {_DOUBLE_WORDS} {_convert(writer, _SINGLES, above)}, {great}")
    zero = f"{_DOUBLE_WORDS} zeroinitializer"
    more = call(writer, "llvm.smax.v4i32", _DOUBLE_WORDS, f"{_DOUBLE_WORDS} {rest}", zero)
    return writer.value(f"add {_DOUBLE_WORDS} {_convert(writer, _SINGLES, number)}, {more}")


@machine_rule("sse2", "trunc_sat", "f64x2->i32x4")
def _trunc_sat_double(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """The limit is zero for a NaN, which the minimum then gives."""
    ordered = writer.value(f"fcmp ord {_DOUBLES} {operands[0]}, {operands[0]}")
    limits = f"{_DOUBLES} {_all(_DOUBLES, _MAX_I32)}, {_DOUBLES} zeroinitializer"
    limit = writer.value(f"select <2 x i1> {ordered}, {limits}")
    return _convert(writer, _DOUBLES, _picked(writer, _DOUBLES, "olt", operands[0], limit))


@machine_rule("sse4.1", "trunc_sat", "f64x2->u32x4")
def _trunc_sat_double_unsigned(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """An integer added to 2⁵² is the low half of the sum's bits."""
    number = _picked(writer, _DOUBLES, "ogt", operands[0], "zeroinitializer")
    number = _picked(writer, _DOUBLES, "olt", number, _all(_DOUBLES, _MAX_U32))
    integral = call(writer, "llvm.trunc.v2f64", _DOUBLES, f"{_DOUBLES} {number}")
    placed = writer.value(f"fadd {_DOUBLES} {integral}, {_all(_DOUBLES, _2_52)}")
    words = writer.value(f"bitcast {_DOUBLES} {placed} to {_DOUBLE_WORDS}")
    low = writer.value(f"shufflevector {_DOUBLE_WORDS} {words}, {_DOUBLE_WORDS} poison, <2 x i32> <i32 0, i32 2>")
    return with_zeros(writer, lanes_of(node), low)
