"""How another process of this Python begins."""

import os
import sys
from collections.abc import Iterator


def command(program: str, *arguments: str) -> list[str]:
    """One that executes a program, which is given as text.

    Raises `FileNotFoundError` where nobody knows how Python is started, as in an application that it is a part of.
    """
    if not sys.executable:
        raise FileNotFoundError("it is not known how Python is started")
    return [sys.executable, "-P", "-c", program, *arguments]


def environment() -> dict[str, str]:
    """What it is given, so that it imports what this one imports."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(_places())}


def _places() -> Iterator[str]:
    """The folders of `sys.path`, of which imports leave out what is no text, and what is in a folder that is gone."""
    for place in sys.path:
        if isinstance(place, str) and "\0" not in place:
            try:
                yield os.path.abspath(place)
            except OSError:  # relative to the current folder, which is gone
                continue
