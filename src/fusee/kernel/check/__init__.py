"""From Python's syntax tree to the typed tree; every error that an author of kernels can make is found here."""

from fusee.kernel.check import (  # the rules
    assignment,  # noqa: F401
    atomics,  # noqa: F401
    calls,  # noqa: F401
    comparisons,  # noqa: F401
    expressions,  # noqa: F401
    intrinsics,  # noqa: F401
    lanes,  # noqa: F401
    loops,  # noqa: F401
    numbers,  # noqa: F401
    operators,  # noqa: F401
    statements,  # noqa: F401
)
from fusee.kernel.check.checker import Checker

__all__ = ["Checker"]
