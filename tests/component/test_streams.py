"""Streams, futures and error contexts between guests and the host."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from fusee import Trap, WasmtimeError
from fusee.component import ErrorContextValue, FutureReader, StreamReader
from fusee.component.asynchronous.hosttasks import host_tasks_of
from fusee.component.asynchronous.tasks import tasks_of
from tests.component.asyncguests import CARRYING
from tests.component.guests import World


async def slowly(values: bytes) -> AsyncIterator[bytes]:
    """Byte by byte."""
    for value in values:
        await asyncio.sleep(0)
        yield bytes([value])


def make(kind: str, values: bytes) -> Any:
    """Bytes for a guest, as one of the things that it may be given."""
    return {
        "bytes": values, "bytearray": bytearray(values), "chunks": [values[:2], b"", values[2:]],
        "generator": (values[i : i + 1] for i in range(len(values))), "slowly": slowly(values),
    }[kind]  # fmt: skip


@pytest.mark.parametrize("kind", ["bytes", "bytearray", "chunks", "generator", "slowly"])
def test_a_guest_reads_what_the_host_gives(kind: str) -> None:
    values = bytes(range(1, 12))
    world = World(CARRYING)
    assert world.call("sum", make(kind, values)) == sum(values)
    assert world.call("sum", make(kind, b"")) == 0

    async def main() -> None:
        given = (make(kind, values) for _ in range(3))
        assert await asyncio.gather(*(world.func("sum").call_async(world.store, v) for v in given)) == [66] * 3

    other = World(CARRYING)
    world = other
    asyncio.run(main())


def test_the_host_reads_what_a_guest_gives() -> None:
    world = World(CARRYING)
    stream = world.call("count", 5)
    assert isinstance(stream, StreamReader)
    assert b"".join(stream) == bytes(range(5))
    assert list(world.call("count", 0)) == []
    assert world.call("count", 3).read_here(world.store, 1) == b"\0"

    async def main() -> None:
        stream = await other.func("count").call_async(other.store, 7)
        assert await stream.read(1) == b"\0"
        assert b"".join([chunk async for chunk in stream]) == bytes(range(1, 7))
        assert await stream.read() == b""

    other = World(CARRYING)
    asyncio.run(main())


def test_streams_in_a_loop_that_checks_its_calls() -> None:
    async def main() -> None:
        world = World(CARRYING)
        assert await world.func("sum").call_async(world.store, slowly(b"\1\2\3")) == 6
        assert await world.func("first").call_async(world.store, slowly(b"\7\2\3")) == 7
        stream = await world.func("count").call_async(world.store, 4)
        assert b"".join([chunk async for chunk in stream]) == b"\0\1\2\3"

    asyncio.run(main(), debug=True)


def test_a_guest_learns_that_nobody_reads() -> None:
    world = World(CARRYING)
    closed: list[bool] = []

    def values() -> Iterator[bytes]:
        try:
            while True:
                yield b"\7"
        finally:
            closed.append(True)

    assert world.call("first", values()) == 7
    assert closed == [True]
    stream = world.call("count", 200)
    assert stream.read_here(world.store, 10)
    stream.close(world.store)
    with pytest.raises(WasmtimeError, match="closed"):
        world.call("sum", stream)
    assert world.call("sum", b"\1\2") == 3
    world.store.close()


def test_streams_are_passed_on() -> None:
    world = World(CARRYING)
    stream = world.call("pass", bytes(range(9)))
    assert world.call("sum", stream) == 36
    with pytest.raises(WasmtimeError, match="given away"):
        world.call("pass", stream)
    assert world.call("sum", world.call("count", 4)) == 6


def test_elements_that_are_made_in_memory() -> None:
    world = World(CARRYING)
    assert world.call("letters", ["a", "bcd", ""]) == 4
    with pytest.raises(TypeError):
        world.call("letters", ["a", 1])
    with pytest.raises(TypeError, match="a stream"):
        World(CARRYING).call("letters", 1)


@pytest.mark.parametrize("value", [0, 21])
def test_futures(value: int) -> None:
    async def later() -> int:
        await asyncio.sleep(0)
        return value

    world = World(CARRYING)
    future = world.call("twice", later())
    assert isinstance(future, FutureReader)
    assert future.read_here(world.store) == 2 * value
    with pytest.raises(WasmtimeError, match="read to its end"):
        future.read_here(world.store)

    async def main() -> None:
        assert await (await other.func("twice").call_async(other.store, later())) == 2 * value

    other = World(CARRYING)
    asyncio.run(main())
    with pytest.raises(TypeError, match="a future"):
        World(CARRYING).call("twice", 3)


async def fails(*values: bytes) -> AsyncIterator[bytes]:
    """These, and then an error."""
    for value in values:
        yield value
    await asyncio.sleep(0)
    raise KeyError("no more")


async def fails_at_once() -> int:
    await asyncio.sleep(0)
    raise KeyError("no more")


@pytest.mark.parametrize("is_awaited", [False, True])
@pytest.mark.parametrize("function", ["sum", "twice"])
def test_what_a_source_raises_ends_the_component_that_reads(function: str, is_awaited: bool) -> None:
    world = World(CARRYING)

    async def in_loop() -> None:
        given = await world.func(function).call_async(world.store, source)
        if function == "twice":
            await given

    def without() -> None:
        given = world.call(function, source)
        if function == "twice":
            given.read_here(world.store)

    source: Any = fails(b"a", b"b") if function == "sum" else fails_at_once()
    with pytest.raises(KeyError, match="no more"):
        asyncio.run(in_loop()) if is_awaited else without()
    tasks = tasks_of(world.store)
    assert not tasks.waiting and not tasks.parked
    with pytest.raises(Trap, match="cannot enter"):
        world.call("sum", b"")
    world.store.close()


def test_a_reader_can_be_closed_after_an_error() -> None:
    world = World(CARRYING)
    future = world.call("twice", fails_at_once())
    with pytest.raises(KeyError, match="no more"):
        future.read_here(world.store)
    with pytest.raises(Trap, match="deadlock"):
        future.read_here(world.store)
    assert host_tasks_of(world.store).open_ends == 1
    future.close(world.store)
    assert not host_tasks_of(world.store).open_ends

    async def main() -> None:
        future = await other.func("twice").call_async(other.store, fails_at_once())
        with pytest.raises(KeyError, match="no more"):
            await future
        future.close()
        assert not host_tasks_of(other.store).open_ends

    other = World(CARRYING)
    asyncio.run(main())


def test_a_future_whose_value_does_not_fit() -> None:
    async def wrong() -> str:
        return "three"

    world = World(CARRYING)
    future = world.call("twice", wrong())
    with pytest.raises((TypeError, Trap)):
        future.read_here(world.store)
    world.store.close()


def test_error_contexts() -> None:
    world = World(CARRYING)
    error = world.call("complain")
    assert isinstance(error, ErrorContextValue) and error.debug_message == "what is wrong"
    assert world.call("length-of", error) == 13
    assert world.call("length-of", ErrorContextValue("älter")) == 6
    with pytest.raises(TypeError, match="ErrorContextValue"):
        world.call("length-of", "älter")


def test_a_reader_that_reads_is_left_alone() -> None:
    async def main() -> None:
        world = World(CARRYING)
        given: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        future = await world.func("twice").call_async(world.store, given)
        read = asyncio.ensure_future(waits(future))
        await asyncio.sleep(0)
        with pytest.raises(WasmtimeError, match="cannot close a stream or future that is being read"):
            future.close(world.store)
        with pytest.raises(WasmtimeError, match="cannot give away a stream or future that is being read"):
            world.call("twice", future)
        with pytest.raises(WasmtimeError, match="the stream or future is being read already"):
            await future
        given.set_result(21)
        assert await read == 42

    async def waits(future: FutureReader) -> Any:
        return await future

    asyncio.run(main())


def test_a_reader_of_another_type() -> None:
    world = World(CARRYING)
    stream = world.call("count", 3)
    for name, expected in (("letters", "a StreamReader of the same type"), ("twice", "a FutureReader of the same")):
        with pytest.raises(TypeError, match=expected):
            world.call(name, stream)
    assert world.call("sum", stream) == 3
