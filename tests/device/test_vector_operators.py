"""Vector operators compute on devices what they compute here: with a vector unit, and without any."""

import ctypes

import pytest

from fusee.emulator import Device, build_for_device
from fusee.kernel.build import Program, symbol_of
from fusee.kernel.target import Target
from tests.engine.test_vector import cases, native, shown
from tests.engine.vector_kernels import ENTRIES, KERNELS, SLOT_BYTES

TRIPLES = ["arm64_32-apple-watchos", "riscv32imac-unknown-none-elf", "thumbv7em-none-eabi"]
CASES = 4


@pytest.mark.parametrize("triple", TRIPLES)
def test_operators(triple: str) -> None:
    program = Program("vector_operators", ENTRIES)
    device = Device(build_for_device("vector_operators", lambda: program, Target.parse(triple)))
    wrong = []
    for mnemonic, kernel in KERNELS.items():
        function = device.function(symbol_of(kernel))
        for slots in cases(mnemonic)[:CASES]:
            buffer = (ctypes.c_uint64 * 8).from_buffer_copy(slots)
            function(buffer)
            if shown(mnemonic, bytes(buffer)[:SLOT_BYTES]) != shown(mnemonic, native(mnemonic, slots)):
                wrong.append((mnemonic, slots.hex(" ", 16)))
    assert wrong == []
