"""The operations of `lang` on floats."""

from __future__ import annotations

from fusee.kernel.lower.function import FunctionWriter
from fusee.kernel.lower.rules import call, rule, suffix
from fusee.kernel.lower.types import llvm_type
from fusee.kernel.tree.expressions import Intrinsic
from fusee.kernel.tree.types import V128, Integer, Type
from fusee.kernel.triple import Triple

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
