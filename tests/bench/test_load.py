"""Loading, and the modules that are made for it."""

import sys
from pathlib import Path

import pytest

import fusee
from fusee.bench.engines import Engine, fusee_engine
from fusee.bench.load import large_modules, measure_load, sample_module
from fusee.bench.load_guest import uses_wasi
from fusee.bench.process import run_child
from fusee.bench.tasks import EMPTY_COMMAND, Case, Task, case_of_workload
from fusee.bench.wasm import read_unsigned, repeat_functions, unsigned
from fusee.bench.workloads import find_workloads
from fusee.wasi import define


@pytest.mark.parametrize("value", [0, 127, 128, 300, 2**32 - 1])
def test_numbers_of_sections(value: int) -> None:
    encoded = unsigned(value)
    assert read_unsigned(b"x" + encoded, 1) == (value, 1 + len(encoded))


def test_a_repeated_module_is_large_valid_and_still_itself() -> None:
    workload = find_workloads("fib")[0]
    large = repeat_functions(workload.path.read_bytes(), 100_000)
    assert 100_000 <= len(large) < 103_000
    store = fusee.Store()
    run = fusee.Instance(store, fusee.Module(store.engine, large), []).exports(store)["run"]
    assert isinstance(run, fusee.Func)
    assert run(store, workload.small_argument) == workload.small_answer


def test_the_empty_command_runs(tmp_path: Path) -> None:
    store = fusee.Store()
    exports = fusee.Instance(store, fusee.Module(store.engine, EMPTY_COMMAND), []).exports(store)
    assert {"memory", "_start"} == set(exports)


def test_large_modules_are_loaded_and_each_once(tmp_path: Path) -> None:
    large = tmp_path / "large.wasm"
    large.write_bytes(bytes(100_000))
    task = Task(large)
    small = case_of_workload(find_workloads("fib")[0])
    assert large_modules([small, Case("a", task, task, task), Case("b", task, task, task)]) == [large]


def test_the_sample_has_a_megabyte_and_can_be_loaded(tmp_path: Path) -> None:
    sample = sample_module(tmp_path).read_bytes()
    assert 1 << 20 <= len(sample) < 1.01 * (1 << 20)
    assert "run" in [export.name for export in fusee.Module(fusee.Engine(), sample).exports]


def test_what_cannot_load_or_takes_no_time_is_left_out(tmp_path: Path) -> None:
    module, empty = tmp_path / "large.wasm", tmp_path / "empty.wasm"
    module.write_bytes(EMPTY_COMMAND)
    empty.write_bytes(EMPTY_COMMAND)

    def slow(task: Task, times: int) -> list[str]:
        rounds = 3_000_000 if task.module == module else 0
        return [sys.executable, "-c", f"for i in range({rounds}): pass"]

    engines = [
        Engine("mute", "", lambda task: []),
        Engine("quick", "", lambda task: [], lambda task, times: ["true"]),
        Engine("slow", "", lambda task: [], slow),
    ]
    load = measure_load(engines, module, empty, 1)
    assert "slow" in load.seconds
    assert "mute" not in load.seconds
    assert load.peak_bytes["slow"] > 1_000_000


def test_a_module_uses_all_of_wasi_and_nothing_else() -> None:
    """So that what Python imports for a family does not count as the load of a program that uses it."""
    engine = fusee.Engine()
    module = fusee.Module(engine, uses_wasi())
    assert {item.module for item in module.imports} == {define.MODULE}
    assert {define._FAMILY[item.name or ""] for item in module.imports} == set(define._FAMILIES)
    assert module.exports == []
    linker = fusee.Linker(engine)
    linker.define_wasi()
    linker.instantiate(fusee.Store(engine), module)  # the types are WASI's


def test_the_guest_loads_as_often_as_asked_and_calls(tmp_path: Path) -> None:
    engine = fusee_engine()
    assert engine.load is not None
    workload = find_workloads("fib")[0]
    right = engine.load(Task(workload.path, "run", ("5",)), 3)
    assert run_child(right).status == 0
    wrong = engine.load(Task(workload.path, "walk", ("5",)), 3)
    assert run_child(wrong).status != 0
