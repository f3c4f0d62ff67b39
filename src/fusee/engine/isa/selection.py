"""Which part of the register instruction set an engine has: everything, or what a device has room for.

The instruction set, its tables and its handlers are made when they are imported. So the choice comes
before that: `choose` says for this process which engine its modules are going to be.
"""

import os
import sys
from typing import Any, Final, NamedTuple

from fusee.kernel.cache import fingerprint
from fusee.kernel.target import Target

_X86: Final = "x86_64"
_FOLDER: Final = os.path.dirname(os.path.abspath(__file__))
_HOST: Final = os.path.join(_FOLDER, "selection-host.txt")
_DEVICE: Final = os.path.join(_FOLDER, "selection-device.txt")


ORDER_MARK: Final = "@"
"""Begins a line that says which handlers lie together (`isa.order`)."""


class Selection(NamedTuple):
    """Registers for locals in each bank, the trees and pairs that there are, and if floats can be constants."""

    name: str
    pins: int
    file: str | None  # lists trees and pairs (`isa.trees`, `isa.pairs`), made by `fusee tune`; None: there are none
    has_float_constants: bool = True
    has_vector_forms: bool = True  # else operands that are vectors are in slots
    most: tuple[int, int] | None = None  # so many lines of trees and of pairs, the first ones; None: all
    has_cheaper_answers: bool = False  # of relaxed instructions, beside the deterministic ones
    has_memory_limits: bool = False  # in registers that hold no locals (`handlers.regs`)
    has_wide_fields: bool = False  # numbers of slots take four bytes: AArch64 reads two at once
    has_field_ahead: bool = False  # a cell's first field is read with its handler's address (`handlers.regs`)

    @property
    def source(self) -> str:
        """The file's name, for messages."""
        return str(self.file)

    @property
    def patterns(self) -> str:
        """The file's text, or of it what counts."""
        if self.file is None:
            return ""
        with open(self.file, encoding="utf-8") as file:
            text = file.read()
        if self.most is None:
            return text
        lines = [line for line in text.splitlines(keepends=True) if line.strip() and not line.startswith("#")]
        lines = [line for line in lines if not line.startswith(ORDER_MARK)]  # that is for the whole
        trees, pairs = ([line for line in lines if (";" in line) == is_pair] for is_pair in (False, True))
        return "".join((*trees[: self.most[0]], *pairs[: self.most[1]]))

    @property
    def place(self) -> str:
        """What tells its engine from those of other selections here, as long as their files stay as they are."""
        return f"{self.name} {self.pins} {self.file and os.path.realpath(self.file)}"

    @property
    def key(self) -> str:
        """The same, whatever becomes of the files."""
        return f"{self.name} {self.pins} {fingerprint(self.patterns)}"

    def as_json(self) -> dict[str, object]:
        """For another process."""
        return {**self._asdict(), "file": self.file and os.path.realpath(self.file)}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Selection":
        """The inverse of `as_json`."""
        return cls(**{**fields, "most": fields["most"] and tuple(fields["most"])})

    def tuned(self, file: str | os.PathLike[str]) -> "Selection":
        """The same with a user's own trees and pairs."""
        return self._replace(name=f"{self.name}-tuned", file=os.fspath(file))


_IS_X86: Final = Target.host().architecture == _X86

HOST: Final = Selection("host", 4, _HOST, has_cheaper_answers=_IS_X86)
"""What a computer has room for."""

START: Final = Selection("start", 1, _DEVICE, has_vector_forms=False, most=(60, 100), has_cheaper_answers=_IS_X86)
"""What is compiled before the first program runs; `HOST` follows while it does. The lines of a file are sorted by what
they save. With a seventh of the handlers programs take up to 1.6 times as long, calls no longer; another register would
double the handlers for a tenth of the time, and none would save a second of compiling and lose a seventh."""

SPEED: Final = Selection("speed", 2, _DEVICE, has_memory_limits=True, has_wide_fields=True, has_field_ahead=True)
"""For devices: a register more would need a quarter more code for 2 % fewer instructions."""

SLOTS: Final = Selection("slots", 0, _DEVICE, has_vector_forms=False)
"""For machines whose registers are too few to hold locals from one handler to the next."""

SIZE: Final = Selection("size", 0, None, has_float_constants=False, has_vector_forms=False)
"""The smallest engine that runs everything: operands are in the accumulator, a slot or, if integers, the code."""

_TUNED = os.environ.get("FUSEE_TUNE")
_chosen = HOST.tuned(_TUNED) if _TUNED else HOST


def chosen() -> Selection:
    """The selection of this process: `HOST`, with the file that `FUSEE_TUNE` names, or what was chosen."""
    return _chosen


def is_settled() -> bool:
    """Whether it is too late to choose."""
    return "fusee.engine.isa.forms" in sys.modules


def choose(selection: Selection) -> None:
    """Make this process's engine of another selection. Raises RuntimeError if it is too late for that."""
    global _chosen
    if selection != _chosen and is_settled():
        raise RuntimeError(f"the engine of this process is already {_chosen.name!r}, and not {selection.name!r}")
    _chosen = selection


def prefer(selection: Selection) -> None:
    """`choose`, unless it is too late: then whoever came first was right."""
    if not is_settled():
        choose(selection)


def shipped(target: Target, *, for_size: bool = False) -> Selection:
    """What a target's device library has."""
    selection = SIZE if for_size else SPEED if target.architecture in ("aarch64", _X86) else SLOTS
    if target.pointer_width == 8 or target.architecture == _X86:  # no two words are read at once
        selection = selection._replace(has_field_ahead=False)
    if target.architecture == _X86:
        return selection._replace(
            name=f"{selection.name}-x86", has_cheaper_answers=True, has_memory_limits=False, has_wide_fields=False
        )
    return selection
