"""Modules that are compiled for size beside others, and what the parts of a program let each other see."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from fusee.kernel.arena import simulate
from fusee.kernel.build import Library, Program, load, symbol_of
from fusee.kernel.cache import Cache
from fusee.kernel.compile import Code, Compilation, Options
from fusee.kernel.lang import Kernel, kernel, u32
from fusee.kernel.target import LP64, Target
from tests.kernel.programs import compact
from tests.kernel.test_programs import attempt


@kernel
def beside(n: u32) -> u32:
    return compact.half(n) + compact.eighth(n * 8)


PROGRAM = Program("compact", [*compact.ENTRIES, beside], compact=(compact.__name__,))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return load(PROGRAM, cache=Cache(tmp_path_factory.mktemp("compact")))


@pytest.mark.parametrize("entry", [compact.eighth, compact.product, compact.status_of, beside])
def test_results_and_errors(library: Library, entry: Kernel[..., u32]) -> None:
    for n in (0, 1, 2, 4, 8, 24, 0x1FE, 0xFFFF_FFF8):
        with simulate(LP64):
            expected = attempt(partial(entry, u32(n)))
        assert attempt(partial(library.function(entry), n)) == expected


def definitions(program: Program, for_size: bool = False) -> dict[str, str]:
    """How the functions of all parts are defined, by symbol, without the entries' wrappers."""
    options = Options(Target.parse("arm64_32-apple-watchos9.0"), for_this_process=False, for_size=for_size)
    compilation = Compilation(program, options)
    text = "\n".join(compilation.text(part) for part in compilation.parts)
    lines = re.findall(r'^(define [^@]*@"([^"]+)"\(.*)$', text, re.MULTILINE)
    return {name: line for line, name in lines if not name.startswith("entry.")}


def test_only_they_are_compiled_for_size() -> None:
    """LLVM chooses what is inlined into them; elsewhere inline kernels are inlined as ever."""
    found = definitions(PROGRAM)
    small = {name for name, line in found.items() if " minsize " in line}
    called: list[Code] = [*compact.ENTRIES, compact.half, compact.parted, compact.checked_twice]
    assert small == set(map(symbol_of, called))
    assert symbol_of(beside) in found
    assert all(" minsize " in line for line in definitions(PROGRAM, for_size=True).values())
    assert symbol_of(compact.half) not in definitions(Program("fast", PROGRAM.entries))


@kernel
def innermost(n: u32) -> u32:
    return n + 1


@kernel(cold=True)
def inner(n: u32) -> u32:
    return innermost(n) * 3


@kernel
def outer(n: u32) -> u32:
    return inner(n) + inner(n + 1)


def test_parts_see_only_what_they_mention(tmp_path: Path) -> None:
    """What a shard mentions is seen, and not what that mentions in its own part: LLVM may do with it what it likes."""
    program = Program("parts", [beside], {"apart": [outer]}, compact=PROGRAM.compact)
    found = definitions(program)
    linkage: dict[Code, str] = {code: found[symbol_of(code)].split()[1] for code in (inner, compact.eighth, innermost)}
    assert linkage == {inner: "hidden", compact.eighth: "hidden", innermost: "internal"}
    assert load(program, cache=Cache(tmp_path)).function(beside)(4) == 6


@kernel
def mixed(n: u32) -> u32:
    return n * 3 ^ n >> 5


@kernel
def mixed_as_well(n: u32) -> u32:
    return n * 3 ^ n >> 5


def test_equal_functions_of_a_library_are_one() -> None:
    target = Target.parse("arm64_32-apple-watchos9.0")
    compilation = Compilation(Program("equal", [mixed, mixed_as_well]), Options(target, for_this_process=False))
    (part,) = compilation.main_parts
    one, other = map(symbol_of, (mixed, mixed_as_well))
    assert f"_{other}:\n\tb\t_{one}\n" in compilation.machine.assembly(compilation.text(part))
