"""LLVM's linkers take the libraries: with what an app calls of them, and all at once."""

import shutil
import subprocess
from pathlib import Path

import pytest

from fusee.freestanding import expected_of_system
from fusee.kernel.target import Target
from tests.device.embedding import compile_parts, library

pytest.importorskip("ziglang")

WATCH = "arm64_32-apple-watchos"
VERSIONS = range(22, 14, -1)  # Debian's packages have the version in their programs' names


def linker(name: str) -> str:
    """The newest one that is installed."""
    for candidate in (*(f"{name}-{version}" for version in VERSIONS), name):
        if found := shutil.which(candidate):
            return found
    pytest.skip(f"{name} is not installed")


def link(*command: str) -> str:
    """What the linker has to say; it must not fail."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, True])
def test_apple(whole: bool, tmp_path: Path) -> None:
    """With nothing from the system but what it is said to define."""
    ld = linker("ld64.lld")
    options = ["-arch", "arm64_32", "-platform_version", "watchos", "11.0", "11.0", "-dylib"]
    given = [*(f"_{name}" for name in sorted(expected_of_system(Target.parse(WATCH)))), "dyld_stub_binder"]
    options += [word for name in given for word in ("-U", name)]
    options += ["-all_load"] if whole else []
    parts = map(str, compile_parts(WATCH, tmp_path))
    output = tmp_path / "app.dylib"
    assert link(ld, *options, "-o", str(output), *parts, str(library(WATCH))) == ""
    assert output.read_bytes()[:4] == b"\xce\xfa\xed\xfe"


@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("triple", ["riscv32imac-unknown-none-elf", "thumbv7em-none-eabihf"])
def test_bare_metal(triple: str, whole: bool, tmp_path: Path) -> None:
    """With nothing else at all."""
    ld = linker("ld.lld")
    options = ["--fatal-warnings", "--entry=embed", "--whole-archive" if whole else "--gc-sections"]
    parts = map(str, compile_parts(triple, tmp_path))
    output = tmp_path / "app.elf"
    assert link(ld, *options, "-o", str(output), *parts, str(library(triple))) == ""
    assert output.read_bytes()[:4] == b"\x7fELF"
