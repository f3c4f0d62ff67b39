"""Canonical functions for streams and futures: `canonical.GUEST` does what a test says.

What is right says the component model's reference (CanonicalABI, "Stream" and "Future State").
"""

import asyncio

import pytest

from fusee.component import StreamReader
from tests.component.canonical import (
    BLOCKED,
    CANCELLED,
    COMPLETED,
    DROPPED,
    FUTURE_READ,
    FUTURE_WRITE,
    STREAM_READ,
    STREAM_WRITE,
    Script,
    copied,
)


def test_a_writer_is_told_once_of_all_that_was_read() -> None:
    do = Script()
    readable, writable = do.pair()
    waited = do.set_of(writable)
    for offset in range(10):
        do("poke", 64 + offset, 100 + offset)
    assert do("write", writable, 64, 10) == BLOCKED
    assert [do("read", readable, 128 + at, 4) for at in (0, 4)] == [copied(4)] * 2
    assert do("read", readable, 136, 4) == copied(2)
    assert do.event(waited) == (STREAM_WRITE, writable, copied(10))
    assert do.event(waited)[0] == 0
    assert do("peek", 136) & 0xFFFF == 109 << 8 | 108


def test_a_buffer_is_the_guests_again_when_it_is_told() -> None:
    do = Script()
    readable, writable = do.pair()
    waited = do.set_of(writable)
    assert do("write", writable, 64, 10) == BLOCKED
    assert do("read", readable, 128, 4) == copied(4)
    assert do.event(waited) == (STREAM_WRITE, writable, copied(4))
    assert do("read", readable, 128, 4) == BLOCKED  # the other six are not there any more
    assert do("write", writable, 64, 1) == copied(1)


def test_a_reader_behind_a_write_that_is_used_up() -> None:
    do = Script()
    readable, writable = do.pair()
    waited = do.set_of(readable, writable)
    assert do("write", writable, 64, 3) == BLOCKED
    assert do("read", readable, 128, 3) == copied(3)
    assert do("read", readable, 128, 2) == BLOCKED  # ends the write, of which its guest does not know yet
    assert do.event(waited) == (STREAM_WRITE, writable, copied(3))
    assert do("write", writable, 64, 5) == copied(2)
    assert do.event(waited) == (STREAM_READ, readable, copied(2))


def test_nothing_is_read_and_nothing_written() -> None:
    """A write of nothing is complete at once if a read of nothing waits, which it leaves."""
    do = Script()
    readable, writable = do.pair()
    waited = do.set_of(readable, writable)
    assert do("read", readable, 1, 0) == BLOCKED
    assert do("write", writable, 1, 0) == COMPLETED
    assert do.event(waited)[0] == 0
    assert do("write", writable, 64, 5) == BLOCKED  # who reads learns that there is something
    assert do.event(waited) == (STREAM_READ, readable, copied(0))
    assert do("read", readable, 64, 0) == copied(0)  # and that again as often as it asks
    assert do.event(waited)[0] == 0
    assert do("read", readable, 64, 9) == copied(5)
    assert do.event(waited) == (STREAM_WRITE, writable, copied(5))


def test_nothing_is_written_first() -> None:
    do = Script()
    readable, writable = do.pair()
    waited = do.set_of(readable, writable)
    assert do("write", writable, 1, 0) == BLOCKED
    assert do("read", readable, 1, 0) == BLOCKED
    assert do.event(waited) == (STREAM_WRITE, writable, copied(0))
    assert do("write", writable, 1, 0) == COMPLETED
    assert do.event(waited)[0] == 0


def test_the_reader_goes_in_the_middle_of_a_write() -> None:
    do = Script()
    readable, writable = do.pair()
    waited = do.set_of(writable)
    assert do("write", writable, 64, 10) == BLOCKED
    assert do("read", readable, 128, 4) == copied(4)
    do("drop-readable", readable)
    assert do.event(waited) == (STREAM_WRITE, writable, copied(4, DROPPED))
    do.trap("concurrent operations|when it is done", "write", writable, 64, 1)


def test_the_reader_goes_behind_a_write_that_is_used_up() -> None:
    do = Script()
    readable, writable = do.pair()
    waited = do.set_of(writable)
    assert do("write", writable, 64, 4) == BLOCKED
    assert do("read", readable, 128, 4) == copied(4)
    do("drop-readable", readable)
    assert do.event(waited) == (STREAM_WRITE, writable, copied(4, DROPPED))


def test_a_copy_that_is_cancelled_can_be_followed_by_another() -> None:
    do = Script()
    readable, writable = do.pair()
    assert do("write", writable, 64, 4) == BLOCKED
    assert do("cancel-write", writable) == CANCELLED
    assert do("read", readable, 64, 4) == BLOCKED
    assert do("cancel-read", readable) == CANCELLED
    assert do("read", readable, 64, 4) == BLOCKED
    assert do("write", writable, 64, 2) == copied(2)
    assert do("cancel-read", readable) >> 4 == 2  # it was too late
    assert do("write", writable, 64, 2) == BLOCKED
    do("drop-readable", readable)
    assert do("cancel-write", writable) == DROPPED
    do("drop-writable", writable)


@pytest.mark.parametrize(
    ("steps", "name", "message"),
    [
        ("", "cancel-read", "not being read or written"), ("read", "drop-readable", "while it is being"),
        ("read", "read", "concurrent operations"), ("read,cancel-read", "cancel-read", "not being read or written"),
        ("drop-writable", "cancel-read", "not being read or written"),
    ],
)  # fmt: skip
def test_what_an_end_must_not_do(steps: str, name: str, message: str) -> None:
    do = Script()
    readable, writable = do.pair()
    for step in filter(None, steps.split(",")):
        end = writable if step.endswith("writable") else readable
        do(step, end, *((64, 1) if step == "read" else ()))
    do.trap(message, name, readable, *((64, 1) if name == "read" else ()))


@pytest.mark.parametrize(
    ("pointer", "count", "message"),
    [(0, 1 << 28, "count too large"), (0, (1 << 28) - 1, "out of bounds"), (65536, 1, "out of bounds"),
     (0xFFFF_FFFF, 2, "out of bounds")],
)  # fmt: skip
def test_where_no_elements_are(pointer: int, count: int, message: str) -> None:
    do = Script()
    readable, _ = do.pair()
    do.trap(message, "read", readable, pointer, count)


@pytest.mark.parametrize("kind", ["other end", "future", "set", "none", "gone"])
def test_handles_of_another_kind(kind: str) -> None:
    do = Script()
    _, writable = do.pair()
    gone, _ = do.pair()
    do("drop-readable", gone)
    index = {"other end": writable, "future": do.pair("new-future")[0], "set": do("new-set"), "none": 0, "gone": gone}
    do.trap("handle", "read", index[kind], 64, 1)


# Futures.


def test_a_future_from_end_to_end() -> None:
    do = Script()
    readable, writable = do.pair("new-future")
    waited = do.set_of(readable)
    assert do("read-future", readable, 64) == BLOCKED
    do("poke", 128, 77)
    assert do("write-future", writable, 128) == COMPLETED
    assert do.event(waited) == (FUTURE_READ, readable, COMPLETED)
    assert do("peek", 64) & 0xFF == 77
    do("drop-writable-future", writable)
    do.trap("when it is done", "read-future", readable, 64)


def test_a_write_of_a_future_that_is_cancelled_is_none() -> None:
    do = Script()
    readable, writable = do.pair("new-future")
    assert do("write-future", writable, 64) == BLOCKED
    assert do("cancel-write-future", writable) == CANCELLED
    assert do("read-future", readable, 64) == BLOCKED
    assert do("cancel-read-future", readable) == CANCELLED
    do.trap("without first writing", "drop-writable-future", writable)


def test_a_future_that_nobody_reads() -> None:
    do = Script()
    readable, writable = do.pair("new-future")
    waited = do.set_of(writable)
    assert do("write-future", writable, 64) == BLOCKED
    do("drop-future", readable)
    assert do.event(waited) == (FUTURE_WRITE, writable, DROPPED)
    do("drop-writable-future", writable)
    readable, writable = do.pair("new-future")
    do("drop-future", readable)
    assert do("write-future", writable, 64) == DROPPED
    do("drop-writable-future", writable)


def test_a_future_that_has_its_value_before_the_writer_knows() -> None:
    do = Script()
    readable, writable = do.pair("new-future")
    assert do("write-future", writable, 64) == BLOCKED
    assert do("read-future", readable, 64) == COMPLETED
    assert do("cancel-write-future", writable) == COMPLETED
    do("drop-future", readable)
    do("drop-writable-future", writable)


# Ends that the host has.


def test_the_host_goes_in_the_middle_of_a_write() -> None:
    async def main() -> None:
        do = Script()
        readable, writable = do.pair()
        waited = do.set_of(writable)
        stream = do("give", readable)
        assert isinstance(stream, StreamReader)
        assert do("write", writable, 64, 10) == BLOCKED
        assert len(await stream.read(4)) == 4
        stream.close()
        assert do.event(waited) == (STREAM_WRITE, writable, copied(4, DROPPED))
        do("drop-writable", writable)
        do.world.store.close()

    asyncio.run(main())


def test_the_host_reads_what_comes_in_pieces() -> None:
    do = Script()
    readable, writable = do.pair()
    stream = do("give", readable)
    assert do("write", writable, 64, 2) == BLOCKED
    assert stream.read_here(do.world.store, 1) == b"\0"
    assert do("cancel-write", writable) >> 4 == 1
    assert do("write", writable, 64, 0) == BLOCKED
    assert do("cancel-write", writable) == CANCELLED
    do("drop-writable", writable)
    assert stream.read_here(do.world.store, 8) == b""


@pytest.mark.parametrize("steps", ["read", "read,cancel-read,join", "drop-writable,read"])
def test_ends_that_are_not_given_away(steps: str) -> None:
    """One that is being read, is in a set, or has been read to its end."""
    do = Script()
    readable, writable = do.pair()
    for step in steps.split(","):
        if step == "join":
            do.set_of(readable)
        else:
            do(step, writable if step.endswith("writable") else readable, *((64, 1) if step == "read" else ()))
    do.trap("cannot lift a stream", "give", readable)
