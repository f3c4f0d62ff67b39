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
BACK = "brl_i32_nz", NOWHERE, (SLOT,)
FORWARD = "br_i32_nz", NOWHERE, (SLOT,)

Placed = tuple[str, int, tuple[int, ...]]


def blocks(*contents: tuple[Placed, ...], loops: tuple[int, ...]) -> list[Block]:
    """Blocks of these cells; those with the numbers `loops` begin loops."""
    found = []
    for number, cells in enumerate(contents):
        found.append(Block(0, 0, number in loops))
        for name, destination, forms in cells:
            row = BY_NAME[name]
            found[-1].cells.append(CodeCell(0, 0, row, destination, forms, cell(row, destination, forms, 8)))
    return found


def test_a_loop_with_vectors_counts_from_its_first_block_to_its_last() -> None:
    given = blocks((VECTOR,), (MOVE, FORWARD), (VECTOR,), (MOVE, BACK), (VECTOR,), loops=(1,))
    assert in_loops(given) == [0, 1, 1, 1, 0]


def test_a_loop_without_vectors_and_code_without_loops_do_not() -> None:
    assert in_loops(blocks((VECTOR,), (MOVE, BACK), (VECTOR, FORWARD), (MOVE,), loops=(1,))) == [0, 0, 0, 0]


def test_each_loop_is_looked_at_by_itself() -> None:
    two = (MOVE,), (VECTOR, BACK), (MOVE,), (MOVE, BACK)
    assert in_loops(blocks(*two, *two, loops=(1, 3, 5, 7))) == [0, 1, 0, 0, 0, 1, 0, 0]


def test_of_nested_loops_the_inner_one_counts() -> None:
    assert in_loops(blocks((VECTOR,), (VECTOR,), (VECTOR, BACK), (FORWARD,), loops=(1, 2))) == [0, 0, 1, 0]
