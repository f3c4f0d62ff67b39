"""Which functions of a module are worth native code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fusee.native.budget import Budget
from fusee.native.compile import reason_against
from fusee.native.reader import MalformedBytes, Reader
from fusee.native.sections import read_module

_REPEATS: Final = 10  # that a loop is taken to run, where nothing has been counted
_DEEPEST: Final = 8
_BLOCKS: Final = ("block", "if", "try", "try_table")


@dataclass(frozen=True)
class Candidate:
    """A function that is defined in a module."""

    index: int
    size: int  # of its body, in bytes
    weight: float  # of what is executed, the sum over a module being 1
    reason: str  # why it cannot have native code; empty if it can


def candidates(binary: bytes, executions: Mapping[int, float] | None = None) -> list[Candidate]:
    """The functions of a valid module, the hottest first.

    `executions` says how much was executed of each that was called, in any unit. Without, instructions are counted as
    they are written, those in a loop tenfold, in a loop inside of that hundredfold.
    """
    module = read_module(binary)
    weights = {}
    for index in module.defined:
        weights[index] = _static_weight(binary, *module.body(index)) if executions is None else executions.get(index, 0)
    total = sum(weights.values()) or 1
    found = []
    for index, weight in weights.items():
        start, end = module.body(index)
        found.append(Candidate(index, end - start, weight / total, reason_against(module, index)))
    return sorted(found, key=lambda candidate: (-candidate.weight, candidate.index))


def _static_weight(binary: bytes, start: int, end: int) -> float:
    reader = Reader(binary, start, end)
    for _ in range(reader.u32()):
        reader.u32()
        reader.value_type()
    weight, loops = 0, [0]
    try:
        for instruction in reader.instructions():
            name = instruction.op.mnemonic
            if name == "loop" or name in _BLOCKS:
                loops.append(loops[-1] + (name == "loop"))
            elif name == "end":
                loops.pop()
            weight += _REPEATS ** min(loops[-1] if loops else 0, _DEEPEST)
    except MalformedBytes:
        return 0
    return weight


def choose(found: list[Candidate], budget: Budget, bytes_per_byte: float) -> list[int]:
    """The hottest functions within a budget. `bytes_per_byte` is how long native code of a byte of WebAssembly is."""
    chosen, share, size = [], 0.0, 0.0
    for candidate in found:
        if candidate.reason or (candidate.weight == 0 and not budget.is_everything):
            continue
        if share >= budget.share < 1:
            break
        native_size = candidate.size * bytes_per_byte
        if budget.bytes is None or size + native_size <= budget.bytes:
            chosen.append(candidate.index)
            share += candidate.weight
            size += native_size
    return sorted(chosen)
