"""The operations of `lang` that Python has no operator for."""

from __future__ import annotations

from collections.abc import Callable

from fusee.kernel.lower.function import FunctionWriter, lowers
from fusee.kernel.lower.types import llvm_type
from fusee.kernel.tree.expressions import Intrinsic
from fusee.kernel.tree.types import V128, Integer, Lanes, Pointer, Type
from fusee.kernel.triple import Triple

Rule = Callable[[FunctionWriter, Intrinsic, list[str]], str]
RULES: dict[str, Rule] = {}
LANE_RULES: dict[str, Rule] = {}
"""Those that differ where the first operand is lanes."""
MACHINE_RULES: dict[str, list[tuple[str, str, Rule]]] = {}
"""Those for machines with certain instructions, and lanes of a certain type; they come first."""


@lowers(Intrinsic)
def _intrinsic(writer: FunctionWriter, node: Intrinsic) -> str:
    operands = [writer.lower(operand) for operand in node.operands]
    rule = RULES.get(node.name)
    if operands and isinstance(node.operands[0].type, Lanes):
        rule = LANE_RULES.get(node.name, rule)
        for instructions, types, better in MACHINE_RULES.get(node.name, ()):
            if instructions in writer.module.instructions and types in ("", f"{node.operands[0].type}->{node.type}"):
                rule = better
                break
    assert rule is not None
    return rule(writer, node, operands)


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register how an operation is lowered."""

    def register(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return register


def lane_rule(*names: str) -> Callable[[Rule], Rule]:
    """Register how an operation that scalars have too is lowered for lanes."""

    def register(function: Rule) -> Rule:
        for name in names:
            LANE_RULES[name] = function
        return function

    return register


def machine_rule(instructions: str, name: str, types: str = "") -> Callable[[Rule], Rule]:
    """Register how an operation is lowered where the machine has the named instructions; of several the first is taken.

    `types` are those of the first operand and the result: `f32x4->i32x4`.
    """

    def register(function: Rule) -> Rule:
        MACHINE_RULES.setdefault(name, []).append((instructions, types, function))
        return function

    return register


def suffix(t: Type) -> str:
    """A type in the name of an LLVM intrinsic."""
    if isinstance(t, Lanes):
        return f"v{t.count}{suffix(t.element)}"
    return {"float": "f32", "double": "f64"}.get(llvm_type(t), llvm_type(t))


def _type_in(argument: str) -> str:
    """The type before an operand's value."""
    return argument[: argument.index(">") + 1] if argument.startswith("<") else argument.partition(" ")[0]


def call(writer: FunctionWriter, name: str, result: str, *arguments: str) -> str:
    """A call of one of LLVM's own functions; an argument is its type and value."""
    types = ", ".join(_type_in(argument) for argument in arguments)
    writer.module.declare(name, f"declare {result} @{name}({types})")
    invocation = f"call {result} @{name}({', '.join(arguments)})"
    if result == "void":
        writer.emit(invocation)
        return ""
    return writer.value(invocation)


# --- control -------------------------------------------------------------------------------------


@rule("likely", "unlikely")
def _likely(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """Where the condition is not itself branched on, the hint is of no use."""
    return operands[0]


@rule("select")
def _select(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    type_ = llvm_type(node.type)
    return writer.value(f"select i1 {operands[0]}, {type_} {operands[1]}, {type_} {operands[2]}")


@rule("unreachable")
def _unreachable(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    if writer.module.checks:
        writer.module.checks.unreachable(writer)
    writer.end("unreachable")
    return ""


# --- memory --------------------------------------------------------------------------------------


@rule("store")
def _store(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    type_ = node.operands[1].type
    if writer.module.checks:
        writer.module.checks.access(writer, type_, operands[0], False)
    writer.store(type_, operands[1], operands[0], False)
    return ""


@rule("copy_bytes")
def _copy_bytes(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    size = f"i{writer.types.pointer_bits}"
    if writer.module.checks:
        writer.module.checks.range(writer, operands[0], operands[2])
        writer.module.checks.range(writer, operands[1], operands[2])
    name = f"llvm.memmove.p0.p0.{size}"
    return call(writer, name, "void", f"ptr {operands[0]}", f"ptr {operands[1]}", f"{size} {operands[2]}", "i1 false")


@rule("fill_bytes")
def _fill_bytes(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    size = f"i{writer.types.pointer_bits}"
    if writer.module.checks:
        writer.module.checks.range(writer, operands[0], operands[2])
    name = f"llvm.memset.p0.{size}"
    return call(writer, name, "void", f"ptr {operands[0]}", f"i8 {operands[1]}", f"{size} {operands[2]}", "i1 false")


@rule("diff")
def _diff(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    size = llvm_type(node.type)
    pointer = node.operands[0].type
    assert isinstance(pointer, Pointer)
    first, second = (writer.value(f"ptrtoint ptr {operand} to {size}") for operand in operands)
    count = writer.value(f"sub {size} {first}, {second}")
    return writer.value(f"sdiv exact {size} {count}, {writer.types.size(pointer.element)}")


@rule("cast")
def _cast(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have = node.operands[0].type
    return (
        writer.value(f"inttoptr {llvm_type(have)} {operands[0]} to ptr") if isinstance(have, Integer) else operands[0]
    )


@rule("address")
def _address(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    return writer.value(f"ptrtoint ptr {operands[0]} to {llvm_type(node.type)}")


# --- integers ------------------------------------------------------------------------------------


@rule("clz", "ctz")
def _count_zeros(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    type_ = llvm_type(node.type)
    name = {"clz": "llvm.ctlz", "ctz": "llvm.cttz"}[node.name]
    return call(writer, f"{name}.{type_}", type_, f"{type_} {operands[0]}", "i1 false")


@rule("popcount", "byte_swap")
def _bits(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    type_ = llvm_type(node.type)
    name = {"popcount": "llvm.ctpop", "byte_swap": "llvm.bswap"}[node.name]
    if name == "llvm.bswap" and type_ == "i8":
        return operands[0]
    return call(writer, f"{name}.{suffix(node.type)}", type_, f"{type_} {operands[0]}")


@rule("rotl", "rotr")
def _rotate(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    type_ = llvm_type(node.type)
    name = {"rotl": "llvm.fshl", "rotr": "llvm.fshr"}[node.name]
    subject = f"{type_} {operands[0]}"
    return call(writer, f"{name}.{type_}", type_, subject, subject, f"{type_} {operands[1]}")


@rule("mul_high")
def _mul_high(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    assert isinstance(node.type, Integer)
    bits = node.type.bits
    extend = "sext" if node.type.signed else "zext"
    wide = [writer.value(f"{extend} i{bits} {operand} to i{2 * bits}") for operand in operands]
    product = writer.value(f"mul i{2 * bits} {wide[0]}, {wide[1]}")
    upper = writer.value(f"lshr i{2 * bits} {product}, {bits}")
    return writer.value(f"trunc i{2 * bits} {upper} to i{bits}")


_PAIRS = {"minimum": "{}min", "maximum": "{}max", "add_sat": "{}add.sat", "sub_sat": "{}sub.sat"}


@rule(*_PAIRS)
def _pair(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    number = node.type.element if isinstance(node.type, Lanes) else node.type
    assert isinstance(number, Integer)
    type_ = llvm_type(node.type)
    name = f"llvm.{_PAIRS[node.name].format('s' if number.signed else 'u')}.{suffix(node.type)}"
    return call(writer, name, type_, *(f"{type_} {operand}" for operand in operands))


@rule("div_trunc", "rem_trunc")
def _divide(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    if writer.module.checks:
        writer.module.checks.division(writer, node, operands)
    name = "sdiv" if node.name == "div_trunc" else "srem"
    return writer.value(f"{name} {llvm_type(node.type)} {operands[0]}, {operands[1]}")


# --- floats --------------------------------------------------------------------------------------

_FLOAT_NAMES = {
    "fabs": "fabs",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
    "nearest": "roundeven",
    "sqrt": "sqrt",
    "copysign": "copysign",
    "fmin": "minimum",
    "fmax": "maximum",
    "fma": "fma",
}

_EXTREMES = {"fmin": "fminimum", "fmax": "fmaximum"}  # C23's names
_ROUNDING = ("floor", "ceil", "trunc", "nearest")


_WORDS = {"double": "i64", "<2 x double>": "<2 x i64>"}  # the bits of doubles


def _extreme(writer: FunctionWriter, name: str, type_: str, a: str, b: str) -> str:
    """The lesser or greater by comparisons: of equal ones, which may be zeros, the sign decides; NaNs are quieted."""
    word, relation, both = _WORDS[type_], *{"fmin": ("olt", "or"), "fmax": ("ogt", "and")}[name]
    condition = word.replace("i64", "i1")
    bits = [writer.value(f"bitcast {type_} {operand} to {word}") for operand in (a, b)]
    signed = writer.value(f"bitcast {word} {writer.value(f'{both} {word} {bits[0]}, {bits[1]}')} to {type_}")
    first, second = (writer.value(f"fcmp {test} {type_} {a}, {b}") for test in (relation, "oeq"))
    found = writer.value(f"select {condition} {first}, {type_} {a}, {type_} {b}")
    found = writer.value(f"select {condition} {second}, {type_} {signed}, {type_} {found}")
    total = writer.arithmetic("fadd", type_, a, b)
    unordered = writer.value(f"fcmp uno {type_} {a}, {b}")
    return writer.value(f"select {condition} {unordered}, {type_} {total}, {type_} {found}")


@rule(*_FLOAT_NAMES)
def _float(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    type_ = llvm_type(node.type)
    triple = Triple.parse(writer.types.target.triple)
    name = f"llvm.{_FLOAT_NAMES[node.name]}.{suffix(node.type)}"
    if node.name in _EXTREMES and type_ in _WORDS and triple.lacks_double_extremes:
        return _extreme(writer, node.name, type_, *operands)
    if node.name in _EXTREMES and type_ == "double" and triple.has_single_floats_only:
        name = _EXTREMES[node.name]  # LLVM 22 fails on the intrinsic there
    result = call(writer, name, type_, *(f"{type_} {operand}" for operand in operands))
    if node.name in _ROUNDING and triple.rounds_without_quieting:
        return call(writer, f"llvm.canonicalize.{suffix(node.type)}", type_, f"{type_} {result}")
    return result


@rule("negate")
def _negate(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    return writer.value(f"fneg {llvm_type(node.type)} {operands[0]}")


@rule("trunc_to")
def _trunc_to(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    assert isinstance(node.type, Integer)
    name = "fptosi" if node.type.signed else "fptoui"
    return writer.value(f"{name} {llvm_type(node.operands[0].type)} {operands[0]} to {llvm_type(node.type)}")


@rule("trunc_sat")
def _trunc_sat(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    assert isinstance(node.type, Integer)
    type_, source = llvm_type(node.type), node.operands[0].type
    name = f"llvm.fpto{'s' if node.type.signed else 'u'}i.sat.{type_}.{suffix(source)}"
    return call(writer, name, type_, f"{llvm_type(source)} {operands[0]}")


@rule("bitcast")
def _bitcast(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = llvm_type(node.operands[0].type), llvm_type(node.type)
    return operands[0] if have == want else writer.value(f"bitcast {have} {operands[0]} to {want}")


def _lanes(t: Type) -> str:
    """A vector register as lanes of a float type."""
    return "<4 x float>" if llvm_type(t) == "float" else "<2 x double>"


@rule("low")
def _low(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    lanes = writer.value(f"bitcast {llvm_type(V128)} {operands[0]} to {_lanes(node.type)}")
    return writer.value(f"extractelement {_lanes(node.type)} {lanes}, i32 0")


@rule("from_low")
def _from_low(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """The other lanes are `undef`: then this takes no instruction at all, zeros take two."""
    return _insert_low(writer, node.operands[-1].type, "undef", operands[-1])


@rule("with_low")
def _with_low(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """Where nothing is said of the other lanes, LLVM computes them too if the operands are in registers.

    On AArch64 that costs nothing. On x86-64 a number that happens to be subnormal in a lane that nobody
    wants takes 150 cycles; but there scalar instructions keep the other lanes of their first operand.
    """
    if writer.types.target.architecture != "x86_64":
        return _from_low(writer, node, operands)
    lanes = writer.value(f"bitcast {llvm_type(V128)} {operands[0]} to {_lanes(node.operands[1].type)}")
    return _insert_low(writer, node.operands[1].type, lanes, operands[1])


def _insert_low(writer: FunctionWriter, t: Type, lanes: str, operand: str) -> str:
    inserted = writer.value(f"insertelement {_lanes(t)} {lanes}, {llvm_type(t)} {operand}, i32 0")
    return writer.value(f"bitcast {_lanes(t)} {inserted} to {llvm_type(V128)}")


@rule("keep_order")
def _keep_order(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    writer.emit('call void asm sideeffect "", "~{memory}"()')
    return ""


@rule("whole")
def _whole(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    """AArch64 scales an index by the width of the access, so LLVM's narrower one of the half would need a shift.

    It loads two neighbours of 32 bits at once and extends what it adds, but LLVM would load each extended.
    """
    if writer.types.target.architecture != "aarch64":
        return operands[0]
    type_ = llvm_type(node.type)
    if type_ == "i32":
        return writer.value(f"freeze i32 {operands[0]}")
    bank = "r" if type_ == "i64" else "w"
    return writer.value(f'call {type_} asm "", "={bank},0"({type_} {operands[0]})')
