"""Errors in what was asked for; `click`, which a program's start does not need, is imported when there is one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import click

_MOST_NAMES: Final = 12  # functions named in an error


def usage_error(message: str) -> "click.UsageError":
    """To raise for what was written wrongly on the command line."""
    import click

    return click.UsageError(message)


def visible(name: str) -> str:
    """An export's name, which may be any text: in quotes where one could not see it, or not where it ends."""
    return name if name.isprintable() and name.split() == [name] and "," not in name else repr(name)


def invocable(names: Sequence[str]) -> str:
    """What `--invoke` could be given, of the names of all exported functions."""
    if not names:
        return "it exports no functions"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"--invoke can call {', '.join(map(visible, names[:_MOST_NAMES]))}{more}"


def counted(number: int, noun: str) -> str:
    """A number of things, as in "1 argument" and "2 arguments"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
