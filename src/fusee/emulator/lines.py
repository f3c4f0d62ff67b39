"""From an address of device code to a line of its source, by the objects' debug information (DWARF)."""

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fusee.emulator.link import Image

_NEEDED: Final = ("debug_info", "debug_abbrev", "debug_str", "debug_line", "debug_line_str", "debug_frame")


def source_line(image: "Image", address: int) -> str | None:
    """`file:line` of the instruction at an address, if the objects tell it."""
    number = image.object_at(address)
    if number is None:
        return None
    dwarf = debug_tables(image, number)
    if dwarf is None:
        return None
    for unit in dwarf.iter_CUs():
        program = dwarf.line_program_for_CU(unit)
        found = _find(program, address) if program is not None else None
        if found is not None:
            return f"{_file(program, found.file)}:{found.line}"
    return None


def debug_tables(image: "Image", number: int) -> Any:
    """An object's debug information as pyelftools has it, with addresses where they are loaded; None if it has none."""
    from elftools.dwarf.dwarfinfo import DebugSectionDescriptor, DwarfConfig, DWARFInfo

    names = DWARFInfo.__init__.__code__.co_varnames[2 : DWARFInfo.__init__.__code__.co_argcount]
    given: dict[str, Any] = dict.fromkeys(names)
    for section in image.objects[number].sections.values():
        name = section.name.lstrip("_.")
        if name in _NEEDED:
            contents = image.debug_section(number, section)
            given[f"{name}_sec"] = DebugSectionDescriptor(BytesIO(contents), name, 0, len(contents), 0)
    if given["debug_line_sec"] is None:
        return None
    return DWARFInfo(config=DwarfConfig(True, "AArch64", image.pointer_bytes), **given)


def _find(program: Any, address: int) -> Any:
    """The row of the line table that covers an address."""
    previous = None
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if previous is not None and previous.address <= address < state.address:
            return previous
        if state.line or previous is None:  # line 0: the compiler's own code, part of what is before
            previous = state
        if state.end_sequence:
            previous = None
    return None


def _file(program: Any, number: int) -> str:
    header = program.header
    first = 0 if header.version >= 5 else 1
    entry = header.file_entry[number - first]
    name: bytes = entry.name
    directory = header.include_directory[entry.dir_index - first] if entry.dir_index >= first else b""
    return (directory + b"/" + name).decode() if directory else name.decode()
