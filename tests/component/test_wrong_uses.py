"""What a program does wrong with handles of components, before any guest runs: typed errors that say what it was."""

from typing import Any

import pytest

from fusee import Engine, Store, StoreError, WasmtimeError
from fusee.api.errors import ArgumentError
from fusee.component import Component, Linker, Record, ResourceHost, ResourceType

EMPTY = "(component)"


def test_a_linker_that_is_being_filled() -> None:
    engine = Engine()
    linker, store, component = Linker(engine), Store(engine), Component(engine, EMPTY)
    with linker.root() as root:
        for use in (linker.root, linker.close, lambda: linker.instantiate(store, component)):
            with pytest.raises(WasmtimeError, match="cannot use linker while it's in use by other instances"):
                use()
        with root.add_instance("i"), pytest.raises(WasmtimeError, match="in use by other instances"):
            root.add_func("f", lambda store: None)
    linker.instantiate(store, component)


def test_a_component_of_another_engine() -> None:
    engine = Engine()
    with pytest.raises(StoreError, match="the component belongs to another engine"):
        Linker(engine).instantiate(Store(engine), Component(Engine(), EMPTY))


def test_a_field_that_a_record_has_not() -> None:
    made = Record(a_b=1, c=2)
    assert made.a_b == 1
    with pytest.raises(AttributeError, match="the record has no field 'd'; it has a-b, c"):
        made.d  # noqa: B018


@pytest.mark.parametrize("make", [ResourceHost.own, ResourceHost.borrow])
def test_numbers_of_resources(make: Any) -> None:
    """They are `uint32_t` in wasmtime's C interface; ctypes cuts off what does not fit."""
    store = Store()
    for number, kept in ((0, 0), ((1 << 32) - 1, (1 << 32) - 1), (-1, (1 << 32) - 1), (-(1 << 31), 1 << 31)):
        assert make(number, 1).to_any(store).rep == kept
        assert make(1, number).type == kept and ResourceType.host(number) == ResourceType.host(kept)
    for number in (1 << 32, -(1 << 31) - 1, 1 << 100, 1 << 100_000):
        for use in (lambda n: make(n, 1), lambda n: make(1, n), ResourceType.host):
            with pytest.raises(WasmtimeError, match="a resource's number has 32 bits"):
                use(number)
    wrongs: tuple[Any, ...] = ("1", 1.0, None)
    for wrong in wrongs:
        for use in (lambda n: make(n, 1), lambda n: make(1, n), ResourceType.host):
            with pytest.raises(ArgumentError, match="expected an int"):
                use(wrong)


def test_a_wrong_store_does_not_end_a_handle() -> None:
    handle = ResourceHost.own(5, 1)
    with pytest.raises(ArgumentError):
        handle.to_any("store")  # type: ignore[arg-type]
    assert handle.to_any(Store()).rep == 5


def test_handles_of_another_store() -> None:
    engine = Engine()
    one, other = Store(engine), Store(engine)
    handle, lent = ResourceHost.own(5, 1).to_any(one), ResourceHost.borrow(5, 1).to_any(one)
    assert handle.type == ResourceType.host(1)
    for use in (handle.drop, handle.to_host, lent.drop):
        with pytest.raises(WasmtimeError, match="the handle belongs to another store"):
            use(other)
    handle.drop(one)
    with pytest.raises(WasmtimeError, match="the handle has ended"):
        handle.drop(one)
