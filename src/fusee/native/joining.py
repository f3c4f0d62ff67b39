"""Blocks to which many ways lead.

LLVM takes time with the square of how many lead to one: it takes them away one by one, and joins the values that come
with each. So beyond the first few they come together in other blocks, and lead on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from fusee.native.stretches import UNPAID
from fusee.native.turns import end_turn
from fusee.native.unit import LLVM

if TYPE_CHECKING:
    from fusee.native.function import FunctionCompiler
    from fusee.native.labels import Edge, Label
    from fusee.native.writer import OperandWriter

MOST_JOINED: Final = 64  # ways that lead to one block

T = TypeVar("T")


def way_to(name: str, number: int) -> str:
    """The block to which the way to another with this number goes: to that itself, or one of `parts`."""
    part = number // MOST_JOINED
    return f"{name}.{part}" if part else name


def parts(name: str, ways: Sequence[T]) -> Iterator[tuple[str, Sequence[T]]]:
    """The blocks to which all ways to one go, that itself first, and which go to each."""
    for first in range(0, len(ways), MOST_JOINED):
        yield way_to(name, first), ways[first : first + MOST_JOINED]


def lead_on(c: OperandWriter, name: str) -> None:
    """From one of these blocks, in which ways have come together, to the one where all lead."""
    keep_block(c)
    c.jump(name)


def keep_block(c: OperandWriter) -> None:
    """Or else LLVM would do without the block at hand, which has nothing in it."""
    c.unit.writer.declare("llvm.sideeffect", "declare void @llvm.sideeffect()")
    c.emit("call void @llvm.sideeffect() nomerge")


def keep_some_ends(c: FunctionCompiler) -> None:
    """Where a block ends. If nothing is between the ends of many, LLVM has all ways to them lead to the last."""
    if c.ended or len(c.lines) != c.joined_at:
        c.ends_in_a_row = 0
        return
    c.ends_in_a_row += 1
    if c.ends_in_a_row == MOST_JOINED:
        c.ends_in_a_row = 0
        keep_block(c)


# To the end of a block


def begin_end(c: FunctionCompiler, label: Label) -> list[str]:
    """Begin the block to which a label's branches lead, many of them through others; what they take along."""
    (_, edges), *others = parts(label.name, label.edges)
    label.edges = [*edges]
    for part, some in others:
        c.begin(part)
        operands = _results(c, label, some)
        is_paid = UNPAID if c.meter is None else c.meter.merge(some)
        label.edges.append(edges[0]._replace(operands=operands, block=part, is_paid=is_paid))
        lead_on(c, label.name)
    c.begin(label.name)
    results = _results(c, label, label.edges)
    c.joined_at = len(c.lines)
    return results


def _results(c: FunctionCompiler, label: Label, edges: Sequence[Edge]) -> list[str]:
    if len(edges) == 1:
        return edges[0].operands
    return [
        c.merge(LLVM[kind], [(edge.operands[number], edge.block) for edge in edges])
        for number, kind in enumerate(label.results)
    ]


# Back to a loop


def return_to(c: FunctionCompiler, label: Label, name: str) -> None:
    """Go back to a loop, to the block of this name."""
    number = label.returns.get(name, 0)
    label.returns[name] = number + 1
    c.jump(way_to(name, number))


def end_loop(c: FunctionCompiler, label: Label) -> None:
    """Write the blocks through which some of a loop's branches go, if there are any; go on behind them."""
    leading = [
        (way_to(name, number), name)
        for name, count in label.returns.items()
        for number in range(MOST_JOINED, count, MOST_JOINED)
    ]
    is_counted = bool(label.turns and label.returns)
    after = "" if c.ended or not (leading or is_counted) else c.label()
    if after:
        c.jump(after)
    for part, name in leading:
        c.begin(part)
        lead_on(c, name)
    if is_counted:
        end_turn(c, label)
    if after:
        c.begin(after)
