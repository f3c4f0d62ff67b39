"""Triples: the names of machines and systems, as LLVM and Rust write them.

What a name means is asked of LLVM: it knows the architectures, systems, data layouts and object
formats. Here are only the spellings that it does not know, and what it leaves to its caller.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from fusee.kernel.llvm import llvm

_FORMATS = {"MachO": "macho", "ELF": "elf", "COFF": "coff", "Wasm": "wasm", "XCOFF": "xcoff"}

# Systems and environments that LLVM takes for none, besides those it has never heard of.
_NO_SYSTEM = ("none", "unknown", "elf")
_ENVIRONMENTS = (
    r"none|elf|macho|coff|sim|simulator|macabi|msvc|gnu\w*|musl\w*|uclibc\w*|android\w*|ohos|eabi|eabihf|softfloat"
)
_VENDORS = ("", "unknown", "none", "uwp", "win7", "unikraft", "openwrt", "wali", "linux", "fortanix", "esp")

_OLDEST = {"watchos": "9.0", "ios": "15.0", "tvos": "15.0", "macosx": "11.0", "xros": "1.0"}
"""The system version that is built for where the triple names none. None is lower than what LLVM needs to note it."""

_OLDEST_64_BIT_WATCH = "26.0"  # before that watchOS ran arm64_32 only

_FEATURES: tuple[tuple[str, str], ...] = (  # pattern of architecture and environment -> LLVM's features
    (r"armv7a?-.*hf", "+vfp3d16"),
    (r"armv6-.*hf", "+vfp2"),
    (r"thumbv(7em|8m\.main)-.*hf", "+vfp4d16sp"),  # of single precision, as Cortex-M4 and M33 have it
)
_PROCESSORS: tuple[tuple[str, str], ...] = (  # pattern of architecture, system and environment -> LLVM's name
    (r"arm64_32-.*", "apple-s4"),
    (r"arm64e-.*", "apple-a12"),
    (r"(arm64|aarch64)-(macosx|darwin)-.*", "apple-m1"),
    (r"(arm64|aarch64)-\w+-(simulator|macabi)", "apple-m1"),
    (r"(arm64|aarch64)-watchos-.*", "apple-s9"),
    (r"(arm64|aarch64)-xros-.*", "apple-a12"),
    (r"(arm64|aarch64)-(ios|tvos)-.*", "apple-a7"),
    (r"armv7k-watchos-.*", "cortex-a7"),
)


class UnknownTriple(ValueError):
    """No machine or system of that name."""


class Triple(NamedTuple):
    """A machine, a system and an environment by name; equal if they are spelled alike. Make one with `parse`."""

    architecture: str  # as it is spelled: arm64, aarch64, thumbv7em, riscv32imac …
    vendor: str  # empty in the triples that leave it out
    os: str
    os_version: str = ""
    environment: str = ""

    @staticmethod
    @cache
    def parse(text: str) -> Triple:
        """Read a triple. `UnknownTriple` suggests the nearest where there is none of that name."""
        triple = _split(text)
        problem = _unknown_part(triple) if triple else "it is no triple"
        if triple is None or problem:
            import difflib  # which is loaded for mistakes only

            nearest = difflib.get_close_matches(text, SPELLINGS, 1, 0.4)
            hint = f"; did you mean {nearest[0]}?" if nearest else ""
            raise UnknownTriple(f"unknown triple {text!r}: {problem}{hint}")
        return triple

    def __str__(self) -> str:
        parts = (self.architecture, self.vendor, self.os + self.os_version, self.environment)
        return "-".join(part for part in parts if part)

    # --- what LLVM knows -----------------------------------------------------------------------

    @property
    def llvm(self) -> str:
        """LLVM's spelling; a system that has versions is given the oldest one that is supported."""
        architecture = re.sub(r"^(riscv(?:32|64)).*", r"\1", self.architecture)
        environment = {"sim": "simulator", "gnullvm": "gnu", "softfloat": ""}.get(self.environment, self.environment)
        os = {"visionos": "xros", "macos": "macosx"}.get(self.os, self.os)
        if os == "darwin" and not self.os_version:
            os = "macosx"  # Darwin's own versions are others
        oldest = _OLDEST_64_BIT_WATCH if os == "watchos" and self._is_64_bit_watch else _OLDEST.get(os, "")
        version = self.os_version or (oldest if self.vendor == "apple" else "")
        vendor = self.vendor or "unknown"  # LLVM takes the second part for one in any case
        parts = self._replace(architecture=architecture, vendor=vendor, os=os, os_version=version)
        return str(parts._replace(environment=environment))

    @property
    def machine(self) -> str:
        """The architecture without its variants, as LLVM knows it: aarch64, aarch64_32, arm, thumb, x86_64 …"""
        return str(llvm.get_triple_parts(self.llvm).Arch)

    @property
    def object_format(self) -> str:
        """`macho`, `elf`, `coff` or `wasm`."""
        return _FORMATS[llvm.get_object_format(self.llvm)]

    @property
    def data_layout(self) -> str:
        """LLVM's description of sizes and alignments."""
        return _data_layout(self.llvm)

    @property
    def pointer_width(self) -> int:
        """In bits."""
        match = re.search(r"(?:^|-)p:(\d+)", self.data_layout)
        return int(match[1]) if match else 64

    @property
    def wide_alignment(self) -> int:
        """In bits, of 64-bit integers in memory."""
        match = re.search(r"(?:^|-)i64:(\d+)", self.data_layout)
        return int(match[1]) if match else 32

    @property
    def endianness(self) -> str:
        """`little` or `big`."""
        return "big" if self.data_layout.startswith("E") else "little"

    @property
    def data_model(self) -> str:
        """C's name for the widths of int, long and pointers."""
        if self.pointer_width != 64:
            return f"ILP{self.pointer_width}" if self.pointer_width == 32 else f"IP{self.pointer_width}"
        return "LLP64" if self.os == "windows" else "LP64"

    # --- what LLVM leaves to its caller --------------------------------------------------------

    @property
    def processor(self) -> str:
        """The oldest processor that has to run the code, by LLVM's name; empty: LLVM's own default."""
        environment = llvm.get_triple_parts(self.llvm).Env
        os = llvm.get_triple_parts(self.llvm).OS
        return _first_match(_PROCESSORS, f"{self.architecture}-{os}-{environment}")

    @property
    def features(self) -> str:
        """What the name says about the processor's instructions, as LLVM writes it."""
        isa = re.fullmatch(r"riscv(?:32|64)([a-z]*)", self.architecture)
        if isa is None:
            named = _first_match(_FEATURES, f"{self.architecture}-{self.environment}")
            # Vector instructions of 32-bit Arm take subnormal numbers for zero. Microcontrollers have none of these.
            without = "-neon" if re.match(r"(arm|thumb)v[78](?!e?m)", self.architecture) else ""
            return ",".join(filter(None, [without, named]))
        letters = (isa[1].removeprefix("i") or "mac").replace("g", "mafd")
        return ",".join(f"+{letter}" for letter in letters)

    @property
    def has_single_floats_only(self) -> bool:
        """Whether there are instructions for floats of single precision, and none for those of double."""
        return self.features.endswith("sp")

    @property
    def atomic_bits(self) -> int:
        """Of the widest integers that the machine accesses atomically; 0: it has no instructions for that."""
        if self.machine.startswith("riscv"):
            return self.pointer_width if "+a" in self.features.split(",") else 0
        if re.match(r"thumbv[678]e?m", self.architecture):
            return 0 if self.architecture == "thumbv6m" else 32
        return 64

    @property
    def lacks_double_extremes(self) -> bool:
        """Whether LLVM 22 fails on minimum and maximum of doubles: 32-bit Arm with them, x86 without SSE2."""
        return self.machine in ("arm", "i386")

    @property
    def rounds_without_quieting(self) -> bool:
        """Whether LLVM's code for rounding lets signalling NaNs through: RISC-V has no one instruction for it."""
        return "+f" in self.features.split(",")

    @property
    def minimum_os(self) -> str:
        """The system version that the code needs; empty for systems without versions."""
        match = re.search(r"[a-z]([0-9][0-9.]*)", self.llvm.split("-")[2] if self.vendor == "apple" else "")
        return match[1] if match else ""

    @property
    def _is_64_bit_watch(self) -> bool:
        return self.architecture in ("arm64", "arm64e", "aarch64") and not self.is_simulator

    @property
    def has_no_system(self) -> bool:
        """Whether this is bare metal: no system, and so no C library."""
        return self.os in _NO_SYSTEM

    @property
    def is_simulator(self) -> bool:
        """Whether this is Apple's simulator of a device, which runs on a Mac."""
        return self.environment in ("sim", "simulator")


def _split(text: str) -> Triple | None:
    """The parts by their places: the system is the second or third, with or without a vendor before it."""
    parts = text.split("-")
    if re.fullmatch(r"aarch64-watchos[0-9.]*-ilp32", text):  # as Zig names it
        return _split(f"arm64_32-apple-{parts[1]}")
    parts[0] = {"aarch64_32": "arm64_32"}.get(parts[0], parts[0])
    if len(parts) < 2 or len(parts) > 4 or not all(parts):
        return None
    at = 1 if len(parts) == 2 or (len(parts) == 3 and not _is_system(parts[2]) and _is_system(parts[1])) else 2
    match = re.fullmatch(r"(.*?[a-z_])([0-9][0-9.]*)?", parts[at])
    if match is None:
        return None
    vendor = parts[1] if at == 2 else ""
    return Triple(parts[0], vendor, match[1], match[2] or "", "-".join(parts[at + 1 :]))


def _is_system(part: str) -> bool:
    name = re.sub(r"[0-9.]+$", "", part)
    return name in _NO_SYSTEM or llvm.get_triple_parts(f"x86_64-unknown-{part}").OS != "unknown"


def _unknown_part(triple: Triple) -> str:
    """What is wrong with a triple, or nothing."""
    known = llvm.get_triple_parts(triple.llvm)
    if _data_layout(triple.llvm) == "":
        return f"no architecture {triple.architecture!r}"
    if known.OS == "unknown" and triple.os not in _NO_SYSTEM:
        return f"no system {triple.os!r}"
    if known.Vendor == "unknown" and triple.vendor not in _VENDORS:
        return f"no vendor {triple.vendor!r}"
    if triple.environment and re.fullmatch(_ENVIRONMENTS, triple.environment) is None:
        return f"no environment {triple.environment!r}"
    return ""


@cache
def _data_layout(triple: str) -> str:
    """LLVM's data layout of a triple in its spelling; empty if it has no such architecture."""
    llvm.initialize_all_targets()
    try:
        target = llvm.Target.from_triple(triple)
    except RuntimeError:
        return ""
    return str(target.create_target_machine(codemodel="default").target_data)


def _first_match(rows: tuple[tuple[str, str], ...], text: str) -> str:
    return next((value for pattern, value in rows if re.fullmatch(pattern, text)), "")


BUILT: tuple[str, ...] = (
    "arm64_32-apple-watchos",
    "arm64-apple-watchos",
    "arm64-apple-watchos-simulator",
    "arm64-apple-ios",
    "arm64-apple-ios-simulator",
    "arm64-apple-tvos",
    "arm64-apple-tvos-simulator",
    "arm64-apple-visionos",
    "arm64-apple-visionos-simulator",
    "arm64-apple-macos",
    "x86_64-apple-macos",
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "riscv32imac-unknown-none-elf",
    "thumbv7em-none-eabi",
    "thumbv7em-none-eabihf",
)
"""The triples that every release is built for; many others work."""

SPELLINGS: tuple[str, ...] = (
    *BUILT,
    *(name.replace("arm64-", "aarch64-").replace("simulator", "sim") for name in BUILT if name.startswith("arm64-")),
    *("aarch64-apple-darwin", "x86_64-apple-darwin", "arm64-apple-ios-macabi", "armv7k-apple-watchos"),
    *("x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl", "x86_64-pc-windows-msvc", "i686-pc-windows-msvc"),
    *("aarch64-pc-windows-msvc", "x86_64-pc-windows-gnu", "i686-unknown-linux-gnu", "armv7-unknown-linux-gnueabihf"),
    *("riscv32imc-unknown-none-elf", "riscv64gc-unknown-linux-gnu", "thumbv7m-none-eabi", "thumbv8m.main-none-eabi"),
    *("thumbv8m.main-none-eabihf", "aarch64-unknown-none", "x86_64-unknown-none"),
)
"""What an unknown triple may have been meant to be."""
