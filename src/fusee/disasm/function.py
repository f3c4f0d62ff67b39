"""The listing of one function: its bytecode beside its WebAssembly."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from fusee.disasm.cells import CellPrinter, CodeCell, walk_cells
from fusee.disasm.wasm import WasmInstruction, read_instructions
from fusee.engine.runtime.positions import CHUNK_BYTES, CODE_BITS, MARK_BYTES, SOURCE_BITS, THE_END, read_number
from fusee.engine.state.code import CODE_START
from fusee.engine.state.module import Module
from fusee.engine.state.runtime import tables_offset
from fusee.engine.translate.positions import table_bytes
from fusee.engine.translate.state import Translator
from fusee.kernel.lang import u32
from fusee.kernel.memory import read_bytes
from fusee.kernel.target import Target

COLUMN: Final = 40  # where bytecode stands, to the right of WebAssembly
LABEL_WIDTH: Final = 5


@dataclass(frozen=True)
class ListedCell:
    """A cell as text, and the offset in the module of the instruction that it was made at."""

    cell: CodeCell
    source_offset: int
    text: str


@dataclass(frozen=True)
class Listing:
    """A translated function; `labels` are by offset in the code."""

    instructions: tuple[WasmInstruction, ...]
    cells: tuple[ListedCell, ...]
    labels: dict[int, str]
    code_bytes: int
    frame_slots: int

    @property
    def names(self) -> list[str]:
        """The names of the cells' instructions, in order."""
        return [listed.cell.name for listed in self.cells]

    def lines(self) -> Iterator[str]:
        """The listing as text: each WebAssembly instruction, and to its right the cells that were made there."""
        made = {at: list(cells) for at, cells in groupby(self.cells, key=lambda listed: listed.source_offset)}
        for instruction in self.instructions:
            left = f"{instruction.offset:>6x}  {'  ' * instruction.depth}{instruction.text}"
            for listed in made.get(instruction.offset, []):
                if len(left) >= COLUMN:
                    yield left
                    left = ""
                label = self.labels.get(listed.cell.start, "")
                yield f"{left:<{COLUMN}}{f'{label}:' if label else '':<{LABEL_WIDTH}}{listed.text}"
                left = ""
            if left:
                yield left


def read_listing(m: Module, binary: bytes, index: int, t: Translator, target: Target) -> Listing:
    """The function that `translate_for_listing` has left in the translator's buffers."""
    body = m.bodies[index - int(m.imported_func_count)]
    code = read_bytes(t.code, t.code_bytes)
    references = {int(t.fixups[n].at): int(t.fixups[n].target) for n in range(int(t.fixup_count))}
    made_at, sources = read_sources(t, int(body.code.start), target)
    cells = list(walk_cells(code, target))
    loops = [c.end for c in cells if c.row.family == "set_loop" and not c.row.immediates]
    labels = {at: f"L{number}" for number, at in enumerate(sorted({*references.values(), *loops}), 1)}
    printer = CellPrinter(code, target, labels, references, int(tables_offset(m)))
    return Listing(
        tuple(read_instructions(binary, int(body.code.start), int(body.code.end))),
        tuple(ListedCell(c, sources[bisect(made_at, c.start) - 1], printer.show(c)) for c in cells),
        labels,
        len(code) - CODE_START,
        int(t.frame_slots),
    )


def read_sources(t: Translator, start: int, target: Target) -> tuple[list[int], list[int]]:
    """Where the code goes over to another WebAssembly instruction, and those's offsets (`engine.runtime.positions`)."""
    made_at, sources = [CODE_START - target.pointer_width], [start]
    size = int(table_bytes(t))
    for first in range(0, size, CHUNK_BYTES):
        at = u32(8 * (first + MARK_BYTES if first else 0))
        end = u32(8 * min(size, first + CHUNK_BYTES))
        while (step := read_number(t.steps, at, end, CODE_BITS))[0] != THE_END:
            made_at.append(made_at[-1] + (int(step[0]) + 1) * target.pointer_width)
            ahead, at = read_number(t.steps, step[1], end, SOURCE_BITS)
            sources.append(sources[-1] + int(ahead) + 1)
    return made_at, sources
