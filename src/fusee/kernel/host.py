"""What tells one machine's compiled code from another's, found out without loading the compiler."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

_TELLING = ("vendor_id", "model name", "flags", "Features", "CPU implementer", "CPU part")  # lines of cpuinfo


@cache
def compiler_version() -> str:
    """The version of llvmlite, which contains LLVM."""
    found = importlib.util.find_spec("llvmlite")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("llvmlite is not installed")
    return (Path(found.origin).parent / "_version.py").read_text()


@cache
def processor() -> str:
    """This machine's processor and its features."""
    try:
        first = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    except OSError:
        from fusee.kernel.machine import host_processor

        return " ".join(host_processor())
    return "\n".join(line for line in first.splitlines() if line.startswith(_TELLING))
