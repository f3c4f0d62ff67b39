"""Compiling in other processes, and what is kept on disk."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from fusee import Config, Engine, Instance, Module, Store
from fusee.api.text import wat2wasm
from fusee.kernel.target import Target
from fusee.native import batches, host, limits, units, worker
from fusee.native.batch import Wish
from fusee.native.code import mapped
from fusee.native.compile import MOST_RESULT_BYTES, Compiler, Options, plan
from fusee.native.units import compile_units  # as it is where nobody compiles everything natively
from tests.native.parts import natively

MOST_SELECTED = 1024  # the size of an `fd_set`

TEXT = """(module
  (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "f") (param i32) (result i32) (i32.add (call $twice (local.get 0)) (i32.const 1))))"""


def called() -> int:
    config = Config()
    config.strategy = "native"
    store = Store(Engine(config))
    instance = Instance(store, Module(store.engine, TEXT), [])
    answer = instance.exports(store)["f"](store, 20)  # type: ignore[operator]
    assert isinstance(answer, int)
    return answer


def test_what_was_compiled_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And compiled again if it is damaged."""
    binary = bytes(wat2wasm(TEXT))
    monkeypatch.setenv("FUSEE_CACHE", str(tmp_path))
    code = host.native_code(binary)
    assert code is not None
    assert set(code.functions) == {0, 1}
    (kept,) = (tmp_path / "native").iterdir()
    contents = kept.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(host, "build", None)
        assert host.native_code(binary) is not None
    kept.write_bytes(contents[:-1] + bytes([contents[-1] ^ 1]))
    built = []
    with monkeypatch.context() as patch:
        patch.setattr(host, "build", lambda *given: built.append(given))
        assert host.native_code(binary) is None
    assert built == [(binary, None, False)]
    monkeypatch.undo()
    assert called() == 41


def test_a_compiler_that_dies_costs_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its functions are interpreted, and whoever calls them natively notices nothing."""
    binary = bytes(wat2wasm(TEXT))
    monkeypatch.setattr("fusee.native.compile.UNIT_BYTES", 1)
    assert plan(binary).units == [[0], [1]]
    with natively("all"):
        compile_units = units.compile_units

        def without_first(job: worker.Job, count: int) -> dict[int, bytes]:
            objects: dict[int, bytes] = compile_units(job, count)
            del objects[0]
            return objects

        monkeypatch.setattr(units, "compile_units", without_first)
        kept = host.build(binary, None)
        assert kept is not None
        code = mapped(kept)
        assert set(code.functions) == {1}
        assert code.reasons == {0: "compiling takes too long"}
        assert called() == 41


def test_what_was_interrupted_goes_on_where_it_was(own_cache: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each unit is kept, until all are there."""
    monkeypatch.setattr("fusee.native.compile.UNIT_BYTES", 1)
    monkeypatch.setattr(units, "processor_count", lambda: 1)
    monkeypatch.setattr(units, "compile_units", compile_units)
    binary, compiled, asked = bytes(wat2wasm(TEXT)), worker.compiled, list[list[int]]()

    def interrupted(job: worker.Job, numbers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        asked.append(list(numbers))
        yield next(compiled(job, numbers))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(units, "compiled", interrupted)
        with pytest.raises(KeyboardInterrupt):
            host.kept_code(binary)
        with pytest.raises(KeyboardInterrupt):
            host.kept_code(binary)
    assert asked == [[0, 1], [1]]
    with monkeypatch.context() as patch:
        patch.setattr(worker, "compiled", None)
        kept = host.kept_code(binary)
    assert kept is not None and set(kept.functions) == {0, 1}
    assert not list((Path(os.environ["FUSEE_CACHE"]) / "unit").iterdir())


def test_ctrl_c_does_not_reach_what_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal interrupts a group of processes; what is at hand would be lost, and begun anew."""
    answer = "group = b'%d' % os.getpgid(0); sys.stdout.buffer.write(_HEAD.pack(0, len(group)) + group)"
    program = f"import os, sys; from fusee.native.worker import _HEAD; sys.stdin.buffer.read(); {answer}"
    monkeypatch.setattr(worker, "_PROGRAM", program)
    job = worker.Job(plan(bytes(wat2wasm(TEXT))), Options(Target.host()))
    ((_, group),) = worker.compiled(job, [0])
    assert int(group) != os.getpgid(0)


def test_whatever_ends_a_compilation_ends_its_threads() -> None:
    """A handler of SIGTERM raises `SystemExit`."""
    is_interrupted = Event()

    def end(_: object) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        units._each(end, [[0]], is_interrupted)
    assert is_interrupted.is_set()


def test_nothing_is_compiled_twice_where_threads_run_out(own_cache: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Scarce(ThreadPoolExecutor):
        def map(self, work: Callable[..., Any], shares: Any) -> Iterator[Any]:  # type: ignore[override]
            work(shares[0])
            raise RuntimeError("can't start new thread")

    def answers(_: worker.Job, numbers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        asked.extend(numbers)
        return ((number, b"code") for number in numbers)

    monkeypatch.setattr(units, "ThreadPoolExecutor", Scarce)
    monkeypatch.setattr(units, "processor_count", lambda: 2)
    monkeypatch.setattr(units, "compiled", answers)
    job = worker.Job(plan(bytes(wat2wasm(TEXT))), Options(Target.host()))
    assert sorted(compile_units(job, 4)) == [0, 1, 2, 3]
    assert sorted(asked) == [0, 1, 2, 3]


def test_who_waits_for_a_processor_is_not_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a unit may take is the processor's time."""
    monkeypatch.setattr(limits, "SECONDS", 0.0)
    job = worker.Job(plan(bytes(wat2wasm(TEXT))), Options(Target.host()))
    assert [number for number, _ in worker.compiled(job, [0])] == [0]


def test_what_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("resource")
    slow = "limits.SECONDS = 0; Compiler.object = lambda self, number, is_quick: sum(iter(int, 1))"
    monkeypatch.setattr(worker, "_PROGRAM", f"{MODULES}; {slow}; worker.main()")
    job = worker.Job(plan(bytes(wat2wasm(TEXT))), Options(Target.host()))
    assert list(worker.compiled(job, [0])) == []


MODULES = "import os; from fusee.native import limits, worker; from fusee.native.compile import Compiler"


def test_what_is_too_much_is_made_in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """That unit alone: the others, before it and behind it, are made as ever."""
    monkeypatch.setattr("fusee.native.compile.UNIT_BYTES", 1)
    make = "lambda self, number, is_quick: b'in haste' if is_quick else os.abort() if number == 1 else b'with care'"
    monkeypatch.setattr(worker, "_PROGRAM", f"{MODULES}; Compiler.object = {make}; worker.main()")
    job = worker.Job(plan(bytes(wat2wasm(f"(module {'(func)' * 4})"))), Options(Target.host()))
    found = dict(worker.compiled(job, range(4)))
    assert found == {0: b"with care", 1: b"in haste", 2: b"with care", 3: b"with care"}


def test_code_that_is_made_in_haste_is_linked_and_called(own_cache: None, monkeypatch: pytest.MonkeyPatch) -> None:
    make = "lambda self, number, is_quick: made(self, number, is_quick=True) if is_quick else os.abort()"
    program = f"{MODULES}; made = Compiler.object; Compiler.object = {make}; worker.main()"
    monkeypatch.setattr(worker, "_PROGRAM", program)
    kept = host.kept_code(bytes(wat2wasm(TEXT)))
    assert kept is not None and (set(kept.functions), kept.reasons) == ({0, 1}, {})


@pytest.fixture
def many_files() -> Iterator[None]:
    """The next file has a number that `select.select` does not take."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * MOST_SELECTED:
        pytest.skip("no more files than that may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * MOST_SELECTED, hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(MOST_SELECTED)]
    try:
        yield
    finally:
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_process_with_many_open_files_compiles(many_files: None) -> None:
    binary = bytes(wat2wasm(TEXT))
    (unit,) = worker.compiled(worker.Job(plan(binary), Options(Target.host())), [0])
    assert unit[0] == 0
    process = batches.Worker()
    try:
        assert answer_of(process) == b""
        process.ask(binary, Wish([1], [], [], 1000).to_bytes())
        assert set(mapped(answer_of(process)).functions) == {0, 1}
    finally:
        process.end()


def answer_of(process: batches.Worker) -> bytes:
    limit = time.monotonic() + 60
    while (made := process.poll()) is None and time.monotonic() < limit:
        time.sleep(0.01)
    assert made is not None
    return made


def test_a_process_compiles_one_batch_after_the_other() -> None:
    """What it is asked for may be longer than before, or shorter."""
    process = batches.Worker()
    try:
        assert answer_of(process) == b""
        assert process.is_ready
        for count in (1, 50, 2):
            binary = bytes(wat2wasm(f"(module {'(func)' * count})"))
            process.ask(binary, Wish(list(range(count)), [], [], 1000).to_bytes())
            assert set(mapped(answer_of(process)).functions) == set(range(count))
    finally:
        process.end()


def test_a_process_that_is_no_compiler_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_PROGRAM", "import os; os.abort()")
    assert list(worker.compiled(worker.Job(plan(bytes(wat2wasm(TEXT))), Options(Target.host())), [0])) == []


def _calling(count: int, results: int) -> str:
    """A function with so many calls, each of which gives so many vectors: of one more than two each takes a place."""
    call = "(call 1)" + "(drop)" * results
    return f"(module (func {call * count}) (func (result{' v128' * results}) unreachable))"


@pytest.mark.parametrize(
    ("count", "results"), [(MOST_RESULT_BYTES // 272, 16), (MOST_RESULT_BYTES // 64, 3), (20_000, 2)]
)
def test_so_many_results_there_is_room_for(count: int, results: int) -> None:
    assert plan(bytes(wat2wasm(_calling(count, results)))).reasons == {}


@pytest.mark.parametrize(
    ("target", "are_in_registers"),
    [("riscv32imac-unknown-none-elf", False), ("thumbv7em-none-eabihf", False), ("arm64_32-apple-watchos", True)],
)
def test_where_registers_are_narrow_one_result_takes_a_place(target: str, are_in_registers: bool) -> None:
    """A function with more than there is room for has the interpreter do its work."""
    most = MOST_RESULT_BYTES // 24
    call, options = "(drop (call 1))", Options(Target.parse(target), for_this_process=False)

    def calls(count: int) -> int:
        text = f"(module (func {call * count}) (func (result i32) unreachable))"
        return Compiler(plan(bytes(wat2wasm(text))), options).text(0).count('@"native.f1"(') - 1  # where it is defined

    assert calls(most) == most
    assert calls(most + 1) == (most + 1 if are_in_registers else 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"(module (func (param{' i64' * 65})))", "too many parameters or results"),
        (f"(module (func (local{' i64' * 4001})))", "too many locals"),
        (f"(module (func{'(nop)' * (1 << 18)}))", "too large"),
        (_calling(MOST_RESULT_BYTES // 272 + 1, 16), "too many results of calls"),
        (_calling(MOST_RESULT_BYTES // 64 + 1, 3), "too many results of calls"),
    ],
)
def test_reasons(text: str, reason: str) -> None:
    """Why a function stays interpreted."""
    assert plan(bytes(wat2wasm(text))).reasons == {0: reason}
