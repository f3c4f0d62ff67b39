"""Streams of WASI 0.2 for components, un-compiled: what a call works with stays while the app is asked."""

from collections.abc import Iterator
from typing import Any

import pytest

from fusee.engine.capi.component import values
from fusee.engine.capi.component.format import Kind
from fusee.engine.capi.component.state import Value
from fusee.engine.capi.component.wasi import resources, streams
from fusee.engine.capi.component.wasi.requests import Request
from fusee.engine.capi.component.wasi.resources import ResourceTable, What, add, drop, resource_at
from fusee.engine.capi.component.wasi.results import bits_of, put_number
from fusee.engine.capi.state import StoreObject
from fusee.engine.capi.wasi.state import SUCCESS, Wasi
from fusee.kernel.arena import allocate_simulated, new, new_array, release_simulated, simulate
from fusee.kernel.lang import Ptr, address, cast, is_null, kernel, u8, u32, u64, usize
from fusee.kernel.target import ILP32


class Dropping:
    """The numbers that are dropped by whoever the app calls meanwhile."""

    table: Any
    numbers: list[int]


@kernel
def read_and_drop(environment: usize, handle: u32, buffer: Ptr[u8], size: usize, offset: u64, done: Ptr[usize]) -> u32:
    for number in Dropping.numbers:
        drop(Dropping.table, u32(number))
    done[0] = usize(2)
    return u32(SUCCESS)


@kernel
def write(environment: usize, handle: u32, buffer: Ptr[u8], size: usize, offset: u64, done: Ptr[usize]) -> u32:
    done[0] = size
    return u32(SUCCESS)


def delete(block: Any) -> None:
    if not is_null(block):
        release_simulated(block)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for module in (values, resources):
        monkeypatch.setattr(module, "try_block", lambda size: allocate_simulated(int(size)))
        monkeypatch.setattr(module, "delete_block", delete)
    with simulate(ILP32):
        made, store, wasi = new(ResourceTable), new(StoreObject), new(Wasi)
        store.wasi = address(wasi)
        made.store, made.holders = store, u32(1)
        wasi.files.read, wasi.files.write = read_and_drop, write
        Dropping.table = made
        yield made


def added(table: Any, what: What, file: Any = None) -> int:
    number = new_array(u32, 1)
    assert int(add(table, what, number)) == SUCCESS
    if file is not None:
        resource_at(table, number[0]).file = address(file)
        file.holders += 1
    return int(number[0])


def test_a_source_that_is_dropped_while_it_is_read(table: Any) -> None:
    """Its handle was the last that held it, and the file."""
    files = [added(table, What.FILE), added(table, What.FILE)]
    for number, file in enumerate(files):
        resource_at(table, u32(file)).fd = u32(7 + number)
    source = added(table, What.INPUT, resource_at(table, u32(files[0])))
    target = added(table, What.OUTPUT, resource_at(table, u32(files[1])))
    Dropping.numbers = [source, files[0]]
    r = new(Request)
    r.resources, r.number, r.resource = table, u32(target), resource_at(table, u32(target))
    r.resource.holders += 1  # as `perform` does
    r.call.store, r.call.wasi = table.store, cast(Wasi, table.store.wasi)
    r.arguments, r.payload = new_array(Value, 3), new(Value)
    put_number(r.arguments[1], Kind.BORROW, u64(source))
    put_number(r.arguments[2], Kind.U64, u64(10))
    assert int(streams.splice(r)) == SUCCESS
    assert int(bits_of(r.payload)) == 2
    assert is_null(resource_at(table, u32(source)))
    assert is_null(resource_at(table, u32(files[0])))
    assert int(table.files) == 1
