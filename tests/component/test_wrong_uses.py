"""What a program does wrong with handles of components, before any guest runs: typed errors that say what it was."""

import pytest

from fusee import Engine, Store, StoreError, WasmtimeError
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
