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
    looks: list[float] = []

    def look_again(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == LOOKS:
            (folder / "enough").write_text("")
        sleep(seconds)

    monkeypatch.setattr(background, "_group", os.getpgrp())
    monkeypatch.setattr("fusee.kernel.cache.time.sleep", look_again)
    with Cache(folder).building("key"):
        assert (folder / "done").exists()
    assert len(looks) >= LOOKS


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
    environment = {"PYTHONPATH": str(Path(fusee.__file__).parent.parent)}
    command = [sys.executable, str(folder / "builder_of_test.py"), str(folder), "0.5"]
    with subprocess.Popen(command, env=environment) as builder:
        wait_for(folder / "begun")
        said: list[str] = []
        with Cache(folder).building("key", None, lambda: said.append("taken over")):
            assert (folder / "done").exists()
        assert builder.wait() == 0
    assert said == []
