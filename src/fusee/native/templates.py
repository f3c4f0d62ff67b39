"""The text of a kernel that is inlined, kept with gaps for what differs: most are inlined many times."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from fusee.kernel.cache import expected

ENTRY: Final = "entry"  # the block in which the text begins, where it is written once for all
RAISE: Final = "raise"  # the block to which its errors go there
TAG, INVARIANT = "$tag", "$invariant"  # suffixes of accesses, which name a module's metadata
_OPERAND: Final = "%given"
_GAP: Final = re.compile(r"(%v|%s|%given|(?<![\w.])b)(\d+)|(?<=%)(entry|raise)\b|(\$[a-z]+)")
_SUFFIX: Final = re.compile(r"\$[a-z]+")


def stand_in(number: int) -> str:
    """What stands for an operand there."""
    return f"{_OPERAND}{number}"


class Place(NamedTuple):
    """Where a text is inlined: its operands, the last name that is taken, the block at hand, suffixes by their gaps."""

    operands: Sequence[str]
    last: int
    block: str
    suffix: Callable[[str], str]

    def fill(self, kind: str, number: int) -> str:
        """What is in a gap."""
        if kind == _OPERAND:
            return self.operands[number]
        if kind[0] == "$":
            return self.suffix(kind)
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


def with_suffixes(text: str, suffix: Callable[[str], str]) -> str:
    """A function's text, of which nothing else differs."""
    return _SUFFIX.sub(lambda found: suffix(found[0]), text)


class Text(NamedTuple):
    """Lines with gaps."""

    parts: list[str]  # around the gaps
    gaps: list[tuple[str, int]]  # their kinds, and numbers

    @classmethod
    def of(cls, lines: Sequence[str]) -> Text:
        """From what was written with `stand_in` for operands."""
        pieces = _GAP.split("\n".join(lines))
        gaps = [
            (kind or word or suffix, int(number or 0))
            for kind, number, word, suffix in zip(pieces[1::5], pieces[2::5], pieces[3::5], pieces[4::5], strict=True)
        ]
        return cls(pieces[::5], gaps)

    def at(self, place: Place, failing: Sequence[str] = ()) -> str:
        """What it is there; errors go to these blocks."""
        filled, failures = [self.parts[0]], iter(failing)
        for (kind, number), part in zip(self.gaps, self.parts[1:], strict=True):
            filled.append(next(failures) if kind == RAISE else place.fill(kind, number))
            filled.append(part)
        return "".join(filled)

    def __bool__(self) -> bool:
        return self.parts != [""]


class Template(NamedTuple):
    """A kernel's lines, and what they compute."""

    text: Text
    head: Text  # its variables
    result: Name
    names: int  # that the text takes
    raised: list[tuple[Name, Name]]  # statuses, and the blocks in which they are raised, in the order of the text
    end: Name  # the block at hand behind it
    declared: list[tuple[str, str]]  # what it calls, and how that is declared
    defined: list[str]  # functions that it calls, with gaps for suffixes
    is_condition: bool  # whether the result is an i1
    is_last: bool  # whether nothing comes behind it

    def kept(self) -> tuple[Any, ...]:
        """The same of Python's own types only, as the cache has it."""
        texts = tuple(self.text), tuple(self.head)
        raised = [(tuple(status), tuple(block)) for status, block in self.raised]
        return (*texts, tuple(self.result), self.names, raised, tuple(self.end), *self[6:])

    @classmethod
    def from_kept(cls, kept: tuple[Any, ...]) -> Template:
        """The inverse. Raises one of `kernel.cache.MISREAD` for anything else."""
        text, head, result, names, raised, end, declared, defined, *others = kept
        raised = [(_kept_name(status), _kept_name(block)) for status, block in raised]
        "".join([*(name + declaration for name, declaration in declared), *defined])  # or something is no text
        names, texts = expected(names, int), (_kept_text(text), _kept_text(head))
        return cls(*texts, _kept_name(result), names, raised, _kept_name(end), declared, defined, *others)


def _kept_text(kept: tuple[Any, Any]) -> Text:
    parts, gaps = kept
    "".join([*parts, *(kind for kind, _ in gaps)])
    sum(number for _, number in gaps)
    if len(parts) != len(gaps) + 1:
        raise ValueError("no text with gaps")
    return Text(expected(parts, list), gaps)


def _kept_name(kept: tuple[Any, Any, Any]) -> Name:
    kind, number, rest = kept
    return Name(expected(kind, str), expected(number, int), expected(rest, str))
