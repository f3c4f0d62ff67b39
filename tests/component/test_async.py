"""Asynchronous components: tasks that wait in each way, with and without an event loop, and what ends them."""

import asyncio
import gc
import os
import signal
import threading
from typing import Any

import pytest

from fusee import Config, Engine, LimitError, Store, StoreError, Trap, WasmtimeError
from fusee.component import Component, ComponentTrap, Linker
from fusee.component.asynchronous.tasks import RESOLVED, tasks_of
from fusee.engine.state.runtime import MOST_PARKED_BYTES
from fusee.kernel.scalars import u64
from tests.api.test_forks import child
from tests.component.asyncguests import WAITING, component, in_realloc
from tests.component.guests import World

WAYS = ("by-callback", "in-place", "stackful")


def expected(way: str, number: int) -> int:
    """What a function gives if `wait` gives one more than it is given."""
    return number + 1 if way == "by-callback" else 1000 * number + 55 + number + 1


async def soon(store: Any, number: int) -> int:
    """One more, when others have had their turn `number` times."""
    for _ in range(number):
        await asyncio.sleep(0)
    return number + 1


@pytest.mark.parametrize("way", WAYS)
def test_a_guest_waits_for_the_host(way: str) -> None:
    world = World(WAITING, wait=soon)
    assert [world.call(way, number) for number in (0, 5, 1)] == [expected(way, n) for n in (0, 5, 1)]
    world.store.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_function_that_is_not_async_is_called_at_once(way: str) -> None:
    world = World(WAITING, wait=lambda store, number: number + 1)
    assert world.call(way, 7) == expected(way, 7)


def test_tasks_of_one_store_wait_at_the_same_time() -> None:
    order: list[int] = []

    async def wait(store: Any, number: int) -> int:
        for _ in range(3 * (4 - number)):
            await asyncio.sleep(0)
        order.append(number)
        return number + 1

    async def main() -> None:
        world = World(WAITING, wait=wait)
        # A function that is not lifted with `async` has the instance for itself while it waits.
        for way, numbers in (("by-callback", [3, 2, 1, 0]), ("stackful", [3, 2, 1, 0]), ("in-place", [0, 1, 2, 3])):
            order.clear()
            calls = [asyncio.ensure_future(world.func(way).call_async(world.store, n)) for n in range(4)]
            assert [await call for call in calls] == [expected(way, n) for n in range(4)]
            assert order == numbers
        world.store.close()

    asyncio.run(main())


@pytest.mark.parametrize("way", WAYS)
def test_one_call_after_the_other(way: str) -> None:
    async def main() -> None:
        world = World(WAITING, wait=soon)
        run = world.func(way)
        assert [await run.call_async(world.store, n % 3) for n in range(12)] == [
            expected(way, n % 3) for n in range(12)
        ]
        world.store.close()

    asyncio.run(main())


def test_frames_that_wait_come_back_in_any_order() -> None:
    """Each is deeper than the one before, so that their frames lie over each other."""
    turns = {n: asyncio.Event() for n in range(6)}

    async def wait(store: Any, number: int) -> int:
        await turns[number].wait()
        return number + 1

    async def main() -> None:
        world = World(WAITING, wait=wait)
        calls = [asyncio.ensure_future(world.func("stackful").call_async(world.store, n)) for n in range(6)]
        for number in (3, 0, 5, 1, 4, 2):
            await asyncio.sleep(0)
            turns[number].set()
            assert await calls[number] == expected("stackful", number)
        world.store.close()

    asyncio.run(main())


@pytest.mark.parametrize("strategy", ["native", "tiered"])
def test_what_may_wait_stays_interpreted(strategy: str) -> None:
    async def main() -> None:
        config = Config()
        config.strategy = strategy
        store = Store(Engine(config))
        linker = Linker(store.engine)
        with linker.root() as root:
            root.add_func("wait", soon)
        run = linker.instantiate(store, Component(store.engine, WAITING)).get_func(store, "stackful")
        assert run is not None
        calls = [asyncio.ensure_future(run.call_async(store, 3 - n)) for n in range(3)]
        assert [await call for call in calls] == [expected("stackful", 3 - n) for n in range(3)]
        store.close()

    asyncio.run(main())


def test_a_signal_ends_a_guest_that_runs_elsewhere() -> None:
    """The main thread waits for the guest's; who is interrupted stops the guest first."""

    class Alarm(Exception):
        pass

    def ring(*arguments: Any) -> None:
        raise Alarm

    world = World(ENDLESS)
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Alarm):
            world.call("spin")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    other = world.linker.instantiate(world.store, world.component).get_func(world.store, "seven")
    assert other is not None and other(world.store) == 7
    world.store.close()


def test_what_the_host_raises_is_raised_where_the_guest_was_called() -> None:
    error = RuntimeError("the host's")

    async def wait(store: Any, number: int) -> int:
        await asyncio.sleep(0)
        raise error

    for way in WAYS:
        world = World(WAITING, wait=wait)
        with pytest.raises(RuntimeError) as caught:
            world.call(way, 1)
        assert caught.value is error
        with pytest.raises(Trap, match="cannot enter component instance"):
            world.call("hold")
        world.store.close()


def test_wrong_values_of_the_host() -> None:
    async def wait(store: Any, number: int) -> Any:
        await asyncio.sleep(0)
        return "one"

    for way in WAYS:
        with pytest.raises(TypeError, match="result of `wait`"):
            World(WAITING, wait=wait).call(way, 1)
    world = World(WAITING, wait=soon)
    for way in WAYS:
        with pytest.raises(TypeError, match="argument 1"):
            world.call(way, "one")
        assert world.call(way, 1) == expected(way, 1)


def test_deadlocks_are_found() -> None:
    with pytest.raises(Trap, match="deadlock"):
        World(WAITING, wait=soon).call("never")

    async def main() -> None:
        world = World(WAITING, wait=soon)
        with pytest.raises(Trap, match="deadlock"):
            await world.func("never").call_async(world.store)
        with pytest.raises(Trap, match="cannot enter"):
            await world.func("by-callback").call_async(world.store, 1)

    asyncio.run(main())


def test_who_gives_way_lets_others_go_on() -> None:
    async def main() -> None:
        world = World(WAITING, wait=soon)
        found = await asyncio.gather(
            world.func("spin").call_async(world.store, 300), world.func("by-callback").call_async(world.store, 2)
        )
        assert [*found] == [300, 3]

    asyncio.run(main())


def test_a_synchronous_function_cannot_wait() -> None:
    with pytest.raises(Trap, match="cannot block a synchronous task"):
        World(WAITING, wait=soon).call("at-once", 1)
    assert World(WAITING, wait=lambda store, number: 9).call("at-once", 1) == 9


def test_back_pressure() -> None:
    async def main() -> None:
        world = World(WAITING, wait=soon)
        world.call("hold")
        waiting = asyncio.ensure_future(world.func("stackful").call_async(world.store, 1))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        world.call("release")
        assert await waiting == expected("stackful", 1)

    asyncio.run(main())


def test_the_host_cancels() -> None:
    ended: list[int] = []

    async def wait(store: Any, number: int) -> int:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(number)
        return 0

    async def main() -> None:
        world = World(WAITING, wait=wait)
        call = asyncio.ensure_future(world.func("by-callback").call_async(world.store, 1))
        await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        # The guest's task has ended, so that the instance is free; what it has called goes on.
        other = asyncio.ensure_future(world.func("by-callback").call_async(world.store, 2))
        await asyncio.sleep(0.01)
        other.cancel()
        world.store.close()
        await asyncio.sleep(0.01)
        assert sorted(ended) == [1, 2]

    asyncio.run(main())


def test_the_guest_cancels() -> None:
    ended: list[str] = []

    async def wait(store: Any, number: int) -> int:
        try:
            await asyncio.sleep(60 if number else 0)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return 1

    world = World(WAITING, wait=wait)
    assert world.call("cancel-one", 1) == 3 + 1  # it had begun
    assert ended in ([], ["cancelled"])  # it may not have come to its first line


def test_the_end_of_a_store_ends_what_waits_in_it() -> None:
    async def main() -> None:
        world = World(WAITING, wait=lambda store, number: asyncio.sleep(60))
        before = threading.active_count()
        calls = [asyncio.ensure_future(world.func("stackful").call_async(world.store, n)) for n in range(20)]
        await asyncio.sleep(0.01)
        tasks = tasks_of(world.store)
        assert len(tasks.parked) == 20 and threading.active_count() == before
        assert world.store._state.parked_bytes > 0
        world.store.close()
        assert not tasks.parked and not tasks.waiting
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    asyncio.run(main())


@pytest.mark.parametrize("way", ["by-callback", "stackful"])
def test_an_error_at_once_ends_calls_that_wait(way: str) -> None:
    def wait(store: Any, number: int) -> Any:
        if number:
            raise KeyError("at once")
        return asyncio.sleep(60)

    async def main() -> None:
        world = World(WAITING, wait=wait)
        waiting = asyncio.ensure_future(world.func("stackful").call_async(world.store, 0))
        await asyncio.sleep(0.01)
        with pytest.raises(KeyError, match="at once"):
            await world.func(way).call_async(world.store, 1)
        with pytest.raises(KeyError, match="at once"):
            await asyncio.wait_for(waiting, 10)
        with pytest.raises(Trap, match="cannot enter"):
            world.call(way, 1)
        world.store.close()

    asyncio.run(main())


def test_a_loop_is_told_in_its_thread() -> None:
    """A loop that checks its calls refuses those of other threads."""

    async def main() -> None:
        for way in (*WAYS, "cancel-one"):
            world = World(WAITING, wait=soon)
            call = world.func(way).call_async(world.store, 3)
            assert await call == (3 + 1 if way == "cancel-one" else expected(way, 3))
            world.store.close()

    asyncio.run(main(), debug=True)


def test_frames_that_wait_are_bounded() -> None:
    async def main() -> None:
        world = World(WAITING, wait=soon)
        world.store._state.parked_bytes = u64(MOST_PARKED_BYTES - 2000)  # which leaves room for those of some tasks
        calls = [asyncio.ensure_future(world.func("stackful").call_async(world.store, n)) for n in (2, 3, 4, 5)]
        found = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 10)
        assert [type(error) for error in found] == [LimitError, LimitError, ComponentTrap, ComponentTrap]
        tasks = tasks_of(world.store)
        assert not tasks.parked and not tasks.waiting  # nothing is left where it was
        assert world.store._state.parked_bytes == MOST_PARKED_BYTES - 2000 and world.store._state.parked == 0
        world.store.close()

    asyncio.run(main())


@pytest.mark.parametrize("way", WAYS)
def test_who_waits_learns_that_the_store_has_ended(way: str) -> None:
    async def main() -> None:
        world = World(WAITING, wait=lambda store, number: asyncio.sleep(60))
        call = asyncio.ensure_future(world.func(way).call_async(world.store, 1))
        await asyncio.sleep(0.01)
        world.store.close()
        with pytest.raises(ValueError, match="already closed"):
            await asyncio.wait_for(call, 10)

    asyncio.run(main())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not divide processes")
def test_tasks_that_wait_in_place_go_on_in_both_processes_when_one_is_divided() -> None:
    async def main() -> None:
        go_on = asyncio.get_running_loop().create_future()
        world = World(WAITING, wait=lambda store, number: go_on)
        call = asyncio.ensure_future(world.func("stackful").call_async(world.store, 1))
        await asyncio.sleep(0.01)

        def finish() -> int:
            tasks = tasks_of(world.store)
            (thread,) = tasks.parked
            thread.resume()
            assert not tasks.parked and not tasks.waiting and thread.task.state == RESOLVED
            world.store.close()
            return 7

        assert child(finish) == 7
        go_on.set_result(7)
        assert await call == 1000 + 55 + 7
        world.store.close()

    asyncio.run(main())


def test_a_store_does_not_close_while_a_guest_runs() -> None:
    closing: list[Any] = []

    def wait(store: Any, number: int) -> int:
        with pytest.raises(StoreError):
            store.close()
        closing.append(number)
        return number + 1

    assert World(WAITING, wait=wait).call("stackful", 1) == expected("stackful", 1)
    assert closing == [1]


def test_a_host_function_cannot_wait_for_its_guest() -> None:
    world: World

    def wait(store: Any, number: int) -> int:
        with pytest.raises(Trap, match="cannot enter"):
            world.call("in-place", 1)
        return number + 1

    world = World(WAITING, wait=wait)
    assert world.call("stackful", 1) == expected("stackful", 1)


def test_calls_without_a_loop_inside_of_one() -> None:
    async def main() -> None:
        world = World(WAITING, wait=soon)
        with pytest.raises(WasmtimeError, match="call_async"):
            world.call("by-callback", 1)

    asyncio.run(main())


OBJECTS = component(
    """
    (import "c" "wait-here" (func $wait_here (param i32) (result i32)))
    (import "c" "task.return" (func $return (param i32)))
    (type $bytes (array (mut i8)))
    (type $box (struct (field (mut i32)) (field (ref null $bytes))))
    (func (export "keep") (param $n i32) (local $box (ref $box))
      (local.set $box (struct.new $box (local.get $n) (array.new $bytes (local.get $n) (i32.const 4000))))
      (drop (call $wait_here (local.get $n)))
      (call $return (i32.add (struct.get $box 0 (local.get $box))
                             (array.get_u $bytes (struct.get $box 1 (local.get $box)) (i32.const 3999)))))
    (func (export "waste") (local $i i32)
      (loop $more
        (drop (array.new $bytes (i32.const 255) (i32.const 4000)))
        (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3000)))))
    """,
    """
    keep | async (param "n" u32) (result u32) | async
    waste | |
    """,
    imports='(import "wait" (func $wait async (param "n" u32) (result u32)))',
    lowered="wait-here $wait",
)


ENDLESS = component(
    """
    (import "c" "yield" (func $yield (result i32)))
    (func (export "spin") (result i32) (drop (call $yield)) (loop $again (br $again)) (i32.const 1))
    (func (export "seven") (result i32) (i32.const 7))
    """,
    """
    spin | async (result u32) |
    seven | (result u32) |
    """,
)


ENDING = component(
    """
    (import "c" "make" (func $make (param i32) (result i32)))
    (import "c" "end" (func $end (param i32)))
    (import "c" "yield" (func $yield (result i32)))
    (func (export "run") (param $n i32) (result i32)
      (drop (call $yield))
      (call $end (call $make (local.get $n)))
      (drop (call $yield))
      (i32.add (local.get $n) (i32.const 9)))
    """,
    """
    run | async (param "n" u32) (result u32) |
    """,
    imports="""
    (import "wait" (func $wait async (param "n" u32) (result u32)))
    (core func $yield (canon thread.yield)) (core func $lowered (canon lower (func $wait)))
    (core module $ending (import "c" "yield" (func $yield (result i32)))
      (import "c" "wait" (func $wait (param i32) (result i32)))
      (func (export "end") (param $n i32)
        (drop (if (result i32) (local.get $n) (then (call $wait (local.get $n))) (else (call $yield))))))
    (core instance $ended (instantiate $ending
      (with "c" (instance (export "yield" (func $yield)) (export "wait" (func $lowered))))))
    (alias core export $ended "end" (core func $ended_end))
    (type $thing (resource (rep i32) (dtor (func $ended_end))))
    (core func $c.make (canon resource.new $thing)) (core func $c.end (canon resource.drop $thing))
    """,
)


def test_a_destructor_cannot_wait() -> None:
    """It is called in the middle of a host function; who only gives way goes on."""
    assert World(ENDING, wait=soon).call("run", 0) == 9
    assert World(ENDING, wait=lambda store, number: number).call("run", 1) == 10
    world = World(ENDING, wait=soon)
    with pytest.raises(Trap, match="cannot block"):
        world.call("run", 1)
    tasks = tasks_of(world.store)
    assert not tasks.parked and not tasks.waiting and world.store._state.parked == 0
    world.store.close()


DROPPING = """(component
  (component $inner
    (core func $return (canon task.return (result u32)))
    (core func $set (canon context.set i32 0))
    (core func $get (canon context.get i32 0))
    (core module $d (import "" "return" (func $return (param i32)))
      (import "" "set" (func $set (param i32))) (import "" "get" (func $get (result i32)))
      (func (export "dtor") (param i32) {body}))
    (core instance $di (instantiate $d (with "" (instance
      (export "return" (func $return)) (export "set" (func $set)) (export "get" (func $get))))))
    (type $r' (resource (rep i32) (dtor (func $di "dtor"))))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (core module $m (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (param i32) (result i32) (call $new (local.get 0))))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
    (func (export "make") (param "n" u32) (result (own $r)) (canon lift (core func $i "make"))))
  (component $outer
    (import "i" (instance $i (export "r" (type $r (sub resource)))
      (export "make" (func (param "n" u32) (result (own $r))))))
    (alias export $i "r" (type $r))
    (core func $make (canon lower (func $i "make")))
    (core func $drop (canon resource.drop $r))
    (core func $return (canon task.return (result u32)))
    (core func $set (canon context.set i32 0))
    (core func $get (canon context.get i32 0))
    (core module $m (import "" "make" (func $make (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32))) (import "" "return" (func $return (param i32)))
      (import "" "set" (func $set (param i32))) (import "" "get" (func $get (result i32)))
      (func (export "run")
        (call $set (i32.const 7))
        (call $drop (call $make (i32.const 42)))
        (call $return (call $get))))
    (core instance $i (instantiate $m (with "" (instance (export "make" (func $make))
      (export "drop" (func $drop)) (export "return" (func $return))
      (export "set" (func $set)) (export "get" (func $get))))))
    (func (export "run") async (result u32) (canon lift (core func $i "run") async)))
  (instance $i (instantiate $inner))
  (instance $o (instantiate $outer (with "i" (instance $i))))
  (export "run" (func $o "run")))"""


DROPPING_ITS_OWN = """(component
  (core func $return (canon task.return (result u32)))
  (core func $set (canon context.set i32 0)) (core func $get (canon context.get i32 0))
  (core module $d (import "" "return" (func $return (param i32)))
    (import "" "set" (func $set (param i32))) (import "" "get" (func $get (result i32)))
    (func (export "dtor") (param i32) {body}))
  (core instance $c (export "return" (func $return)) (export "set" (func $set)) (export "get" (func $get)))
  (core instance $di (instantiate $d (with "" (instance $c))))
  (type $r (resource (rep i32) (dtor (core func $di "dtor"))))
  (core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r))
  (core module $m (import "c" "return" (func $return (param i32)))
    (import "c" "set" (func $set (param i32))) (import "c" "get" (func $get (result i32)))
    (import "r" "new" (func $new (param i32) (result i32))) (import "r" "drop" (func $drop (param i32)))
    (func (export "run")
      (call $set (i32.const 7))
      (call $drop (call $new (i32.const 42)))
      (call $return (call $get))))
  (core instance $i (instantiate $m (with "c" (instance $c))
    (with "r" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
  (func (export "run") async (result u32) (canon lift (core func $i "run") async)))"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("(call $return (i32.const 6))", "not lifted with `async`"), ("(call $return (call $get))", "not lifted with"),
        ("(call $set (i32.const 6))", 7), ("(if (call $get) (then (unreachable)))", 7),
    ],
)  # fmt: skip
@pytest.mark.parametrize("guest", [DROPPING, DROPPING_ITS_OWN])
def test_a_destructor_has_nothing_of_the_task_that_drops(guest: str, body: str, expected: object) -> None:
    """It could give that task's result, or change its context (CanonicalABI, `canon_resource_drop`)."""
    world = World(guest.replace("{body}", body))
    if isinstance(expected, int):
        assert world.call("run") == expected
    else:
        with pytest.raises(Trap, match=str(expected)):
            world.call("run")


@pytest.mark.parametrize("has_adapters", [True, False])
@pytest.mark.parametrize("is_async", [False, True])
def test_realloc_has_a_context_of_its_own(is_async: bool, has_adapters: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is called as a function of its component, not in the thread that runs (CanonicalABI, `reallocate`)."""
    if not has_adapters:
        monkeypatch.setattr("fusee.component.runtime.instantiate.adapter", lambda *given: None)
    assert World(in_realloc(is_async)).call("run", "text") == 7300


def test_objects_of_frames_that_wait_are_kept() -> None:
    async def main() -> None:
        go_on = asyncio.Event()

        async def wait(store: Any, number: int) -> int:
            await go_on.wait()
            return number

        world = World(OBJECTS, wait=wait)
        calls = [asyncio.ensure_future(world.func("keep").call_async(world.store, n)) for n in range(5)]
        await asyncio.sleep(0)
        world.store.gc()
        world.call("waste")
        world.store.gc()
        go_on.set()
        assert await asyncio.gather(*calls) == [2 * n for n in range(5)]
        world.store.close()

    asyncio.run(main())


def test_errors_of_elements_can_be_kept() -> None:
    """CPython 3.11 ends the process when such an error is collected with an iterator over a `memoryview`."""
    from tests.component.guests import echo

    async def main(kept: list[Any]) -> None:
        world = World(echo("(list char)", "i32 i32"), echo=lambda store, value: value)
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            world.call("echo", ["\ud800"])
        kept.append(caught.value)
        kept.append(kept)

    asyncio.run(main([]))
    gc.collect()
