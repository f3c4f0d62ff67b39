"""Cells of the register machine as text (docs/bytecode.md describes both)."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fusee.disasm.wasm import show_float
from fusee.engine.isa.control import entry_bytes
from fusee.engine.isa.forms import ACC, CONST, NOWHERE, PIN, SLOT
from fusee.engine.isa.lanes import has_lane
from fusee.engine.isa.pairs import named_by
from fusee.engine.isa.row import FLOAT_TYPES, IMMEDIATE_BYTES, SLOT_FIELD_BYTES, Cell, Row, cell
from fusee.engine.isa.table import HANDLER_COUNT
from fusee.engine.state.code import CODE_START
from fusee.engine.state.runtime import Global, Instance
from fusee.kernel.layout import layout
from fusee.kernel.target import Target

IMMEDIATE_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "load": ("offset", "memory"),
    "store": ("offset", "memory"),
    "global_get_import": ("import",),
    "global_set_import": ("import",),
    "on_slots": ("first", "second", "at", "narrow"),
    "atomic": ("offset", "memory", "at", "flags"),
    "field_get": ("offset",),
    "field_set": ("offset",),
    "field_init": ("offset",),
    "new_struct": ("type", "class", "bytes"),
    "ref_func": ("func",),
    "memory_size": ("memory",),
    "table_size": ("table",),
    "br_table": ("count",),
    "tick": ("cost",),
    "count": ("executions",),
    "enter": ("slots", "zero", "count"),
    "call": ("func", "out"),
    "call_import": ("func", "out"),
    "call_indirect": ("type", "table", "out"),
    "call_ref": ("out",),
    "return_call": ("func", "out", "count"),
    "return_call_import": ("func", "out", "count"),
    "return_call_indirect": ("type", "table", "out", "count"),
    "return_call_ref": ("out", "count"),
}
"""What a family's immediates are called in listings. The others are slots, or speak for themselves."""


def immediate_names(row: Row) -> tuple[str, ...]:
    """What the immediates of a row are called, as far as they have names."""
    return ("offset", "lane") if has_lane(row) else IMMEDIATE_NAMES.get(row.family, ())


SLOT_NAMES: Final = ("at", "out", "zero")
NAME_WIDTH: Final = 26


@dataclass(frozen=True)
class CodeCell:
    """One cell: where it starts and ends in the code, and what it is."""

    start: int
    end: int  # with what follows a `br_table`
    row: Row
    destination: int
    forms: tuple[int, ...]
    fields: Cell
    is_paired: bool = False  # its handler does the next cell as well

    @property
    def name(self) -> str:
        """The instruction's name, with operand forms."""
        return self.row.handler_name(self.destination, self.forms)


def number_at(code: bytes, at: int, size: int) -> int:
    """A little-endian unsigned integer."""
    return int.from_bytes(code[at : at + size], "little")


def walk_cells(code: bytes, target: Target) -> Iterator[CodeCell]:
    """The cells of a function in which handlers' numbers stand for their addresses."""
    width = target.pointer_width
    start = CODE_START
    while start < len(code):
        handler = number_at(code, start, width)
        row, destination, forms = named_by(handler)
        fields = cell(row, destination, forms, width)
        end = start + fields.size
        if row.family == "br_table":
            entries = number_at(code, start + fields.immediates[0], 4) + 1
            end += -(-entries * entry_bytes(width) // width) * width
        yield CodeCell(start, end, row, destination, forms, fields, handler >= HANDLER_COUNT)
        start = end


class CellPrinter:
    """Writes cells of one function as text.

    `labels` are the names of targets by offset, `references` the targets of fields by the fields' offsets, `tables_at`
    is the distance from an instance to the addresses of its tables.
    """

    def __init__(self, code: bytes, target: Target, labels: Mapping[int, str], references: Mapping[int, int],
                 tables_at: int) -> None:  # fmt: skip
        self.code = code
        self.target = target
        self.labels = labels
        self.references = references
        self.tables_at = tables_at
        self.loop = ""  # what the loop pointer points to
        self.frame_loop = ""  # the loop that the frame names

    def show(self, c: CodeCell) -> str:
        """Name and operands: registers and slots, constants, immediates."""
        parts = [self.source(c.row, n, form, c.start + at)
                 for n, (form, at) in enumerate(zip(c.forms, c.fields.sources, strict=True))]  # fmt: skip
        parts += [self.immediate(c.row, n, c.start + at) for n, at in enumerate(c.fields.immediates)]
        if c.row.family == "br_table":
            first = c.start + c.fields.size
            count = self.number(c.start + c.fields.immediates[0], 4)
            width = entry_bytes(self.target.pointer_width)
            parts += [self.label(first + width * n) for n in range(count + 1)]
        elif c.row.name == "set_frame_loop":
            self.frame_loop = self.labels[c.end]
        elif c.row.family == "set_loop":
            self.loop = self.label(c.start + c.fields.immediates[0]) if c.row.immediates else self.labels[c.end]
        elif c.row.family.endswith("_loop"):
            parts.append(self.loop)
        elif c.row.family.endswith("_frame"):
            parts.append(self.frame_loop)
        operands = ", ".join(parts)
        if c.destination != NOWHERE:
            operands = f"{self.place(c.row.result, c.destination, c.start + c.fields.result)} <- {operands}"
        return f"{c.name:<{NAME_WIDTH}} {operands}".rstrip()

    def number(self, at: int, size: int) -> int:
        return number_at(self.code, at, size)

    def place(self, kind: str, form: int, at: int) -> str:
        """A register or slot."""
        if form == SLOT:
            return f"s{self.number(at, SLOT_FIELD_BYTES)}"
        bank = "f" if kind in FLOAT_TYPES else ""
        return f"{bank}acc" if form == ACC else f"{bank or 'r'}{form - PIN}"

    def source(self, row: Row, n: int, form: int, at: int) -> str:
        """The n-th operand."""
        kind = row.sources[n]
        if form != CONST:
            return self.place(kind, form, at)
        if kind not in FLOAT_TYPES:
            return str(struct.unpack_from("<i", self.code, at)[0])
        if kind == "v128":
            return f"0x{self.number(at, 16):x}"
        if row.family == "move":  # of either float type
            return f"0x{self.number(at, 8):x}"
        return show_float(self.code[at : at + (4 if kind == "f32" else 8)])

    def label(self, at: int) -> str:
        """The label to which the field at an offset refers."""
        return self.labels[self.references[at]]

    def immediate(self, row: Row, n: int, at: int) -> str:
        """The n-th immediate, with its name if it has one."""
        if row.immediates[n] == "label":
            return self.label(at)
        value = self.number(at, IMMEDIATE_BYTES.get(row.immediates[n], self.target.pointer_width))
        if row.family in ("global_get", "global_set"):
            return f"global={self.own_global(value)}"
        if row.family in ("constant", "vector_constant", "shuffle"):
            return f"0x{value:x}"
        names = immediate_names(row)
        if row.family.endswith("call_indirect") and names[n] == "table":
            return f"table={(value - self.tables_at) // self.target.pointer_width}"
        if n >= len(names):
            return f"s{value}"
        return f"{names[n]}={f's{value}' if names[n] in SLOT_NAMES else value}"

    def own_global(self, distance: int) -> int:
        """Which of the globals behind an instance is at this distance from its start, imports not counted."""
        start = layout(Instance, self.target).extent.size
        return (distance - start) // layout(Global, self.target).extent.size
