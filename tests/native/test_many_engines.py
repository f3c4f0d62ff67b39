"""How many processes compile for the engines of an application."""

from weakref import WeakSet

import pytest

from fusee.tier import compiling
from tests.native.tiering import Free


@pytest.fixture
def processors(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Two, and no process yet."""
    monkeypatch.setattr(compiling, "Worker", Free)
    monkeypatch.setattr(compiling, "_workers", WeakSet())
    monkeypatch.setattr(compiling, "_lacking", WeakSet())
    monkeypatch.setattr(compiling, "processor_count", lambda: 2)
    return monkeypatch


def having(engines: list[compiling.Compiling]) -> list[bool]:
    return [engine._worker is not None for engine in engines]


def test_no_more_processes_start_early_than_there_are_processors(processors: pytest.MonkeyPatch) -> None:
    """Of all engines together; what has something to do gets one all the same."""
    engines = [compiling.Compiling() for _ in range(4)]
    for engine in engines:
        engine.begin_early()
    assert having(engines) == [True, True, False, False]
    assert engines[2].go_on()
    engines[0].end()
    engines[3].begin_early()
    assert engines[3]._worker is None
    engines[1].forget()
    engines[3].begin_early()
    assert engines[3]._worker is not None


@pytest.mark.parametrize(("count", "most"), [(1, 2), (2, 4), (64, 8)])
def test_no_more_processes_work_than_there_is_room_for(count: int, most: int, processors: pytest.MonkeyPatch) -> None:
    """However many engines have something to do: the others wait until one of them does not need its any more."""
    processors.setattr(compiling, "processor_count", lambda: count)
    engines = [compiling.Compiling() for _ in range(most + 2)]
    assert [engine.go_on() for engine in engines] == [True] * most + [False] * 2
    for _ in range(2 * compiling._MOST_TRIES):  # which is no failure
        assert not engines[-1].go_on()
    engines[0].rest()
    assert engines[-1].go_on()
    assert having(engines) == [False] + [True] * (most - 1) + [False, True]


def test_a_process_is_kept_if_nobody_lacks_one(processors: pytest.MonkeyPatch) -> None:
    engines = [compiling.Compiling() for _ in range(5)]
    assert [engine.go_on() for engine in engines] == [True] * 4 + [False]
    for ended in (engines[-1].end, engines.pop):  # who has ended lacks nothing
        ended()
        engines[0].rest()
        assert having(engines)[:4] == [True] * 4
