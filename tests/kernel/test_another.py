"""Processes of this Python beside this one."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fusee.kernel import another, apart

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux alone is told where a process runs")


@pytest.fixture
def process() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as started:
        yield started.pid
        started.kill()


def test_a_new_process_begins_on_another_processor(process: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, set[int]]] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 6})
    monkeypatch.setattr(os, "sched_setaffinity", lambda *place: asked.append(place))
    monkeypatch.setattr(another, "_processor", lambda: 5)
    another.move_apart(process)
    assert asked == [(process, {3, 6})]


def test_where_there_is_one_processor_it_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5})
    monkeypatch.setattr(another, "_processor", lambda: 5)
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: pytest.fail("moved"))
    another.move_apart(1)


def test_later_it_may_run_wherever_this_one_may(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {int(number) for number in another.processors().split(",")} == os.sched_getaffinity(0)
    asked: list[tuple[int, set[int]]] = []
    monkeypatch.setattr(os, "sched_setaffinity", lambda place, allowed: asked.append((place, set(allowed))))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 6})
    apart.at_large(another.processors())
    assert asked == [(0, {3, 5, 6})]
    monkeypatch.delattr(os, "sched_getaffinity")
    apart.at_large(another.processors())  # where nobody knows
    assert len(asked) == 1


def test_processors_that_are_gone_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    apart.at_large("1000000")
    assert os.sched_getaffinity(0)


def test_the_processor_is_one_of_those_that_are_allowed() -> None:
    assert another._processor() in os.sched_getaffinity(0)


def test_a_process_that_is_gone_is_no_error(process: int) -> None:
    os.kill(process, 9)
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    another.move_apart(process)
    another.move_apart(1 << 30)
