"""Canonical functions for subtasks: `canonical.GUEST` does what a test says.

What is right says the component model's reference (CanonicalABI, "Subtask State").
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.component.asyncguests import component
from tests.component.canonical import BLOCKED, SUBTASK, Script, together
from tests.component.guests import World


async def turns() -> None:
    """Let others have their turn, some times."""
    for _ in range(8):
        await asyncio.sleep(0)


def calls(start: Callable[..., Any], act: Callable[[Script, int], Any]) -> None:
    """A function of the host's is called, and something done with its subtask, which must be there."""

    async def main() -> None:
        do = Script(start)
        state = await do.world.func("start").call_async(do.world.store, 5, 64)
        assert state & 0xF == 1
        await turns()
        await act(do, state >> 4)
        do.world.store.close()

    asyncio.run(main())


async def slowly(store: Any, number: int) -> int:
    """Ends after some turns even if it is cancelled."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        for _ in range(3):
            await asyncio.sleep(0)
        raise
    return number


async def stubbornly(store: Any, number: int) -> int:
    """Gives its result if it is cancelled."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        await asyncio.sleep(0)
    return number + 1


@pytest.mark.parametrize(("start", "state", "result"), [(slowly, 4, 0), (stubbornly, 2, 6)])
def test_a_subtask_that_takes_its_time_to_end(start: Any, state: int, result: int) -> None:
    async def act(do: Script, subtask: int) -> None:
        waited = do.set_of(subtask)
        assert do("cancel", subtask) == BLOCKED
        assert await do.world.func("wait").call_async(do.world.store, waited, 8) == SUBTASK
        assert (do("peek", 8), do("peek", 12), do("peek", 64)) == (subtask, state, result)
        do("drop-subtask", subtask)
        do("drop-set", waited)

    calls(start, act)


@pytest.mark.parametrize(("start", "state", "result"), [(slowly, 4, 0), (stubbornly, 2, 6)])
def test_who_cancels_waits_for_the_end(start: Any, state: int, result: int) -> None:
    async def act(do: Script, subtask: int) -> None:
        assert await do.world.func("cancel-here").call_async(do.world.store, subtask) == state
        assert do("peek", 64) == result
        do("drop-subtask", subtask)

    calls(start, act)


@pytest.mark.parametrize(
    ("name", "message"),
    [("drop-subtask", "not yet resolved"), ("cancel", "called twice"), ("read", "handle"), ("drop-set", "handle")],
)
def test_what_a_subtask_is_not_for(name: str, message: str) -> None:
    async def act(do: Script, subtask: int) -> None:
        if name == "cancel":
            assert do("cancel", subtask) == BLOCKED
        do.trap(message, name, subtask, *((64, 1) if name == "read" else ()))

    calls(slowly, act)


def test_a_subtask_whose_end_is_known_is_not_cancelled() -> None:
    async def soon(store: Any, number: int) -> int:
        await asyncio.sleep(0)
        return number

    async def act(do: Script, subtask: int) -> None:
        waited = do.set_of(subtask)
        assert await do.world.func("wait").call_async(do.world.store, waited, 8) == SUBTASK
        do.trap("after terminal status", "cancel", subtask)

    calls(soon, act)


def test_a_subtask_that_has_ended_before_it_is_cancelled() -> None:
    async def soon(store: Any, number: int) -> int:
        await asyncio.sleep(0)
        return number + 2

    async def act(do: Script, subtask: int) -> None:
        assert do("cancel", subtask) == 2
        assert do("peek", 64) == 7
        do("drop-subtask", subtask)

    calls(soon, act)


def test_what_a_call_has_left_goes_on_in_the_loop() -> None:
    """A task may go on when it has given its result; nobody needs to call anything for that."""
    seen: list[int] = []

    async def wait(store: Any, number: int) -> int:
        await asyncio.sleep(0)
        seen.append(number)
        return number + 1

    text = component(
        """(import "c" "wait" (func $wait (param i32) (result i32)))
        (import "c" "task.return" (func $return (param i32)))
        (func (export "run") (param i32)
          (call $return (i32.const 3))
          (drop (call $wait (call $wait (local.get 0)))))""",
        'run | async (param "n" u32) (result u32) | async',
        '(import "wait" (func $wait async (param "n" u32) (result u32)))', "wait $wait",
    )  # fmt: skip

    async def main() -> None:
        world = World(text, wait=wait)
        assert await world.func("run").call_async(world.store, 5) == 3
        assert seen == []
        await turns()
        await turns()
        assert seen == [5, 6]
        world.store.close()

    asyncio.run(main())


# Subtasks of another component.


@pytest.mark.parametrize(("answer", "state"), [(7, 2), (99, 4)])
@pytest.mark.parametrize("is_told", [True, False])
def test_who_cancels_what_has_just_begun_waits_for_its_end(answer: int, state: int, is_told: bool) -> None:
    """That it has begun is an event, too, of which the guest need not know; it does not wait for that."""

    async def main() -> None:
        do = Script(text=together())
        do("hold")
        found = do("start", 5, 64)
        subtask = found >> 4
        assert found & 0xF == 0
        do("release")
        waited = do.set_of(subtask)
        if is_told:
            assert await do.world.func("wait").call_async(do.world.store, waited, 8) == SUBTASK
            assert do("peek", 12) == 1
            do("join", subtask, 0)
        else:
            do("join", subtask, 0)
            await do.world.func("new-set").call_async(do.world.store)  # others go on meanwhile
            await turns()
        call = asyncio.ensure_future(do.world.func("cancel-here").call_async(do.world.store, subtask))
        await turns()
        assert do("seen") == 1 and not call.done()
        do("finish", answer)
        assert await call == state
        assert do("peek", 64) == (answer if state == 2 else 0)
        do("drop-subtask", subtask)
        do.world.store.close()

    asyncio.run(main())
