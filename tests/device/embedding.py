"""The embedder in C, compiled for devices, and the libraries that it is linked with, as `fusee build` writes them."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import fusee.package
from tests.device.guests import header

INCLUDE: Final = Path(fusee.package.__file__).parent / "include"

HERE: Final = Path(__file__).parent / "embedder"

COMPILED: Final = {
    "arm64_32-apple-watchos": ["-target", "aarch64-watchos-ilp32"],
    "riscv32imac-unknown-none-elf": ["-target", "riscv32-freestanding-none", "-mcpu=generic_rv32+m+a+c"],
    "thumbv7em-none-eabihf": ["-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4"],
}
"""Machines, and Zig's options for them."""

TRIPLE: Final = f"{platform.machine()}-linux-gnu.2.28"
"""This machine, as Zig writes it, with a C library that is not too new."""

WARNINGS: Final = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-pedantic")

PARTS: Final = (
    "bare", "plain", "embedder", "hostile", "standard", "abuse", "vectors", "exceptions", "objects", "declared",
    "sharing", "interrupting",
)  # fmt: skip


_libraries: list["TemporaryDirectory[str]"] = []  # until the tests end


@cache
def library(triple: str, component: Path | None = None, without: str = "") -> Path:
    """The smallest library for a target. Made in a process of its own: this one's instruction set is another."""
    _libraries.append(TemporaryDirectory(prefix="fusee-"))
    folder = Path(_libraries[-1].name)
    command = [sys.executable, "-m", "fusee", "build", "--target", triple, "--optimize", "size", "-o", str(folder)]
    command += [] if component is None else ["--component", str(component)]
    command += ["--without", without] if without else []
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return folder / "libfusee.a"


def compile_parts(triple: str, folder: Path) -> list[Path]:
    """The embedder's object files."""
    (folder / "guests.h").write_text(header())
    options = [*COMPILED[triple], "-std=c11", "-O1", "-ffreestanding", "-fno-builtin", "-fno-sanitize=all"]
    options += ["-fno-unwind-tables"]  # nothing unwinds, and Arm's tables need functions of a library
    options += ["-I", str(INCLUDE), "-I", str(folder)]
    made = [folder / f"{name}.o" for name in PARTS]
    for name, path in zip(PARTS, made, strict=True):
        zig("cc", *options, "-c", str(HERE / f"{name}.c"), "-o", str(path))
    return made


def program(folder: Path, parts: Sequence[str], archive: Path, *more: str) -> Path:
    """Some of the embedder's parts as a program for this machine; with more options for the compiler."""
    (folder / "guests.h").write_text(header())
    options = [*WARNINGS, "-I", str(archive.parent / "include"), "-I", str(folder), "-target", TRIPLE, "-O1", *more]
    objects = [str(folder / f"{name}.o") for name in parts]
    for name, path in zip(parts, objects, strict=True):
        zig("cc", *options, "-c", str(HERE / f"{name}.c"), "-o", path)
    own = shutil.which("cc")
    linker = [own] if own else [sys.executable, "-m", "ziglang", "cc", "-target", TRIPLE]
    made = folder / "program"
    link = [*linker, "-no-pie", "-o", str(made), *objects, str(archive), "-lpthread"]
    subprocess.run(link, check=True, capture_output=True, timeout=600)
    return made


def unpack(archive: Path, folder: Path) -> dict[str, bytes]:
    """An archive's members by name."""
    folder.mkdir()
    zig("ar", "x", str(archive), folder=folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def zig(*arguments: str, folder: Path | None = None) -> None:
    """Run a tool that comes with Zig."""
    command = [sys.executable, "-m", "ziglang", *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=300, cwd=folder, env=dict(os.environ))
