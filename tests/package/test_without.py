"""Engines without some families: what needs them is valid and refused with that reason, and nothing is left of them."""

import json
import subprocess
import sys

import pytest

from fusee import wat2wasm
from fusee.spec.families import Family, leave_out, left_out, parse

MODULES = {
    "an instruction on vectors": ("(module (func (drop (i8x16.splat (i32.const 1)))))", Family.SIMD),
    "a relaxed one": (
        "(module (memory 1) (func (drop (f32x4.relaxed_min (v128.load (i32.const 0)) (v128.load (i32.const 0))))))",
        Family.SIMD,
    ),
    "a vector among the parameters": ("(module (func (param v128)))", Family.SIMD),
    "a vector in a global": ('(module (import "m" "g" (global v128)))', Family.SIMD),
    "a block for exceptions": ("(module (func (try_table)))", Family.EXCEPTIONS),
    "a tag": ("(module (tag (param i32)))", Family.EXCEPTIONS),
    "a reference to an exception": ("(module (func (param exnref)))", Family.EXCEPTIONS),
    "an atomic access": ("(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))", Family.THREADS),
    "a fence": ("(module (func (atomic.fence)))", Family.THREADS),
    "a structure": ("(module (type (struct (field i32))))", Family.GC),
    "an array": ("(module (type (array i8)))", Family.GC),
    "a reference to any object": ("(module (func (param anyref)))", Family.GC),
    "a cast": ("(module (func (param i31ref) (drop (i31.get_s (local.get 0)))))", Family.GC),
}

PROGRAM = """
import json, sys
from fusee.spec.families import leave_out, parse
leave_out(parse(sys.argv[1]))
from fusee.engine.isa.selection import SPEED, choose
choose(SPEED)
from fusee.engine.isa.families import family_of
from fusee.engine.isa.pairs import PAIRS
from fusee.engine.isa.table import handlers
from fusee.engine.interpreter import install_interpreter
from fusee.engine.program import DEVICE_PROGRAM
from fusee.kernel.arena import simulate
from fusee.kernel.lang import span, u32
from fusee.kernel.target import ILP32
from fusee.engine.translate.function import translate
from tests.engine.simulated_world import World
families = [family_of(row) for row, _, _ in handlers()]
families += [family_of(row) for pair in PAIRS for row, _, _ in pair]
reasons = []
for binary in json.load(sys.stdin):
    with simulate(ILP32):
        reasons.append(int(World().decode(bytes(binary)).unsupported))
with simulate(ILP32):
    world = World()
    install_interpreter(world.engine)
    m = world.module(sys.argv[2])
    world.instantiate(m)
    translate(world.store, m, u32(0))
    assert m.code_table[0] != 0
print(json.dumps([sorted(filter(None, set(families))), reasons, len(DEVICE_PROGRAM.entries)]))
"""
"""Un-compiled: what families handlers are left of, why modules are refused, how much a library exports; what is of no
family is translated."""

COMMON = """(module (type $f (func (result i32))) (func (param (ref null $f)) (result i32)
  (if (ref.is_null (local.get 0)) (then (return (i32.const 1))))
  (block $null (drop (br_on_null $null (local.get 0))))
  (call_ref $f (ref.as_non_null (local.get 0)))))"""


def built(without: str, modules: list[bytes]) -> tuple[list[str], list[int], int]:
    given = json.dumps([list(module) for module in modules])
    done = subprocess.run([sys.executable, "-c", PROGRAM, without, COMMON], input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    families, reasons, count = json.loads(done.stdout)
    return families, reasons, count


def test_what_needs_a_part_is_refused_with_that_reason() -> None:
    binaries = [bytes(wat2wasm(text)) for text, _ in MODULES.values()]
    needed = [family for _, family in MODULES.values()]
    exports = {}
    for without in ("simd,wasi", "exceptions,gc,threads"):
        absent = parse(without)
        kept, found, exports[without] = built(without, binaries)
        assert kept == sorted({"exceptions", "gc", "simd", "threads"} - absent)
        assert found == [int(family.reason) if family in absent else 0 for family in needed]
    from fusee.engine.program import DEVICE_PROGRAM

    assert max(exports.values()) < len(DEVICE_PROGRAM.entries)  # WASI's functions, or those of objects


NOTHING_LEFT = """
from fusee.engine.isa.selection import SIZE, choose
from fusee.kernel.target import Target
from fusee.spec.families import Family, leave_out
choose(SIZE)
leave_out(Family)
from fusee.engine.program import DEVICE_PROGRAM
from fusee.kernel.compile import Compilation, Options
options = Options(Target.parse("arm64_32-apple-watchos"), for_this_process=False)
kernels = [*Compilation(DEVICE_PROGRAM, options).remainder.parts.values()]
print(*sorted({kernel.symbol for part in kernels for kernel in part}))
"""
FOR_THEM = (
    "capi.exn", "capi.thrown", "capi.wasi", "natives.helpers", "natives.linked", "runtime.aggregates",
    "runtime.exceptions", "runtime.heap.allocate", "runtime.heap.sweep", "runtime.shared", "translate.aggregate",
    "translate.atomic", "translate.exception.end_try", "translate.shuffle", "handlers.unwind", "layouts.make_layout",
)  # fmt: skip
"""Only what can be left out needs these."""


def test_nothing_is_left_of_what_only_they_need() -> None:
    done = subprocess.run([sys.executable, "-c", NOTHING_LEFT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    kernels = done.stdout.split()
    assert "engine.translate.control.end_block" in kernels
    assert [name for name in kernels if f"{name}.".startswith(tuple(f"engine.{part}." for part in FOR_THEM))] == []


def test_reasons_say_what_is_missing() -> None:
    for family in Family:
        assert not family.features or f"({family})" in family.reason.message


def test_it_may_be_too_late() -> None:
    import fusee.spec.op  # noqa: F401

    leave_out(left_out())
    with pytest.raises(RuntimeError, match="already another one"):
        leave_out([Family.SIMD])


def test_names() -> None:
    assert parse("") == frozenset()
    assert parse("simd, wasi") == {Family.SIMD, Family.WASI}
    with pytest.raises(ValueError, match="no family named 'tables'; there are simd, exceptions, gc, threads, wasi"):
        parse("simd,tables")
