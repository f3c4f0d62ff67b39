"""Native code beside the interpreter: calls to and fro, traps with their backtraces, both stacks."""

from typing import Any

import pytest

from fusee import Engine, Func, FuncType, Instance, Module, Store, Trap, TrapCode, ValType, WasmException
from tests.fuzz.observe import GENERATORS
from tests.native.parts import Part, instance_of, natively
from tests.native.programs import difference

CHAIN = """(module
  (import "" "host" (func $host (param i32) (result i32)))
  (memory (export "memory") 1)
  (table funcref (elem $a $b $c $d))
  (type $t (func (param i32) (result i32)))
  (func $a (export "a") (type $t) (i32.add (call $b (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func $b (type $t) (i32.mul (call_indirect (type $t) (local.get 0) (i32.const 2)) (i32.const 3)))
  (func $c (type $t) (i32.sub (call $d (local.get 0)) (i32.load (local.get 0))))
  (func $d (type $t) (i32.store8 (i32.const 9) (local.get 0)) (call $host (local.get 0))))"""


def host(store: Store, function: Any) -> Func:
    return Func(store, FuncType([ValType.i32()], [ValType.i32()]), function)


def test_calls_to_and_fro(part: Part) -> None:
    store = Store(Engine())
    _, exports = instance_of(CHAIN, host(store, lambda number: number * 100), store=store)
    assert exports["a"](store, 4) == 500 * 3 + 1
    assert exports["memory"].read(store, 9, 10) == b"\x05"
    assert part.native > 0


def test_a_trap_shows_all_frames(part: Part) -> None:
    """The same functions and offsets, whichever of them are native; what was stored before the trap is there."""
    store = Store(Engine())
    _, exports = instance_of(CHAIN, host(store, lambda number: number), store=store)
    with pytest.raises(Trap) as caught:
        exports["a"](store, 0x1_0000)
    assert caught.value.trap_code is TrapCode.MEMORY_OUT_OF_BOUNDS
    assert [frame.func_index for frame in caught.value.frames] == [3, 2, 1]
    offsets = [frame.module_offset for frame in caught.value.frames]
    assert offsets == sorted(offsets, reverse=True)
    with natively("none"):
        other = Store(Engine())
        _, interpreted = instance_of(CHAIN, host(other, lambda number: number), store=other)
        with pytest.raises(Trap) as expected:
            interpreted["a"](other, 0x1_0000)
    assert offsets == [frame.module_offset for frame in expected.value.frames]
    assert exports["memory"].read(store, 9, 10) == b"\x01"


def test_what_a_host_function_raises_comes_back(part: Part) -> None:
    store = Store(Engine())

    def fail(number: int) -> int:
        raise KeyError(number)

    _, exports = instance_of(CHAIN, host(store, fail), store=store)
    with pytest.raises(KeyError) as caught:
        exports["a"](store, 6)
    assert caught.value.args == (7,)


RECURSION = """(module
  (func $even (export "even") (param i64) (result i32)
    (if (result i32) (i64.eqz (local.get 0)) (then (i32.const 1))
      (else (call $odd (i64.sub (local.get 0) (i64.const 1))))))
  (func $odd (param i64) (result i32)
    (if (result i32) (i64.eqz (local.get 0)) (then (i32.const 0))
      (else (call $even (i64.sub (local.get 0) (i64.const 1)))))))"""

GROUPS = """(module
  (type $t (func (param i32) (result i32)))
  (import "m" (item "triple" (func (type $t))) (item "k" (global i32)) (item "memory" (memory 1)))
  (import "m" (item "inc") (item "double") (func (type $t)))
  (import "m" (item "table") (item "other") (table 2 funcref))
  (import "m" "negate" (func (type $t)))
  (func $inner (param i32) (result i32) (i32.add (local.get 0) (i32.load (i32.const 8))))
  (func (export "run") (param i32) (result i32)
    (call $inner (call 0 (call 1 (call 2 (call 3 (i32.add (local.get 0) (global.get 0)))))))))"""


def test_imports_in_groups(part: Part) -> None:
    """Of a type each, or of one type (proposal compact-import-section)."""
    store = Store(Engine())
    host = Instance(store, Module(store.engine, """(module
      (func (export "triple") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
      (func (export "inc") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func (export "double") (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
      (func (export "negate") (param i32) (result i32) (i32.sub (i32.const 0) (local.get 0)))
      (global (export "k") i32 (i32.const 7)) (memory (export "memory") 1) (data (i32.const 8) "\\64")
      (table (export "table") 2 funcref) (table (export "other") 2 funcref))"""), []).exports(store)  # fmt: skip
    before = part.native
    names = "triple", "k", "memory", "inc", "double", "table", "other", "negate"
    _, exports = instance_of(GROUPS, *(host[name] for name in names), store=store)
    assert exports["run"](store, 5) == 3 * (1 + 2 * -(5 + 7)) + 100
    assert part.native - before == {"all": 2, "second": 1}.get(part.name, part.native - before)


def test_recursion_ends_with_a_trap(part: Part) -> None:
    """On whichever stack, and the store goes on afterwards."""
    store, exports = instance_of(RECURSION)
    assert exports["even"](store, 1001) == 0
    with pytest.raises(Trap) as caught:
        exports["even"](store, 1 << 40)
    assert caught.value.trap_code is TrapCode.STACK_OVERFLOW
    assert len(caught.value.frames) == 64
    assert exports["even"](store, 1000) == 1


EXCEPTIONS = """(module
  (import "" "host" (func $host (param i32) (result i32)))
  (tag $t (param i32))
  (func $thrower (param i32) (result i32) (throw $t (i32.add (local.get 0) (call $host (i32.const 1)))))
  (func $between (param i32) (result i32) (i32.add (call $thrower (local.get 0)) (i32.const 1)))
  (func (export "catcher") (param i32) (result i32)
    (block $caught (result i32) (try_table (catch $t $caught) (return (call $between (local.get 0)))) (unreachable)))
  (func (export "loser") (param i32) (result i32) (call $between (local.get 0))))"""


def test_exceptions_pass_through(part: Part) -> None:
    store = Store(Engine())
    _, exports = instance_of(EXCEPTIONS, host(store, lambda number: number), store=store)
    assert exports["catcher"](store, 5) == 6
    with pytest.raises(WasmException):
        exports["loser"](store, 5)


REFERENCES = """(module
  (import "" "keep" (func $keep (param externref) (result externref)))
  (import "" "collect" (func $collect (param i32) (result i32)))
  (table $t 4 externref)
  (func (export "f") (param externref) (result externref)
    (local $mine externref)
    (local.set $mine (call $keep (local.get 0)))
    (drop (call $collect (i32.const 0)))
    (table.set $t (i32.const 2) (local.get $mine))
    (table.get $t (i32.const 2))
    (drop (call $collect (i32.const 0)))))"""


def test_references_live_across_calls(part: Part) -> None:
    """What nothing but native code refers to is not let go of."""
    store = Store(Engine())
    extern = ValType.externref()

    class Thing:
        pass

    def collect(number: int) -> int:
        store.gc()
        return number

    keep = Func(store, FuncType([extern], [extern]), lambda thing: Thing())
    _, exports = instance_of(REFERENCES, keep, host(store, collect), store=store)
    assert isinstance(exports["f"](store, object()), Thing)


@pytest.mark.parametrize("generator", ["smith", "programs", "stress", "vectors", "objects"])
def test_random_modules(generator: str) -> None:
    """A few; `python -m tests.native.programs` runs any number."""
    native = 0
    for seed in range(300, 304):
        wasm = GENERATORS[generator](seed)
        if wasm is not None:
            found, chosen = difference(wasm, ("all", f"half:{seed}")[seed % 2])
            assert found == []
            native += chosen.native
    assert native > 0


def test_scripts(suite: Any) -> None:
    """A selection of the specification's scripts, half of the functions native."""
    from tests.native.scripts import run_natively

    names = ["br_table", "call", "call_indirect", "if", "i64", "memory_grow", "traps", "float_misc", "ref_is_null"]
    report, chosen = run_natively([suite / f"{name}.wast" for name in names], "half:3")
    assert [str(failure) for failure in report.failures] == []
    assert report.passed > 1600
    assert chosen.native > 150
