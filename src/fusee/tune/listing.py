"""A selection's file: its trees as text, those that save most first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from fusee.engine.isa.forms import NO_RESULT, PINS, READ_CONST
from fusee.engine.isa.row import Row
from fusee.engine.isa.trees import expression
from fusee.tune.choice import Choice

_PATTERN_WIDTH = 48


@dataclass(frozen=True)
class Line:
    """An expression in several signatures, written as a choice of places for the result and for each operand."""

    row: Row
    words: tuple[str, ...]
    handlers: int
    saved: float

    def __str__(self) -> str:
        text = expression(self.row, self.words[1:])
        if self.words[0] != NO_RESULT:
            text += f" -> {self.words[0]}"
        return f"{text:<{_PATTERN_WIDTH}} # {100 * self.saved:6.3f} % {self.handlers:5d}"


def show_selection(choices: Sequence[Choice], corpus: Iterable[str]) -> Iterator[str]:
    """The lines of the file."""
    handlers, saved = sum(choice.handlers for choice in choices), sum(choice.saved for choice in choices)
    yield "# Trees of the register machine, chosen by `fusee tune`: docs/tuning.md has the notation."
    yield from wrap(f"Corpus: {', '.join(corpus)}.", 110, initial_indent="# ", subsequent_indent="#   ")
    yield f"# With {PINS} pins in each bank: {handlers} handlers, {100 * saved:.1f} % of all dispatches saved."
    yield f"{'# tree':<{_PATTERN_WIDTH}} # saved, handlers"
    by_row: dict[Row, list[Choice]] = {}
    for choice in choices:
        by_row.setdefault(choice.row, []).append(choice)
    lines = [line for row, group in by_row.items() for line in _merge(row, group)]
    for line in sorted(lines, key=lambda line: (-line.saved, str(line))):
        yield str(line)


def _merge(row: Row, choices: Iterable[Choice]) -> list[Line]:
    """The choices of one row in few lines: two that differ in one place only become one."""
    lines = [Line(row, tuple(choice.signature), choice.handlers, choice.saved) for choice in choices]
    number = 0
    while number < len(lines):
        line = lines[number]
        other = next((other for other in lines[number + 1 :] if _differing(line, other) is not None), None)
        if other is None:
            number += 1
            continue
        lines = [kept for kept in lines if kept is not other]
        lines[number] = _union(line, other)
        number = 0
    return lines


def _differing(one: Line, other: Line) -> int | None:
    """The only place in which two lines differ."""
    places = [place for place, (a, b) in enumerate(zip(one.words, other.words, strict=True)) if a != b]
    return places[0] if len(places) == 1 else None


def _union(one: Line, other: Line) -> Line:
    places = zip(one.words, other.words, strict=True)
    words = tuple("".join(sorted({*a, *b}, key=(READ_CONST + NO_RESULT).index)) for a, b in places)
    return Line(one.row, words, one.handlers + other.handlers, one.saved + other.saved)
