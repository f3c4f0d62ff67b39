"""Which functions a library has to bring along."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any, Final

from fusee.freestanding import arithmetic, comparison, conversion, integer, memory, rounding
from fusee.kernel.build import Program
from fusee.kernel.lang import Kernel
from fusee.kernel.target import Target
from fusee.kernel.triple import Triple

_MODULES: Final = (memory, integer, rounding, arithmetic, conversion, comparison)


def _functions(module: ModuleType) -> dict[str, Kernel[..., Any]]:
    kernels = [item for item in vars(module).values() if isinstance(item, Kernel)]
    return {kernel.libcall: kernel for kernel in kernels if kernel.libcall and kernel.module == module.__name__}


FUNCTIONS: Final = {name: kernel for module in _MODULES for name, kernel in _functions(module).items()}
"""By the name that LLVM calls."""

_HOSTED: Final = frozenset({"memcpy", "memmove", "memset", "memcmp", "bcmp", "strlen"})
_APPLE: Final = _HOSTED | {"bzero"}


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
    kernels = [FUNCTIONS[name] for name in wanted if name in FUNCTIONS]
    return Program("freestanding", kernels) if kernels else None
