"""Inlines kernels where they are called.

Not left to LLVM: a `raise` in an inlined kernel becomes a branch to its caller's error path, with
no status to be tested on the way, and handlers need no other inlining.
"""

from __future__ import annotations

from fusee.kernel.lower.function import Frame, FunctionWriter
from fusee.kernel.lower.types import llvm_type, result_items
from fusee.kernel.tree.expressions import Call, RecordValue


def inline(writer: FunctionWriter, node: Call) -> str:
    """Lower a call of an inline kernel; its value, of `caught` the status, "" if there is none."""
    if node.caught:
        return _inlined_status(writer, node)
    results = inlined_results(writer, node)
    return results[0] if results else ""


def inlined_results(writer: FunctionWriter, node: Call) -> list[str]:
    """Lower a call of an inline kernel; all of its results."""
    frame = _enter(writer, node)
    _body(writer, frame)
    if len(frame.returned) == 1 and not writer.ended:
        return frame.returned[0][0]  # it returned at its end: there is nothing to jump over
    writer.begin_if_reached(frame.after)
    if writer.ended:  # never returns
        return ["poison"] * len(result_items(node.callee))
    return [
        writer.merge(llvm_type(item), [(results[index], block) for results, block in frame.returned])
        for index, item in enumerate(result_items(node.callee))
    ]


def _inlined_status(writer: FunctionWriter, node: Call) -> str:
    """`caught(f, …)` of an inline kernel: errors end here."""
    frame = _enter(writer, node)
    frame.raised = []
    _body(writer, frame)
    writer.jump(frame.after)
    statuses = [("0", block) for _, block in frame.returned]
    if frame.raised:
        writer.begin(f"{frame.after}.raised")
        status = writer.merge("i64", frame.raised)
        statuses.append((status, writer.block))
        writer.jump(frame.after)
    writer.begin(frame.after)
    return writer.merge("i64", statuses)


def _enter(writer: FunctionWriter, node: Call) -> Frame:
    """Bind the arguments, in a frame of the callee.

    All are evaluated before any is bound: one may inline the same kernel.
    """
    callee = node.callee
    operands = [None if isinstance(a, RecordValue) else writer.lower(a) for a in node.arguments]
    for parameter, argument, operand in zip(callee.parameters, node.arguments, operands, strict=True):
        if operand is not None:
            writer.take(parameter, operand)
        elif isinstance(argument, RecordValue):
            given = argument.variable
            writer.records[parameter] = writer.records.get(given, given)
    return Frame(callee, writer.label(), writer.inlining_location())


def _body(writer: FunctionWriter, frame: Frame) -> None:
    line, location = writer.line, writer.location
    writer.frames.append(frame)
    writer.line = -1
    writer.statements(frame.function.body)
    writer.frames.pop()
    writer.line, writer.location = line, location


def return_inlined(writer: FunctionWriter, frame: Frame, results: list[str], *, at_end: bool) -> None:
    """`return` in an inlined kernel."""
    frame.returned.append((results, writer.block))
    if not at_end or len(frame.returned) > 1 or frame.raised is not None:
        writer.jump(frame.after)
