"""`wasi:clocks`: the host's clocks of preview 1."""

from typing import Final

from fusee.component.values import Record
from fusee.wasi.clock import MONOTONIC, REALTIME, read_clock, resolution_ns
from fusee.wasi.context import WasiContext
from fusee.wasi.p2.interface import Interface
from fusee.wasi.p2.pollable import POLL, Event, Pollable

_SECOND_NS: Final = 1_000_000_000

MONOTONIC_CLOCK: Final = Interface("clocks/monotonic-clock", POLL)
MONOTONIC_CLOCK.define("instant", "u64")
MONOTONIC_CLOCK.define("duration", "u64")

WALL_CLOCK: Final = Interface("clocks/wall-clock")
WALL_CLOCK.define("datetime", "record {seconds: u64, nanoseconds: u32}")


@MONOTONIC_CLOCK.function("now() -> instant")
def now(context: WasiContext) -> int:
    """Nanoseconds since some time."""
    return read_clock(MONOTONIC)


@MONOTONIC_CLOCK.function("resolution() -> duration")
def resolution(context: WasiContext) -> int:
    """How long it takes for the clock to go on, in nanoseconds."""
    return resolution_ns(MONOTONIC)


@MONOTONIC_CLOCK.function("subscribe-instant(when: instant) -> pollable")
def subscribe_instant(context: WasiContext, when: int) -> Pollable:
    """Ready from a time of the clock on."""
    return Pollable(lambda: Event(deadline_ns=when))


@MONOTONIC_CLOCK.function("subscribe-duration(when: duration) -> pollable")
def subscribe_duration(context: WasiContext, when: int) -> Pollable:
    """Ready after a time from now."""
    return subscribe_instant(context, read_clock(MONOTONIC) + when)


@WALL_CLOCK.function("now() -> datetime")
def wall_now(context: WasiContext) -> Record:
    """The time of day."""
    return datetime(read_clock(REALTIME))


@WALL_CLOCK.function("resolution() -> datetime")
def wall_resolution(context: WasiContext) -> Record:
    """How long it takes for the time of day to go on."""
    return datetime(resolution_ns(REALTIME))


def datetime(time_ns: int) -> Record:
    """A `datetime` of a time since 1970 that is not negative."""
    seconds, nanoseconds = divmod(time_ns, _SECOND_NS)
    return Record(seconds=seconds, nanoseconds=nanoseconds)


def nanoseconds_of(when: Record) -> int:
    """A `datetime` in nanoseconds since 1970."""
    return int(when.seconds) * _SECOND_NS + int(when.nanoseconds)
