"""Writing down where cells come from, and finding it, un-compiled, with 32-bit and 64-bit pointers."""

import json
import random
import subprocess
import sys

import pytest

from fusee.engine.handlers.table import handler_of
from fusee.engine.isa.stopping import may_stop
from fusee.engine.isa.table import handlers
from fusee.engine.runtime.positions import CHUNK_BYTES, source_offset
from fusee.engine.state.code import CODE_START
from fusee.engine.state.runtime import Store
from fusee.engine.translate.buffers import take_translator
from fusee.engine.translate.positions import begin_positions, note_position, table_bytes
from fusee.kernel.arena import simulate
from fusee.kernel.check.checker import Checker
from fusee.kernel.lang import null, u32
from fusee.kernel.target import ILP32, LP64, Target
from tests.engine.simulated_world import World

START = 1000


def written_and_found(target: Target, cells: list[tuple[int, int]], most: int) -> tuple[int, list[tuple[int, int]]]:
    """How many bytes a table takes, and what it says of the first and last byte of the last cells, at most so many.

    Cells are given by their words and their instructions' offsets.
    """
    width = target.pointer_width
    with simulate(target):
        t = take_translator(World().engine)
        t.world = null(Store)
        t.source_offset = u32(START)
        begin_positions(t)
        places, at = [], CODE_START
        for words, source in cells:
            t.code_bytes = u32(at)
            if source != t.stepped_source:
                note_position(t, u32(source))
            places.append((at, at + words * width - 1))
            at += words * width
        found = [
            (int(source_offset(t.steps, table_bytes(t), u32(START), u32(first))),
             int(source_offset(t.steps, table_bytes(t), u32(START), u32(last))))
            for first, last in places[len(places) - most :]
        ]  # fmt: skip
        return int(table_bytes(t)), found


def some_cells(count: int) -> list[tuple[int, int]]:
    """Most are short; some have long tables, and before some there is much code that nobody reaches."""
    choose = random.Random(count)
    cells, source = [], START
    for _ in range(count):
        cells.append((choose.choice([1, 2, 2, 3, 15, 16, 17, 40, 600]), source))
        source += choose.choice([0, 0, 1, 2, 2, 5, 15, 16, 17, 31, 255, 256, 257, 40_000])
    return cells


@pytest.mark.parametrize("target", [ILP32, LP64], ids=["ilp32", "lp64"])
@pytest.mark.parametrize("count", [1, 2, 120])
def test_every_byte_of_a_cell_leads_to_its_instruction(target: Target, count: int) -> None:
    cells = some_cells(count)
    size, found = written_and_found(target, cells, count)
    assert found == [(source, source) for _, source in cells]
    assert size > CHUNK_BYTES or count < 120


def test_tables_of_every_size_up_to_some_chunks() -> None:
    """Chunks end at every place of a step that takes several bytes."""
    for before in range(CHUNK_BYTES - 4, CHUNK_BYTES + 1):
        cells = [(1, START + 1 + n) for n in range(before)]
        cells += [(33, cells[-1][1] + 1), (1, cells[-1][1] + 2000), (2, cells[-1][1] + 2001)]
        _, found = written_and_found(LP64, cells, 5)
        assert found == [(source, source) for _, source in cells[-5:]]


def test_nothing_is_written_for_what_begins_at_the_start() -> None:
    assert written_and_found(LP64, [(3, START), (2, START)], 2) == (0, [(START, START)] * 2)


def test_ordinary_cells_take_about_a_byte_each() -> None:
    size, _ = written_and_found(LP64, [(1 + n % 7, START + 1 + n * 9) for n in range(500)], 0)
    assert size <= 500 * 1.15


def test_what_traps_is_noted() -> None:
    """No handler raises of those whose cells are left out; a tree's raises if one of its instructions' does."""
    each = {placed[0]: placed for placed in reversed(handlers()) if placed[0].outer is None}
    checked = Checker(LP64).check([handler_of(*placed) for placed in each.values()])
    raising = {row.name for row, handler in zip(each, checked, strict=True) if handler.may_raise}
    assert {"i32_div_s", "load32_u", "call_indirect"} <= raising
    assert {row.name for row in each if not may_stop(row)}.isdisjoint(raising)
    assert not may_stop(next(row for row in each if row.name == "add"))


MEASURE = """
import json, sys
from fusee.engine.isa.selection import choose, shipped
from fusee.kernel.target import ILP32, Target
choose(shipped(Target.parse("arm64_32-apple-watchos")))
from fusee.bench.workloads import WORKLOADS
from fusee.engine.interpreter import install_interpreter
from fusee.engine.state.code import CODE_START, Code
from fusee.engine.translate.function import translate
from fusee.kernel.arena import simulate
from fusee.kernel.lang import cast, u32
from tests.engine.simulated_world import World
found = {}
with simulate(ILP32):
    for workload in WORKLOADS:
        if workload.name in sys.argv[1:]:
            world = World()
            install_interpreter(world.engine)
            m = world.decode(workload.path.read_bytes())
            world.instantiate(m)
            codes = []
            for index in range(int(m.func_count)):
                translate(world.store, m, u32(index))
                codes.append(cast(Code, m.code_table[index] - CODE_START))
            cells = sum(int(code.size) - CODE_START for code in codes)
            found[workload.name] = cells, sum(int(code.positions) for code in codes)
print(json.dumps(found))
"""
"""Un-compiled, as a watch translates: the bytes of all cells of a program, and of the tables behind them."""


def test_tables_take_less_than_a_twentieth_of_the_code() -> None:
    """Of these, programs with many stops, and with short functions, they take most."""
    names = ["fib", "crc32", "matmul", "qsort", "tracker", "forth", "vtable_poly6", "call_ref"]
    done = subprocess.run([sys.executable, "-c", MEASURE, *names], capture_output=True, text=True, check=True)
    sizes: dict[str, tuple[int, int]] = json.loads(done.stdout)
    assert set(sizes) == set(names)
    assert {name: size for name, size in sizes.items() if 20 * size[1] >= size[0]} == {}
