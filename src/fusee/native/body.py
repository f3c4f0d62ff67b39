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


class Bodies:
    """Those of a module that were read last."""

    def __init__(self) -> None:
        self.kept: dict[int, Body] = {}
        self._instructions = 0  # of all of them

    def keep(self, function: int, body: Body) -> None:
        if self._instructions > MOST_KEPT:
            self.kept.clear()
            self._instructions = 0
        self.kept[function] = body
        self._instructions += len(body.instructions)


def body_of(module: Module, function: int) -> Body:
    """That of a function of the module's. It is kept for a while: whoever compiles it has looked at it before."""
    found = module.read.kept.get(function)
    if found is None:
        reader = Reader(module.binary, *module.body(function))
        groups = [(reader.u32(), reader.value_type()) for _ in range(reader.u32())]
        found = Body(groups, reader.position, list(reader.instructions()))
        module.read.keep(function, found)
    return found
