"""Canonical functions for waitables and their sets: `canonical.GUEST` does what a test says.

What is right says the component model's reference (CanonicalABI, "Waitable").
"""

import asyncio

import pytest

from fusee import Trap
from tests.component.canonical import BLOCKED, STREAM_READ, Script, copied


def test_an_event_goes_with_its_end_to_another_set() -> None:
    do = Script()
    readable, writable = do.pair()
    first, second = do.set_of(readable), do.set_of()
    assert do("read", readable, 64, 4) == BLOCKED
    assert do("write", writable, 128, 3) == copied(3)
    do("join", readable, second)
    assert do.event(first)[0] == 0
    do("drop-set", first)
    assert do.event(second) == (STREAM_READ, readable, copied(3))
    do("join", readable, 0)
    do("drop-set", second)


def test_an_event_that_is_in_no_set() -> None:
    do = Script()
    readable, writable = do.pair()
    waited = do.set_of(readable)
    assert do("read", readable, 64, 4) == BLOCKED
    do("join", readable, 0)
    assert do("write", writable, 128, 3) == copied(3)
    assert do.event(waited)[0] == 0
    do("join", readable, waited)
    assert do.event(waited) == (STREAM_READ, readable, copied(3))
    do.trap("waitables in it", "drop-set", waited)


def test_a_member_of_a_set_does_not_wait_by_itself() -> None:
    for name, arguments in (("read-here", (64, 1)), ("cancel-write-here", ())):
        do = Script()
        readable, writable = do.pair()
        assert do("write", writable, 64, 1) == BLOCKED
        do.set_of(readable, writable)
        do.trap("waitable set", name, writable if "write" in name else readable, *arguments)


def test_an_end_that_is_waited_for_does_not_go_into_a_set() -> None:
    async def main() -> None:
        do = Script()
        readable, _ = do.pair()
        waited = do.set_of()
        call = asyncio.ensure_future(do.world.func("read-here").call_async(do.world.store, readable, 64, 1))
        await asyncio.sleep(0)
        do.trap("synchronous call waits", "join", readable, waited)
        with pytest.raises(Trap):
            await call
        do.world.store.close()

    asyncio.run(main())


def test_a_set_that_is_waited_for_is_not_dropped() -> None:
    async def main() -> None:
        do = Script()
        waited = do.set_of()
        call = asyncio.ensure_future(do.world.func("wait").call_async(do.world.store, waited, 8))
        await asyncio.sleep(0)
        do.trap("somebody waits for it", "drop-set", waited)
        with pytest.raises(Trap):
            await call
        do.world.store.close()

    asyncio.run(main())
