"""Statements to LLVM."""

from __future__ import annotations

from fusee.kernel.errors import CODE_MASK, CODE_SHIFT, DETAIL_MASK, TAG_SHIFT
from fusee.kernel.lower.expressions import branch, clear_record, several_results
from fusee.kernel.lower.function import FunctionWriter, lowers
from fusee.kernel.lower.inline import return_inlined
from fusee.kernel.lower.types import llvm_type, result_items, result_type
from fusee.kernel.text import UNLIKELY
from fusee.kernel.tree.expressions import Constant, Node
from fusee.kernel.tree.statements import (
    Assert,
    Assign,
    Break,
    ClearRecord,
    Continue,
    Evaluate,
    If,
    Loop,
    Raise,
    Return,
    SetRecordField,
    Statement,
    Store,
    Switch,
    TailCall,
    Unpack,
    Unrolled,
)


@lowers(Assign)
def _assign(writer: FunctionWriter, statement: Assign) -> None:
    writer.write(statement.variable, writer.lower(statement.value))


@lowers(Unpack)
def _unpack(writer: FunctionWriter, statement: Unpack) -> None:
    for variable, operand in zip(statement.variables, several_results(writer, statement.value), strict=True):
        writer.write(variable, operand)


@lowers(Store)
def _store(writer: FunctionWriter, statement: Store) -> None:
    value = writer.lower(statement.value)  # as in Python, before the place is known
    address = writer.lower(statement.address)
    if writer.module.checks:
        writer.module.checks.access(writer, statement.value.type, address, statement.aligned)
    writer.store(statement.value.type, value, address, statement.aligned)


@lowers(SetRecordField)
def _set_record_field(writer: FunctionWriter, statement: SetRecordField) -> None:
    writer.write_register(statement.record, statement.name, writer.lower(statement.value))


@lowers(ClearRecord)
def _clear_record(writer: FunctionWriter, statement: ClearRecord) -> None:
    clear_record(writer, statement.variable)


@lowers(Evaluate)
def _evaluate(writer: FunctionWriter, statement: Evaluate) -> None:
    writer.lower(statement.value)


@lowers(Assert)
def _assert(writer: FunctionWriter, statement: Assert) -> None:
    if writer.module.checks:
        failing, going = writer.label(), writer.label()
        branch(writer, statement.condition, going, failing, "likely")
        writer.begin(failing)
        writer.module.checks.failure(writer, f"`{statement.text}` does not hold")
        writer.begin(going)


@lowers(If)
def _if(writer: FunctionWriter, statement: If) -> None:
    then, after = writer.label(), writer.label()
    other = writer.label() if statement.other else after
    branch(writer, statement.condition, then, other, UNLIKELY if _raises(statement.then) else "")
    writer.begin(then)
    writer.statements(statement.then)
    writer.jump(after)
    if statement.other:
        writer.begin(other)
        writer.statements(statement.other)
        writer.jump(after)
    writer.begin_if_reached(after)


def _raises(statements: list[Statement]) -> bool:
    return bool(statements) and isinstance(statements[-1], Raise)


@lowers(Switch)
def _switch(writer: FunctionWriter, statement: Switch) -> None:
    subject = writer.typed(statement.subject)
    type_ = llvm_type(statement.subject.type)
    after = writer.label()
    default = writer.label() if statement.default else after
    labels = [writer.label() for _ in statement.cases]
    targets = " ".join(
        f"{type_} {value}, label %{label}"
        for label, (values, _) in zip(labels, statement.cases, strict=True)
        for value in values
    )
    writer.end(f"switch {subject}, label %{default} [ {targets} ]")
    writer.reached.add(default)
    for label, (_, statements) in zip(labels, statement.cases, strict=True):
        writer.begin(label)
        writer.statements(statements)
        writer.jump(after)
    if statement.default:
        writer.begin(default)
        writer.statements(statement.default)
        writer.jump(after)
    writer.begin_if_reached(after)


@lowers(Loop)
def _loop(writer: FunctionWriter, statement: Loop) -> None:
    head, body, step, after = (writer.label() for _ in range(4))
    writer.begin(head)
    if statement.condition is not None:
        branch(writer, statement.condition, body, after)
        writer.begin(body)
    writer.loops.append((after, step))
    writer.statements(statement.body)
    writer.loops.pop()
    writer.jump(step)
    writer.begin_if_reached(step)
    writer.statements(statement.step)
    writer.jump(head)
    writer.begin_if_reached(after)


@lowers(Unrolled)
def _unrolled(writer: FunctionWriter, statement: Unrolled) -> None:
    after = writer.label()
    for statements in statement.rounds:
        following = writer.label()
        writer.loops.append((after, following))
        writer.statements(statements)
        writer.loops.pop()
        writer.jump(following)
        writer.begin_if_reached(following)
        if writer.ended:
            break
    writer.jump(after)
    writer.begin_if_reached(after)


@lowers(Break)
def _break(writer: FunctionWriter, statement: Break) -> None:
    writer.jump(writer.loops[-1][0])


@lowers(Continue)
def _continue(writer: FunctionWriter, statement: Continue) -> None:
    writer.jump(writer.loops[-1][1])


@lowers(Return)
def _return(writer: FunctionWriter, statement: Return) -> None:
    frame = writer.frames[-1]
    function = frame.function
    items = result_items(function)
    operands: list[str] = []
    if statement.value is not None and items:
        operands = [writer.lower(statement.value)] if len(items) == 1 else several_results(writer, statement.value)
    if frame.after:
        return_inlined(writer, frame, operands, at_end=statement is function.body[-1])
        return
    if not items:
        writer.end("ret i64 0" if function.may_raise and not function.handler else "ret void")
        return
    shape = result_type(function)
    if not function.may_raise and len(items) == 1:
        writer.end(f"ret {shape} {operands[0]}")
        return
    parts = [("i64", "0")] if function.may_raise else []
    parts += [(llvm_type(item), operand) for item, operand in zip(items, operands, strict=True)]
    aggregate = "poison"
    for index, (type_, operand) in enumerate(parts):
        aggregate = writer.value(f"insertvalue {shape} {aggregate}, {type_} {operand}, {index}")
    writer.end(f"ret {shape} {aggregate}")


@lowers(Raise)
def _raise(writer: FunctionWriter, statement: Raise) -> None:
    fixed = statement.tag << TAG_SHIFT
    status = ""
    for node, mask, shift in ((statement.code, CODE_MASK, CODE_SHIFT), (statement.detail, DETAIL_MASK, 0)):
        if isinstance(node, Constant):
            fixed |= (int(node.value) & mask) << shift
        else:
            part = _shifted(writer, node, mask, shift)
            status = writer.value(f"or i64 {status}, {part}") if status else part
    writer.propagate(writer.value(f"or i64 {status}, {fixed}") if status else str(fixed))


def _shifted(writer: FunctionWriter, node: Node, mask: int, shift: int) -> str:
    part = writer.value(f"and i64 {writer.lower(node)}, {mask}")
    return writer.value(f"shl i64 {part}, {shift}") if shift else part


@lowers(TailCall)
def _tail_call(writer: FunctionWriter, statement: TailCall) -> None:
    writer.tail(writer.lower(statement.code), statement.record)
