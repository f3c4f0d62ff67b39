"""Native code beside the interpreter: calls to and fro, traps with their backtraces, both stacks, pauses."""

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from fusee import Config, Engine, Func, FuncType, Instance, Module, Store, Trap, TrapCode, ValType, WasmException
from fusee.kernel.lang import usize
from tests.fuzz.observe import GENERATORS
from tests.native.parts import Part, natively
from tests.native.programs import difference

PARTS = ["all", "second", "half:1", "half:2"]


@pytest.fixture(params=PARTS)
def part(request: pytest.FixtureRequest) -> Iterator[Part]:
    """With native code of a part of all functions."""
    with natively(request.param) as chosen:
        yield chosen


def instance_of(text: str, *imports: Any, store: Store | None = None) -> tuple[Store, Any]:
    store = store or Store(Engine())
    made = Instance(store, Module(store.engine, text), list(imports))
    return store, made.exports(store)


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


def test_the_edge_of_the_host_stack() -> None:
    """Wherever it is, interpreted and native functions that call each other trap there."""
    config = Config()
    config.strategy = "native"
    with natively("second") as chosen:
        store = Store(Engine(config))
        module = Module(store.engine, '(module (func $interpreted (export "run") call $native) (func $native call 0))')
        run = Instance(store, module, []).exports(store)["run"]
        assert isinstance(run, Func)
        for budget in range(100_000, 101_024, 16):
            store._state.host_budget = usize(budget)
            with pytest.raises(Trap) as caught:
                run(store)
            assert caught.value.trap_code is TrapCode.STACK_OVERFLOW
    assert chosen.native == 1


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


ENDLESS = """(module (memory (export "memory") 1)
  (func (export "loop") (loop (i32.store (i32.const 0) (i32.const 1)) (br 0))))"""


def test_a_deadline_stops_a_loop() -> None:
    with natively("all"):
        config = Config()
        config.epoch_interruption = True
        engine = Engine(config)
        store = Store(engine)
        store.set_epoch_deadline(1)
        _, exports = instance_of(ENDLESS, store=store)
    timer = threading.Timer(0.2, engine.increment_epoch)
    timer.start()
    with pytest.raises(Trap) as caught:
        exports["loop"](store)
    timer.join()
    assert caught.value.trap_code is TrapCode.INTERRUPT


def test_a_signal_handler_runs_in_a_loop() -> None:
    """What it raises ends the guest, as it ends interpreted code."""

    def handler(number: int, frame: object) -> None:
        raise KeyError(number)

    with natively("all"):
        store, exports = instance_of(ENDLESS)
    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyError):
            exports["loop"](store)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert exports["memory"].read(store, 0, 1) == b"\x01"


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


BITS = "(f32.reinterpret_i32 (local.get $bits))"
QUIET = {
    "one": f"(f32.sub (f32.mul {BITS} (f32.const 1)) (local.get $zero))",
    "converted": f"(f32.div {BITS} (f32.convert_i32_s (i32.const -1)))",
    "there_and_back": f"(f32.demote_f64 (f64.promote_f32 {BITS}))",
    "computed": f"(f32.mul {BITS} (f32.mul (f32.const 4) (f32.const 0.25)))",
    "kept": f"(local.set $kept (f32.const 4)) (f32.div {BITS} (f32.mul (local.get $kept) (f32.const 0.25)))",
    "counted": f"(local.set $count (i32.const 1)) (f32.mul {BITS} (f32.convert_i32_u (local.get $count)))",
    "reinterpreted": f"""(local.set $count (i32.const 0x80000000))
      (f32.sub (f32.reinterpret_i32 (local.get $count)) {BITS})""",
    "called": f"(call $times {BITS} (f32.sub (f32.const 3) (f32.const 2)))",
    "chosen": f"(f32.mul {BITS} (select (f32.const 1) (f32.sub (f32.const 3) (f32.const 2)) (local.get $bits)))",
    "compared": f"""(local.set $kept (f32.load (i32.const 0)))
      (if (result f32) (f32.eq (local.get $kept) (f32.const 2))
        (then (f32.mul {BITS} (f32.mul (local.get $kept) (f32.const 0.5)))) (else (f32.const 0)))""",
    "lanes": "(f32x4.extract_lane 2 (f32x4.sub (i32x4.splat (local.get $bits)) (v128.const i32x4 0 0 0 0)))",
    "lanes_of_one": """(f32x4.extract_lane 1 (f32x4.mul (i32x4.splat (local.get $bits))
      (f32x4.sub (f32x4.splat (f32.const 3)) (f32x4.splat (f32.const 2)))))""",
    "stored": f"(i32.store (i32.const 4) (i32.const 0x3f800000)) (f32.mul {BITS} (f32.load (i32.const 4)))",
    "lane": f"(f32.add {BITS} (f32x4.extract_lane 3 (v128.const i32x4 1 2 3 0x80000000)))",
}


def test_signalling_nans_become_quiet() -> None:
    """Also by operations that leave every other number as it is, however it is found out that they are such."""
    functions = [
        f"""(func (export "{name}") (param $bits i32) (result i32)
          (local $zero f32) (local $kept f32) (local $count i32)
          {body} (i32.reinterpret_f32))"""
        for name, body in QUIET.items()
    ]
    with natively("all"):
        store, exports = instance_of(f"""(module (memory 1) (data (i32.const 0) "\\00\\00\\00\\40")
          (func $times (param f32 f32) (result f32) (f32.mul (local.get 0) (local.get 1))) {"".join(functions)})""")
    found = {name: exports[name](store, 0x7FA0_0001) & 0xFFFF_FFFF for name in QUIET}
    assert {name: bits for name, bits in found.items() if bits & 0x7FC0_0000 != 0x7FC0_0000} == {}


LANES = """(module (memory 1)
  (func (export "f") (param i32) (result i32) (local $v v128)
    (i32.store (i32.const 4) (local.get 0))
    (local.set $v (i8x16.shuffle 0 1 2 3 16 17 18 19 8 9 10 11 31 30 29 28
      (v128.load (i32.const 0)) (i32x4.splat (local.get 0))))
    (v128.store8_lane 4 (i32.const 8) (local.get $v))
    (local.set $v (v128.load16_lane 2 (i32.const 4) (local.get $v)))
    (i32x4.extract_lane 1 (i32x4.add (local.get $v) (v128.load8x8_u (i32.const 4))))))"""


def test_vectors(part: Part) -> None:
    store, exports = instance_of(LANES)
    assert exports["f"](store, 0x0403_0201) == 0x0403_0201 + 0x0004_0003


def test_thousands_of_locals() -> None:
    """Each is set to the one before plus one, in a loop, and all of them are needed."""
    count = 3500
    steps = "".join(
        f"(local.set {number} (i64.add (local.get {number - 1}) (i64.const 1)))" for number in range(count, 0, -1)
    )
    text = f"""(module (func (export "f") (param i64) (result i64) (local{" i64" * count}) (local i32)
      (loop $again {steps} (br_if $again (i32.lt_u (local.tee {count + 1}
        (i32.add (local.get {count + 1}) (i32.const 1))) (i32.const {count + 10}))))
      (local.get {count})))"""
    with natively("all") as chosen:
        store, exports = instance_of(text)
    assert exports["f"](store, 5) == 5 + count
    assert chosen.native == 1


def test_scripts(suite: Any) -> None:
    """A selection of the specification's scripts, half of the functions native."""
    from tests.native.scripts import run_natively

    names = ["br_table", "call", "call_indirect", "if", "i64", "memory_grow", "traps", "float_misc", "ref_is_null"]
    report, chosen = run_natively([suite / f"{name}.wast" for name in names], "half:3")
    assert [str(failure) for failure in report.failures] == []
    assert report.passed > 1600
    assert chosen.native > 150


