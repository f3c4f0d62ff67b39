"""What Python objects hold of the engine is given back, wherever Python lets go of them."""

import contextlib
import gc
import sys
from collections.abc import Callable, Iterator

import pytest

from fusee import Engine, Instance, Module, Store, Val
from fusee.api import ending
from fusee.api.ending import Ending
from fusee.api.lease import lease, leases

MORE = (0, 1, 2, 3, 5, 10, 20, 28, 30, 32, 40)  # calls that Python has room for


@pytest.fixture(autouse=True)
def _without_collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Or it may come by where nothing can be called; what Python says then is not the test's failure."""
    gc.collect()
    gc.disable()
    ignored: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    yield
    gc.enable()


def let_go(held: list[object], more: int) -> None:
    """Empty a list, with room for so many calls before Python is at its recursion limit."""

    def deep(levels: int, emptied: list[object]) -> None:
        if levels:
            deep(levels - 1, emptied)
        else:
            del emptied[:]

    limit = least = sys.getrecursionlimit()
    try:
        with contextlib.suppress(RecursionError):  # at the least that will do
            while True:
                sys.setrecursionlimit(least - 1)
                deep(100, [])
                least -= 1
        sys.setrecursionlimit(least + more)
        deep(100, held)
    finally:
        sys.setrecursionlimit(limit)
    assert not held


def a_module() -> Module:
    return Module(Engine(), b"\0asm\1\0\0\0")


def a_store() -> list[object]:
    """With an instance, whose module ends after it."""
    module = a_module()
    store = Store(module._engine)
    return [store, Instance(store, module, [])]


def an_object() -> list[object]:
    store = Store()
    return [store, Val.externref(store)]


def a_closed_store() -> object:
    """Somebody reads it still."""
    store = Store()
    held = store._hold()
    store.close()
    return held


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("make", [Engine, a_module, Store, a_store, a_closed_store, an_object])
def test_at_the_recursion_limit(make: Callable[[], object], more: int) -> None:
    before = set(ending._known)
    held = [make()]
    made = ending._known - before
    assert made
    let_go(held, more)
    gc.collect()  # of what there are circles
    for _ in range(len(ending._known)):
        ending.look()
    assert not made & ending._known


@pytest.mark.parametrize("more", MORE)
def test_a_store_is_given_back_when_others_are_made(more: int) -> None:
    engine = Engine()
    stores = engine._native.stores
    held: list[object] = [Store(engine)]
    (address,) = [address for address, found in stores.items() if found() is held[0]]
    let_go(held, more)
    gc.collect()
    for _ in range(len(ending._known)):
        _ = Store(engine)
    found = stores.get(address)
    assert found is None or found() is not None  # there may be another one at that place


@pytest.mark.parametrize("more", MORE)
def test_a_view(more: int) -> None:
    address = 1 << 60
    held: list[object] = [lease(address)]
    let_go(held, more)
    for _ in range(len(ending._known) + 1):
        ending.look()
    assert address not in leases


def test_it_is_done_once() -> None:
    done: list[int] = []
    owner = a_module()
    end = Ending(owner, done.append, 1)
    assert end.alive
    end()
    end()
    assert done == [1] and end not in ending._known
    del owner
    end.look()
    assert done == [1]


def test_it_is_not_done_where_it_cannot_be_ended() -> None:
    """But when its owner is gone."""
    done: list[int] = []
    owner = a_module()
    end = Ending(owner, done.append, 1)

    def deep() -> None:
        try:
            deep()
        except RecursionError:
            end()
            raise

    with pytest.raises(RecursionError):
        deep()
    del owner
    gc.collect()
    end.look()
    assert done == [1]
