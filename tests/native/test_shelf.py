"""Batches in the cache, to which several processes may add at once."""

import os
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from fusee.api.text import wat2wasm
from fusee.kernel import cache
from fusee.kernel.cache import _take
from fusee.native import shelf as shelves
from fusee.native.batch import Wish, compile_batch
from fusee.native.code import Place, held_in, mapped
from fusee.native.sections import read_module
from fusee.native.shelf import Shelf

pytestmark = pytest.mark.usefixtures("own_cache")

BINARY = bytes(wat2wasm("(module (func (loop)) (func) (func (result i32) (i32.const 1)))"))
MODULE = read_module(BINARY)
LOOP = Place(0, MODULE.body(0)[0] + 1, 0, 0, 0)


def batch_of(*functions: int) -> bytes:
    return compile_batch(MODULE, Wish(list(functions), [], [], 1000, called=[]))


def kept() -> list[set[int]]:
    """What is in each batch that the next run finds, the oldest first."""
    return [set(made.functions) for _, made in Shelf(BINARY, False).all()]


def test_what_others_have_added_meanwhile_stays(tmp_path: Path) -> None:
    """Or is deleted, if all of it is in what is newer: nothing is left that nobody knows of."""
    one, other = Shelf(BINARY, False), Shelf(BINARY, False)
    one.add(batch_of(0), [0])
    other.add(batch_of(1), [1])
    assert kept() == [{0}, {1}]
    one.add(batch_of(0, 1), [0, 1])
    assert kept() == [{0, 1}]
    other.add(batch_of(2), [2])
    assert kept() == [{0, 1}, {2}]
    assert len(os.listdir(tmp_path / "cache" / "batch")) == 2


def test_what_others_have_taken_away_does_not_come_back() -> None:
    """Nor does it take the place of what there is of it now."""
    one, other = Shelf(BINARY, False), Shelf(BINARY, False)
    other.add(batch_of(1), [1])
    one.add(batch_of(0, 1), [0, 1])
    other.add(batch_of(2), [2])
    assert kept() == [{0, 1}, {2}]


def test_two_that_add_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one comes when the first has read the list, and not yet written it: it waits."""
    one, other = Shelf(BINARY, False), Shelf(BINARY, False)
    second = batch_of(1)
    goes_on = threading.Event()  # it waits, or has done it all

    def take(file: BinaryIO) -> bool:
        taken = _take(file)
        if not taken:
            goes_on.set()
        return taken

    def add() -> None:
        other.add(second, [1])
        goes_on.set()

    def covered() -> list[str]:
        thread.start()
        assert goes_on.wait(60)
        return Shelf._covered(one)

    thread = threading.Thread(target=add)
    monkeypatch.setattr(cache, "_take", take)
    monkeypatch.setattr(shelves, "_WAIT_SECONDS", 60.0)
    monkeypatch.setattr(one, "_covered", covered)
    one.add(batch_of(0), [0])
    thread.join()
    assert kept() == [{0}, {1}]


def test_a_damaged_list_is_none() -> None:
    one = Shelf(BINARY, False)
    one.add(batch_of(0), [0])
    one._cache.write("tier", one._key, b"[")
    assert kept() == []
    one.add(batch_of(1), [1])
    assert kept() == [{1}]


def test_it_is_known_what_is_in_a_batch() -> None:
    made = compile_batch(MODULE, Wish([1], [LOOP], [], 1000, called=[]))
    assert held_in(made) == ([1], [LOOP])
    assert (set(mapped(made).functions), set(mapped(made).loops)) == ({1}, {LOOP})
