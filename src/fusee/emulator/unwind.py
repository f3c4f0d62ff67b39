"""From the registers of a function to those of its caller, by the objects' call frame information (DWARF 4, 6.4)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from fusee.emulator.lines import debug_tables

if TYPE_CHECKING:
    from fusee.emulator.device import Device

_CFA: Final = "cfa"  # pyelftools' names in the rows of a table


def callers(device: "Device", pc: int, registers: dict[str, int]) -> Iterator[int]:
    """The return addresses of the functions on the stack, the innermost first."""
    numbers = {number: registers.get(name, 0) for number, name in enumerate(device.abi.dwarf_registers)}
    stack = device.abi.dwarf_registers.index("sp")
    place = pc
    while True:
        entry = _frame_entry(device, place)
        row = None if entry is None else _row(entry, place)
        if entry is None or row is None:
            return
        frame = numbers[row[_CFA].reg] + row[_CFA].offset
        for number in numbers:
            if number in row and row[number].type == "OFFSET":
                saved = frame + row[number].arg
                if not device.space.has(saved, device.abi.register_bytes):
                    return
                numbers[number] = int.from_bytes(device.space.read(saved, device.abi.register_bytes), "little")
        numbers[stack] = frame
        address = numbers[entry.cie["return_address_register"]] & -2  # Thumb's are odd
        if device.image.object_at(address) is None:
            return
        yield address
        place = address - 1  # in the call, not after it


def _frame_entry(device: "Device", address: int) -> Any:
    """What describes the frame of the function that has an address."""
    number = device.image.object_at(address)
    tables = None if number is None else debug_tables(device.image, number)
    if tables is None or not tables.has_CFI():
        return None
    for entry in tables.CFI_entries():
        start = entry.header.get("initial_location")
        if start is not None and start <= address < start + entry.header.address_range:
            return entry
    return None


def _row(entry: Any, address: int) -> Any:
    """How the frame is laid out at an address."""
    rows = [row for row in entry.get_decoded().table if row["pc"] <= address]
    return rows[-1] if rows else None
