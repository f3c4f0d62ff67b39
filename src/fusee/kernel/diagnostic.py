"""Errors for the author of a kernel: where, what, how to put it right, and how it got there."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """A range of one source line (of the first, where the text goes over several)."""

    file: str
    line: int
    start: int  # columns, counted from 0
    end: int

    @property
    def source_line(self) -> str:
        return linecache.getline(self.file, self.line).rstrip("\n")

    @property
    def text(self) -> str:
        return self.source_line[self.start : self.end]


class Note(NamedTuple):
    message: str
    span: Span


class CompileError(Exception):
    """A kernel that cannot be compiled. `str()` renders it like a compiler's message."""

    def __init__(self, message: str, span: Span, hint: str = "", notes: Iterable[Note] = ()) -> None:
        super().__init__(message, span, hint)
        self.message = message
        self.span = span
        self.hint = hint
        self.notes = list(notes)

    @property
    def flagged(self) -> str:
        """The source text that the caret marks."""
        return self.span.text

    def add_note_at(self, message: str, span: Span) -> None:
        """Append a step of the chain that led here."""
        self.notes.append(Note(message, span))

    def __str__(self) -> str:
        parts = [render("error", self.message, self.span)]
        if self.hint:
            parts.append(f"  help: {self.hint}")
        parts += [render("note", note.message, note.span) for note in self.notes]
        return "\n".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        return CompileError, (self.message, self.span, self.hint, self.notes)


def render(kind: str, message: str, span: Span) -> str:
    """One message with its source line and a caret under the flagged text."""
    number = str(span.line)
    caret = " " * span.start + "^" * max(1, span.end - span.start)
    return (
        f"{kind}: {message}\n"
        f"  --> {span.file}:{span.line}:{span.start + 1}\n"
        f"  {number} | {span.source_line}\n"
        f"  {' ' * len(number)} | {caret}"
    )


def span_of(file: str, node: ast.AST) -> Span:
    """The place of a syntax node whose positions are those of the file."""
    line = getattr(node, "lineno", 1)
    text = linecache.getline(file, line)
    start = _column(text, getattr(node, "col_offset", 0))
    if getattr(node, "end_lineno", line) == line:
        end = _column(text, getattr(node, "end_col_offset", 0))
    else:
        end = len(text.rstrip())
    return Span(file, line, start, max(end, start + 1))


def _column(line: str, byte_offset: int) -> int:
    """`ast` counts columns in bytes of UTF-8."""
    if line.isascii():
        return byte_offset
    return len(line.encode()[:byte_offset].decode(errors="ignore"))
