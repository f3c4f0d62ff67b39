"""What is said when device code faults."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from fusee.emulator.lines import source_line
from fusee.emulator.unwind import callers

if TYPE_CHECKING:
    from fusee.emulator.device import Device

_COLUMNS: Final = 4
_MOST_FRAMES: Final = 32
_RECORD_WORD_BYTES: Final = 8  # frame records of AArch64 are two of these, however wide pointers are


@dataclass(frozen=True)
class Fault:
    """The state of the machine when it stopped."""

    reason: str
    registers: dict[str, int]
    pc: int
    backtrace: tuple[str, ...]  # of device code, the innermost first


class DeviceFault(Exception):
    """Device code did what no code may do; the text is a crash report.

    `wasm` is the guest's backtrace, filled in by who knows it.
    """

    def __init__(self, fault: Fault, register_bytes: int, pointer_bytes: int) -> None:
        super().__init__(fault)
        self.fault = fault
        self.wasm: list[str] = []
        self._register_bytes = register_bytes
        self._pointer_bytes = pointer_bytes

    def __str__(self) -> str:
        fault = self.fault
        lines = [f"the device code failed: {fault.reason}, at {format_number(fault.pc, self._pointer_bytes)}"]
        lines += format_registers(fault.registers, self._register_bytes)
        lines += ["device backtrace:", *(f"  {n:3}: {text}" for n, text in enumerate(fault.backtrace))]
        if self.wasm:
            lines += ["wasm backtrace:", *(f"  {n:3}: {text}" for n, text in enumerate(self.wasm))]
        return "\n".join(lines)


def format_number(value: int, size: int) -> str:
    """Hexadecimal, as wide as a value of `size` bytes can be."""
    return f"{value & (1 << 8 * size) - 1:0{2 * size}x}"


def format_registers(registers: dict[str, int], register_bytes: int) -> list[str]:
    """Whole registers: on arm64_32 they have 64 bits although pointers have 32."""
    cells = [f"{name:>4} {format_number(value, register_bytes)}" for name, value in registers.items()]
    return [" ".join(cells[start : start + _COLUMNS]) for start in range(0, len(cells), _COLUMNS)]


def capture(device: "Device", reason: str) -> DeviceFault:
    """The fault that the machine has stopped at."""
    registers = {name: int(device.processor.reg_read(number)) for name, number in device.abi.shown}
    pc = int(device.processor.reg_read(device.abi.program_counter))
    frames = tuple(describe(device, address) for address in _code_addresses(device, pc, registers))
    fault = Fault(reason, registers, pc, frames)
    return DeviceFault(fault, device.abi.register_bytes, device.target.pointer_width)


def describe(device: "Device", address: int) -> str:
    """Which function an address of code is in, and which line of its source."""
    number = format_number(address, device.target.pointer_width)
    if function := device.host_function(address):
        return f"{number} {function} (of the host)"
    image = device.image_at(address)
    place = image.locate(address)
    if place is None:
        return f"{number} (no code)"
    line = source_line(image, address)
    return f"{number} {place}" + (f" at {line}" if line else "")


def _code_addresses(device: "Device", pc: int, registers: dict[str, int]) -> Iterator[int]:
    """The program counter, then the return addresses on the stack."""
    yield pc
    if device.abi.dwarf_registers:
        yield from islice(callers(device, pc, registers), _MOST_FRAMES)
    elif device.abi.frame_register is not None and device.abi.link is not None:
        yield from _frame_records(device, pc, registers, device.abi.frame_register, device.abi.link)


def _frame_records(
    device: "Device", pc: int, registers: dict[str, int], frame_register: str, link_register: int
) -> Iterator[int]:
    """The return addresses in the chain of records that functions leave on the stack."""
    # A function that calls no other saves nothing; in any other the register is left over from its own last call.
    link = int(device.processor.reg_read(link_register))
    if _function(device, link) not in (None, _function(device, pc)):
        yield link
    record = registers[frame_register]
    for _ in range(_MOST_FRAMES):
        if record % _RECORD_WORD_BYTES or not device.space.has(record, 2 * _RECORD_WORD_BYTES):
            return
        words = device.space.read(record, 2 * _RECORD_WORD_BYTES)
        caller = int.from_bytes(words[:_RECORD_WORD_BYTES], "little")
        following = int.from_bytes(words[_RECORD_WORD_BYTES:], "little")
        if following != link:
            yield following
        if caller <= record:
            return
        record = caller


def _function(device: "Device", address: int) -> str | None:
    place = device.image_at(address).locate(address)
    return None if place is None else place.partition(" ")[0]
