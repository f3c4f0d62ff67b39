"""Asynchronous components: tasks that wait in each way, with and without an event loop."""

import asyncio
import os
from typing import Any

import pytest

from fusee import Config, Engine, Store, Trap, WasmtimeError
from fusee.component import Component, Linker
from fusee.component.asynchronous.tasks import RESOLVED, tasks_of
from tests.api.test_forks import child
from tests.component.asyncguests import WAITING
from tests.component.guests import World
from tests.component.waiting import WAYS, expected, soon


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


def test_a_loop_is_told_in_its_thread() -> None:
    """A loop that checks its calls refuses those of other threads."""

    async def main() -> None:
        for way in (*WAYS, "cancel-one"):
            world = World(WAITING, wait=soon)
            call = world.func(way).call_async(world.store, 3)
            assert await call == (3 + 1 if way == "cancel-one" else expected(way, 3))
            world.store.close()

    asyncio.run(main(), debug=True)


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


def test_a_host_function_cannot_wait_for_its_guest() -> None:
    world: World

    def wait(store: Any, number: int) -> int:
        with pytest.raises(Trap, match="cannot enter"):
            world.call("in-place", 1)
        return number + 1

    world = World(WAITING, wait=wait)
    assert world.call("stackful", 1) == expected("stackful", 1)


def test_a_host_function_cannot_wait_for_another_guest_of_the_store() -> None:
    def wait(store: Any, number: int) -> int:
        never = linker.instantiate(store, world.component).get_func(store, "never")
        assert never is not None
        with pytest.raises(WasmtimeError, match="cannot wait for a guest of its store: it is running"):
            never(store)
        return number + 1

    world = World(WAITING, wait=wait)
    linker = world.linker
    assert world.call("stackful", 1) == expected("stackful", 1)


def begun(world: World, number: int, loop: asyncio.AbstractEventLoop, turns: int) -> Any:
    """A call in a loop, which stops as soon as it has begun, and has some turns more."""

    async def begin() -> Any:
        return asyncio.ensure_future(world.func("by-callback").call_async(world.store, number))

    call = loop.run_until_complete(begin())
    for _ in range(turns):
        loop.run_until_complete(asyncio.sleep(0))
    return call


def test_what_is_awaited_in_another_loop() -> None:
    world = World(WAITING, wait=soon)
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    call = begun(world, 9, first, 3)
    with pytest.raises(WasmtimeError, match="are being awaited in another event loop"):
        second.run_until_complete(world.func("by-callback").call_async(world.store, 1))
    assert first.run_until_complete(call) == expected("by-callback", 9)
    first.close()
    second.close()


def test_a_loop_that_stops_before_it_has_done_something() -> None:
    world = World(WAITING, wait=soon)
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    calls = begun(world, 2, first, 0), begun(world, 3, second, 50)
    assert calls[1].done() and calls[1].result() == expected("by-callback", 3)
    assert first.run_until_complete(calls[0]) == expected("by-callback", 2)
    first.close()
    second.close()


def test_calls_without_a_loop_inside_of_one() -> None:
    async def main() -> None:
        world = World(WAITING, wait=soon)
        with pytest.raises(WasmtimeError, match="call_async"):
            world.call("by-callback", 1)

    asyncio.run(main())
