"""Short loops, which look only now and then whether the guest shall pause.

To look in every turn costs a load and a branch, and more: whatever a pause may change, such as a memory's length, is
another value in every turn. So a loop that calls nothing and has no other in it becomes two: the outer one looks, the
inner one counts turns down. It looks whenever it is come to, so that loops around it go on for no longer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from fusee.kernel.text import UNLIKELY
from fusee.native.reader import CLOSING, OPENING, Instruction

if TYPE_CHECKING:
    from fusee.native.function import FunctionCompiler
    from fusee.native.labels import Label, Value

MOST_BYTES: Final = 1024  # of WebAssembly in such a loop

MOST_LOOPS: Final = 128  # of a function; of 240 LLVM makes code in 4.6 s instead of 1.0, of 500 in 26 instead of 5.6

_NONE: Final = -1


def counting_loops(instructions: Iterable[Instruction], calling: Collection[str]) -> frozenset[int]:
    """Those that shall count their turns: none if there are very many, each of which LLVM unrolls."""
    found = frozenset(short_loops(instructions, calling))
    return found if len(found) <= MOST_LOOPS else frozenset()


def short_loops(instructions: Iterable[Instruction], calling: Collection[str]) -> Iterator[int]:
    """The offsets of loops that are short, call nothing, and have no others in them."""
    openers, candidate = list[int](), _NONE  # where blocks begin; of these the innermost loop that may be one
    for op, _, offset in instructions:
        if op.mnemonic in OPENING:
            openers.append(offset)
            candidate = offset if op.mnemonic == "loop" else candidate
        elif op.mnemonic in CLOSING and openers:  # not the function's end
            if openers.pop() == candidate:
                if offset - candidate <= MOST_BYTES:
                    yield candidate
                candidate = _NONE
        elif op.mnemonic in calling:
            candidate = _NONE


def begin_turns(c: FunctionCompiler, label: Label, stack: list[Value]) -> None:
    """Begin such a loop; what was on the operand stack before it."""
    label.first, label.turn, label.turns = c.label(), c.label(), c.allocate("i32")
    c.begin(label.first)
    c.push_variables(label.params, label.variables)  # where the collector finds them meanwhile
    c.poll()
    c.pop_many(len(label.params))
    c.emit(f"store i32 {c.ahead.turns()}, ptr {label.turns}")
    c.ahead.begin(label, stack)
    c.begin(label.turn)


def end_turn(c: FunctionCompiler, label: Label) -> None:
    """The block to which its branches go."""
    c.begin(label.name)
    left = c.value(f"sub nuw i32 {c.value(f'load i32, ptr {label.turns}')}, 1")
    c.emit(f"store i32 {left}, ptr {label.turns}")
    c.branch(c.value(f"icmp eq i32 {left}, 0"), label.first, label.turn, UNLIKELY)
    if label.is_copy:
        c.lines[-1] += f", !llvm.loop !{c.unit.not_unrolled()}"
