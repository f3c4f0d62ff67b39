"""Expressions to LLVM."""

from __future__ import annotations

from fusee.kernel.lower.function import FunctionWriter, lowers
from fusee.kernel.lower.inline import inline, inlined_results
from fusee.kernel.lower.types import constant, extension, llvm_type, memory_type, result_items, result_type
from fusee.kernel.tree.expressions import (
    Binary,
    Call,
    CallPointer,
    CodeAddress,
    Compare,
    Conditional,
    Constant,
    Convert,
    Field,
    Intrinsic,
    Load,
    Local,
    Logic,
    Node,
    Offset,
    RecordField,
    RecordValue,
    SeveralValues,
    StackArray,
    TableAddress,
)
from fusee.kernel.tree.functions import Specialised, Variable
from fusee.kernel.tree.types import (
    Boolean,
    Float,
    Function,
    Integer,
    Lanes,
    Nothing,
    Pointer,
    Record,
    Reference,
    Several,
    Type,
)


@lowers(Constant)
def _constant(writer: FunctionWriter, node: Constant) -> str:
    return constant(node.type, node.value)


@lowers(Local)
def _local(writer: FunctionWriter, node: Local) -> str:
    return writer.read(node.variable)


@lowers(Binary)
def _binary(writer: FunctionWriter, node: Binary) -> str:
    left, right = writer.lower(node.left), writer.lower(node.right)
    if writer.module.checks and isinstance(node.right, Node):
        writer.module.checks.arithmetic(writer, node, right)
    return writer.arithmetic(node.op, llvm_type(node.type), left, right)


@lowers(Compare)
def _compare(writer: FunctionWriter, node: Compare) -> str:
    left, right = writer.lower(node.left), writer.lower(node.right)
    answer = writer.value(f"{node.op} {llvm_type(node.left.type)} {left}, {right}")
    if not isinstance(node.type, Lanes):
        return answer
    return writer.value(f"sext <{node.type.count} x i1> {answer} to {llvm_type(node.type)}")


@lowers(Logic)
def _logic(writer: FunctionWriter, node: Logic) -> str:
    left = writer.lower(node.left)
    start, right_label, after = writer.block, writer.label(), writer.label()
    writer.branch(left, *((right_label, after) if node.is_and else (after, right_label)))
    writer.begin(right_label)
    right = writer.lower(node.right)
    end = writer.block
    writer.begin(after)
    decided = "false" if node.is_and else "true"
    return writer.value(f"phi i1 [ {decided}, %{start} ], [ {right}, %{end} ]")


def branch(writer: FunctionWriter, condition: Node, then: str, other: str, weight: str = "") -> None:
    """Branch on a condition; `and` and `or` become branches of their own."""
    while isinstance(condition, Intrinsic) and condition.name in ("likely", "unlikely"):
        weight = condition.name
        condition = condition.operands[0]
    if not isinstance(condition, Logic):
        writer.branch(writer.lower(condition), then, other, weight)
        return
    middle = writer.label()
    if condition.is_and:
        branch(writer, condition.left, middle, other, weight)
    else:
        branch(writer, condition.left, then, middle, weight)
    writer.begin(middle)
    branch(writer, condition.right, then, other, weight)


@lowers(Conditional)
def _conditional(writer: FunctionWriter, node: Conditional) -> str:
    labels = writer.label(), writer.label()
    after = writer.label()
    branch(writer, node.condition, *labels)
    incoming = []
    for label, arm in zip(labels, (node.then, node.other), strict=True):
        writer.begin(label)
        operand = writer.lower(arm)
        incoming.append(f"[ {operand}, %{writer.block} ]")
        writer.jump(after)
    writer.begin(after)
    return writer.value(f"phi {llvm_type(node.type)} {', '.join(incoming)}")


@lowers(Convert)
def _convert(writer: FunctionWriter, node: Convert) -> str:
    operand = writer.lower(node.operand)
    have, want = node.operand.type, node.type
    name = conversion(have, want)
    return writer.value(f"{name} {llvm_type(have)} {operand} to {llvm_type(want)}") if name else operand


def conversion(have: Type, want: Type) -> str:
    """LLVM's instruction for `want(have)`; empty if nothing changes."""
    if isinstance(have, Lanes) and isinstance(want, Lanes):
        return conversion(have.element, want.element)
    if isinstance(want, Float):
        if isinstance(have, Float):
            return "fpext" if want.bits > have.bits else "fptrunc"
        return "sitofp" if isinstance(have, Integer) and have.signed else "uitofp"
    assert isinstance(want, Integer)
    if isinstance(have, Boolean):
        return "zext"
    assert isinstance(have, Integer)
    if want.bits == have.bits:
        return ""
    if want.bits < have.bits:
        return "trunc"
    return "sext" if have.signed else "zext"


# --- memory --------------------------------------------------------------------------------------


@lowers(Offset)
def _offset(writer: FunctionWriter, node: Offset) -> str:
    base = writer.lower(node.pointer)
    pointer = node.pointer.type
    assert isinstance(pointer, Pointer)
    element = pointer.element
    shape = f"[{writer.types.size(element)} x i8]" if isinstance(element, Reference) else memory_type(element)
    flags, index = _index(writer, node)
    return writer.value(f"getelementptr {flags} {shape}, ptr {base}, i64 {index}")


def _index(writer: FunctionWriter, node: Offset) -> tuple[str, str]:
    """The flags and the 64-bit index of an address computation.

    An unsigned index never wraps around the address space, and saying so (`nuw`) lets targets with
    32-bit pointers use their addressing modes.
    """
    type_ = node.index.type
    assert isinstance(type_, Integer)
    if isinstance(node.index, Constant):
        number = -int(node.index.value) if node.negate else int(node.index.value)
        return ("inbounds nuw" if number >= 0 else "inbounds"), str(number)
    index = writer.lower(node.index)
    if writer.module.checks:
        writer.module.checks.index(writer, node, index)
    if type_.bits < 64:
        index = writer.value(f"{'sext' if type_.signed else 'zext'} i{type_.bits} {index} to i64")
    if node.negate:
        index = writer.value(f"sub i64 0, {index}")
    return ("inbounds" if type_.signed or node.negate else "inbounds nuw"), index


@lowers(Field)
def _field(writer: FunctionWriter, node: Field) -> str:
    base = writer.lower(node.base)
    return writer.value(f"getelementptr inbounds nuw i8, ptr {base}, i64 {node.offset}") if node.offset else base


@lowers(Load)
def _load(writer: FunctionWriter, node: Load) -> str:
    address = writer.lower(node.address)
    if writer.module.checks:
        writer.module.checks.access(writer, node.type, address, node.aligned)
    return writer.load(node.type, address, node.aligned, node.is_invariant)


@lowers(RecordField)
def _record_field(writer: FunctionWriter, node: RecordField) -> str:
    return writer.read_register(node.record, node.name)


@lowers(StackArray)
def _stack_array(writer: FunctionWriter, node: StackArray) -> str:
    element = node.element
    size = writer.types.size(element)
    return writer.allocate(f"[{size * node.count} x i8]", max(writer.types.alignment(element), 8))


@lowers(TableAddress)
def _table(writer: FunctionWriter, node: TableAddress) -> str:
    return writer.module.table(node.table)


@lowers(CodeAddress)
def _code(writer: FunctionWriter, node: CodeAddress) -> str:
    return writer.module.symbol(node.callee)


# --- calls ---------------------------------------------------------------------------------------


def _arguments(writer: FunctionWriter, arguments: tuple[Node, ...]) -> str:
    return ", ".join(f"{llvm_type(a.type)}{extension(a.type)} {writer.lower(a)}" for a in arguments)


@lowers(Call)
def _call(writer: FunctionWriter, node: Call) -> str:
    """A call; of several results the value is the aggregate, for `Unpack`."""
    callee = node.callee
    if writer.inlines(callee):
        return inline(writer, node)
    symbol = writer.module.symbol(callee)
    shape = result_type(callee)
    invocation = f"call{_result_extension(callee)} {shape} {symbol}({_arguments(writer, node.arguments)})"
    if not callee.may_raise:
        if shape == "void":
            writer.emit(invocation)
            return "0"  # the status of `caught`
        return writer.value(invocation)
    result = writer.value(invocation)
    items = result_items(callee)
    status = writer.value(f"extractvalue {shape} {result}, 0") if items else result
    if node.caught:
        return status
    writer.propagate_if_any(status)
    return writer.value(f"extractvalue {shape} {result}, 1") if len(items) == 1 else result


def _result_extension(callee: Specialised) -> str:
    return "" if callee.may_raise else extension(callee.result)


def several_results(writer: FunctionWriter, node: Node) -> list[str]:
    """The operands of a call's several results."""
    if isinstance(node, SeveralValues):
        return [writer.lower(item) for item in node.items]
    assert isinstance(node.type, Several)
    if isinstance(node, Call) and writer.inlines(node.callee):
        return inlined_results(writer, node)
    aggregate = writer.lower(node)
    raising = isinstance(node, Call) and node.callee.may_raise
    shape = result_type(node.callee) if isinstance(node, Call) else llvm_type(node.type)
    return [
        writer.value(f"extractvalue {shape} {aggregate}, {index + raising}") for index in range(len(node.type.items))
    ]


@lowers(CallPointer)
def _call_pointer(writer: FunctionWriter, node: CallPointer) -> str:
    code = writer.lower(node.function)
    type_ = node.function.type
    assert isinstance(type_, Function)
    if type_.record is not None:
        record = node.arguments[0]
        assert isinstance(record, RecordValue)
        arguments = writer.register_arguments(record.variable)
        writer.emit(f"call {writer.module.convention.name} void {code}({arguments})")
        return ""
    invocation = f"call{extension(type_.result)} {llvm_type(type_.result)} {code}({_arguments(writer, node.arguments)})"
    if isinstance(type_.result, Nothing):
        writer.emit(invocation)
        return ""
    return writer.value(invocation)


def clear_record(writer: FunctionWriter, variable: Variable) -> None:
    """`regs = Regs()`."""
    assert isinstance(variable.type, Record)
    for name, type_ in variable.type.fields.items():
        writer.write_register(variable, name, constant(type_, 0))
