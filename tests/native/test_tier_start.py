"""What watches guests is loaded, and what compiles is started, when guests have run for a while; not before."""

import gc
import subprocess
import sys
import time
from typing import Any, NoReturn

import pytest

from fusee import Instance, Module, Store
from fusee.native import batches
from fusee.native.batch import Wish, compile_batch
from fusee.native.code import mapped
from fusee.native.sections import read_module
from fusee.native.shelf import Shelf
from fusee.tier import compiling, looking
from tests.native.loops import tiered_engine
from tests.native.tiering import CALLING, FALLING, LONGEST_SECONDS, engine, host, main_of, until

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(autouse=True)
def without_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking() -> NoReturn:
        raise OSError

    monkeypatch.setattr(compiling, "Worker", lacking)
    monkeypatch.setattr(batches, "Worker", lacking)


def watched(store: Store) -> bool:
    assert store.engine._tier is not None
    return bool(store.engine._tier._watchers)


def test_short_programs_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine, a module and some calls; nobody looks for long."""
    monkeypatch.setattr(looking, "_IDLE_SECONDS", 0.01)
    store = Store(engine())
    instance = Instance(store, Module(store.engine, FALLING), [])
    assert main_of(instance, store) == 0
    own = store.engine._tier
    assert own is not None
    limit = time.monotonic() + LONGEST_SECONDS
    while own.state.is_asleep == 0 and time.monotonic() < limit:
        time.sleep(0.001)
    assert own.state.is_asleep != 0
    assert not watched(store)
    assert main_of(instance, store) == 0
    assert own.state.is_asleep == 0  # who has begun once does so again


def test_guests_that_begin_while_nobody_looks_any_more() -> None:
    """Who has said so is still there for a moment, and holds what the next one needs."""
    store = Store(engine())
    own = store.engine._tier
    assert own is not None
    enough = until(lambda number: watched(store))
    instance = Instance(store, Module(store.engine, CALLING), [host(store, enough)])
    with own._running:
        own._wake()
        own.state.is_asleep -= own.state.is_asleep
        time.sleep(0.02)  # in which it begins
    main_of(instance, store)
    assert watched(store)


@pytest.mark.parametrize("is_short", [False, True])
def test_guests_that_run_for_long_are_watched(is_short: bool) -> None:
    """Be it at once, or in many calls of a moment each, of which none is met."""
    store = Store(engine())
    enough = until(lambda number: is_short or watched(store))
    instance = Instance(store, Module(store.engine, CALLING), [host(store, enough)])
    limit = time.monotonic() + LONGEST_SECONDS
    while not watched(store) and time.monotonic() < limit:
        assert main_of(instance, store) == 1111
    assert watched(store)
    assert store.engine._tier is not None
    assert len(store.engine._tier.watcher._modules) == 1


def test_modules_that_have_ended_are_not_watched() -> None:
    """Nor kept."""
    own = tiered_engine()
    modules = [Module(own, FALLING) for _ in range(3)]
    assert own._tier is not None
    assert len(own._tier._new) == 3
    del modules[1]
    gc.collect()
    assert set(own._tier._new) == {module._address for module in modules}
    assert set(own._tier.watcher._modules) == {module._address for module in modules}
    assert own._tier._new == {}
    modules.append(Module(own, FALLING))
    assert len(own._tier.watcher._modules) == 3
    modules.clear()
    gc.collect()
    assert own._tier.watcher._modules == {}


def test_what_is_in_the_cache_is_there_before_anything_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who watches learns of it later, and what comes into the cache meanwhile is not put in place then."""
    binary = Module(tiered_engine(), FALLING)._binary
    made = compile_batch(read_module(binary), Wish([0], [], [], 1000, called=[]))
    other = compile_batch(read_module(binary), Wish([1], [], [], 1000, called=[]))
    own = tiered_engine()
    first = Module(own, FALLING)
    shelf = Shelf(binary, False)
    shelf.add(made, mapped(made).functions)
    second = Module(own, FALLING)
    shelf.add(other, mapped(other).functions)
    assert own._tier is not None and not own._tier._watchers
    installed: list[Any] = []
    monkeypatch.setattr(own._native, "install_native", lambda *given: installed.append(given))
    found = {address: module.done for address, module in own._tier.watcher._modules.items()}
    assert found == {first._address: set(), second._address: {0}}
    assert installed == []
    store = Store(own)
    for module in (first, second):
        assert main_of(Instance(store, module, []), store) == 0


def test_what_watches_is_loaded_in_parts() -> None:
    """A guest that ends meanwhile waits for one of them. None has others that take long."""
    subprocess.run([sys.executable, "-c", PARTS], check=True)


PARTS = """
import sys
from fusee import Engine, Instance, Module, Store
from fusee.tier import looking
from tests.native.tiering import FALLING, engine, main_of

store = Store(engine())
assert main_of(Instance(store, Module(store.engine, FALLING), []), store) == 0
assert "fusee.tier.watcher" not in sys.modules
for part in looking._PARTS:
    before = set(sys.modules)
    __import__(part)
    assert {name for name in sys.modules.keys() - before if name.startswith("fusee")} <= {part}, part
assert "fusee.tier.watcher" in sys.modules
"""


def test_guests_that_end_meanwhile_have_the_rest_loaded_later(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def load(name: str) -> None:
        loaded.append(name)
        sys.modules[name] = sys.modules[__name__]

    class Nobody:
        def running(self) -> None:
            return None

    own = tiered_engine()._tier
    assert own is not None
    monkeypatch.setattr(looking, "_PARTS", ("one", "two", "three"))
    monkeypatch.setattr(looking, "import_module", load)
    monkeypatch.setitem(own.__dict__, "stores", Nobody())
    try:
        assert [own._looking._load() for _ in range(4)] == [False, False, True, True]
        assert loaded == ["one", "two", "three"]
    finally:
        for name in loaded:
            del sys.modules[name]
