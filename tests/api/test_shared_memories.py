"""Memories that several stores use: making, lending, growing and closing them."""

import threading
from typing import Any

import pytest

from fusee import (
    Engine,
    Instance,
    LimitError,
    Limits,
    LinkError,
    Memory,
    MemoryType,
    Module,
    SharedMemory,
    Store,
    StoreError,
    WasmtimeError,
)
from tests.api.closing import close_before
from tests.api.sharing import GUEST, PAGE, World, joined, started


def test_a_memory_in_two_stores() -> None:
    world = World()
    (first, one), (second, other) = world.guest(), world.guest()
    one["store"](first, 8, 77)
    assert (other["load"](second, 8), world.word(8)) == (77, 77)
    pointer = world.memory.data_ptr()
    pointer[PAGE - 1] = 9
    assert one["grow"](first, 1) == 1
    assert (other["size"](second), world.memory.size(), world.memory.data_len()) == (2, 2, 2 * PAGE)
    assert world.memory.grow(1) == 2
    assert (one["size"](first), other["plain"](second, 2 * PAGE + 8), pointer[PAGE - 1]) == (3, 0, 9)
    with pytest.raises(LimitError):
        world.memory.grow(2)
    with pytest.raises(WasmtimeError, match="negative"):
        world.memory.grow(-1)
    assert one["grow"](first, 2) == -1
    assert str(world.memory.type()) == str(MemoryType(Limits(3, 4), shared=True))
    world.memory.close()
    assert (other["load"](second, 8), pointer[PAGE - 1]) == (77, 9)
    with pytest.raises(ValueError, match="closed"):
        world.memory.size()


def test_what_does_not_fit() -> None:
    world = World()
    store = Store(world.engine)
    with pytest.raises(LinkError, match="incompatible"):
        Instance(store, Module(world.engine, '(module (import "" "" (memory 1 4)))'), [world.memory])
    with pytest.raises(LinkError, match="incompatible"):
        Instance(store, Module(world.engine, '(module (import "" "" (memory 1 3 shared)))'), [world.memory])
    with pytest.raises(LinkError, match="incompatible"):
        Instance(store, Module(world.engine, '(module (import "" "" (global i32)))'), [world.memory])
    with pytest.raises(LinkError, match="incompatible"):
        Instance(store, world.module, [Memory(store, MemoryType(Limits(1, 4)))])
    with pytest.raises(WasmtimeError, match="SharedMemory"):
        Memory(store, MemoryType(Limits(1, 1), shared=True))
    with pytest.raises(WasmtimeError, match="shared type"):
        SharedMemory(world.engine, MemoryType(Limits(1, 1)))
    with pytest.raises(StoreError, match="another engine"):
        Instance(Store(other := Engine()), Module(other, GUEST), [world.memory])


def test_a_memory_that_a_module_makes() -> None:
    """It lives as long as somebody uses it, whatever becomes of the store that it was made in."""
    engine = Engine()
    text = '(module (memory (export "m") 1 4 shared) (data (i32.const 4) "\\05\\06"))'
    maker = Store(engine)
    memory: Any = Instance(maker, Module(engine, text), []).exports(maker)["m"]
    assert isinstance(memory, SharedMemory)
    store = Store(engine)
    guest: Any = Instance(store, Module(engine, GUEST), [memory]).exports(store)
    maker.close()
    del maker, memory
    assert guest["load"](store, 4) == 0x0605
    assert guest["grow"](store, 3) == 1
    assert guest["load"](store, 4 * PAGE - 4) == 0


MAKER = '(module (memory (export "memory") 1 4 shared) (data (i32.const 8) "\\07"))'


def test_a_store_that_is_closed_while_its_memory_is_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    """By another thread: it ends when nobody uses the memory any more."""
    world, opened = World(), SharedMemory._opened
    maker = Store(world.engine)
    made: Any = Instance(maker, Module(world.engine, MAKER), []).exports(maker)
    world.memory = made["memory"]
    closing = threading.Thread(target=maker.close)

    def slowly(self: SharedMemory) -> Store:
        owner = opened(self)
        if closing.ident is None:
            closing.start()
            closing.join(0.02)
        return owner

    monkeypatch.setattr(SharedMemory, "_opened", slowly)
    store, guest = world.guest()
    closing.join()
    assert maker._is_closed
    assert guest["load"](store, 8) == 7
    store.close()
    maker.close()
    with pytest.raises(ValueError, match="already closed"):
        world.guest()


def test_a_store_that_is_closed_before_its_memory_grows() -> None:
    """By another thread."""
    world = World()
    maker = Store(world.engine)
    made: Any = Instance(maker, Module(world.engine, MAKER), []).exports(maker)
    memory = made["memory"]
    close_before(maker, world.engine._gate, "growth")
    with pytest.raises(ValueError, match="already closed"):
        memory.grow(1)


def test_growth_is_seen_by_guests_that_run() -> None:
    world = World()
    store = Store(world.engine)
    text = """(module (import "" "memory" (memory 1 4 shared)) (func (export "f") (result i32)
      (loop (br_if 0 (i32.eqz (i32.load (i32.const 0))))) (i32.load (i32.const 131072))))"""
    f: Any = Instance(store, Module(world.engine, text), [world.memory]).exports(store)["f"]
    found: list[int] = []
    threads = started(lambda: found.append(f(store)))
    other, writer = world.guest()
    assert writer["grow"](other, 2) == 1
    writer["store"](other, 131072, 5)
    writer["store"](other, 0, 1)
    assert joined(threads)
    assert found == [5]
