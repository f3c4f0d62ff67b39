"""What tells one machine's compiled code from another's, found out without loading the compiler."""

from __future__ import annotations

import os
from functools import cache

_TELLING = ("vendor_id", "model name", "flags", "Features", "CPU implementer", "CPU part")  # lines of cpuinfo
_CHUNK_BYTES = 2048


@cache
def compiler_version() -> str:
    """The file that changes with the version of llvmlite, which contains LLVM."""
    import importlib.util

    found = importlib.util.find_spec("llvmlite")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("llvmlite is not installed")
    return os.path.join(os.path.dirname(found.origin), "_version.py")


@cache
def processor() -> str:
    """This machine's processor and its features."""
    try:
        with open("/proc/cpuinfo", "rb", buffering=0) as file:  # Linux asks every processor that is read of
            first = b""
            while b"\n\n" not in first and (more := file.read(_CHUNK_BYTES)):
                first += more
    except OSError:
        from fusee.kernel.machine import host_processor

        return " ".join(host_processor())
    return "\n".join(
        line for line in first.partition(b"\n\n")[0].decode(errors="replace").splitlines() if line.startswith(_TELLING)
    )
