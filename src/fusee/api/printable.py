"""Texts of guests in messages. They may have anything in them: lines of their own, and what terminals obey."""

from typing import Final

_MOST_OF_A_NAME: Final = 1000
"""Characters of a name in a message, which may have many."""


def printable(name: str) -> str:
    """A name as one line: what is no visible character is escaped as in Python, and what is long cut off."""
    cut = name if len(name) <= _MOST_OF_A_NAME else f"{name[:_MOST_OF_A_NAME]}…"
    return cut if cut.isprintable() else "".join(map(_escaped, cut))


def import_name(module: str, name: str) -> str:
    """An import in a message."""
    return f"`{printable(module)}::{printable(name)}`"


def harmless(text: str) -> str:
    """Text of several lines for a terminal, with no other control characters than those that part lines and words."""
    if text.isprintable():
        return text
    return "".join(character if character in "\n\t" else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
