"""What is looked for in a function before it is compiled."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Final, cast

from fusee.native.module import FuncType
from fusee.native.reader import CLOSING, OPENING, Instruction

MOST_IN_REGISTERS: Final = 2  # results of a call
_RETURNING: Final = frozenset({"call", "call_indirect", "call_ref"})


def most_tries(instructions: Iterable[Instruction]) -> int:
    """How many `try` of the older form are within each other, if something is thrown again in one; else 0."""
    blocks, most, open_tries, is_needed = list[bool](), 0, 0, False
    for op, _, _ in instructions:
        if op.mnemonic in OPENING:
            blocks.append(op.mnemonic == "try")
            open_tries += blocks[-1]
            most = max(most, open_tries)
        elif op.mnemonic in CLOSING and blocks:
            open_tries -= blocks.pop()
        is_needed = is_needed or op.mnemonic == "rethrow"
    return most if is_needed else 0


def indirect_in_loops(instructions: Iterable[Instruction]) -> Iterator[tuple[int, int]]:
    """The types and tables of calls through tables in loops."""
    blocks, loops = list[bool](), 0
    for op, immediates, _ in instructions:
        if op.mnemonic in OPENING:
            blocks.append(op.mnemonic == "loop")
            loops += blocks[-1]
        elif op.mnemonic in CLOSING and blocks:
            loops -= blocks.pop()
        elif loops and op.mnemonic in ("call_indirect", "return_call_indirect"):
            yield cast(tuple[int, int], immediates)


def calls_through(instructions: Iterable[Instruction], native: Container[object]) -> int:
    """How many calls are by a table, by a reference, or of what is not among the functions that have native code."""
    return sum(
        op.mnemonic in ("call_indirect", "call_ref") or (op.mnemonic == "call" and immediates[0] not in native)
        for op, immediates, _ in instructions
    )


def bytes_of_results(
    instructions: Iterable[Instruction], type_called: Callable[[Instruction], FuncType], most: int = MOST_IN_REGISTERS
) -> int:
    """How much of the host's stack the calls take whose results are not in registers: to LLVM each is a place apart.

    `most`: so many results are in registers.
    """
    calls = (one for one in instructions if one.op.mnemonic in _RETURNING)
    given = (type_called(one).results for one in calls)
    return sum(_bytes_of(results) for results in given if len(results) > most)


def _bytes_of(results: Sequence[str]) -> int:
    """Of status and results."""
    return 16 + sum(16 if kind == "v128" else 8 for kind in results)


def directly_in_loop(instructions: Iterable[Instruction]) -> Iterator[Instruction]:
    """Those of the loop that the first instruction begins, but for blocks and what is in loops within it."""
    blocks, loops = list[bool](), 0
    for instruction in instructions:
        mnemonic = instruction.op.mnemonic
        if mnemonic in OPENING:
            blocks.append(mnemonic == "loop")
            loops += blocks[-1]
        elif mnemonic in CLOSING:
            loops -= blocks.pop()
        elif loops == 1:
            yield instruction
        if not blocks:
            return
