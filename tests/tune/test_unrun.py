"""Modules that are not run: which blocks of a function count."""

from fusee.disasm.cells import CodeCell
from fusee.engine.isa.forms import PLACES
from fusee.engine.isa.row import cell
from fusee.engine.isa.table import ROWS
from fusee.tune.lister import Block
from fusee.tune.unrun import in_loops

BY_NAME = {row.name: row for row in ROWS}
(ACC,), (SLOT,), (NOWHERE,) = PLACES["a"], PLACES["s"], PLACES["-"]
MOVE = "mov", SLOT, (SLOT,)
VECTOR = "loadv", ACC, (SLOT,)
LOOP = "set_loop", NOWHERE, ()
BACK = "brl_i32_nz", NOWHERE, (SLOT,)
FORWARD = "br_i32_nz", NOWHERE, (SLOT,)

Placed = tuple[str, int, tuple[int, ...]]


def blocks(*contents: tuple[Placed, ...]) -> list[Block]:
    found = []
    for cells in contents:
        found.append(Block(0, 0))
        for name, destination, forms in cells:
            row = BY_NAME[name]
            found[-1].cells.append(CodeCell(0, 0, row, destination, forms, cell(row, destination, forms, 8)))
    return found


def test_a_loop_with_vectors_counts_from_its_first_block_to_its_last() -> None:
    assert in_loops(blocks((VECTOR, LOOP), (MOVE, FORWARD), (VECTOR,), (MOVE, BACK), (VECTOR,))) == [0, 1, 1, 1, 0]


def test_a_loop_without_vectors_and_code_without_loops_do_not() -> None:
    assert in_loops(blocks((VECTOR, LOOP), (MOVE, BACK), (VECTOR, FORWARD), (MOVE,))) == [0, 0, 0, 0]


def test_each_loop_is_looked_at_by_itself() -> None:
    two = (LOOP,), (VECTOR, BACK), (LOOP,), (MOVE, BACK)
    assert in_loops(blocks(*two, *two)) == [0, 1, 0, 0, 0, 1, 0, 0]
