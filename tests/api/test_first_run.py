"""A first program starts on a small engine, and the whole one follows in the background."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import fusee
from fusee.api import _start
from fusee.api._start import program_name
from fusee.engine.isa.selection import HOST, START
from fusee.kernel.background import signer
from fusee.kernel.cache import Cache
from fusee.kernel.library import defined_key
from tests.api.guest import engine

if sys.platform != "linux":
    pytest.skip("looks for processes in /proc", allow_module_level=True)

ROOT = Path(__file__).parent.parent.parent
WATCH = ("run", str(ROOT / "examples" / "watch.wasm"), "--time", "10:09:36", "--columns", "40")
WHICH = "import fusee; fusee.Engine(); from fusee.engine.isa.selection import chosen; print(chosen().name)"
PROFILED = WHICH.replace("fusee.Engine()", "config = fusee.Config(); config.profiled = True; fusee.Engine(config)")
SECONDS = 1800  # longer than anything takes on a busy machine: five minutes were not, among ten other builds


def python(cache: Path, *arguments: str, **environment: str) -> str:
    """What Python writes, with a cache folder of its own."""
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={
            **os.environ,
            "FUSEE_CACHE": str(cache),
            "PYTHONPATH": str(Path(fusee.__file__).parent.parent),
            **environment,
        },
    )
    return done.stdout + done.stderr


def background(cache: Path) -> list[int]:
    """The processes that compile for a cache folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_one = b"fusee.kernel.background" in (process / "cmdline").read_bytes()
            if is_one and f"FUSEE_CACHE={cache}\0".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:  # it has ended
            continue
    return found


def end(cache: Path) -> None:
    """Kill what works in the background."""
    for process in background(cache):
        os.kill(process, signal.SIGKILL)


def wait_until(condition: Callable[[], object]) -> None:
    limit = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.1)


def builder(lock: Path) -> int:
    """The processes that build in the background."""
    with lock.open("r+b") as file:
        return signer(file)


def key_of(selection: object) -> str:
    assert isinstance(selection, type(HOST))
    return defined_key(program_name(selection))


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    """A folder that knows no program; only object files need not be made again."""
    folder = tmp_path.resolve() / "cache"
    folder.mkdir()
    objects = Path(Cache().folder).resolve() / "objects"
    objects.mkdir(exist_ok=True)
    (folder / "objects").symlink_to(objects)
    yield folder
    end(folder)


def test_a_first_program(cache: Path) -> None:
    """It runs on START, as do others, until the whole engine is there, although its compilation was killed once."""
    expected = python(Path(Cache().folder), "-m", "fusee", *WATCH)
    assert python(cache, "-m", "fusee", *WATCH) == expected
    held = Cache(cache)
    wait_until(lambda: not held.can_build(key_of(HOST)))
    assert held.read("programs", key_of(START)) is not None
    assert held.read("programs", key_of(HOST)) is None
    sessions = {os.getsid(process) for process in background(cache)}
    assert os.getsid(0) not in sessions
    assert all(os.getpriority(os.PRIO_PROCESS, process) >= 10 for process in background(cache))
    assert python(cache, "-c", WHICH) == "start\n"
    assert {os.getsid(process) for process in background(cache)} <= sessions  # nobody began a second time
    end(cache)
    wait_until(lambda: held.can_build(key_of(HOST)))
    assert python(cache, "-c", WHICH) == "start\n"
    wait_until(lambda: held.read("programs", key_of(HOST)) is not None)
    assert python(cache, "-c", WHICH) == "host\n"
    wait_until(lambda: not background(cache))


def test_who_needs_the_whole_engine_does_not_wait_for_the_background(cache: Path) -> None:
    """Here it would for ever, because that was stopped."""
    assert python(cache, "-c", WHICH) == "start\n"
    lock = Path(Cache(cache).path("locks", f"{key_of(HOST)}.builder"))
    wait_until(lambda: lock.exists() and builder(lock))
    os.killpg(builder(lock), signal.SIGSTOP)
    assert python(cache, "-c", PROFILED) == "host\n"
    assert Cache(cache).read("programs", key_of(HOST)) is not None
    wait_until(lambda: not background(cache))


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the engines that a fresh process with an empty cache would compile."""
    engine()  # this process keeps what it has
    names: list[str] = []
    monkeypatch.setattr(_start, "_needs_whole", False)
    monkeypatch.setattr(_start, "is_settled", lambda: False)
    monkeypatch.setattr(_start, "choose", lambda selection: None)
    monkeypatch.setattr(_start, "find_defined", lambda *_: None)
    monkeypatch.setattr(_start, "load_defined", lambda name, *_, **__: names.append(name.split()[1]))
    monkeypatch.setattr(_start, "_compile_meanwhile", lambda selection: names.append(f"{selection.name} later"))
    return names


def test_who_needs_the_whole_engine(loaded: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The checked build, who says so, and who is too late to choose."""
    _start.load_engine(False, None)
    assert loaded == ["start", "host later"]
    _start.load_engine(True, None)
    assert loaded[2:] == ["host"]
    monkeypatch.setattr(_start, "is_settled", lambda: True)
    _start.load_engine(False, None)
    assert loaded[3:] == ["host"]
    monkeypatch.setattr(_start, "is_settled", lambda: False)
    config = fusee.Config()
    config.profiled = True
    fusee.Engine(config)
    _start.load_engine(False, None)
    assert loaded[4:] == ["host"]


def test_a_folder_that_keeps_nothing(cache: Path) -> None:
    """Programs run, are told that each start compiles again, and nothing is compiled in vain."""
    for name in ("locks", "programs", "images"):
        (cache / name).write_bytes(b"")
    first, warning, _ = python(cache, "-c", WHICH).splitlines()  # and the line of the code that warns
    assert first == "start"
    assert f"RuntimeWarning: what was compiled of fusee cannot be kept, because {cache} cannot be written: " in warning
    assert background(cache) == []


def test_what_fails_in_the_background(cache: Path, tmp_path: Path) -> None:
    """The next process fails in the foreground, and says why."""
    tuned = tmp_path / "selection.txt"
    tuned.write_text("add(nonsense\n")
    assert python(cache, "-c", WHICH, FUSEE_TUNE=str(tuned)) == "start\n"
    wait_until(lambda: Cache(cache).read("failed", key_of(HOST.tuned(tuned))))
    assert "selection.txt:1: " in python(cache, "-c", WHICH, FUSEE_TUNE=str(tuned))
