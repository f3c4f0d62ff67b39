"""The measuring instrument itself: processes, taking turns, refusing wrong answers, leaving engines out."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fusee.bench.answers import Numbers, WrongAnswer, check
from fusee.bench.engines import fusee_engine, wasmtime_engine
from fusee.bench.measure import Clock, Row, Timing, measure
from fusee.bench.process import run_child
from fusee.bench.tasks import Case, Host, Task, case_of_workload
from fusee.bench.workloads import find_workloads
from tests.bench.parrots import echo, failing, printing

FIB = case_of_workload(find_workloads("fib")[0])


def test_user_time_and_memory_are_the_childs() -> None:
    run = run_child([sys.executable, "-c", "x = b'x' * 50_000_000\nfor i in range(3_000_000): pass"])
    assert run.user_seconds > 0.01
    assert run.peak_bytes > 50_000_000


def test_memory_is_not_the_parents() -> None:
    ballast = b"x" * 100_000_000
    assert run_child(["sleep", "0.05"]).peak_bytes < len(ballast) // 2


def test_output_and_errors_are_kept_apart() -> None:
    run = run_child([sys.executable, "-c", "import sys; print('a'); print('b', file=sys.stderr); sys.exit(3)"])
    assert (run.output, run.errors, run.status, run.complaint) == (b"a\n", b"b\n", 3, "b")


def test_what_takes_too_long_is_killed_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fusee.bench.process.TIMEOUT_SECONDS", 0)
    run = run_child(["sleep", "100"])
    assert (run.status, run.complaint) == (-9, "killed after 0 s")


def test_a_program_runs_in_its_directory(tmp_path: Path) -> None:
    assert run_child(["pwd"], tmp_path).output.decode().strip() == str(tmp_path)


def test_children_keep_the_bytecode_of_what_they_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one engine's process compiles its modules each time, and that of an installed one does not."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("ANOTHER", "2")
    command = [sys.executable, "-c", "import os, sys; print(sys.dont_write_bytecode, os.environ['ANOTHER'])"]
    assert run_child(command).output.split() == [b"False", b"2"]


def test_modules_in_the_directory_are_not_taken_for_pythons(tmp_path: Path) -> None:
    for name in ("dis", "html", "json", "fusee"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('this is not the module that is wanted')\n")
    task, host = Task(FIB.small.module, "run", ("10",)), Host("fusee.bench.real.sqljs", "is no command")
    engines = [fusee_engine()]
    if importlib.util.find_spec("wasmtime"):
        engines.append(wasmtime_engine("cranelift", "host"))
    for engine in engines:
        assert engine.load is not None
        hosted = replace(FIB.small, arguments=(), host=host)
        for command in (engine.command(task), engine.command(hosted), engine.load(task, 1)):
            run = run_child(command, tmp_path)
            assert run.status == 0, run.complaint
            assert run.output == (b"55\n" if command == engine.command(task) else b"")


def test_engines_take_turns() -> None:
    turns: list[str] = []
    engines = [echo(FIB, "a"), echo(FIB, "b")]
    rows = measure(engines, [FIB], 2, lambda row, engine: turns.append(engine))
    assert turns == ["a", "b", "a", "b", "a", "b", ""]
    assert [len(timing.process_seconds) for timing in rows[0].timings.values()] == [2, 2]


def test_a_wrong_answer_has_no_time() -> None:
    row = measure([echo(FIB, "fusee"), printing("5", "parrot")], [FIB], 1)[0]
    assert list(row.timings) == ["fusee"]
    assert row.skipped == {"parrot": "gave 5 instead of 28657"}
    assert row.ratio("fusee", "parrot") is None


def test_an_answer_that_is_wrong_only_in_the_full_run_takes_the_times_away() -> None:
    half_right = echo(Case(FIB.name, FIB.full, FIB.idle, FIB.small, FIB.small_answer, FIB.small_answer), "half")
    row = measure([echo(FIB, "fusee"), half_right], [FIB], 2)[0]
    assert list(row.timings) == ["fusee"]
    assert row.skipped == {"half": "gave 28657 instead of 14930352"}


def test_a_peer_that_lacks_a_proposal_is_left_out_with_its_words() -> None:
    case = Case("tail", FIB.full, FIB.idle, FIB.small, FIB.answer, FIB.small_answer, proposals=frozenset({"tail-call"}))
    row = measure([echo(FIB, "fusee"), failing("unknown opcode 0x12", "old")], [case], 1)[0]
    assert row.skipped == {"old": "needs tail-call: unknown opcode 0x12"}
    assert list(row.timings) == ["fusee"]


def test_a_peer_that_runs_commands_only_is_not_asked_to_call_an_export() -> None:
    row = measure([echo(FIB, "fusee"), replace(echo(FIB, "shell"), commands_only=True)], [FIB], 1)[0]
    assert row.skipped == {"shell": "runs WASI commands only"}


def test_an_engine_without_an_interface_in_python_is_not_asked_to_run_what_needs_a_host() -> None:
    task = Task(Path("app.wasm"), host=Host("some.host", "is a library, which is called from Python"))
    engines = [replace(printing("beat", "fusee"), has_hosts=True), printing("beat", "shell")]
    row = measure(engines, [Case("app", task, task, task)], 1)[0]
    assert list(row.timings) == ["fusee"]
    assert row.skipped == {"shell": "is a library, which is called from Python"}


def test_a_run_goes_on_when_the_subject_fails() -> None:
    row = measure([failing("trap", "fusee"), echo(FIB, "peer")], [FIB], 1)[0]
    assert row.skipped == {"fusee": "trap"}
    assert list(row.timings) == ["peer"]


def test_engines_must_agree_where_nobody_knows_the_answer() -> None:
    task = Task(Path("app.wasm"))
    case = Case("app", task, task, task)
    row = measure([printing("beat", "fusee"), printing("beat", "same"), printing("bat", "other")], [case], 1)[0]
    assert list(row.timings) == ["fusee", "same"]
    assert row.skipped == {"other": "gave 4 bytes with status 0 instead of 5 bytes with status 0"}


def test_a_program_that_prints_times_is_compared_by_its_status() -> None:
    task = Task(Path("app.wasm"))
    case = Case("app", task, task, task, compares_output=False)
    row = measure([printing("1.5 s", "fusee"), printing("2.5 s", "slow"), failing("trap", "broken")], [case], 1)[0]
    assert list(row.timings) == ["fusee", "slow"]
    assert row.skipped == {"broken": "gave status 1 instead of status 0: trap"}


def test_nobody_is_timed_where_all_fail() -> None:
    task = Task(Path("app.wasm"))
    row = measure([failing("no", "a"), failing("neither", "b")], [Case("app", task, task, task)], 1)[0]
    assert (row.timings, row.skipped) == ({}, {"a": "no", "b": "neither"})


def test_ratios_are_of_medians_without_start_up() -> None:
    row = Row(FIB, {"fusee": Timing([1.1, 99.0, 1.1], [0.1, 0.1, 0.0]), "slow": Timing([3.0], [0.0])})
    assert row.ratio("fusee", "slow") == pytest.approx(3.0)


def test_a_call_that_is_too_short_has_no_ratio() -> None:
    row = Row(FIB, {"fusee": Timing([0.2], [0.2]), "peer": Timing([3.0], [0.0])}, {"other": "no"})
    assert row.ratio("fusee", "peer") is None
    assert row.reasons() == {"fusee": "too short to be told from start-up", "other": "no"}


def test_where_loading_counts_a_process_loads_as_often_as_it_can() -> None:
    asked: list[tuple[Task, int]] = []

    def load(task: Task, times: int) -> list[str]:
        asked.append((task, times))
        return ["true"]

    engines = [replace(echo(FIB, name), load=load, loads_again=name == "often") for name in ("once", "often")]
    row = measure(engines, [replace(FIB, measures_loading=True)], 1)[0]
    assert asked == [(FIB.idle, 1), (FIB.full, 1), (FIB.idle, 50), (FIB.full, 50)]
    assert [len(timing.process_seconds) for timing in row.timings.values()] == [1, 1]


def test_a_check_names_what_was_said() -> None:
    assert FIB.answer is not None
    with pytest.raises(WrongAnswer, match="gave 5 instead of 14930352"):
        check(run_child(["echo", "5"]), FIB.answer)


def test_by_the_wall_a_process_counts_whole_while_it_waits_too() -> None:
    sleeper = replace(echo(FIB, "sleeper"), command=lambda task: ["sh", "-c", "sleep 0.1; echo 0"])
    case = replace(FIB, answer=Numbers((0,)), small_answer=Numbers((0,)))
    (row,) = measure([sleeper], [case], 2, clock=Clock.WALL)
    timing = row.timings["sleeper"]
    assert timing.startup_seconds == [0.0, 0.0]
    assert min(timing.process_seconds) >= 0.1
    (row,) = measure([sleeper], [case], 1)
    assert row.timings["sleeper"].whole < 0.1
