"""What compiles hot functions is started before there is an engine, if a program is run for the first time."""

import os
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from fusee import Config, Engine, Module
from fusee.api.text import wat2wasm
from fusee.cli.main import run_command
from fusee.kernel import orphan, processors
from fusee.kernel.runs import LONG_BYTES, native_mark, note_native, note_run
from fusee.native import batches, digests, shelf
from fusee.native.host import native_code
from fusee.tier import compiling, early
from tests.native.loops import tiered_engine

pytestmark = pytest.mark.usefixtures("own_cache")

TEXT = '(module (func (export "main") (result i32) (i32.const 7)))'
BINARY = bytes(wat2wasm(TEXT))


class Began:
    """Stands for the process."""

    made: list["Began"]

    def __init__(self) -> None:
        self.made.append(self)
        self.has_ended = False

    def end(self, is_waited_for: bool) -> None:
        assert not is_waited_for
        self.has_ended = True


@pytest.fixture
def began(monkeypatch: pytest.MonkeyPatch) -> list[Began]:
    """Those that were started."""
    monkeypatch.setattr(Began, "made", [], raising=False)
    monkeypatch.setattr(orphan, "begin", Began)
    monkeypatch.setattr(processors, "processor_count", lambda: 2)
    return Began.made


def test_a_first_run_starts_a_process_and_the_next_does_not(began: list[Began]) -> None:
    """Though nothing was compiled: it may be as short."""
    early.begin(BINARY)
    early.begin(BINARY)
    assert len(began) == 1
    assert not native_mark(BINARY)
    early.end()
    assert began[0].has_ended
    assert early.take() is None


@pytest.mark.parametrize("part", [b"\x01\0", b"\x01" + bytes(1 << 16)])
def test_another_module_is_told_by_its_length_and_its_beginning(began: list[Began], part: bytes) -> None:
    """Behind that it is taken for the same, which costs a run that is longer than it was."""
    for number, binary in enumerate((part, part + b"\1", b"\2" + part[1:]), 1):
        early.begin(binary)
        assert len(began) == number
    early.begin(part[:-1] + b"\3")
    assert len(began) == 3 + (len(part) <= 1 << 16)
    early.end()


def test_what_was_compiled_ahead_needs_no_process(began: list[Began]) -> None:
    assert native_code(BINARY) is not None
    assert native_mark(BINARY)
    early.begin(BINARY)
    assert began == []


def test_where_the_cache_cannot_be_written_every_run_would_be_the_first(
    began: list[Began], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("FUSEE_CACHE", str(tmp_path / "file"))
    early.begin(BINARY)
    assert began == []


def test_nothing_is_started_beside_the_guest(began: list[Began], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "processor_count", lambda: 1)
    early.begin(BINARY)
    assert began == []


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("fusee.kernel.processors.processor_count", lambda: 1),
        ("fusee.kernel.background.is_possible", lambda: False),
        ("threading.stack_size", lambda: 4 * early._LEAST_STACK_BYTES - 4096),
        ("os.uname", lambda: os.uname_result(("Linux", "", "", "", "riscv64"))),
    ],
)
def test_where_it_is_not_usual_programs_are_interpreted(
    name: str, lacking: object, began: list[Began], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(name, lacking)
    file = tmp_path / "app.wasm"
    file.write_bytes(BINARY)
    assert run_command(["run", "--invoke", "main", str(file)]) == 0
    assert began == []
    assert Engine()._tier is None
    for strategy, is_tiered in (("auto", False), ("cranelift", False), ("interpreter", False), ("tiered", True)):
        config = Config()
        config.strategy = strategy
        assert (Engine(config)._tier is not None) is is_tiered


def test_programs_are_tiered_where_that_is_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """But where fuel is counted, only if it is asked for."""
    monkeypatch.setattr(early, "is_usual", lambda: True)
    assert Engine()._tier is not None
    for strategy, is_tiered in (("auto", True), ("cranelift", True), ("interpreter", False), ("tiered", True)):
        for is_metered in (False, True):
            config = Config()
            config.strategy, config.consume_fuel = strategy, is_metered
            expected = is_tiered and not (is_metered and strategy != "tiered")
            assert (Engine(config)._tier is not None) is expected


def test_what_names_native_code_is_found_out_where_there_is_some(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_early(*given: object) -> NoReturn:
        raise AssertionError("nothing of this module is native")

    monkeypatch.setattr(shelf, "key_of", too_early)
    monkeypatch.setattr(shelf, "digest", too_early)
    Module(tiered_engine(), BINARY)
    note_run(BINARY)
    Module(tiered_engine(), BINARY)
    note_native(BINARY)
    with pytest.raises(AssertionError):
        Module(tiered_engine(), BINARY)


@pytest.mark.parametrize("size", [LONG_BYTES - 1, LONG_BYTES])
def test_the_digest_of_a_long_module_is_begun(size: int, began: list[Began], monkeypatch: pytest.MonkeyPatch) -> None:
    """If there may be native code of it. What is shorter takes less time than a thread."""
    binary = bytes(size)
    monkeypatch.setattr(digests, "_begun", [])
    early.begin(binary)
    early.begin(binary)
    assert not digests._begun
    note_native(binary)
    early.begin(binary)
    assert [one.binary for one in digests._begun] == [binary][: size == LONG_BYTES]
    early.end()


def test_threads_take_longer_turns_when_the_program_has_ended(began: list[Began]) -> None:
    """While it runs, it does not wait for long for one that looks after it."""
    usual = sys.getswitchinterval()
    for seconds in (usual, 0.02):  # an application may have chosen it
        sys.setswitchinterval(seconds)
        before = sys.getswitchinterval()
        early.begin(BINARY)
        assert sys.getswitchinterval() < before
        early.end()
        early.end()
        assert sys.getswitchinterval() == before
    sys.setswitchinterval(usual)


def test_an_engine_takes_the_process_that_was_started(began: list[Began], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "begin", Began)
    early.begin(BINARY)
    first, second = compiling.Compiling(), compiling.Compiling()
    first._start()
    second._start()
    assert first._worker is not None and second._worker is not None
    taken: list[object] = [first._worker._process, second._worker._process]
    assert taken == began
    early.end()
    assert not began[0].has_ended


def test_a_process_that_cannot_be_started_early_costs_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking() -> None:
        raise OSError

    monkeypatch.setattr(orphan, "begin", lacking)
    early.begin(BINARY)
    assert early.take() is None


@pytest.mark.parametrize(
    ("options", "text", "count"),
    [
        (["-C", "compiler=tiered"], False, 1),
        (["-C", "compiler=tiered"], True, 0),
        (["-C", "compiler=interpreter"], False, 0),
        ([], False, 1),
        (["-C", "compiler=auto"], False, 1),
        (["-C", "compiler=native"], False, 0),
        (["-C", "compiler=tiered", "-W", "fuel=1000"], False, 0),
        (["-C", "compiler=tiered", "-W", "timeout=60s"], False, 0),
    ],
)
def test_who_runs_a_program_starts_the_process(
    options: list[str], text: bool, count: int, began: list[Began], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And ends it if the program was too short for it."""
    file = tmp_path / ("app.wat" if text else "app.wasm")
    file.write_bytes(TEXT.encode() if text else BINARY)
    assert run_command(["run", *options, "--invoke", "main", str(file)]) == 0
    assert capsys.readouterr().out == "7\n"
    assert [one.has_ended for one in began] == [True] * count


@pytest.mark.parametrize("options", [[], ["-C", "compiler=tiered"]])
def test_processors_are_counted_once(
    options: list[str], began: list[Began], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each program waits for that."""
    counted: list[int] = []

    def count() -> int:
        counted.append(2)
        return 2

    monkeypatch.setattr(processors, "processor_count", count)
    monkeypatch.setattr(early, "_TRIED", (os.uname().sysname, os.uname().machine))
    (tmp_path / "app.wasm").write_bytes(BINARY)
    assert run_command(["run", *options, "--invoke", "main", str(tmp_path / "app.wasm")]) == 0
    assert len(began) == 1
    assert counted == [2]
