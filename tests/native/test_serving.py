"""What was made in haste is compiled with all of LLVM's passes when the program has ended, for the next run."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fusee.api.text import wat2wasm
from fusee.kernel import orphan
from fusee.kernel.cache import Cache
from fusee.native import serving
from fusee.native.batch import Wish, compile_batch
from fusee.native.batches import Worker
from fusee.native.code import Kept, Place, unpacked
from fusee.native.sections import read_module
from fusee.native.serving import _ALONE, _Unfinished
from fusee.native.shelf import Shelf

_STEPS = "(local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 7)) (i32.div_u (i32.const 9) (local.get 0))))"
BINARY = bytes(
    wat2wasm(f"""(module
  (func (param i32) (result i32) {_STEPS * 60} (local.get 0))
  (func (param i32) (result i32) (call 0 (local.get 0)))
  (func (param i32) (result i32) {_STEPS * 60} (local.get 0)))""")
)
HASTY = Wish([0], [], [2], 2048, called=[0, 1, 2])
_PATIENCE = 100.0


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FUSEE_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process may go on."""
    monkeypatch.setattr(serving, "allow_seconds", lambda seconds: None)


@pytest.fixture
def is_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes may go on for as long as it takes behind everything else on a busy machine."""
    program = f"from fusee.native import serving; serving._AFTERWARDS_SECONDS = {_PATIENCE:.0f}; {orphan._PROGRAM}"
    monkeypatch.setattr(orphan, "_PROGRAM", program)


def kept() -> list[Kept]:
    return [code for _, code in Shelf(BINARY, False).all()]


def answered(worker: Worker) -> bytes:
    limit = time.monotonic() + _PATIENCE
    while time.monotonic() < limit:
        made = worker.poll()
        if made is not None:
            return made
        time.sleep(0.01)
    raise TimeoutError


def is_gone(worker: Worker) -> bool:
    """Whether the process ends, and the one that has made it."""
    limit = time.monotonic() + _PATIENCE
    while time.monotonic() < limit:
        worker._process.settle()
        try:
            os.killpg(worker._process.number, 0)
        except OSError:
            return True
        time.sleep(0.01)
    return False


def test_a_process_goes_on_for_a_moment(folder: Path, is_patient: None) -> None:
    worker = Worker()
    assert answered(worker) == b""
    worker.ask(BINARY, HASTY.to_bytes())
    assert unpacked(answered(worker)).is_quick
    worker.forget()  # which closes what leads there, as the end of a program does
    assert is_gone(worker)
    (code,) = kept()
    assert not code.is_quick
    assert set(code.functions) == {0}
    assert list((folder / "kernels").iterdir())  # for the next process


def test_a_process_that_has_done_nothing_ends_at_once(folder: Path) -> None:
    worker = Worker()
    assert answered(worker) == b""
    worker.forget()
    assert is_gone(worker)
    assert not kept()
    assert not (folder / "kernels").exists()


def processes(group: int) -> list[int]:
    """Those of a group that are there."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if os.getpgid(int(name)) == group:
                found.append(int(name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="only Linux says where a process is")
def test_it_has_nothing_of_the_applications(is_patient: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No folder that could not be removed or unmounted, no file; its memory becomes no file there, either."""
    (tmp_path / "cache").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FUSEE_CACHE", "cache")
    worker = Worker()
    assert answered(worker) == b""
    worker._process.settle()
    (process,) = processes(worker._process.number)
    assert os.readlink(f"/proc/{process}/cwd") == "/"
    files = {os.readlink(f"/proc/{process}/fd/{number}").partition(":")[0] for number in (0, 1, 2, 3)}
    assert files <= {"pipe", os.devnull, "/memfd"}
    assert "Max core file size        0 " in Path(f"/proc/{process}/limits").read_text()
    worker.ask(BINARY, HASTY.to_bytes())
    answered(worker)
    worker.forget()
    assert is_gone(worker)
    assert kept()  # the cache is where it was


def test_it_ends_in_time_whatever_it_does() -> None:
    """And goes behind everything else at once, though it is what is asked of another thread of it."""
    program = """if True:
        import os, threading, time
        from fusee.native import serving
        serving._AFTERWARDS_SECONDS = 1
        requests = serving._Requests()
        requests.has_answered = True
        last = min(19, os.getpriority(os.PRIO_PROCESS, 0) + 19)  # tests may be ahead of others
        threading.Thread(target=requests.listen).start()
        while os.getpriority(os.PRIO_PROCESS, 0) != last:
            time.sleep(0.01)
        print("last", flush=True)
        while True:
            time.sleep(1)"""
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=_PATIENCE)
    assert (ended.stdout, ended.returncode) == (b"last\n", -signal.SIGALRM)


def note(unfinished: _Unfinished, wish: Wish) -> None:
    unfinished.note(wish, compile_batch(read_module(BINARY), wish))


def test_what_has_been_made_again_is_not_made_once_more(is_alone: None) -> None:
    unfinished = _Unfinished(read_module(BINARY))
    note(unfinished, HASTY)
    note(unfinished, HASTY._replace(hot=[2], done=[0]))
    note(unfinished, HASTY._replace(is_last=True))
    unfinished.finish(None)
    assert [set(code.functions) for code in kept()] == []  # 2 was to stay interpreted: so the first wish says
    unfinished = _Unfinished(read_module(BINARY))
    note(unfinished, HASTY._replace(done=[]))
    note(unfinished, HASTY._replace(hot=[2], done=[0]))
    note(unfinished, HASTY._replace(is_last=True))
    unfinished.finish(None)
    assert [set(code.functions) for code in kept()] == [{2}]


def test_what_was_native_in_a_loop_is_from_where_it_begins(is_alone: None) -> None:
    binary = bytes(wat2wasm("(module (func (param i32) (loop (br_if 0 (local.get 0)))))"))
    module = read_module(binary)
    wish = Wish([], [Place(0, module.body(0)[0] + 1, 0, 0, 1)], [], 2048)
    unfinished = _Unfinished(module)
    unfinished.note(wish, compile_batch(module, wish))
    unfinished.finish(None)
    ((_, code),) = Shelf(binary, False).all()
    assert set(code.functions) == {0} and not code.loops


def test_what_nobody_has_waited_for_is_kept(is_alone: None) -> None:
    unfinished, wish = _Unfinished(read_module(BINARY)), HASTY._replace(hot=[1], is_last=True)
    unfinished.finish((wish, compile_batch(read_module(BINARY), wish)))
    (code,) = kept()
    assert 1 in code.functions


def test_one_process_does_so(is_alone: None) -> None:
    unfinished = _Unfinished(read_module(BINARY))
    note(unfinished, HASTY)
    with Cache().claim(_ALONE) or pytest.skip("no locks"):
        unfinished.finish(None)
        assert not kept()
    unfinished.finish(None)
    assert kept()


def test_a_cache_that_is_gone_stays_so(is_alone: None, folder: Path) -> None:
    unfinished = _Unfinished(read_module(BINARY))
    note(unfinished, HASTY)
    shutil.rmtree(folder)
    unfinished.finish(None)
    assert not folder.exists()


def test_it_takes_a_few_seconds(is_alone: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_AFTERWARDS_SECONDS", -1)
    unfinished = _Unfinished(read_module(BINARY))
    note(unfinished, HASTY)
    unfinished.finish(None)
    assert not kept()
