"""What the layout of memory depends on: the machine and the ABI that a kernel is built for."""

import ctypes
import os
import sys
from functools import cache
from typing import Any


class Target:
    """A machine and ABI. Make one with `Target.parse` or `Target.host`.

    `Target.parse` interns, so identity is equality, and hashing is free.
    """

    __slots__ = ("architecture", "object_format", "pointer_width", "triple", "wide_alignment")

    def __init__(
        self, triple: str, architecture: str, pointer_width: int, wide_alignment: int, object_format: str
    ) -> None:
        self.triple = triple
        self.architecture = architecture  # the triple's first part without its sub-variants: aarch64, arm, riscv32 …
        self.pointer_width = pointer_width  # bytes
        self.wide_alignment = wide_alignment  # bytes, of 64-bit scalars: 4 on i686 outside of Windows, else 8
        self.object_format = object_format  # "elf", "macho", "coff" or "wasm"

    @property
    def data_model(self) -> str:
        """C's name for the width of pointers, as in the folder names of a package."""
        return "ILP32" if self.pointer_width == 4 else "LP64"

    @staticmethod
    @cache
    def parse(triple: str) -> "Target":
        """The target that a triple (`arm64_32-apple-watchos9.0`) names; `ValueError` if it is unknown."""
        from fusee.kernel.triple import Triple  # asks LLVM, which the host's target can do without

        named = Triple.parse(triple)
        if named.endianness != "little":
            raise ValueError(f"{triple!r}: a big-endian machine, and kernels read memory as WebAssembly does")
        architecture = _FAMILIES.get(named.machine, named.machine)
        return Target(
            str(named), architecture, named.pointer_width // 8, named.wide_alignment // 8, named.object_format
        )  # fmt: skip

    @staticmethod
    @cache
    def host() -> "Target":
        """The machine that this process runs on, by what the process itself knows of it."""
        machine = _machine().lower() or "x86_64"
        architecture = {"amd64": "x86_64", "arm64": "aarch64", "x86": "i686", "i386": "i686"}.get(machine, machine)
        if sys.maxsize < 1 << 32:  # a 32-bit process on a 64-bit machine
            architecture = {"x86_64": "i686", "aarch64": "armv7"}.get(architecture, architecture)
        system, object_format = _HOSTS.get(sys.platform, ("unknown-linux-gnu", "elf"))
        name = "arm64" if sys.platform == "darwin" and architecture == "aarch64" else architecture
        family = "arm" if architecture.startswith("arm") else architecture
        pointer_width, wide_alignment = ctypes.sizeof(ctypes.c_void_p), ctypes.alignment(ctypes.c_uint64)
        return Target(f"{name}-{system}", family, pointer_width, wide_alignment, object_format)

    def __repr__(self) -> str:
        return f"Target({self.triple})"


def _machine() -> str:
    if hasattr(os, "uname"):
        return os.uname().machine
    import platform

    return platform.machine()


_FAMILIES = {"aarch64_32": "aarch64", "thumb": "arm", "i386": "i686"}
"""What differs in LLVM's names, but not in the instructions."""

_HOSTS = {"darwin": ("apple-darwin", "macho"), "win32": ("pc-windows-msvc", "coff")}


def __getattr__(name: str) -> Any:
    """`Triple` belongs here, but whoever imports it also waits for LLVM."""
    if name == "Triple":
        from fusee.kernel.triple import Triple

        return Triple
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


ILP32 = Target("simulated-ilp32", "simulated", 4, 8, "elf")
"""An idealised machine with 32-bit pointers, for un-compiled runs: the layout of arm64_32."""

LP64 = Target("simulated-lp64", "simulated", 8, 8, "elf")
"""An idealised machine with 64-bit pointers, for un-compiled runs."""
