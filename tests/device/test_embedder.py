"""A C program that embeds the device library, on this machine: as it should be used, and as it should not."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fusee.kernel.target import Target
from tests.device.embedding import HERE, INCLUDE, PARTS, library, zig
from tests.device.guests import EXPECTED, header

TRIPLE = f"{platform.machine()}-linux-gnu.2.28"
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-pedantic"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="links for Linux")
def test_embedder_on_this_machine(tmp_path: Path) -> None:
    """Linked with the C library alone: neither its mathematics nor a compiler's runtime is asked for."""
    pytest.importorskip("ziglang")
    (tmp_path / "guests.h").write_text(header())
    options = [*WARNINGS, "-I", str(INCLUDE), "-I", str(tmp_path), "-target", TRIPLE, "-O1"]
    objects = []
    for name in ("threads", "sharing_threads", "hosted", *(part for part in PARTS if part != "bare")):
        zig("cc", *options, "-c", str(HERE / f"{name}.c"), "-o", str(tmp_path / f"{name}.o"))
        objects.append(str(tmp_path / f"{name}.o"))
    program = tmp_path / "embedder"
    own = shutil.which("cc")
    linker = [own] if own else [sys.executable, "-m", "ziglang", "cc", "-target", TRIPLE]
    link = [*linker, "-no-pie", "-o", str(program), *objects, str(library(Target.host().triple)), "-lpthread"]
    subprocess.run(link, check=True, capture_output=True, timeout=600)
    result = subprocess.run([str(program)], capture_output=True, text=True, timeout=60)
    assert result.stdout == EXPECTED.format(refused="length out of bounds")
    assert result.returncode == 0
