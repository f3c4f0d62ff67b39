"""What native code needs may not be there: files, threads, processes, room for code. That costs speed, nothing else."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

from fusee import Config, Engine, Instance, Module, Store
from fusee.api.text import wat2wasm
from fusee.kernel import another, background, orphan
from fusee.kernel.runs import NATIVE
from fusee.kernel.target import Target
from fusee.native import batches, code, host, shelf, units, worker
from fusee.native.batch import Wish
from fusee.native.compile import plan
from fusee.native.unit import Options
from fusee.native.units import compile_units  # as it is where nobody compiles everything natively
from fusee.tier import compiling
from fusee.tier import module as tier_module
from fusee.tier import tier as tiers
from fusee.tier.looking import Looking
from tests.native.tiering import Free

pytestmark = pytest.mark.usefixtures("own_cache")

BINARY = bytes(wat2wasm('(module (func (export "f") (result i32) (loop) (i32.const 7)))'))
LOOK_SECONDS = 0.01


def lacking(*given: object, **named: object) -> NoReturn:
    raise OSError("there is no more of it")


def loaded(strategy: str) -> Module:
    """For an engine with a strategy."""
    config = Config()
    config.strategy = strategy
    return Module(Engine(config), BINARY)


def answer(module: Module) -> object:
    store = Store(module._engine)
    exports: Any = Instance(store, module, []).exports(store)
    return exports["f"](store)


def test_where_python_is_unknown_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an application that has Python as a part."""
    for unknown in (None, ""):
        monkeypatch.setattr(sys, "executable", unknown)
        assert list(worker.compiled(worker.Job(plan(BINARY), Options(Target.host())), [0])) == []
        with pytest.raises(FileNotFoundError, match="how Python is started"):
            batches.Worker()


def test_where_python_is_part_of_one_file_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is that of the application, which would begin again, and so on."""
    assert background.is_possible()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert not background.is_possible()
    with pytest.raises(FileNotFoundError, match="how Python is started"):
        batches.Worker()


def test_where_files_are_not_inherited_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, which has no `fcntl`."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(OSError, match="cannot be inherited"):
        batches.Worker()


def test_a_compiler_may_have_less_memory_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that nobody may raise."""
    less = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)); "
    monkeypatch.setattr(orphan, "_PROGRAM", less + orphan._PROGRAM)
    process = batches.Worker()
    try:
        while process.poll() is None:
            time.sleep(LOOK_SECONDS)
        assert process.is_ready
    finally:
        process.end()


CLOSED = """
import os, sys, time
from fusee.native.batches import Worker
os.close(0)
process = Worker()
assert process._process.file.fileno() == 0
while process.poll() is None:
    time.sleep(float(sys.argv[2]))
process.ask(bytes.fromhex(sys.argv[1]), bytes.fromhex(sys.argv[3]))
while not (made := process.poll()):
    time.sleep(float(sys.argv[2]))
print(len(made))
process.end()
"""


def test_a_process_without_standard_input_has_a_compiler() -> None:
    """The file in which it is asked has that number."""
    wish = Wish([0], [], [], 4096).to_bytes()
    arguments = sys.executable, "-c", CLOSED, BINARY.hex(), str(LOOK_SECONDS), wish.hex()
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.stderr == ""
    assert int(done.stdout) > 0


def test_a_file_is_inherited_under_a_number_of_its_own(tmp_path: Path) -> None:
    with open(tmp_path / "file", "w+b") as file, another.passed(file.fileno()) as number:
        assert number > 2
        assert number != file.fileno()
        assert os.path.samestat(os.fstat(number), os.fstat(file.fileno()))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_another_process_imports_from_what_is_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of `sys.path`, in which anything may be; and the current folder may be gone."""
    here, gone = os.getcwd(), tmp_path / "gone"
    gone.mkdir()
    monkeypatch.setattr(sys, "path", ["/one", None, b"/two", Path("/three"), "/fo\0ur", "", "five", "/six"])
    assert another.environment()["PYTHONPATH"].split(os.pathsep) == ["/one", here, f"{here}/five", "/six"]
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert another.environment()["PYTHONPATH"].split(os.pathsep) == ["/one", "/six"]


def test_what_another_process_imports_is_what_this_one_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "only_here.py").write_text("print('found')")
    monkeypatch.setattr(sys, "path", [None, str(tmp_path), *sys.path])
    command = another.command("import sys, only_here; print(sys.argv[1:])", "an argument")
    done = subprocess.run(command, env=another.environment(), capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["found", "['an argument']", ""]


@pytest.mark.parametrize("strategy", ["native", "tiered"])
@pytest.mark.parametrize("needed", ["key", "process"])
def test_without_files_or_processes(strategy: str, needed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if needed == "key":
        for place, name in ((host, "functions_key"), (shelf, "functions_key"), (shelf, "key_of")):
            monkeypatch.setattr(place, name, lacking)
    else:
        monkeypatch.setattr(subprocess, "Popen", lacking)
        monkeypatch.setattr(os, "posix_spawn", lacking)
    assert answer(loaded(strategy)) == 7


def test_what_cannot_be_named_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "key_of", lacking)
    held = shelf.Shelf(BINARY, False)
    held.add(b"made", [0])
    assert held.all() == []
    assert not os.path.exists(os.environ["FUSEE_CACHE"])


@pytest.mark.parametrize("strategy", ["native", "tiered"])
def test_without_room_for_code(strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is interpreted: also what an earlier run has left."""
    made = host.kept_code(BINARY)
    assert made is not None
    monkeypatch.setattr(host, "kept_code", lambda *given: made)
    monkeypatch.setattr(shelf.Shelf, "all", lambda self: [("key", made)])
    tried: list[object] = []

    def without_room(image: object) -> NoReturn:
        tried.append(image)
        raise OSError("nothing more may be executed")

    monkeypatch.setattr("fusee.tier.tier.native_mark", lambda binary: NATIVE)
    monkeypatch.setattr(code, "MappedImage", without_room)
    assert answer(loaded(strategy)) == 7
    assert tried == [made.image]


def test_without_threads_units_are_compiled_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThreads:
        def __init__(self, count: int) -> None:
            assert count == 2

        def __enter__(self) -> "NoThreads":
            return self

        def __exit__(self, *given: object) -> None:
            pass

        def map(self, *given: object) -> NoReturn:
            raise RuntimeError("can't start new thread")

    def compiled(job: worker.Job, share: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        return ((number, b"%d" % number) for number in share)

    monkeypatch.setattr(units, "ThreadPoolExecutor", NoThreads)
    monkeypatch.setattr(units, "processor_count", lambda: 2)
    monkeypatch.setattr(units, "compiled", compiled)
    found = compile_units(worker.Job(plan(BINARY), Options(Target.host())), 3)
    assert found == {0: b"0", 1: b"1", 2: b"2"}


def test_who_looks_goes_on_when_a_file_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    module = loaded("tiered")
    tier = module._engine._tier
    assert tier is not None
    monkeypatch.setattr(compiling, "Worker", Free)
    (known,) = tier.watcher._modules.values()
    known.heads[0, 40] += 1
    tier.watcher._samples = 99
    monkeypatch.setattr(tier_module, "find_loops", lacking)
    assert not tier.watcher._look()
    assert tier.watcher._samples == 0
    tier.watcher._samples = 99
    assert not tier.watcher._look()


@pytest.mark.parametrize("failures", [3, 1000])
def test_a_batch_waits_until_a_process_can_be_started(failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """But not for ever."""
    module = loaded("tiered")
    tier = module._engine._tier
    assert tier is not None
    (known,) = tier.watcher._modules.values()
    tried: list[str] = []

    class Starting(Free):
        def __init__(self) -> None:
            tried.append("started")
            if len(tried) <= failures:
                lacking()

        def ask(self, binary: bytes, wish: bytes) -> None:
            tried.append("asked")

    monkeypatch.setattr(compiling, "Worker", Starting)
    known.counts[0] += 1
    tier.watcher._samples = 99
    for _ in range(200):
        tier.watcher._look()
    assert tried == (["started"] * 4 + ["asked"] if failures == 3 else ["started"] * compiling._MOST_TRIES)
    assert tier.watcher._compiling.is_busy is (failures == 3)


@pytest.mark.parametrize("failures", [3, 1000])
def test_a_batch_waits_until_it_can_be_asked_for(failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """But not for ever."""
    module = loaded("tiered")
    tier = module._engine._tier
    assert tier is not None
    (known,) = tier.watcher._modules.values()
    asked: list[bytes] = []

    class Asked(Free):
        def ask(self, binary: bytes, wish: bytes) -> None:
            asked.append(wish)
            if len(asked) <= failures:
                lacking()

    monkeypatch.setattr(compiling, "Worker", Asked)
    known.counts[0] += 1
    tier.watcher._samples = 99
    for _ in range(200):
        tier.watcher._look()
    assert set(asked) == {asked[0]}
    assert len(asked) == (4 if failures == 3 else compiling._MOST_TRIES)
    assert tier.watcher._compiling.is_busy is (failures == 3)


@pytest.mark.parametrize("error", [OSError, ImportError, MemoryError])
def test_who_watches_tries_again_later(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it imports is in a file, and may find none to be had."""
    tries: list[object] = []

    def lacks(self: Looking, least: float) -> bool:
        tries.append(self)
        raise error

    monkeypatch.setattr(tiers, "_LACKING_SECONDS", LOOK_SECONDS)
    monkeypatch.setattr(Looking, "is_worth_while", lacks)
    module = loaded("tiered")
    limit = time.monotonic() + 60
    while len(tries) < 2 and time.monotonic() < limit:
        assert answer(module) == 7
        time.sleep(LOOK_SECONDS)
    assert len(tries) >= 2
