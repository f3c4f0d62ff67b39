"""From Python's syntax tree to the typed tree; every error that an author of kernels can make is found here."""

from fusee.kernel.check import assignment, atomics, calls, expressions, intrinsics, lanes, loops, operators, statements  # noqa: F401  # the rules
from fusee.kernel.check.checker import Checker

__all__ = ["Checker"]
