"""Finding the code of a function by an address in it, un-compiled, with 32-bit and 64-bit pointers."""

import random
from collections.abc import Iterator

import pytest

from fusee.engine.runtime.codes import add_code, code_of, find_code, recall_code, release_code
from fusee.engine.state.code import CODE_START, Code
from fusee.engine.state.module import Module
from fusee.engine.state.platform import Platform
from fusee.kernel.arena import allocate_simulated, new, new_array, simulate
from fusee.kernel.lang import Ptr, address, is_null, kernel, null, u8, u32, u64, usize
from fusee.kernel.layout import layout
from fusee.kernel.target import ILP32, LP64, Target
from tests.engine.simulated_world import allocate, live, release

COUNT = 32


@pytest.fixture(params=[ILP32, LP64], ids=["ilp32", "lp64"])
def m(request: pytest.FixtureRequest) -> Iterator[Module]:
    """A module of some functions and an import before them."""
    target: Target = request.param
    assert layout(Code, target).extent.size == CODE_START
    with simulate(target):
        made = new(Module)
        made.func_count, made.imported_func_count = u32(COUNT + 1), u32(1)
        made.code_table = new_array(usize, COUNT + 1)
        yield made


def add_functions(m: Module, order: list[int]) -> dict[int, tuple[int, int]]:
    """Translate functions in an order, each at an address that grows with its index; where they are, with their end."""
    homes = [allocate_simulated(CODE_START + 8 * (1 + n % 7)) for n in range(COUNT)]
    live.clear()
    live.update(int(address(home)) for home in homes)
    places = {}
    for n in order:
        size = CODE_START + 8 * (1 + n % 7)
        made = add_code(m, homes[n], u32(size), u32(n + 1), u64(size), u64(1 << 16))
        assert made == address(homes[n]) + CODE_START
        places[n + 1] = (int(address(homes[n])), int(address(homes[n])) + size)
    return places


def height(m: Module, number: int) -> int:
    """Of a tree, which must be in order."""
    if number == 0:
        return 0
    code = code_of(m, u32(number))
    for child, is_lower in ((code.lower, True), (code.higher, False)):
        assert child == 0 or (address(code_of(m, child)) < address(code)) == is_lower
    return 1 + max(height(m, int(code.lower)), height(m, int(code.higher)))


ORDERS = {
    "rising": list(range(COUNT)),
    "falling": list(reversed(range(COUNT))),
    "outside in": [n // 2 if n % 2 else COUNT - 1 - n // 2 for n in range(COUNT)],
    "random": random.Random(5).sample(range(COUNT), COUNT),
}


@pytest.mark.parametrize("order", ORDERS)
def test_every_address_finds_its_function(m: Module, order: str) -> None:
    assert find_code(m, usize(0x1000)) == 0
    places = add_functions(m, ORDERS[order])
    assert len(places) == COUNT
    for index, (start, end) in places.items():
        assert [int(find_code(m, usize(at))) for at in (start, start + CODE_START, end - 1)] == [index + 1] * 3
    ends = {end for _, end in places.values()} - {start for start, _ in places.values()}
    assert all(find_code(m, usize(end)) == 0 for end in ends)
    assert height(m, int(m.code_root)) <= 15  # whatever the order; a balanced tree has 6


@kernel
def no_memory(count: usize, size: usize) -> Ptr[u8]:
    return null(Ptr[u8])


@pytest.mark.parametrize("has_memory", [True, False])
def test_what_is_remembered_of_an_address_is_what_would_be_found(m: Module, has_memory: bool) -> None:
    live.clear()
    platform = new(Platform)
    platform.allocate = allocate if has_memory else no_memory
    platform.release = release
    assert is_null(recall_code(m, platform, usize(0x1000)))
    first, rest = ORDERS["random"][:5], ORDERS["random"][5:]
    homes = [allocate_simulated(CODE_START + 8 * (1 + n % 7)) for n in range(COUNT)]
    places = [int(address(home)) + at for home in homes for at in (-1, 0, 9, 17, CODE_START, CODE_START + 8, 60)]
    live.update(int(address(home)) for home in homes)
    for some in (first, rest):  # what is translated later is found, too
        for n in some:
            size = CODE_START + 8 * (1 + n % 7)
            add_code(m, homes[n], u32(size), u32(n + 1), u64(size), u64(1 << 16))
        for at in places:
            number = find_code(m, usize(at))
            known = recall_code(m, platform, usize(at))
            assert is_null(known) if number == 0 else known == code_of(m, number)
    release_code(m, platform)
    assert m.code_known[0] == 0 and not live


def test_release_frees_every_function_once(m: Module) -> None:
    add_functions(m, ORDERS["random"])
    platform = new(Platform)
    platform.release = release
    release_code(m, platform)
    assert not live
    assert find_code(m, m.code_table[5]) == 0
    release_code(m, platform)
