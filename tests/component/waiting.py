"""Ways in which functions of `asyncguests.WAITING` wait for the host, and what they give."""

import asyncio
from typing import Any

WAYS = ("by-callback", "in-place", "stackful")


def expected(way: str, number: int) -> int:
    """What a function gives if `wait` gives one more than it is given."""
    return number + 1 if way == "by-callback" else 1000 * number + 55 + number + 1


async def soon(store: Any, number: int) -> int:
    """One more, when others have had their turn `number` times."""
    for _ in range(number):
        await asyncio.sleep(0)
    return number + 1
