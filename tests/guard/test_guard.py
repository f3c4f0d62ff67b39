"""The guard itself: `python -m tests.guard` is what compares."""

import pytest

from fusee.bench.workloads import WORKLOADS
from tests.guard.compare import Change, compare, read_baselines


@pytest.mark.parametrize(("now", "is_rise"), [(1000, None), (1020, False), (1021, True), (900, False)])
def test_a_rise_is_noticed(now: int, is_rise: bool | None) -> None:
    changes = compare({"bytes": {"engine": 1000}}, {"bytes": {"engine": now}})
    assert [change.is_rise for change in changes] == ([] if is_rise is None else [is_rise])


def test_what_cannot_be_compared_is_noticed() -> None:
    changes = compare({"bytes": {"old": 1}}, {"bytes": {"new": 1}, "instructions": {"fib": 2}})
    assert {(change.name, change.is_rise) for change in changes} == {("old", True), ("new", True), ("fib", True)}
    assert str(Change("bytes", "engine", 1000, 1030)) == "bytes: engine: 1,000 -> 1,030 (+3.00 %)"


def test_every_workload_has_baselines() -> None:
    recorded = read_baselines()
    for group in ("instructions to load", "instructions to run"):
        assert set(recorded[group]) == {workload.name for workload in WORKLOADS}
