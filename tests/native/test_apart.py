"""`fusee.native.apart`: a module finds no native code of earlier runs, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MODULE = """
import os, sys
folder = os.environ["FUSEE_CACHE"]
os.mkdir(os.path.join(folder, "batch"))
open(os.path.join(folder, "batch", "one"), "w").close()
print(sorted(os.listdir(folder)), sys.argv[1:], flush=True)
sys.stdin.readline()
sys.exit(3)
"""


def start(folder: Path) -> subprocess.Popen[str]:
    """Run it with a cache that has an engine and native code; `tmp` is for what it makes."""
    (folder / "waits.py").write_text(MODULE)
    for name in ("tmp", "cache/program", "cache/batch", "cache/native", "cache/unit", "cache/tier", "cache/run"):
        (folder / name).mkdir(parents=True)
    path = os.pathsep.join([str(folder), *sys.path])
    known = os.environ | {"FUSEE_CACHE": str(folder / "cache"), "TMPDIR": str(folder / "tmp"), "PYTHONPATH": path}
    command = [sys.executable, "-m", "fusee.native.apart", "waits", "1"]
    return subprocess.Popen(
        command, env=known, text=True, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_a_run_apart_leaves_nothing(tmp_path: Path, is_interrupted: bool) -> None:
    with start(tmp_path) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "['batch', 'program'] ['1']\n"
        assert len(list((tmp_path / "tmp").iterdir())) == 1
        if is_interrupted:
            os.killpg(running.pid, signal.SIGINT)
        running.communicate("")
    limit = time.monotonic() + 60
    while list((tmp_path / "tmp").iterdir()) and time.monotonic() < limit:
        time.sleep(0.01)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert is_interrupted or running.returncode == 3
