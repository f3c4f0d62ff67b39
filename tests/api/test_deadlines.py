"""Deadlines and signals stop whatever a guest executes: loops, bulk instructions, translation, waiting."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fusee import Config, Engine, Func, FuncType, Instance, Linker, Module, Store, Trap, TrapCode, WasiConfig
from tests.api.alarms import ENDLESS, FOREVER, I32, LOOPS, Rung, alarm, ring
from tests.api.guest import Guest
from tests.hostile.encoding import CODE, EXPORT, FUNCTION, TYPE, body, function_type, module, section, sized, vector

MANY = 400_000  # statements of a function that takes long to translate


def engine_with_epochs(checked: bool = False) -> Engine:
    config = Config()
    config.epoch_interruption = True
    config.checked = checked
    return Engine(config)


@contextmanager
def deadline(store: Store, seconds: float) -> Iterator["pytest.ExceptionInfo[Trap]"]:
    """Another thread lets the store's deadline pass, and what runs is stopped by that."""
    store.set_epoch_deadline(1)
    timer = threading.Timer(seconds, store.engine.increment_epoch)
    timer.start()
    with pytest.raises(Trap) as caught:
        yield caught
    timer.join()
    assert caught.value.trap_code is TrapCode.INTERRUPT
    store.set_epoch_deadline(1 << 40)


def endless(engine: Engine) -> Guest:
    store = Store(engine)
    return Guest(ENDLESS, [Func(store, FuncType([I32], [I32]), lambda number: number)], store)


@pytest.mark.parametrize("name", LOOPS)
def test_a_deadline_stops_code_that_does_not_look(name: str) -> None:
    g = endless(engine_with_epochs())
    for seconds in (0.0, 0.02):
        with deadline(g.store, seconds):
            g[name](g.store, 90 if name == "recursive" else FOREVER)
        assert g.innermost(1000) == 500500
        assert g.store._embedding.depth == 0


@pytest.mark.parametrize("fuel", [False, True])
def test_a_loop_that_is_stopped_is_where_it_is(fuel: bool) -> None:
    """Although nothing in it traps, as the load before it may."""
    config = Config()
    config.epoch_interruption, config.consume_fuel = True, fuel
    store = Store(Engine(config))
    if fuel:
        store.set_fuel(1 << 60)
    text = """(module (memory 1) (func (export "spin") (local i32) (drop (i32.load (i32.const 0)))
        (loop (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0))))"""
    module = Module(store.engine, text)
    spin = Instance(store, module, []).exports(store)["spin"]
    assert isinstance(spin, Func)
    with deadline(store, 0.02) as caught:
        spin(store)
    loop = module._binary.index(b"\x03\x40")
    assert loop < caught.value.frames[0].module_offset < module._binary.index(b"\x0c\x00", loop)


def test_a_deadline_in_the_checked_build() -> None:
    g = endless(engine_with_epochs(checked=True))
    with deadline(g.store, 0.02):
        g.innermost(FOREVER)
    assert g.innermost(1000) == 500500


def test_a_deadline_that_has_passed_lets_nothing_begin() -> None:
    g = endless(engine_with_epochs())
    assert g.one() == 1
    g.store.set_epoch_deadline(0)
    for _ in range(2):
        with pytest.raises(Trap) as caught:
            g.one()
        assert caught.value.trap_code is TrapCode.INTERRUPT
        assert [frame.func_index for frame in caught.value.frames] == [1]
    g.store.set_epoch_deadline(1)
    assert g.one() == 1


def test_a_deadline_that_passes_in_a_host_function() -> None:
    """It stops the guest as soon as the function has returned, wherever that goes on."""
    store = Store(engine_with_epochs())
    store.set_epoch_deadline(1)
    g = Guest(
        """(module (import "" "pass" (func $pass)) (global (export "after") (mut i32) (i32.const 0))
          (func (export "f") (call $pass) (global.set 0 (i32.const 1))))""",
        [Func(store, FuncType([], []), store.engine.increment_epoch)],
        store,
    )
    with pytest.raises(Trap) as caught:
        g.f()
    assert caught.value.trap_code is TrapCode.INTERRUPT
    assert g["after"].value(store) == 0


def test_only_the_store_whose_deadline_it_is_stops() -> None:
    engine = engine_with_epochs()
    first, second = endless(engine), endless(engine)
    first.store.set_epoch_deadline(1)
    second.store.set_epoch_deadline(1000)
    threading.Timer(0.01, engine.increment_epoch).start()
    assert second.recursive(25) == 75025
    assert second.innermost(3_000_000) == 4500001500000
    with pytest.raises(Trap, match="interrupt"):
        first.recursive(90)


def test_engines_without_deadlines_have_none() -> None:
    g = endless(Engine())
    g.store.set_epoch_deadline(0)
    assert g.one() == 1


FILLING = """(module (memory (export "m") 8192)
  (func (export "spin") (param $n i32)
    (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "fill") (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x20000000)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "copy") (memory.copy (i32.const 0x10000000) (i32.const 0) (i32.const 0x10000000))))"""


def test_a_fill_is_stopped_in_its_middle() -> None:
    """Half a GiB takes far longer than that."""
    g = Guest(FILLING, store=Store(engine_with_epochs()))
    with deadline(g.store, 0.0):
        g.fill()
    assert g["m"].read(g.store, 0x1FFFFFFF, 0x20000000) == b"\0"
    with pytest.raises(Rung), alarm(ring, 0.0005):
        g.fill()
    assert g["m"].read(g.store, 0x1FFFFFFF, 0x20000000) == b"\0"


def test_a_fill_goes_on_after_handlers_that_use_the_guest() -> None:
    g = Guest(FILLING)
    m, seen = g["m"], []

    def note(*_: object) -> None:
        seen.append(bytes(m.read(g.store, 0, 1) + m.read(g.store, 0x1FFFFFFF, 0x20000000)))
        g.spin(100)
        if len(seen) < 5:
            g.grow()

    with alarm(note, 0.001, 0.005):
        while b"\1\0" not in seen and len(seen) < 500:
            m.write(g.store, b"\0", 0)
            m.write(g.store, b"\0", 0x1FFFFFFF)
            g.fill()
    assert b"\1\0" in seen
    assert m.read(g.store, 0x0FFFFFFF, 0x10000001) == b"\1\1"
    assert m.read(g.store, 0x1FFFFFFF, 0x20000001) == b"\1\0"


def long_function() -> bytes:
    """`f`, which adds one many times, and `g`, which answers at once."""
    code = b"\x20\0\x41\1\x6a\x21\0" * MANY + b"\x20\0"
    return module(
        section(TYPE, vector([function_type(b"\x7f", b"\x7f")])),
        section(FUNCTION, vector([b"\0"] * 3)),
        section(EXPORT, vector(sized(name.encode()) + b"\0" + bytes([i]) for i, name in enumerate("fgh"))),
        section(CODE, vector([body(code), body(b"\x20\0"), body(b"\x20\0\x41\1\x6a")])),
    )


def test_a_translation_is_given_up_and_begun_again() -> None:
    store = Store(engine_with_epochs())
    exports = Instance(store, Module(store.engine, long_function()), []).exports(store)
    f = exports["f"]
    assert isinstance(f, Func)
    with deadline(store, 0.0):
        f(store, 5)
    with pytest.raises(Rung), alarm(ring, 0.002):
        f(store, 5)
    assert f(store, 5) == 5 + MANY


def test_handlers_may_translate_while_a_translation_pauses() -> None:
    """Also the same function."""
    store = Store(Engine())
    exports = Instance(store, Module(store.engine, long_function()), []).exports(store)
    f, g, h = exports["f"], exports["g"], exports["h"]
    assert isinstance(f, Func) and isinstance(g, Func) and isinstance(h, Func)
    answers: list[int] = []
    calls = [f, f, h, g]

    def note(*_: object) -> None:
        if calls:
            answers.append(calls.pop()(store, 7))

    with alarm(note, 0.002, 0.01):
        assert f(store, 5) == 5 + MANY
        while len(answers) < 4:
            assert g(store, 1) == 1
    assert sorted(answers) == [7, 8, 7 + MANY, 7 + MANY]


WAITING = """(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "wait") (param i64) (result i32)
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (local.get 0))
    (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))))"""


def test_waiting_ends_at_a_deadline() -> None:
    """The guest waits for a clock for an hour."""
    engine = engine_with_epochs()
    store, linker = Store(engine), Linker(engine)
    store.set_wasi(WasiConfig())
    linker.define_wasi()
    wait = linker.instantiate(store, Module(engine, WAITING)).exports(store)["wait"]
    assert isinstance(wait, Func)
    for seconds in (0.0, 0.05):
        with deadline(store, seconds):
            wait(store, 3600 * 10**9)
    assert wait(store, 1000) == 0


def test_instantiation_stops_at_a_deadline() -> None:
    store = Store(engine_with_epochs())
    store.set_epoch_deadline(0)
    m = Module(store.engine, f'(module (memory 16) (data (i32.const 0) "{"x" * 600_000}"))')
    with pytest.raises(Trap) as caught:
        Instance(store, m, [])
    assert caught.value.trap_code is TrapCode.INTERRUPT
    store.set_epoch_deadline(1)
    Instance(store, m, [])
