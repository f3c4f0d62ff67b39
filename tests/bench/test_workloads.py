"""Every workload's small answer, from Fusee and from an engine that has nothing in common with it."""

import pytest

import fusee
from fusee.bench.workloads import WORKLOADS, Workload, find_workloads

workloads = pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)


@workloads
def test_fusee_gives_the_answer(workload: Workload) -> None:
    engine = fusee.Engine()
    store = fusee.Store(engine)
    instance = fusee.Instance(store, fusee.Module.from_file(engine, str(workload.path)), [])
    run = instance.exports(store)["run"]
    assert isinstance(run, fusee.Func)
    assert run(store, workload.small_argument) % 2**32 == workload.small_answer


@workloads
def test_wasmtime_gives_the_answer(workload: Workload) -> None:
    wasmtime = pytest.importorskip("wasmtime", reason="the oracle: pip install wasmtime")
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    instance = wasmtime.Instance(store, wasmtime.Module.from_file(engine, str(workload.path)), [])
    run = instance.exports(store)["run"]
    assert run(store, workload.small_argument) % 2**32 == workload.small_answer
    assert run(store, workload.argument) % 2**32 == workload.answer


@workloads
def test_the_source_lies_beside_the_module(workload: Workload) -> None:
    assert "run" in workload.source.read_text()


def test_workloads_are_found_by_name_in_the_order_given() -> None:
    assert [workload.name for workload in find_workloads("sha256, fib")] == ["sha256", "fib"]
    assert find_workloads(None) == list(WORKLOADS)
    with pytest.raises(ValueError, match="no workload named 'fob'; there are fib, sieve"):
        find_workloads("fib,fob")
