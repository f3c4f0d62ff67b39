"""What the layout of memory depends on: the machine and the ABI that a kernel is built for."""

import platform
import re
import sys
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, eq=False)  # `Target.parse` interns, so identity is equality, and hashing is free
class Target:
    """A machine and ABI. Make one with `Target.parse` or `Target.host`."""

    triple: str
    architecture: str  # the triple's first part without its sub-variants: aarch64, arm, i686, riscv32 …
    pointer_width: int  # bytes
    wide_alignment: int  # bytes, of 64-bit scalars: 4 on i686 outside of Windows, else 8
    object_format: str  # "elf", "macho", "coff" or "wasm"

    @property
    def data_model(self) -> str:
        """C's name for the width of pointers, as in the folder names of a package."""
        return "ILP32" if self.pointer_width == 4 else "LP64"

    @property
    def is_simulated(self) -> bool:
        """Whether this is one of the idealised machines that un-compiled runs use."""
        return self.architecture == "simulated"

    @staticmethod
    @cache
    def parse(triple: str) -> "Target":
        """The target that a triple (`arm64_32-apple-watchos9.0`) names; `ValueError` if it is unknown."""
        architecture, _, system = triple.partition("-")
        family = _family(architecture)
        if family is None:
            raise ValueError(f"{triple!r}: unknown architecture {architecture!r}")
        name, pointer_width = family
        if "ilp32" in system or "gnux32" in system:
            pointer_width = 4
        wide_alignment = 4 if name == "i686" and "windows" not in system else 8
        return Target(triple, name, pointer_width, wide_alignment, _object_format(system))

    @staticmethod
    @cache
    def host() -> "Target":
        """The machine that this process runs on."""
        machine = platform.machine().lower() or "x86_64"
        architecture = {"amd64": "x86_64", "arm64": "aarch64", "x86": "i686"}.get(machine, machine)
        if sys.maxsize < 1 << 32:  # a 32-bit process on a 64-bit machine
            architecture = {"x86_64": "i686", "aarch64": "armv7"}.get(architecture, architecture)
        if sys.platform == "darwin":
            return Target.parse(f"{architecture.replace('aarch64', 'arm64')}-apple-darwin")
        system = "pc-windows-msvc" if sys.platform == "win32" else "unknown-linux-gnu"
        return Target.parse(f"{architecture}-{system}")

    def __repr__(self) -> str:
        return f"Target({self.triple})"


_FAMILIES: tuple[tuple[str, str, int], ...] = (  # pattern of the triple's first part, architecture, pointer width
    (r"arm64_32|aarch64_32", "aarch64", 4),
    (r"arm64e?|aarch64", "aarch64", 8),
    (r"x86_64h?|amd64", "x86_64", 8),
    (r"i[3-6]86|x86", "i686", 4),
    (r"(arm|thumb)(v[4-8][a-z.]*)?", "arm", 4),
    (r"riscv32.*", "riscv32", 4),
    (r"riscv64.*", "riscv64", 8),
    (r"wasm32", "wasm32", 4),
    (r"(powerpc64|ppc64)le", "powerpc64le", 8),
    (r"loongarch64", "loongarch64", 8),
)


def _family(architecture: str) -> tuple[str, int] | None:
    for pattern, name, pointer_width in _FAMILIES:
        if re.fullmatch(pattern, architecture):
            return name, pointer_width
    return None


def _object_format(system: str) -> str:
    if "apple" in system or "macho" in system:
        return "macho"
    if "windows" in system or "coff" in system:
        return "coff"
    return "wasm" if "wasi" in system or "wasm" in system else "elf"


ILP32 = Target("simulated-ilp32", "simulated", 4, 8, "elf")
"""An idealised machine with 32-bit pointers, for un-compiled runs: the layout of arm64_32."""

LP64 = Target("simulated-lp64", "simulated", 8, 8, "elf")
"""An idealised machine with 64-bit pointers, for un-compiled runs."""
