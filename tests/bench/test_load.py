"""Loading, and the modules that are made for it."""

import shutil
from pathlib import Path

import pytest

import fusee
from fusee.bench.engines import Engine, fusee_engine
from fusee.bench.load import measure_load, modules_to_load
from fusee.bench.tasks import EMPTY_COMMAND, Case, Task, case_of_workload
from fusee.bench.wasm import read_unsigned, repeat_functions, unsigned
from fusee.bench.workloads import find_workloads


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


def test_a_sample_and_the_large_modules_are_loaded(tmp_path: Path) -> None:
    large = tmp_path / "large.wasm"
    large.write_bytes(bytes(100_000))
    task = Task(large)
    small = case_of_workload(find_workloads("fib")[0])
    modules = modules_to_load([small, Case("a", task, task, task), Case("b", task, task, task)], tmp_path)
    assert [module.name for module in modules] == ["json repeated.wasm", "large.wasm"]


def test_what_cannot_load_is_left_out(tmp_path: Path) -> None:
    module = tmp_path / "empty.wasm"
    module.write_bytes(EMPTY_COMMAND)
    true = shutil.which("true") or "true"
    mute, quick = Engine("mute", "", lambda task: []), Engine("quick", "", lambda task: [], lambda path, times: [true])
    load = measure_load([mute, quick], module, module, 2)
    assert list(load.seconds) == ["quick"]
    assert load.peak_bytes["quick"] > 0


def test_fusee_loads_as_often_as_asked(tmp_path: Path) -> None:
    module = tmp_path / "empty.wasm"
    module.write_bytes(EMPTY_COMMAND)
    assert measure_load([fusee_engine()], module, module, 1).seconds["fusee"] > 0
