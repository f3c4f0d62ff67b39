"""What compiles hot functions fails, is divided, or has left damaged files: that costs speed and nothing else."""

import os
import time
from pathlib import Path

import pytest

from fusee import Instance, Module, Store
from fusee.kernel import orphan
from fusee.native import batches
from fusee.tier import compiling
from fusee.tier.loops import Loop
from tests.native.loops import module_of, tiered_engine
from tests.native.tiering import (
    CALLING,
    FALLING,
    LONGEST_SECONDS,
    engine,
    host,
    is_kept,
    main_of,
    until,
    worker_that,
)

pytestmark = pytest.mark.usefixtures("own_cache")

READY = f"import os; os.write(1, bytes(8)); os.read(0, {batches.REQUEST_BYTES}); "  # and was asked for something


@pytest.mark.parametrize("program", ["import os; os.abort()", "print('nonsense' * 99)", "import time; time.sleep(99)"])
def test_a_compiler_that_never_begins_costs_speed(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried some times."""
    monkeypatch.setattr(batches, "_SECONDS", 0.2)
    seen = worker_that(program, monkeypatch)
    store = Store(engine())
    most = compiling._MOST_DEAD
    instance = Instance(store, Module(store.engine, CALLING), [host(store, until(lambda number: seen.started == most))])
    assert main_of(instance, store) == 1111
    assert main_of(instance, store) == 1111
    assert (seen.started, seen.wishes) == (most, [])


@pytest.mark.parametrize("program", ["os.abort()", "os.write(1, b'nonsense' * 99)", "import time; time.sleep(99)"])
def test_a_compiler_that_fails_costs_speed(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = worker_that(READY + program, monkeypatch)
    store = Store(engine())

    def is_enough(number: int) -> bool:
        monkeypatch.setattr(batches, "_SECONDS", 0.2 if seen.wishes else 60.0)
        return len(seen.wishes) > 1

    instance = Instance(store, Module(store.engine, CALLING), [host(store, until(is_enough))])
    assert main_of(instance, store) == 1111
    assert main_of(instance, store) == 1111


def test_a_module_may_end_while_it_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = worker_that(orphan._PROGRAM, monkeypatch)
    own = engine()
    store = Store(own)
    module = Module(own, CALLING)
    assert own._tier is not None
    instance = Instance(store, module, [host(store, until(lambda number: len(seen.wishes) > 0))])
    assert main_of(instance, store) == 1111
    del instance, module
    store.close()
    limit = time.monotonic() + LONGEST_SECONDS
    while own._tier.watcher._compiling.is_busy and time.monotonic() < limit:
        time.sleep(0.01)
    assert not own._tier.watcher._compiling.is_busy
    other = Store(own)
    again = Instance(other, Module(own, CALLING), [host(other, lambda number: 1)])
    assert main_of(again, other) == 1111


def test_what_a_process_has_died_of_is_divided() -> None:
    """Loops, too, which are of other functions than those that are compiled whole."""
    own = tiered_engine()
    module = Module(own, FALLING)
    loop = Loop(0, 40, 32, 1, 0, 4, [0], [], 0)
    work = compiling.Work(module_of(own, module), [1, 2], [loop], 1000)
    assert [(half.hot, half.loops) for half in work.halves()] == [([1], []), ([2], [loop])]
    assert [(half.hot, half.loops) for half in work.halves()[1].halves()] == [([2], []), ([], [loop])]
    assert work.halves()[0].halves() == []


def test_a_damaged_batch_is_not_used(knowing: None, tmp_path: Path) -> None:
    store = Store(engine())
    enough = until(lambda number: number == 2222 and is_kept(store))
    instance = Instance(store, Module(store.engine, CALLING), [host(store, enough)])
    assert main_of(instance, store) == 2222
    contents = {kept: kept.read_bytes() for kept in (tmp_path / "cache" / "batch").iterdir()}
    assert contents
    for damage in (lambda whole: whole[:-1] + bytes([whole[-1] ^ 1]), lambda whole: whole[:100], lambda whole: b""):
        for kept, whole in contents.items():
            kept.write_bytes(damage(whole))
        other = Store(engine())
        again = Instance(other, Module(other.engine, CALLING), [host(other, lambda number: 1)])
        assert main_of(again, other) == 1111


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is nothing like it")
def test_a_process_may_be_divided_while_it_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both go on; the one that is new compiles for itself."""
    seen = worker_that(orphan._PROGRAM, monkeypatch)
    store = Store(engine())
    instance = Instance(store, Module(store.engine, CALLING), [host(store, until(lambda number: len(seen.wishes) > 0))])
    assert main_of(instance, store) == 1111
    child = os.fork()
    if child == 0:
        seen.wishes.clear()
        os._exit(42 if main_of(instance, store) == 1111 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
    assert main_of(instance, store) == 1111
