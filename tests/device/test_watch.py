"""The same C program on the watch's code: compiled for it, linked with the library and executed here."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fusee.package
from fusee.kernel.calling import Entry
from fusee.kernel.target import Target
from tests.device.guests import EXPECTED, header

if TYPE_CHECKING:
    from fusee.kernel.compile import Program

HERE = Path(__file__).parent / "embedder"
INCLUDE = Path(fusee.package.__file__).parent / "include"
TRIPLE = "arm64_32-apple-watchos9.0"
FUNCTIONS = [
    Entry("embed", (), ("i32",), False),
    Entry("resist", (), ("i32",), False),
    Entry("said", (), ("address",), False),
    Entry("live_blocks", (), ("i32",), False),
]


@pytest.mark.slow
def test_embedder_on_the_watch(tmp_path: Path) -> None:
    pytest.importorskip("ziglang")
    pytest.importorskip("unicorn")
    from fusee.emulator.build import build_for_device
    from fusee.emulator.device import Device

    def define() -> Program:
        from fusee.engine.program import DEVICE_PROGRAM

        return DEVICE_PROGRAM

    program = build_for_device("fusee-device", define, Target.parse(TRIPLE))
    (tmp_path / "guests.h").write_text(header())
    objects = {f"{name}.c": compile_for_watch(name, tmp_path) for name in ("bare", "embedder", "hostile")}
    entries = program.entries | {entry.symbol: entry for entry in FUNCTIONS}
    device = Device(dataclasses.replace(program, objects=program.objects | objects, entries=entries))
    failures = device.function("embed")() + device.function("resist")()
    output = device.space.read(device.function("said")(), 1 << 14).partition(b"\0")[0].decode()
    assert output == EXPECTED.format(refused="length out of bounds")
    assert failures == 0
    assert device.function("live_blocks")() == 0


def compile_for_watch(name: str, folder: Path) -> bytes:
    """One file of the embedder as an object."""
    source, target = HERE / f"{name}.c", folder / f"{name}.o"
    options = ["-target", "aarch64-watchos-ilp32", "-ffreestanding", "-fno-builtin", "-fno-sanitize=all"]
    options += ["-std=c11", "-O1"]
    places = ["-I", str(INCLUDE), "-I", str(folder), "-c", str(source), "-o", str(target)]
    command = [sys.executable, "-m", "ziglang", "cc", *options, *places]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return target.read_bytes()
