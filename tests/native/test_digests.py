"""Digests of modules that are made beside other things."""

import pytest

from fusee.kernel.cache import digest
from fusee.native import digests
from fusee.native.digests import begin_digest, module_digest

LONG = bytes(range(256)) * 8192


def test_one_that_was_begun_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = digest(LONG)
    begin_digest(LONG)
    with digests._begun[0].making:  # until the thread has it
        pass
    monkeypatch.setattr(digests, "digest", lambda *parts: "made again")
    assert module_digest(bytes(bytearray(LONG))) == "made again"  # another object: who knows what it holds?
    assert module_digest(LONG) == expected
    assert module_digest(LONG) == "made again"  # nothing is kept


def test_a_thread_that_is_not_there_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process that was divided from the one that began it."""
    monkeypatch.setattr(digests, "_WAIT_SECONDS", 0.0)
    monkeypatch.setattr(digests, "_begun", [digests._Begun(LONG)])
    assert module_digest(LONG) == digest(LONG)


def test_one_that_could_not_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = digests._Begun(LONG)
    gone.making.release()
    monkeypatch.setattr(digests, "_begun", [gone])
    assert module_digest(LONG) == digest(LONG)
