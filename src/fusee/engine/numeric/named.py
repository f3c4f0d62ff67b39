"""Tables of meanings: which kernel, specialised how, is an instruction's."""

from collections.abc import Iterable
from typing import Any

from fusee.kernel.lang import Instance, Kernel

Entry = tuple[str, Kernel[..., Any], dict[str, Any]]
"""A mnemonic, the kernel, and the static arguments that make it this instruction's."""


def meanings(entries: Iterable[Entry], ending: str = "") -> dict[str, Instance]:
    """The specialisations by mnemonic; each has the mnemonic's name, with dots replaced, and an ending."""
    return {
        mnemonic: Instance(kernel, tuple(sorted(static.items())), mnemonic.replace(".", "_") + ending)
        for mnemonic, kernel, static in entries
    }
