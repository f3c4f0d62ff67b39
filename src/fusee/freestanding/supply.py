"""Which functions a library has to bring along."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any, Final

from fusee.freestanding import arithmetic, comparison, conversion, eabi, fused, integer, memory, rounding
from fusee.kernel.build import Program
from fusee.kernel.lang import Instance, Kernel
from fusee.kernel.target import Target
from fusee.kernel.triple import Triple

_MODULES: Final = (memory, integer, rounding, arithmetic, fused, conversion, comparison, eabi)


def _functions(module: ModuleType) -> dict[str, Kernel[..., Any]]:
    kernels = [item for item in vars(module).values() if isinstance(item, Kernel)]
    return {name: kernel for kernel in kernels for name in kernel.libcall}


FUNCTIONS: Final = {name: kernel for module in _MODULES for name, kernel in _functions(module).items()}
"""By the name that LLVM calls."""

GLOBAL_OFFSET_TABLE: Final = "_GLOBAL_OFFSET_TABLE_"
"""Where 32-bit x86 finds addresses from; linkers define it, not libraries (System V ABI, i386, 5.2)."""

_HOSTED: Final = frozenset({"memcpy", "memmove", "memset", "memcmp", "bcmp", "strlen"})
_APPLE: Final = _HOSTED | {"bzero", "__bzero"}


def expected_of_system(target: Target) -> frozenset[str]:
    """What every program of a system is linked with. On bare metal that is nothing."""
    triple = Triple.parse(target.triple)
    if triple.vendor == "apple":
        return _APPLE
    return frozenset() if triple.has_no_system else _HOSTED


def supply(target: Target, undefined: Iterable[str]) -> Program | None:
    """What defines those of the undefined names that the system does not; None if that is nothing.

    The definitions are weak: a better one of the app's own takes their place.
    """
    wanted = sorted(set(undefined) - expected_of_system(target))
    names: dict[Kernel[..., Any], list[str]] = {}
    for name in wanted:
        if name in FUNCTIONS:
            names.setdefault(FUNCTIONS[name], []).append(name)
    return Program("freestanding", [_named(*item) for item in names.items()]) if names else None


def _named(kernel: Kernel[..., Any], names: list[str]) -> Instance:
    """A kernel by only those of its names that are wanted."""
    made = Instance(kernel, (), kernel.name)
    made.exports = names
    return made
