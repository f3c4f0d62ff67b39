"""What ends asynchronous components' tasks that wait: cancelling, errors, signals, limits, the end of the store."""

import asyncio
import signal
import threading
from typing import Any

import pytest

from fusee import LimitError, StoreError, Trap
from fusee.component import ComponentTrap
from fusee.component.asynchronous.tasks import tasks_of
from fusee.engine.state.parked import MOST_PARKED_BYTES
from fusee.kernel.scalars import u64
from tests.component.asyncguests import WAITING, component
from tests.component.guests import World
from tests.component.waiting import WAYS, expected, soon


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


def test_a_store_does_not_close_while_a_guest_runs() -> None:
    closing: list[Any] = []

    def wait(store: Any, number: int) -> int:
        with pytest.raises(StoreError):
            store.close()
        closing.append(number)
        return number + 1

    assert World(WAITING, wait=wait).call("stackful", 1) == expected("stackful", 1)
    assert closing == [1]


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


@pytest.mark.parametrize("kind", [asyncio.CancelledError, KeyboardInterrupt])
def test_what_is_awaited_ends_with_no_exception_of_the_usual_kind(kind: type[BaseException]) -> None:
    async def ends(store: Any, number: int) -> int:
        await asyncio.sleep(0)
        raise kind

    world = World(WAITING, wait=ends)
    with pytest.raises(kind):
        world.call("by-callback", 1)
    assert not tasks_of(world.store).parked
    world.store.close()
