"""The text of a kernel that is inlined, kept with gaps for what differs: most are inlined many times in a unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

ENTRY: Final = "entry"  # the block in which the text begins, where it is written once for all
RAISE: Final = "raise"  # the block to which its errors go there
_OPERAND: Final = "%given"
_GAP: Final = re.compile(r"(%v|%given|(?<![\w.])b)(\d+)|(?<=%)(entry|raise)\b")


def stand_in(number: int) -> str:
    """What stands for an operand there."""
    return f"{_OPERAND}{number}"


class Place(NamedTuple):
    """Where a text is inlined: its operands, the last name that is taken, and the block at hand."""

    operands: Sequence[str]
    last: int
    block: str

    def fill(self, kind: str, number: int) -> str:
        """What is in a gap."""
        if kind == _OPERAND:
            return self.operands[number]
        return self.block if kind == ENTRY else f"{kind}{self.last + number}"


class Name(NamedTuple):
    """An operand, or a block."""

    kind: str  # of the gap that begins it, if there is one
    number: int
    rest: str

    @classmethod
    def of(cls, name: str) -> Name:
        if name == ENTRY:
            return cls(ENTRY, 0, "")
        found = _GAP.match(name)
        return cls("", 0, name) if found is None else cls(found[1], int(found[2]), name[found.end() :])

    def at(self, place: Place) -> str:
        return place.fill(self.kind, self.number) + self.rest if self.kind else self.rest


class Template(NamedTuple):
    """Lines, and what they compute."""

    parts: list[str]  # around the gaps
    gaps: list[tuple[str, int]]  # their kinds, and numbers
    result: Name
    names: int  # that the text takes
    raised: list[tuple[Name, Name]]  # statuses, and the blocks in which they are raised, in the order of the text
    end: Name  # the block at hand behind it

    @classmethod
    def of(cls, lines: Sequence[str], result: str, names: int, raised: Sequence[tuple[str, str]], end: str) -> Template:
        """From what was written with `stand_in` for operands."""
        pieces = _GAP.split("\n".join(lines))
        gaps = [
            (kind or word, int(number or 0))
            for kind, number, word in zip(pieces[1::4], pieces[2::4], pieces[3::4], strict=True)
        ]
        errors = [(Name.of(status), Name.of(block)) for status, block in raised]
        return cls(pieces[::4], gaps, Name.of(result), names, errors, Name.of(end))

    def at(self, place: Place, failing: Sequence[str]) -> str:
        """The text; errors go to these blocks."""
        filled, failures = [self.parts[0]], iter(failing)
        for (kind, number), part in zip(self.gaps, self.parts[1:], strict=True):
            filled.append(next(failures) if kind == RAISE else place.fill(kind, number))
            filled.append(part)
        return "".join(filled)
