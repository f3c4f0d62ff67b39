"""Which part of the register instruction set an engine has: everything, or what a device has room for.

The instruction set, its tables and its handlers are made when they are imported. So the choice comes
before that: `choose` says for this process which engine its modules are going to be.
"""

import hashlib
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from fusee.kernel.target import Target

_HOST: Final = Path(__file__).with_name("selection-host.txt")
_DEVICE: Final = Path(__file__).with_name("selection-device.txt")


@dataclass(frozen=True)
class Selection:
    """Registers for locals in each bank, the trees that there are (`isa.trees`), and if floats can be constants."""

    name: str
    pins: int
    trees: Path | None  # the file that lists them, made by `fusee tune`; None: there are none
    pairs: Path | None = None  # the file that lists those (`isa.pairs`)
    has_float_constants: bool = True

    @property
    def source(self) -> str:
        """The file's name, for messages."""
        return str(self.trees)

    @property
    def patterns(self) -> str:
        """The file's text."""
        return self.trees.read_text("utf-8") if self.trees else ""

    @property
    def pair_lines(self) -> tuple[str, str]:
        """The name and the text of the file with the pairs."""
        return str(self.pairs), self.pairs.read_text("utf-8") if self.pairs else ""

    @property
    def key(self) -> str:
        """What tells its engine from those of other selections."""
        data = self.patterns + self.pair_lines[1]
        return f"{self.name} {self.pins} {hashlib.sha256(data.encode()).hexdigest()[:20]}"

    def tuned(self, trees: Path) -> "Selection":
        """The same with a user's own trees."""
        return replace(self, name=f"{self.name}-tuned", trees=trees, pairs=trees)


HOST: Final = Selection("host", 4, _HOST, _HOST)
"""What a computer has room for."""

SPEED: Final = Selection("speed", 2, _DEVICE, _DEVICE)
"""For devices: a register more would need a quarter more code for 2 % fewer instructions."""

SLOTS: Final = Selection("slots", 0, _DEVICE)
"""For machines whose registers are too few to hold locals from one handler to the next."""

SIZE: Final = Selection("size", 0, None, has_float_constants=False)
"""The smallest engine that runs everything: operands are in the accumulator, a slot or, if integers, the code."""

_TREES = os.environ.get("FUSEE_TUNE")
_chosen = HOST.tuned(Path(_TREES)) if _TREES else HOST


def chosen() -> Selection:
    """The selection of this process: `HOST`, with the trees of the file that `FUSEE_TUNE` names, or what was chosen."""
    return _chosen


def choose(selection: Selection) -> None:
    """Make this process's engine of another selection. Raises RuntimeError if it is too late for that."""
    global _chosen
    if selection != _chosen and "fusee.engine.isa.forms" in sys.modules:
        raise RuntimeError(f"the engine of this process is already {_chosen.name!r}, and not {selection.name!r}")
    _chosen = selection


def prefer(selection: Selection) -> None:
    """`choose`, unless it is too late: then whoever came first was right."""
    if "fusee.engine.isa.forms" not in sys.modules:
        choose(selection)


def shipped(target: Target, *, for_size: bool = False) -> Selection:
    """What a target's device library has."""
    if for_size:
        return SIZE
    return SPEED if target.architecture in ("aarch64", "x86_64") else SLOTS
