"""`wasi:clocks` and `wasi:random`."""

import asyncio
from collections.abc import Awaitable
from typing import Final

from fusee.component.values import Record
from fusee.wasi.clock import MONOTONIC, REALTIME, read_clock, resolution_ns
from fusee.wasi.context import WasiContext
from fusee.wasi.p2 import clocks as p2
from fusee.wasi.p2 import random as p2_random
from fusee.wasi.p3.interface import interface

_NANOSECONDS: Final = 1_000_000_000
_LONGEST_SECONDS: Final = 86400.0
"""That is slept at once: event loops cannot sleep for ever."""

CLOCK_TYPES: Final = interface("clocks/types")
CLOCK_TYPES.define("duration", "u64")
MONOTONIC_CLOCK: Final = interface("clocks/monotonic-clock", CLOCK_TYPES)
MONOTONIC_CLOCK.define("mark", "u64")
MONOTONIC_CLOCK.function("now() -> mark")(p2.now)
MONOTONIC_CLOCK.function("get-resolution() -> duration")(p2.resolution)

SYSTEM_CLOCK: Final = interface("clocks/system-clock", CLOCK_TYPES)
SYSTEM_CLOCK.define("instant", "record {seconds: s64, nanoseconds: u32}")


@MONOTONIC_CLOCK.function("async wait-until(when: mark)")
def wait_until(context: WasiContext, when: int) -> Awaitable[None] | None:
    """Until a time of the clock, which may have passed: then nobody waits."""
    return None if when <= read_clock(MONOTONIC) else _sleep_until(when)


@MONOTONIC_CLOCK.function("async wait-for(how-long: duration)")
def wait_for(context: WasiContext, how_long: int) -> Awaitable[None] | None:
    """For a time, which may be none."""
    return None if not how_long else _sleep_until(read_clock(MONOTONIC) + how_long)


async def _sleep_until(when: int) -> None:
    while (left := when - read_clock(MONOTONIC)) > 0:
        await asyncio.sleep(min(left / _NANOSECONDS, _LONGEST_SECONDS))


def instant(time_ns: int) -> Record:
    """An `instant` of a time since 1970, which may be before."""
    seconds, nanoseconds = divmod(time_ns, _NANOSECONDS)
    return Record(seconds=seconds, nanoseconds=nanoseconds)


@SYSTEM_CLOCK.function("now() -> instant")
def system_now(context: WasiContext) -> Record:
    """The time of day."""
    return instant(read_clock(REALTIME))


@SYSTEM_CLOCK.function("get-resolution() -> duration")
def system_resolution(context: WasiContext) -> int:
    """How long it takes for the time of day to go on."""
    return resolution_ns(REALTIME)


RANDOM: Final = interface("random/random")
RANDOM.function("get-random-bytes(max-len: u64) -> list<u8>")(p2_random.get_random_bytes)
RANDOM.function("get-random-u64() -> u64")(p2_random.get_random_u64)
INSECURE: Final = interface("random/insecure")
INSECURE.function("get-insecure-random-bytes(max-len: u64) -> list<u8>")(p2_random.get_insecure_random_bytes)
INSECURE.function("get-insecure-random-u64() -> u64")(p2_random.get_insecure_random_u64)
INSECURE_SEED: Final = interface("random/insecure-seed")
INSECURE_SEED.function("get-insecure-seed() -> tuple<u64, u64>")(p2_random.insecure_seed)
