"""What programs share with C: names, functions of others, and cells that stay."""

import pytest

from fusee.kernel.arena import allocate_simulated, simulate
from fusee.kernel.build import Program, emit_objects, load
from fusee.kernel.lang import Ptr, Static, cells, exported, i32, kernel, u8, u32, usize
from fusee.kernel.target import ILP32, Target
from fusee.package.objects import read_object

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


@kernel(external="compare_in_c")
def compare(a: Ptr[u8], b: Ptr[u8], size: usize) -> i32:
    while size != 0 and a[0] == b[0]:
        a, b, size = a + 1, b + 1, size - 1
    return i32(0) if size == 0 else i32(a[0]) - i32(b[0])


@kernel
def is_before(numbers: Ptr[u8]) -> bool:
    return compare(numbers, numbers + 4, usize(4)) < 0


def test_functions_that_something_else_defines() -> None:
    """The object only mentions the C name; un-compiled, the body stands for it."""
    for triple, name in (("x86_64-unknown-linux-gnu", "compare_in_c"), ("arm64_32-apple-watchos", "_compare_in_c")):
        contents = emit_objects(Program("external", [is_before]), Target.parse(triple))
        assert [read_object(data).undefined for data in contents.values()] == [{name}]
    with simulate(ILP32):
        for numbers, expected in ((b"abcdabce", True), (b"abcdabcd", False), (b"\x80bcd\x7fbcd", False)):
            memory = allocate_simulated(8)
            for place, byte in enumerate(numbers):
                memory[place] = u8(byte)
            assert is_before(memory) == expected


@kernel(export="give_way", weak=True)
def give_way() -> u32:
    return u32(1)


@pytest.mark.parametrize("triple", ["x86_64-unknown-linux-gnu", "arm64_32-apple-watchos"])
def test_definitions_that_give_way(triple: str) -> None:
    lief = pytest.importorskip("lief")
    (contents,) = emit_objects(Program("weak", [give_way]), Target.parse(triple)).values()
    parsed = lief.parse(list(contents))
    (symbol,) = (item for item in parsed.symbols if str(item.name).strip("_") == "give_way")
    if "linux" in triple:
        assert symbol.binding.name == "WEAK"
    else:
        assert symbol.description & 0x80  # N_WEAK_DEF (<mach-o/nlist.h>)
