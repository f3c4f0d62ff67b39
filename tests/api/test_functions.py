"""Calling guests, and being called by them."""

import gc
import math
import signal
import sys
import weakref
from typing import Any

import pytest

from fusee import (
    Caller,
    Config,
    Engine,
    Func,
    FuncType,
    FuseeError,
    HostError,
    Instance,
    Linker,
    Memory,
    Module,
    Store,
    StoreError,
    Trap,
    TrapCode,
    Val,
    ValType,
)
from tests.api.guest import Guest, engine

I32, I64, F32, F64 = ValType.i32(), ValType.i64(), ValType.f32(), ValType.f64()
FUNCREF, EXTERNREF = ValType.funcref(), ValType.externref()


def test_arguments_and_results() -> None:
    g = Guest("""(module
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "none"))
      (func (export "mixed") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
        (local.get 3) (local.get 2) (local.get 1) (local.get 0)))""")
    assert g.add(1, 2) == 3
    assert g.add(0x7FFF_FFFF, 1) == -(1 << 31)
    assert g.add(Val.i32(-1), 0xFFFF_FFFF) == -2
    assert g.none() is None
    assert g.mixed(-1, 1 << 63, 0.5, math.inf) == [math.inf, 0.5, -(1 << 63), -1]
    assert repr(g["mixed"]) == "<Func (i32 i64 f32 f64) -> (f64 f32 i64 i32)>"


def test_wrong_arguments() -> None:
    g = Guest('(module (func (export "f") (param i32)))')
    with pytest.raises(FuseeError, match="too few parameters provided: given 0, expected 1"):
        g.f()
    with pytest.raises(FuseeError, match="too many parameters"):
        g.f(1, 2)
    for wrong in ("1", None, 1.5, Val.i64(1)):
        with pytest.raises(TypeError):
            g.f(wrong)


def test_bit_patterns_pass_unchanged() -> None:
    g = Guest('(module (func (export "f") (param f32 f64) (result f64 f32) (local.get 1) (local.get 0)))')
    signalling = [0x7FA0_0001, 0x7FF4_0000_0000_0001]
    assert g["f"].call_raw(g.store, signalling) == signalling[::-1]
    with pytest.raises(FuseeError):
        g["f"].call_raw(g.store, [1])


def test_host_functions() -> None:
    store = Store(engine())
    seen: list[Any] = []

    def host(*values: Any) -> tuple[float, int]:
        seen.append(values)
        return 2.5, -3

    f = Func(store, FuncType([I32, I64, F32, F64], [F64, I32]), host)
    g = Guest(
        """(module (import "" "f" (func $f (param i32 i64 f32 f64) (result f64 i32)))
          (func (export "run") (result f64 i32)
            (call $f (i32.const -1) (i64.const -2) (f32.const 0.5) (f64.const 1))))""",
        [f],
        store,
    )
    assert g.run() == [2.5, -3]
    assert seen == [(-1, -2, 0.5, 1.0)]
    assert f(store, 1, 2, 3.0, 4.0) == [2.5, -3]


@pytest.mark.parametrize(
    ("results", "value", "error"),
    [
        ([], 1, HostError),
        ([I32], None, TypeError),
        ([I32], "1", TypeError),
        ([I32, I32], (1,), HostError),
        ([I32, I32], 1, TypeError),
        ([I32, I32], (1, None), TypeError),
    ],
)
def test_wrong_results(results: list[ValType], value: Any, error: type[Exception]) -> None:
    store = Store(engine())
    f = Func(store, FuncType([], results), lambda: value)
    with pytest.raises(error):
        f(store)


class Particular(Exception):
    """Raised by host functions here."""


def test_exceptions_pass_through_guest_frames() -> None:
    store = Store(engine())
    raised = Particular("this very one")

    def fail() -> None:
        raise raised

    g = Guest(
        '(module (import "" "f" (func $f)) (func (export "run") (call $f)))',
        [Func(store, FuncType([], []), fail)],
        store,
    )
    for _ in range(3):
        with pytest.raises(Particular) as caught:
            g.run()
        assert caught.value is raised
    assert store._failure is None


def test_exceptions_pass_through_nested_calls() -> None:
    store = Store(engine())
    functions: dict[str, Func] = {}

    def host(depth: int) -> int:
        if depth == 0:
            raise Particular("innermost")
        try:
            result = functions["run"](store, depth - 1)
        except Particular as error:
            if depth == 5:
                return 55
            raise Particular(f"{error} {depth}") from error
        assert isinstance(result, int)
        return result

    f = Func(store, FuncType([I32], [I32]), host)
    g = Guest(
        """(module (import "" "f" (func $f (param i32) (result i32)))
          (func (export "run") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1))))""",
        [f],
        store,
    )
    functions["run"] = g["run"]
    with pytest.raises(Particular, match="innermost 1 2 3"):
        g.run(3)
    assert g.run(7) == 55 + 3


def test_interrupts_and_traps_of_the_host() -> None:
    store = Store(engine())
    what: list[BaseException] = []

    def host() -> None:
        raise what[0]

    g = Guest(
        '(module (import "" "f" (func $f)) (func (export "run") (call $f)))',
        [Func(store, FuncType([], []), host)],
        store,
    )
    for raised in (KeyboardInterrupt(), SystemExit(3), Trap("by hand")):
        what[:] = [raised]
        with pytest.raises(type(raised)) as caught:
            g.run()
        assert caught.value is raised


TRAPS = [
    ("(unreachable)", TrapCode.UNREACHABLE, "unreachable"),
    ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", TrapCode.INTEGER_DIVISION_BY_ZERO, "integer divide by zero"),
    ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", TrapCode.INTEGER_OVERFLOW, "integer overflow"),
    ("(drop (i32.load (i32.const 65533)))", TrapCode.MEMORY_OUT_OF_BOUNDS, "out of bounds memory access"),
    ("(call_indirect (i32.const 0))", TrapCode.INDIRECT_CALL_TO_NULL, "uninitialized element"),
    ("(call_indirect (i32.const 9))", TrapCode.TABLE_OUT_OF_BOUNDS, "undefined element"),
    ("(drop (table.get (i32.const 2)))", TrapCode.TABLE_OUT_OF_BOUNDS, "out of bounds table access"),
    ("(call $f)", TrapCode.STACK_OVERFLOW, "call stack exhausted"),
]


@pytest.mark.parametrize(("body", "code", "message"), TRAPS)
def test_traps(body: str, code: TrapCode, message: str) -> None:
    g = Guest(f'(module (memory 1) (table 2 funcref) (func $f (export "f") {body}))')
    with pytest.raises(Trap) as caught:
        g.f()
    assert caught.value.trap_code is code
    assert caught.value.reason == message
    assert isinstance(caught.value, FuseeError)


def test_backtrace() -> None:
    g = Guest("""(module $watch
      (func $inner (unreachable))
      (func $middle (nop) (call $inner))
      (func (export "outer") (call $middle)))""")
    with pytest.raises(Trap) as caught:
        g.outer()
    frames = caught.value.frames
    assert [(f.func_index, f.func_name, f.module_name) for f in frames] == [
        (0, "inner", "watch"),
        (1, "middle", "watch"),
        (2, None, "watch"),
    ]
    binary = g.module._binary
    assert binary[frames[0].module_offset] == 0x00  # unreachable
    assert [binary[f.module_offset] for f in frames[1:]] == [0x10, 0x10]  # call
    assert frames[1].func_offset > frames[0].func_offset
    assert "watch!inner" in str(caught.value)


@pytest.mark.parametrize("fuel", [False, True])
def test_the_backtrace_of_a_long_function(fuel: bool) -> None:
    """Each of many traps, and of many calls, is where it is; also behind code that nobody reaches, and a long table."""
    check = "(if (i32.eq (local.get 0) (i32.const {0})) (then (unreachable)))"
    call = "(if (i32.eq (local.get 0) (i32.const {0})) (then (call $f (i32.sub (local.get 0) (i32.const 1)))))"
    table = f"(block (br_table {'0 ' * 500} (local.get 0)))"
    parts = [(call if n % 3 == 1 else check).format(n) + ("(nop)" * 5000 if n == 77 else "") for n in range(300)]
    parts[100] += "(block (br 0) " + "(drop (i32.const 1))" * 2000 + ")" + table
    config = Config()
    config.consume_fuel = fuel
    store = Store(Engine(config))
    if fuel:
        store.set_fuel(1 << 40)
    module = Module(store.engine, f'(module (func $f (export "f") (param i32) {" ".join(parts)}))')
    f = Instance(store, module, []).exports(store)["f"]
    assert isinstance(f, Func)
    places: dict[int, int] = {}
    for n in range(300):
        if n % 3 != 2:
            with pytest.raises(Trap) as caught:
                f(store, n)
            frames = caught.value.frames
            assert [module._binary[frame.module_offset] for frame in frames] == ([0x00, 0x10] if n % 3 else [0x00])
            places[n] = frames[-1].module_offset
            assert frames[0].module_offset == places[n - n % 3]
    assert sorted(places.values()) == [places[n] for n in sorted(places)]
    assert len(set(places.values())) == len(places)


def test_a_deep_backtrace_through_many_functions() -> None:
    """Functions that call each other in turn; each frame names its own instruction, however they are mixed."""
    count = 7
    bodies = "".join(
        f"""(func $f{n} (param i32) {"(nop)" * n * 40}
          (if (i32.eqz (local.get 0)) (then (unreachable)))
          (call $f{(n * 3 + 1) % count} (i32.sub (local.get 0) (i32.const 1))) (drop (i32.const {n})))"""
        for n in range(count)
    )
    g = Guest(f'(module {bodies} (export "f" (func $f0)))')
    with pytest.raises(Trap) as caught:
        g.f(50)
    chain = [0]
    for _ in range(50):
        chain.append((chain[-1] * 3 + 1) % count)
    frames, binary = caught.value.frames, g.module._binary
    assert [f.func_index for f in frames] == chain[::-1]
    assert binary[frames[0].module_offset] == 0x00  # unreachable
    assert {binary[f.module_offset] for f in frames[1:]} == {0x10}  # call
    assert [binary[f.module_offset + 1] for f in frames[1:]] == chain[:0:-1]
    assert len({(f.func_index, f.module_offset) for f in frames[1:]}) == len(set(chain[:-1]))


def test_caller() -> None:
    store = Store(engine())
    callers: list[Caller] = []

    def host(caller: Caller, address: int) -> int:
        callers.append(caller)
        memory = caller["memory"]
        assert isinstance(memory, Memory)
        assert caller.get("nothing") is None
        with pytest.raises(KeyError):
            caller["nothing"]
        again = caller["double"]
        assert isinstance(again, Func)
        value = again(caller, memory.read(caller, address, address + 1)[0])
        assert isinstance(value, int)
        return value

    f = Func(store, FuncType([I32], [I32]), host, access_caller=True)
    g = Guest(
        """(module (import "" "f" (func $f (param i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 7) "\\15")
          (func (export "double") (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
          (func (export "run") (result i32) (call $f (i32.const 7))))""",
        [f],
        store,
    )
    assert g.run() == 42
    assert callers[0].get("memory") is None
    with pytest.raises(ValueError, match="no longer valid"):
        callers[0]._context  # noqa: B018


def test_references() -> None:
    g = Guest("""(module
      (func (export "extern") (param externref) (result externref) (local.get 0))
      (func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0)))
      (func $f (export "self") (param funcref) (result funcref)
        (select (result funcref) (ref.func $f) (local.get 0) (ref.is_null (local.get 0))))
      (func (export "strict") (param (ref func))))""")
    thing = object()
    assert g.extern(thing) is thing
    assert g.extern(None) is None
    assert g.extern(0) == 0
    assert [g.is_null(x) for x in (None, 0, "", thing)] == [1, 0, 0, 0]
    assert g.self(None) == g["self"]
    assert g.self(g["extern"]) == g["extern"]
    with pytest.raises(TypeError):
        g.self(thing)
    with pytest.raises(TypeError):
        g.strict(None)
    with pytest.raises(StoreError):
        g.self(Func(Store(engine()), FuncType([], []), lambda: None))


def test_values_that_carry_a_wider_type_than_is_asked_for() -> None:
    g = Guest("""(module
      (type $binary (func (param i32 i32) (result i32)))
      (global (export "kept") (mut (ref extern)) (extern.convert_any (ref.i31 (i32.const 1))))
      (func (export "same") (param (ref extern)) (result (ref extern)) (local.get 0))
      (func $add (export "add") (type $binary) (i32.add (local.get 0) (local.get 1)))
      (func (export "call") (param (ref $binary)) (result i32)
        (call_ref $binary (i32.const 30) (i32.const 12) (local.get 0)))
      (func (export "number") (param i32)))""")
    thing = object()
    assert g.same(Val.externref(thing)) is thing
    g["kept"].set_value(g.store, Val.externref(thing))
    assert g["kept"].value(g.store) is thing
    assert g.call(Val.funcref(g["add"])) == 42
    for name, value in (
        ("same", Val.externref(None)),
        ("same", Val.funcref(g["add"])),
        ("call", Val.funcref(g["same"])),
        ("call", Val.externref(g["add"])),
        ("number", Val.i64(1)),
        ("number", Val.externref(1)),
    ):
        with pytest.raises(TypeError):
            g[name](g.store, value)


def test_use_with_another_store() -> None:
    g = Guest('(module (func (export "f")) (memory (export "m") 1))')
    other = Store(engine())
    with pytest.raises(StoreError):
        g["f"](other)
    with pytest.raises(StoreError):
        g["m"].read(other)
    with pytest.raises(TypeError):
        g["f"](None)
    with pytest.raises(StoreError):
        Linker(engine()).define(other, "a", "b", g["f"])


def test_many_calls_between_host_and_guest() -> None:
    store = Store(engine())
    total = [0]

    def add(x: int) -> None:
        total[0] += x

    g = Guest(
        """(module (import "" "add" (func $add (param i64)))
          (func (export "run") (param $n i64)
            (loop $again
              (call $add (local.get $n))
              (br_if $again (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))))""",
        [Func(store, FuncType([I64], []), add)],
        store,
    )
    g.run(10_000)
    assert total[0] == 10_000 * 10_001 // 2


@pytest.mark.parametrize("more", range(6))
def test_too_many_calls_between_host_and_guest(more: int) -> None:
    """Wherever Python finds its limit, in a host function or on the way to a guest, it is the same error."""

    def again(n: int) -> int:
        return guest.f(n + 1) + 1 if n < 10_000 else 0

    ty = FuncType([ValType.i32()], [ValType.i32()])
    store = Store(engine())
    text = '(module (import "" "" (func $h (param i32) (result i32))) (func (export "f") (param i32) (result i32)'
    guest = Guest(f"{text} (call $h (local.get 0))))", [Func(store, ty, again)], store)
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 150 + more)
    try:
        with pytest.raises(RecursionError):
            guest.f(0)
    finally:
        sys.setrecursionlimit(limit)
    assert guest.f(9_990) == 10


def test_objects_keep_their_store_alive() -> None:
    f = Guest('(module (func (export "f") (result i32) (i32.const 5)))')["f"]
    gc.collect()
    assert f(f._store) == 5


def test_stores_are_collected() -> None:
    g = Guest('(module (memory (export "m") 1) (func (export "f")))')
    g.f()
    store = weakref.ref(g.store)
    module = weakref.ref(g.module)
    del g
    gc.collect()
    assert store() is None
    assert module() is None


def test_start_function_runs_once() -> None:
    store = Store(engine())
    calls: list[int] = []
    f = Func(store, FuncType([], []), lambda: calls.append(1))
    Guest('(module (import "" "f" (func $f)) (start $f))', [f], store)
    assert calls == [1]
    with pytest.raises(Trap):
        Guest("(module (func $f (unreachable)) (start $f))")


def test_one_module_in_two_stores() -> None:
    module = Module(
        engine(),
        """(module (global $g (mut i32) (i32.const 0))
          (func (export "next") (result i32)
            (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))""",
    )
    linker = Linker(engine())
    stores = [Store(engine()), Store(engine())]
    nexts = [linker.instantiate(s, module).exports(s)["next"] for s in stores]
    for f, s, expected in [(0, 0, 1), (0, 0, 2), (1, 1, 1), (0, 0, 3)]:
        function = nexts[f]
        assert isinstance(function, Func)
        assert function(stores[s]) == expected


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_interrupts_between_host_calls() -> None:
    store = Store(engine())
    waiting = [True]

    def host() -> None:
        if waiting:
            waiting.pop()
            signal.setitimer(signal.ITIMER_REAL, 0.005)

    g = Guest(
        '(module (import "" "f" (func $f)) (func (export "run") (loop $again (call $f) (br $again))))',
        [Func(store, FuncType([], []), host)],
        store,
    )
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    hook, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None  # ctypes reports what it swallows
    try:
        for _ in range(20):
            waiting.append(True)
            with pytest.raises(KeyboardInterrupt):
                g.run()
    finally:
        sys.unraisablehook = hook
        signal.signal(signal.SIGALRM, before)
