"""Which scripts test something other than the engine's default feature set.

Proposals are written against the version of the specification they started from, and sometimes
assert that what a later version allows is invalid.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Gate:
    """How a directory of scripts departs from the default."""

    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    skip: str = ""  # why nothing in the directory can run


DEFAULT = Gate()

_BY_DIRECTORY = {
    "proposals/wide-arithmetic": Gate(enable=("wide_arithmetic",)),
    "proposals/custom-page-sizes": Gate(enable=("custom_page_sizes",)),
    "proposals/threads": Gate(enable=("threads",), disable=("multi_memory",)),
    "proposals/custom-descriptors": Gate(skip="custom descriptors (proposal)"),
}


def gate_of(script: Path) -> Gate:
    """The gate of the directory that a script is in."""
    directory = "/" + script.resolve().parent.as_posix().lstrip("/")
    for name, gate in _BY_DIRECTORY.items():
        if directory.endswith("/" + name):
            return gate
    return DEFAULT
