"""Signals where the host is called, or guests call each other: exceptions keep their type, and none is lost."""

import pytest

from fusee import Config, Engine, Func, FuncType, Store
from tests.api.alarms import FOREVER, I32, Rung, alarm, check_usable, guest, ring
from tests.api.guest import Guest, engine


def test_exceptions_keep_their_type_at_each_place() -> None:
    """Signals that arrive in quick succession meet the guest, the way to a host function and back, and the function."""
    inside = 0

    def host(number: int) -> int:
        nonlocal inside
        inside += 1
        return number

    g = guest(host)
    for round_ in range(300):
        with pytest.raises(Rung), alarm(ring, 0.0002 + 0.00001 * (round_ % 60)):
            g.host_loop(FOREVER)
    assert inside > 300
    check_usable(g)


def test_a_signal_that_waits_when_a_host_function_is_called() -> None:
    """It is handled before the first instruction of Python code, where nothing can be caught."""
    pending: list[int] = []
    config = Config()
    config.strategy = "interpreter"  # native code of earlier runs would leave out the loop

    def host(number: int) -> int:
        pending.append(number)
        return number

    g = Guest(
        """(module (import "" "host" (func $host (param i32) (result i32)))
          (func (export "f") (param $n i64) (result i32)
            (loop $l (br_if $l (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
            (call $host (i32.const 1))))""",
        [Func(store := Store(Engine(config)), FuncType([I32], [I32]), host)],
        store,
    )
    stopped = 0
    for _ in range(20):
        try:
            with alarm(ring, 0.001):
                g.f(6_000_000)  # some milliseconds on a fast machine, too
        except Rung:
            stopped += 1
    assert stopped == 20
    assert store._embedding.depth == 0


def test_what_a_handler_raises_passes_through_nested_guests() -> None:
    functions: dict[str, Func] = {}

    def host(depth: int) -> int:
        if depth == 0:
            functions["innermost"](store, FOREVER)
        try:
            return int(functions["call_host"](store, depth - 1))
        except Rung as error:
            raise Rung(depth, *error.args) from error

    store = Store(engine())
    g = guest(host, store)
    functions.update(innermost=g["innermost"], call_host=g["call_host"])
    for _ in range(5):
        with pytest.raises(Rung) as caught, alarm(ring, 0.02):
            g.call_host(4)
        assert caught.value.args == (4, 3, 2, 1)
    assert store._embedding.depth == 0


def test_references_are_released_after_an_exception() -> None:
    import gc
    import weakref

    class Thing:
        pass

    g = guest()
    with pytest.raises(Rung), alarm(ring, 0.01):
        g.innermost(FOREVER)
    thing = Thing()
    reference = weakref.ref(thing)
    g.id(thing)
    del thing
    g.store.gc()
    gc.collect()
    assert reference() is None


def test_exceptions_are_not_lost_where_memory_grows() -> None:
    """The guest asks for more address space than there is, again and again, outside of the interpreter lock."""
    store = Store(engine())
    store.set_total_limits(-1, -1)
    g = Guest(
        """(module (memory i64 1) (func (export "one") (result i32) (i32.const 1))
          (func (export "grow") (loop $l (drop (memory.grow (i64.const 0xF00000000))) (br $l))))""",
        [],
        store,
    )
    for round_ in range(100):
        with pytest.raises(Rung), alarm(ring, 0.0005 + 0.00001 * round_):
            g.grow()
    assert g.one() == 1
    assert store._embedding.depth == 0
