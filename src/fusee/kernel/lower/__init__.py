"""From the typed tree to LLVM's text."""

from fusee.kernel.lower import atomics, expressions, floats, intrinsics, lanes, neon, statements, widths, x86  # noqa: F401  # the rules
from fusee.kernel.lower.module import ModuleWriter

__all__ = ["ModuleWriter"]
