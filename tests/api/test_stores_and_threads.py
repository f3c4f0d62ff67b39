"""Stores in several threads: each is for one at a time, and who waits for another holds nobody up."""

import threading
from typing import Any

import pytest

from fusee import Func, FuncType, Instance, Module, Store, StoreError
from tests.api.alarms import FOREVER, I32, Rung, alarm, guest, ring


def test_other_stores_run_on_while_one_is_interrupted() -> None:
    """They share the code whose cells are replaced."""
    g = guest()
    module = g.module
    failures: list[BaseException] = []
    ended = threading.Event()
    rounds = 0

    def work() -> None:
        nonlocal rounds
        try:
            store = Store(g.store.engine)
            host = Func(store, FuncType([I32], [I32]), lambda number: number)
            exports: Any = Instance(store, module, [host]).exports(store)
            while not ended.is_set():
                assert exports["innermost"](store, 1000) == 500500
                assert exports["recursive"](store, 12) == 144
                assert exports["call_host"](store, 3) == 3
                rounds += 1
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(10):
            with pytest.raises(Rung), alarm(ring, 0.02):
                g.host_loop(FOREVER)
    finally:
        ended.set()
        thread.join()
    assert failures == []
    assert rounds


def test_a_store_is_for_one_thread_at_a_time() -> None:
    entered, go_on = threading.Event(), threading.Event()

    def host(number: int) -> int:
        entered.set()
        go_on.wait(20)
        return number

    g = guest(host)
    thread = threading.Thread(target=lambda: g.call_host(1))
    thread.start()
    assert entered.wait(20)
    with pytest.raises(StoreError, match="another thread"):
        g.one()
    go_on.set()
    thread.join()
    assert g.one() == 1


def test_modules_end_without_a_wait() -> None:
    """A module may be dropped in any thread, also while a guest runs in another."""
    entered, go_on = threading.Event(), threading.Event()

    def host(number: int) -> int:
        entered.set()
        go_on.wait(20)
        return number

    g = guest(host)
    thread = threading.Thread(target=lambda: g.call_host(1))
    thread.start()
    assert entered.wait(20)
    for _ in range(3):
        Module(g.store.engine, "(module (func))")
    go_on.set()
    thread.join()
