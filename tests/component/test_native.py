"""Native code in components whose guests wait in place: answers, cancelling and traps are those of interpreted code."""

import asyncio
from typing import Any

import pytest

from fusee import Config, Engine, Store, Trap
from fusee.component import Component, Func, Linker
from tests.component.nativeguest import GUEST

STRATEGIES = ("interpreter", "native", "tiered")
"""The last finds in the cache what the one before has left there."""


def mixed(seed: int, n: int) -> int:
    """What `mix` gives."""
    for _ in range(n):
        seed = (seed * 1103515245 + 12345) % (1 << 32)
    return seed


class Guest:
    """`GUEST` with a strategy; `wait` gives one more, when others have had `turns` turns."""

    def __init__(self, strategy: str, turns: int = 2) -> None:
        config = Config()
        config.strategy = strategy
        self.store = Store(Engine(config))
        self.was_cancelled = False
        self._turns = turns
        linker = Linker(self.store.engine)
        with linker.root() as root:
            root.add_func("wait", self._wait)
        self._instance = linker.instantiate(self.store, Component(self.store.engine, GUEST))

    async def _wait(self, store: Any, number: int) -> int:
        try:
            for _ in range(self._turns):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return (number + 1) % (1 << 32)

    def func(self, name: str) -> Func:
        found = self._instance.get_func(self.store, name)
        assert found is not None
        return found


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_answers_are_those_of_interpreted_code(strategy: str) -> None:
    guest = Guest(strategy)
    assert guest.func("mix")(guest.store, 7, 1000) == mixed(7, 1000)
    for n in (3, 8):
        expected = (mixed(1, 1000) + 10 + n + 1 + mixed(n, 100)) % (1 << 32)
        assert guest.func("work")(guest.store, n) == expected
        assert guest.func("stackful")(guest.store, n) == 10 + n + 1
        assert guest.func("divide")(guest.store, n) == 100 // (n + 1)
    assert guest.func("turns")(guest.store, 4) == sum(mixed(n, 10) for n in range(1, 5)) % (1 << 32)
    guest.store.close()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_tasks_wait_at_the_same_time(strategy: str) -> None:
    async def main() -> None:
        guest = Guest(strategy)
        calls = [asyncio.ensure_future(guest.func("stackful").call_async(guest.store, n)) for n in range(5)]
        assert [await call for call in calls] == [10 + n + 1 for n in range(5)]
        guest.store.close()

    asyncio.run(main())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_call_that_waits_is_cancelled(strategy: str) -> None:
    async def main() -> None:
        guest = Guest(strategy, turns=1000)
        call = asyncio.ensure_future(guest.func("stackful").call_async(guest.store, 1))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        guest.store.close()
        await asyncio.sleep(0)
        assert guest.was_cancelled

    asyncio.run(main())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_trap_in_what_is_native_ends_the_task_that_waited(strategy: str) -> None:
    guest = Guest(strategy)
    with pytest.raises(Trap, match="divide by zero"):
        guest.func("divide")(guest.store, 0xFFFF_FFFF)
    with pytest.raises(Trap, match="cannot enter component instance"):
        guest.func("mix")(guest.store, 1, 1)
    guest.store.close()
