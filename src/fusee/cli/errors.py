"""Errors in what was asked for; `click`, which a program's start does not need, is imported when there is one."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click


def usage_error(message: str) -> "click.UsageError":
    """To raise for what was written wrongly on the command line."""
    import click

    return click.UsageError(message)
