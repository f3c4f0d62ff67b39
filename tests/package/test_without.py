"""Engines without some families: what needs them is refused where that is met, and nothing is left of them."""

import json
import subprocess
import sys

import pytest

from fusee import wat2wasm
from fusee.spec.errors import ModuleError
from fusee.spec.families import Family, leave_out, left_out, parse

MODULES = {
    "an instruction on vectors": ("(module (func (drop (i8x16.splat (i32.const 1)))))", Family.SIMD, b"\xfd\x0f"),
    "a relaxed one": ("(module (func unreachable f32x4.relaxed_min drop))", Family.SIMD, b"\xfd\x8d\x02"),
    "a vector among the parameters": ("(module (func (param v128)))", Family.SIMD, b"\x7b"),
    "a vector in a global": ('(module (import "m" "g" (global v128)))', Family.SIMD, b"\x7b"),
    "a vector in a constant": ("(module (global i32 (v128.const i64x2 0 0)))", Family.SIMD, b"\xfd\x0c"),
    "a block for exceptions": ("(module (func (try_table)))", Family.EXCEPTIONS, b"\x1f\x40"),
    "a block of their older form": ("(module (func try end))", Family.EXCEPTIONS, b"\6\x40"),
    "a tag": ("(module (tag (param i32)))", Family.EXCEPTIONS, b"\0\0"),
    "a reference to an exception": ("(module (func (param exnref)))", Family.EXCEPTIONS, b"\x69"),
    "an atomic access": ("(module (memory 1) (func unreachable i32.atomic.load drop))", Family.THREADS, b"\xfe\x10"),
    "a fence": ("(module (func (atomic.fence)))", Family.THREADS, b"\xfe\3"),
    "a shared memory": ("(module (memory 1 1 shared))", Family.THREADS, b"\3\1\1"),
    "a structure": ("(module (type (struct (field i32))))", Family.GC, b"\x5f\1"),
    "an array": ("(module (type (array i8)))", Family.GC, b"\x5e\x78"),
    "a reference to any object": ("(module (func (param anyref)))", Family.GC, b"\x6e"),
    "a reference to none": ("(module (table 1 nullfuncref))", Family.GC, b"\x73"),
    "a cast": ("(module (func (param funcref) (drop (ref.test funcref (local.get 0)))))", Family.GC, b"\xfb\x15"),
    "an object in a constant": ("(module (elem i31ref (ref.i31 (i32.const 1))))", Family.GC, b"\x6c"),
    "one that is wrong": ("(module (global i32 (struct.new_default 9)))", Family.GC, b"\xfb\1"),
}
"""What needs a family, and the bytes that say so first."""

VERDICTS = dict.fromkeys(MODULES, "valid") | {"a vector in a constant": "invalid", "one that is wrong": "invalid"}
"""Where the family is there. Where it is not, nobody looks at the rest."""

PROGRAM = """
import json, sys
from fusee.spec.families import leave_out, parse
leave_out(parse(sys.argv[1]))
from fusee.engine.isa.selection import SPEED, choose
choose(SPEED)
from fusee.engine.isa.families import family_of
from fusee.engine.isa.pairs import PAIRS
from fusee.engine.isa.table import handlers
from fusee.engine.errors import Invalid, Unsupported
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
        try:
            World().decode(bytes(binary))
            reasons.append("valid")
        except Invalid:
            reasons.append("invalid")
        except Unsupported as refused:
            reasons.append([refused.code, refused.detail])
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


def built(without: str, modules: list[bytes]) -> tuple[list[str], list[object], int]:
    given = json.dumps([list(module) for module in modules])
    done = subprocess.run([sys.executable, "-c", PROGRAM, without, COMMON], input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    families, reasons, count = json.loads(done.stdout)
    return families, reasons, count


def test_what_needs_a_part_is_refused_with_that_reason() -> None:
    binaries = {name: bytes(wat2wasm(text)) for name, (text, _, _) in MODULES.items()}
    exports = {}
    for without in ("simd,wasi", "exceptions,gc,threads"):
        absent = parse(without)
        kept, found, exports[without] = built(without, list(binaries.values()))
        assert kept == sorted({"exceptions", "gc", "simd", "threads"} - absent)
        for outcome, (name, (_, family, sign)) in zip(found, MODULES.items(), strict=True):
            expected = [int(family.reason), binaries[name].index(sign, 8)] if family in absent else VERDICTS[name]
            assert (name, outcome) == (name, expected)
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
from fusee.engine.isa.table import BASE, NUMBER, ROWS
print(len(BASE.values), sum(bool(row.handlers) for row in ROWS), len(NUMBER))
"""
FOR_THEM = (
    "capi.exn", "capi.thrown", "capi.wasi", "natives.allocating", "natives.calling", "natives.helpers",
    "natives.linked", "natives.throwing", "runtime.aggregates", "runtime.exceptions", "runtime.heap.allocate",
    "runtime.heap.sweep", "runtime.shared", "translate.aggregate", "translate.atomic", "translate.exception.end_try",
    "translate.shuffle", "handlers.unwind", "layouts.make_layout", "validate.aggregate",
    "validate.entities.validate_tags", "validate.exception", "validate.fixed.validate_lane", "validate.legacy",
    "validate.reference.top_of", "validate.types.write_fields",
)  # fmt: skip
"""Only what can be left out needs these."""


def test_nothing_is_left_of_what_only_they_need() -> None:
    done = subprocess.run([sys.executable, "-c", NOTHING_LEFT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    kernels, counts = (line.split() for line in done.stdout.splitlines())
    assert "engine.translate.control.end_block" in kernels
    assert [name for name in kernels if f"{name}.".startswith(tuple(f"engine.{part}." for part in FOR_THEM))] == []
    rows, with_handlers, named = map(int, counts)
    assert rows == with_handlers < named / 2


FIXED = """
from fusee.spec.families import Family, leave_out
leave_out([Family.SWITCHES])
from fusee import wat2wasm
from fusee.engine.decode.module import decode_module
from fusee.engine.registry import TypeRegistry
from fusee.engine.validate.module import validate_module
from fusee.kernel.arena import allocate_simulated, simulate
from fusee.kernel.errors import KernelError
from fusee.kernel.lang import cast, u32, u64
from fusee.kernel.target import ILP32
from fusee.spec.features import ALL_FEATURES
from tests.engine.simulated_world import World
for fields, features, sign in (
    ("(func (param v128)) (func try end) (memory 1 1 shared) (memory i64 1)", 0, b""),
    ("(func unreachable i64.add128 drop drop)", int(ALL_FEATURES), b"\\xfc"),
    ("(memory 1 (pagesize 1))", int(ALL_FEATURES), b"\\x08\\1"),
):
    binary = bytes(wat2wasm(f"(module {fields})"))
    with simulate(ILP32):
        world = World()
        registry = cast(TypeRegistry, world.engine.registry)
        source = allocate_simulated(binary)
        try:
            m = decode_module(registry, world.engine.platform, source, u32(len(binary)), u64(features))
            validate_module(m)
            print("valid")
        except KernelError as error:
            print(type(error).__name__, error.code, error.detail - binary.index(sign, 8))
"""
"""A library's proposals, whatever is asked for: those that are on by default."""


def test_what_is_on_is_known_when_a_library_is_built() -> None:
    done = subprocess.run([sys.executable, "-c", FIXED], capture_output=True, text=True)
    illegal, limits = int(ModuleError.ILLEGAL_OPCODE), int(ModuleError.BAD_LIMITS)
    assert (done.stderr, done.stdout) == ("", f"valid\nMalformed {illegal} 0\nMalformed {limits} 0\n")


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
