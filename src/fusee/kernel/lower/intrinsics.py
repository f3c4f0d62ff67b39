"""The operations of `lang` that Python has no operator for."""

from __future__ import annotations

from fusee.kernel.lower.function import FunctionWriter
from fusee.kernel.lower.rules import call, rule, suffix
from fusee.kernel.lower.types import llvm_type
from fusee.kernel.tree.expressions import Intrinsic
from fusee.kernel.tree.types import Integer, Lanes, Pointer

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


@rule("keep_order")
def _keep_order(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    writer.emit('call void asm sideeffect "", "~{memory}"()')
    return ""


# --- bits ----------------------------------------------------------------------------------------


@rule("bitcast")
def _bitcast(writer: FunctionWriter, node: Intrinsic, operands: list[str]) -> str:
    have, want = llvm_type(node.operands[0].type), llvm_type(node.type)
    return operands[0] if have == want else writer.value(f"bitcast {have} {operands[0]} to {want}")


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
