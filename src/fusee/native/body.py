"""What a function's body says, read once for all who want to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from fusee.native.reader import Instruction, Reader

if TYPE_CHECKING:
    from fusee.native.module import Module

MOST_KEPT: Final = 1 << 13  # instructions of the functions that were read last


class Body(NamedTuple):
    """The locals behind the parameters, how many of which type (`Reader.value_type`), and the code."""

    groups: list[tuple[int, int]]
    start: int  # of the code in the module
    instructions: list[Instruction]


def body_of(module: Module, function: int) -> Body:
    """That of a function of the module's. It is kept for a while: whoever compiles it has looked at it before."""
    found = module.read.get(function)
    if found is None:
        reader = Reader(module.binary, *module.body(function))
        groups = [(reader.u32(), reader.value_type()) for _ in range(reader.u32())]
        found = Body(groups, reader.position, list(reader.instructions()))
        if sum(len(body.instructions) for body in module.read.values()) > MOST_KEPT:
            module.read.clear()
        module.read[function] = found
    return found
