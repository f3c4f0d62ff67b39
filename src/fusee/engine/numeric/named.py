"""Tables of meanings: which kernel, specialised how, is an instruction's."""

from collections.abc import Iterable
from typing import Any

from fusee.kernel.lang import Instance, Kernel

Entry = tuple[str, Kernel[..., Any], dict[str, Any]]
"""A mnemonic, the kernel, and the static arguments that make it this instruction's."""


def meanings(entries: Iterable[Entry]) -> dict[str, Instance]:
    """The specialisations by mnemonic; each has the mnemonic's name, with dots replaced."""
    return {
        mnemonic: Instance(kernel, tuple(sorted(static.items())), mnemonic.replace(".", "_"))
        for mnemonic, kernel, static in entries
    }
