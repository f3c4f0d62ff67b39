"""Cells that a program keeps between calls, and specialisations with C names."""

from fusee.kernel.arena import simulate
from fusee.kernel.build import Program, load
from fusee.kernel.lang import Ptr, Static, cells, exported, kernel, u32
from fusee.kernel.target import ILP32

COUNTS = cells(u32, 2)


@kernel(cold=True)
def counts() -> Ptr[u32]:
    return COUNTS


@kernel
def count(step: u32) -> u32:
    counts()[1] = counts()[1] + step
    return counts()[1]


@kernel
def scaled(number: u32, factor: Static[int]) -> u32:
    return number * factor


TWICE = exported("scale_twice", scaled, factor=2)
THRICE = exported("scale_thrice", scaled, factor=3)


def test_cells_keep_their_contents() -> None:
    library = load(Program("cells", [count]))
    native = library.function(count)
    assert [native(3), native(4)] == [3, 7]


def test_cells_un_compiled() -> None:
    with simulate(ILP32):
        assert [int(count(u32(3))), int(count(u32(4)))] == [3, 7]
    with simulate(ILP32):
        assert int(count(u32(1))) == 1


def test_specialisations_have_names_and_aliases() -> None:
    assert exported("scale_double", scaled, factor=2) is TWICE
    assert TWICE.exports == ["scale_twice", "scale_double"]
    library = load(Program("exported", [TWICE, THRICE]))
    assert [entry.symbol for entry in map(library._entries.get, library.symbols) if entry] == [
        "scale_twice",
        "scale_thrice",
    ]
