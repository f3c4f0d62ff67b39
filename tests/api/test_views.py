"""Views of memory: safe to keep while the guest's memory grows, moves and ends, and safe to give back."""

import ctypes
import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fusee import Config, Engine, Func, FuncType, Limits, Memory, MemoryType, Store
from fusee.api import _native
from tests.api.guest import Guest

PAGE = 1 << 16
GROWING = """(module (import "" "look" (func $look)) (memory (export "m") 1)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "look_and_grow") (result i32)
    (call $look) (drop (memory.grow (i32.const 3))) (i32.load8_u (i32.const 9)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))"""


class Places:
    """Address space for what is asked and no more, as under `ulimit -v`; notes what is given back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, has_mappings: bool) -> None:
        self.returned: list[int] = []
        take, calloc, give = _native._map, _native._calloc, _native._unmap
        small = 64 * PAGE

        def give_back(address: int, size: int) -> None:
            self.returned.append(address)
            give(address, size)

        monkeypatch.setattr(_native, "_map", lambda size: take(size) if has_mappings and size <= small else None)
        monkeypatch.setattr(_native, "_calloc", lambda size, one: calloc(size, one) if size <= small else None)
        monkeypatch.setattr(_native, "_unmap", give_back)


@pytest.fixture(params=[True, False], ids=["mappings", "heap"])
def places(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Places]:
    yield Places(monkeypatch, request.param)
    gc.collect()  # what the tests leave ends before the system's own functions are back


VIEWS: dict[str, Callable[[Memory, Store], Any]] = {
    "buffer": lambda m, s: m.buffer(s),
    "part of a buffer": lambda m, s: m.buffer(s)[0:100],
    "view of a view": lambda m, s: memoryview(m.buffer(s)),
    "get_buffer_ptr": lambda m, s: m.get_buffer_ptr(s),
    "part by get_buffer_ptr": lambda m, s: m.get_buffer_ptr(s, 50, 0),
    "data_ptr": lambda m, s: m.data_ptr(s),
}


def guest(config: Config | None = None) -> Guest:
    store = Store(Engine(config))
    return Guest(GROWING, [Func(store, FuncType([], []), lambda: None)], store)


@pytest.mark.parametrize("take", VIEWS.values(), ids=VIEWS)
def test_a_view_outlives_the_move_of_its_memory(places: Places, take: Callable[[Memory, Store], Any]) -> None:
    g = guest()
    m, s = g["m"], g.store
    m.write(s, b"seven", 5)
    view = take(m, s)
    base = ctypes.addressof(m.data_ptr(s).contents)
    assert g.grow(2) == 1
    assert ctypes.addressof(m.data_ptr(s).contents) != base
    m.write(s, b"eight", 5)
    assert bytes(view[5:10]) == b"seven"  # as it was; a new view shows the memory as it is
    assert bytes(m.buffer(s)[5:10]) == b"eight"
    view[5] = 0
    assert g.load(5) == ord("e")
    assert base not in places.returned
    del view
    gc.collect()
    assert base in places.returned


def test_memory_that_nobody_looks_at_is_returned_when_it_moves(places: Places) -> None:
    g = guest()
    for pages in range(1, 6):
        assert g.grow(1) == pages
    assert len(places.returned) >= 1
    assert g["m"].read(g.store, -1) == b"\0"


@pytest.mark.parametrize("take", VIEWS.values(), ids=VIEWS)
def test_a_view_outlives_its_store(places: Places, take: Callable[[Memory, Store], Any]) -> None:
    g = guest()
    m = g["m"]
    m.write(g.store, b"kept", 0)
    base = ctypes.addressof(m.data_ptr(g.store).contents)
    view = take(m, g.store)
    del g, m
    gc.collect()
    assert bytes(view[0:4]) == b"kept"
    view[0] = 1
    assert base not in places.returned
    del view
    gc.collect()
    assert base in places.returned


def test_a_view_that_was_given_back_is_nobody_elses() -> None:
    g = guest()
    m, s = g["m"], g.store
    with m.buffer(s) as view:
        view[0] = 1
    with pytest.raises(ValueError, match="released"):
        view[0]
    assert m.read(s, 0, 1) == b"\1"
    assert m.write(s, b"\2", 0) == 1
    with m.buffer(s) as first, m.buffer(s) as second:
        first.release()
        assert second[0] == 2


def test_a_view_taken_before_growth_in_place_shows_what_is_written_after() -> None:
    g = guest()  # address space is reserved: the memory stays where it is
    view = g["m"].buffer(g.store)
    g.grow(1)
    g["m"].write(g.store, b"new", 0)
    assert (bytes(view[0:3]), len(view), len(g["m"].buffer(g.store))) == (b"new", PAGE, 2 * PAGE)


def test_a_host_function_may_keep_a_view(places: Places) -> None:
    store, kept = Store(Engine()), []

    def look() -> None:
        kept.append(g["m"].buffer(store))
        kept[-1][9] = 33
        assert g.grow(4) == 1  # a call within the call
        kept[-1][9] = 44  # too late: the memory is elsewhere

    g = Guest(GROWING, [Func(store, FuncType([], []), look)], store)
    assert g.look_and_grow() == 33
    assert kept[0][9] == 44


def test_views_in_the_checked_build() -> None:
    """Its memories move whenever they grow, on a heap that notices what is used after its end."""
    config = Config()
    config.checked = True
    g = guest(config)
    view = g["m"].buffer(g.store)
    view[7] = 7
    assert g.grow(1) == 1
    assert (view[7], g.load(7)) == (7, 7)
    del g
    gc.collect()
    assert view[7] == 7


def test_empty_memories_have_views() -> None:
    store = Store(Engine())
    m = Memory(store, MemoryType(Limits(0, 1)))
    view, array = m.buffer(store), m.get_buffer_ptr(store)
    assert (len(view), len(array), bytes(m.read(store))) == (0, 0, b"")
    m.data_ptr(store)
    m.grow(store, 1)
    assert (len(view), len(m.buffer(store))) == (0, PAGE)
