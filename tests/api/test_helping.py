"""Large modules are validated with the help of threads, where there are processors for them."""

import _thread
import os
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from fusee import Config, Engine, Instance, Module, Store
from fusee.api import _helping
from fusee.api._helping import HELPED_BYTES, MOST_HELPERS, helpers_for
from fusee.bench.wasm import repeat_functions
from fusee.bench.workloads import find_workloads

WORKLOAD = find_workloads("json")[0]
LARGE = repeat_functions(WORKLOAD.path.read_bytes(), 3 * HELPED_BYTES)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Threads that were started to help, on a machine with four processors."""
    numbers: list[int] = []

    def start(function: Callable[..., object], arguments: tuple[object, ...]) -> int:
        numbers.append(_thread.start_new_thread(function, arguments))
        return numbers[-1]

    monkeypatch.setattr(_helping, "spare_processors", lambda: 3)
    monkeypatch.setattr(_helping, "_thread", SimpleNamespace(start_new_thread=start))
    return numbers


def answer(module: Module) -> int:
    store = Store(module._engine)
    run = Instance(store, module, []).exports(store)["run"]
    return int(run(store, WORKLOAD.small_argument)) & 0xFFFF_FFFF  # type: ignore[operator]


def test_a_large_module(started: list[int]) -> None:
    assert answer(Module(Engine(), LARGE)) == WORKLOAD.small_answer
    assert len(started) == 3


def test_what_is_wrong_is_named(started: list[int]) -> None:
    for place in (len(LARGE) // 3, len(LARGE) // 2, len(LARGE) * 9 // 10):
        wrong = LARGE[:place] + b"\xff" * 12 + LARGE[place + 12 :]
        messages = set()
        for is_helped in (True, False):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(_helping, "MOST_HELPERS", 7 if is_helped else 0)
                with pytest.raises(Exception, match="offset") as caught:
                    Module(Engine(), wrong)
            messages.add((type(caught.value), str(caught.value)))
        assert len(messages) == 1
    assert len(started) == 9


def test_helpers_end(started: list[int]) -> None:
    engine, before = Engine(), _thread._count()
    for _ in range(20):
        Module(engine, LARGE)
    deadline = time.monotonic() + 30
    while _thread._count() > before and time.monotonic() < deadline:
        time.sleep(0.001)
    assert _thread._count() <= before
    assert len(started) == 60


def test_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_helping, "spare_processors", lambda: 3)
    monkeypatch.setattr(_helping, "_thread", SimpleNamespace(start_new_thread=refuse))
    assert answer(Module(Engine(), LARGE)) == WORKLOAD.small_answer


def test_how_many_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_helping, "spare_processors", lambda: 3)
    assert [helpers_for(size) for size in (0, HELPED_BYTES - 1, HELPED_BYTES, 1 << 30)] == [0, 0, 1, 3]
    monkeypatch.setattr(_helping, "spare_processors", lambda: 63)
    assert helpers_for(1 << 30) == MOST_HELPERS
    monkeypatch.setattr(_helping, "spare_processors", lambda: 0)
    assert helpers_for(1 << 30) == 0


def test_the_checked_build_is_for_one_thread(started: list[int]) -> None:
    config = Config()
    config.checked = True
    Module(Engine(config), LARGE)
    assert not started


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not divided here")
def test_a_process_is_divided_while_they_help(started: list[int]) -> None:
    engine, children = Engine(), []
    modules: list[Module] = []

    def load() -> None:
        modules.extend(Module(engine, LARGE) for _ in range(20))

    _thread.start_new_thread(load, ())
    while len(modules) < 20:
        if (child := os.fork()) == 0:
            os._exit(0 if answer(Module(engine, LARGE)) == WORKLOAD.small_answer else 1)
        children.append(child)
        assert os.waitpid(child, 0)[1] == 0
    assert children
    assert answer(modules[-1]) == WORKLOAD.small_answer
