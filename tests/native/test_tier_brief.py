"""Native code in the cache is put off by programs that end at once, and taken when one of them does not."""

import _thread
import gc
import subprocess
import sys
from typing import NoReturn

import pytest

from fusee import Instance, Module, Store
from fusee.engine.state.module import Module as ModuleState
from fusee.kernel.memory import view
from fusee.kernel.runs import BRIEF, NATIVE, native_mark, note_native
from fusee.native.batch import Wish, compile_batch
from fusee.native.code import mapped
from fusee.native.sections import read_module
from fusee.native.shelf import Shelf
from fusee.tier import compiling, tier
from tests.native.tiering import CALLING, engine, host, main_of, until
from tests.native.tiering import NATIVE as CONSTANTS

WORK = 1  # the function that gives 1111 where it is interpreted, 2222 natively


@pytest.fixture(autouse=True)
def without_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking() -> NoReturn:
        raise OSError

    monkeypatch.setattr(compiling, "Worker", lacking)


@pytest.fixture(autouse=True)
def left(own_cache: None) -> None:
    """What an earlier run has left."""
    made = compile_batch(read_module(CALLING.replace(*CONSTANTS)), Wish([WORK], [], [], 1000, called=[]))
    Shelf(CALLING, False).add(made, mapped(made).functions)
    assert native_mark(CALLING) == NATIVE


def answer(wanted: int) -> object:
    """What a program gives that has called `work` until that gave what is wanted, or for a long time."""
    store = Store(engine())
    module = Module(store.engine, CALLING)
    return main_of(Instance(store, module, [host(store, until(lambda number: number == wanted))]), store)


def has_code(module: Module) -> bool:
    return bool(view(ModuleState, module._address).natives[WORK] != 0)


def test_a_program_that_ends_at_once_notes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tier, "_BRIEF_SECONDS", 3600.0)
    monkeypatch.setattr(tier, "_BEGINNING_SECONDS", 3600.0)
    assert answer(2222) == 2222
    gc.collect()
    assert native_mark(CALLING) == BRIEF


def test_one_that_does_not_leaves_it_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tier, "_BRIEF_SECONDS", 0.0)
    store = Store(engine())
    own = store.engine._tier
    assert own is not None
    module = Module(store.engine, CALLING)
    enough = until(lambda number: number == 2222 and own._first > 0)  # whose thread has begun
    assert main_of(Instance(store, module, [host(store, enough)]), store) == 2222
    del module, store
    gc.collect()
    assert native_mark(CALLING) == NATIVE


def test_a_module_that_nothing_is_called_of_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tier, "_BRIEF_SECONDS", 3600.0)
    assert has_code(Module(engine(), CALLING))
    gc.collect()
    assert native_mark(CALLING) == NATIVE


def test_one_without_a_thread_is_not_taken_for_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none to be had, so nobody sees how long it runs; nor do modules come to be kept for what is noted."""

    def lacking(*given: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", lacking)
    monkeypatch.setattr(tier, "_BEGINNING_SECONDS", 0.0)
    own = engine()
    for _ in range(2):
        store = Store(own)
        assert main_of(Instance(store, Module(own, CALLING), [host(store, lambda number: 1)]), store) == 2222
        del store
        gc.collect()
    assert own._tier is not None
    assert own._tier._brief == []
    del own
    gc.collect()
    assert native_mark(CALLING) == NATIVE


def test_an_end_with_the_process_is_not_noted_and_no_error() -> None:
    """Python's own functions may be gone then."""
    done = subprocess.run([sys.executable, "-c", CIRCLE], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("2222\n", "")
    assert native_mark(CALLING) == NATIVE


CIRCLE = """
from fusee import Instance, Module, Store
from fusee.tier import tier
from tests.native.tiering import CALLING, engine, host, until

tier._BRIEF_SECONDS = 3600.0
store = Store(engine())
module = Module(store.engine, CALLING)
instance = Instance(store, module, [host(store, until(lambda number: number == 2222))])
print(instance.exports(store)["main"](store))
circle = [store, module, instance]
circle.append(circle)
del store, module, instance, circle
"""


def test_it_is_not_taken_by_the_next_one() -> None:
    note_native(CALLING, BRIEF)
    assert not has_code(Module(engine(), CALLING))
    assert answer(1111) == 1111
    gc.collect()
    assert native_mark(CALLING) == BRIEF


def test_it_is_taken_when_that_goes_on() -> None:
    """Though its functions have been called, and it is in one of them; and the run after that has it at once."""
    note_native(CALLING, BRIEF)
    assert answer(2222) == 2222
    assert native_mark(CALLING) == NATIVE


def test_it_is_taken_at_once_where_guests_run_for_long() -> None:
    note_native(CALLING, BRIEF)
    own = engine()
    assert own._tier is not None
    assert own._tier.watcher._modules == {}
    assert has_code(Module(own, CALLING))


def test_what_is_damaged_meanwhile_is_not_taken() -> None:
    """The list may be gone when it is looked for."""
    note_native(CALLING, BRIEF)
    own = engine()
    module = Module(own, CALLING)
    shelf = Shelf(CALLING, False)
    for key, _ in shelf.all():
        shelf._cache.delete("batch", key)
    assert own._tier is not None
    (known,) = own._tier.watcher._modules.values()
    assert not has_code(module)
    assert known.done == set()
