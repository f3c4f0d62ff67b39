"""Who needs what is built in the background takes it over, and waits for anybody else."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

import fusee
from fusee.kernel import background
from fusee.kernel.background import run_in_background
from fusee.kernel.cache import Cache

if sys.platform == "win32":
    pytest.skip("there are no locks and no groups of processes", allow_module_level=True)

BUILDER = """
import os, sys, time
from pathlib import Path
from fusee.kernel.cache import Cache

def work(folder, seconds):
    limit = time.monotonic() + float(seconds)
    while time.monotonic() < limit and not Path(folder, "enough").exists():
        time.sleep(0.01)

def build(folder, seconds):
    with Cache(Path(folder)).building("key") as tell:
        tell(1, 3)
        if not os.fork():  # as those do that compile parts
            work(folder, seconds)
            os._exit(0)
        Path(folder, "new").write_text(str(os.getpgrp()))
        Path(folder, "new").rename(Path(folder, "begun"))
        work(folder, seconds)
        Path(folder, "done").write_text("")

if __name__ == "__main__":
    build(*sys.argv[1:])
"""


SOURCES = Path(fusee.__file__).parent.parent
LOOKS = 5  # more than are needed to end somebody's work


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "builder_of_test.py").write_text(BUILDER)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def wait_for(file: Path) -> None:
    limit = monotonic() + 60
    while not file.exists():
        assert monotonic() < limit
        sleep(0.01)


def let_go_after(count: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Has who builds go on to the end when it has been looked at so often; gives the pauses that there were."""
    looks: list[float] = []

    def look_again(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == count:
            (folder / "enough").write_text("")
        sleep(seconds)

    monkeypatch.setattr("fusee.kernel.cache.time.sleep", look_again)
    return looks


def test_work_in_the_background_is_taken_over(folder: Path) -> None:
    run_in_background("builder_of_test:build", str(folder), "300", environment={})
    wait_for(folder / "begun")
    said: list[str] = []
    told: list[tuple[int, int]] = []
    with Cache(folder).building("key", lambda *far: told.append(far), lambda: said.append("taken over")):
        assert said == ["taken over"]
        assert told[:1] == [(1, 3)]
    assert not (folder / "done").exists()


def test_nobody_has_to_ask_for_that(folder: Path) -> None:
    """Not even for work that was stopped, and would never end."""
    run_in_background("builder_of_test:build", str(folder), "300", environment={})
    wait_for(folder / "begun")
    os.killpg(int((folder / "begun").read_text()), signal.SIGSTOP)
    with Cache(folder).building("key"):
        pass
    assert not (folder / "done").exists()


def test_work_in_the_background_waits_for_the_like(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are behind everything else."""
    run_in_background("builder_of_test:build", str(folder), "300", environment={})
    wait_for(folder / "begun")
    looks = let_go_after(LOOKS, folder, monkeypatch)
    monkeypatch.setattr(background, "_is_here", True)
    with Cache(folder).building("key"):
        assert (folder / "done").exists()
    assert len(looks) >= LOOKS


# Locks a file until there is another one.
OTHER = """
import fcntl, sys, time
from pathlib import Path

file = open(sys.argv[1], "r+b")
fcntl.flock(file, fcntl.LOCK_EX)
begun, enough = Path(sys.argv[2]), Path(sys.argv[3])
begun.write_text("")
while not enough.exists():
    time.sleep(0.01)
"""


# Signs a file as if it were in the background.
SIGNER = """
import sys, time
from pathlib import Path
from fusee.kernel import background

background._is_here = True
with open(sys.argv[1], "w+b") as file:
    background.sign(file)
    Path(sys.argv[2]).write_text("")
    time.sleep(300)
"""


def test_what_is_written_in_a_lock_ends_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it may be of an earlier process, another machine or container: by now the number may be anybody's."""
    lock = Path(Cache(folder).path("locks", "key"))
    lock.parent.mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as anybody:
        lock.write_bytes(b"%12d %12d %d" % (1, 3, anybody.pid))
        command = [sys.executable, "-c", OTHER, str(lock), str(folder / "begun"), str(folder / "enough")]
        with subprocess.Popen(command):
            wait_for(folder / "begun")
            let_go_after(LOOKS, folder, monkeypatch)
            said: list[str] = []
            with Cache(folder).building("key", None, lambda: said.append("taken over")):
                assert said == []
        assert anybody.poll() is None
        anybody.communicate(b"\n")
    assert anybody.returncode == 0


def test_nobody_ends_its_own_group(folder: Path) -> None:
    command = [sys.executable, "-c", SIGNER, str(folder / "file"), str(folder / "begun")]
    with subprocess.Popen(command, env={"PYTHONPATH": str(SOURCES)}) as signer:
        wait_for(folder / "begun")
        with (folder / "file").open("r+b") as file:
            assert background.signer(file) == 0
        signer.kill()
    with (folder / "file").open("r+b") as file:
        assert background.signer(file) == 0


def test_one_process_is_started(folder: Path) -> None:
    """Also by those that ask while it begins, and has not yet locked what it builds."""
    cache = Cache(folder)
    claim = cache.claim("key")
    assert claim is not None
    with claim:
        run_in_background("builder_of_test:build", str(folder), "300", environment={}, inherited=(claim.fileno(),))
    assert cache.claim("key") is None
    wait_for(folder / "begun")
    assert not cache.can_build("key")
    with cache.building("key", None, lambda: None):
        pass
    limit = monotonic() + 60
    while (claim := cache.claim("key")) is None:  # what was ended has its files for a moment
        assert monotonic() < limit
    claim.close()


def test_others_are_waited_for(folder: Path) -> None:
    command = [sys.executable, str(folder / "builder_of_test.py"), str(folder), "0.5"]
    with subprocess.Popen(command, env={"PYTHONPATH": str(SOURCES)}) as builder:
        wait_for(folder / "begun")
        said: list[str] = []
        with Cache(folder).building("key", None, lambda: said.append("taken over")):
            assert (folder / "done").exists()
        assert builder.wait() == 0
    assert said == []
