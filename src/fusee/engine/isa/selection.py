"""Which part of the register instruction set an engine has: everything, or what a device has room for.

The instruction set, its tables and its handlers are made when they are imported. So the choice comes
before that: `choose` says for this process which engine its modules are going to be.
"""

import sys
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Selection:
    """How many registers hold locals, in each bank, and whether operands may be trees."""

    name: str
    pins: int
    has_trees: bool


HOST: Final = Selection("host", 4, True)
"""What a computer has room for."""

SPEED: Final = Selection("speed", 2, True)
"""For devices: a register more would double the code, and gain less than the two before it."""

SLOTS: Final = Selection("slots", 0, True)
"""For machines whose registers are too few to hold locals from one handler to the next."""

SIZE: Final = Selection("size", 0, False)
"""The smallest engine that runs everything: operands are in the accumulator, a slot or the code."""

_chosen = HOST


def chosen() -> Selection:
    """The selection of this process."""
    return _chosen


def choose(selection: Selection) -> None:
    """Make this process's engine of another selection than `HOST`. Raises RuntimeError if it is too late for that."""
    global _chosen
    if selection != _chosen and "fusee.engine.isa.forms" in sys.modules:
        raise RuntimeError(f"the engine of this process is already {_chosen.name!r}, and not {selection.name!r}")
    _chosen = selection
