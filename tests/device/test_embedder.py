"""A C program that embeds the device library, on this machine: as it should be used, and as it should not."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fusee.package
from fusee.engine.program import DEVICE_PROGRAM
from fusee.kernel.build import emit_objects
from fusee.kernel.target import Target
from tests.device.guests import EXPECTED, header

HERE = Path(__file__).parent / "embedder"
INCLUDE = Path(fusee.package.__file__).parent / "include"
TRIPLE = f"{platform.machine()}-linux-gnu.2.28"
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-pedantic"]


def compile_c(source: Path, target: Path, *options: str) -> None:
    """Compile with Zig's C compiler."""
    command = [sys.executable, "-m", "ziglang", "cc", *options, "-c", str(source), "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def device_objects(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The library for this machine."""
    folder = tmp_path_factory.mktemp("library")
    made = []
    for name, contents in emit_objects(DEVICE_PROGRAM, Target.host(), debug=False).items():
        path = folder / f"{name}.o"
        path.write_bytes(contents)
        made.append(str(path))
    return made


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="links for Linux")
def test_embedder_on_this_machine(device_objects: list[str], tmp_path: Path) -> None:
    pytest.importorskip("ziglang")
    (tmp_path / "guests.h").write_text(header())
    options = [*WARNINGS, "-I", str(INCLUDE), "-I", str(tmp_path), "-target", TRIPLE, "-O1"]
    objects = []
    for name in ("embedder", "hostile", "hosted"):
        compile_c(HERE / f"{name}.c", tmp_path / f"{name}.o", *options)
        objects.append(str(tmp_path / f"{name}.o"))
    program = tmp_path / "embedder"
    own = shutil.which("cc")
    linker = [own] if own else [sys.executable, "-m", "ziglang", "cc", "-target", TRIPLE]
    link = [*linker, "-no-pie", "-o", str(program), *objects, *device_objects, "-lm"]
    subprocess.run(link, check=True, capture_output=True, timeout=600)
    result = subprocess.run([str(program)], capture_output=True, text=True, timeout=60)
    assert result.stdout == EXPECTED.format(refused="length out of bounds")
    assert result.returncode == 0
