"""Runs a module that finds no native code of earlier runs: `python -m fusee.native.apart MODULE ARGUMENT…`.

It gets a cache of its own, which has the engine that this one has, and is gone a moment afterwards. What it does is
done by this very Python, divided, so that nobody who measures it waits for another one to begin.
"""

import contextlib
import os
import runpy
import sys
from typing import Final

from fusee.kernel.cache import default_folder

_NATIVE: Final = frozenset({"native", "unit", "batch", "tier", "run"})
"""Kinds of files: of `host.py`, `units.py`, `shelf.py` and `runs.py`."""


def main() -> int:
    """The module's status."""
    folder = os.path.join(os.environ.get("TMPDIR") or "/tmp", f"fusee-apart-{os.getpid()}")
    os.mkdir(folder, 0o700)
    child = os.fork()
    if child == 0:
        _run(folder, sys.argv[1:])
        return 0
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:  # also if Ctrl-C ends both
        _remove_later(folder)


def _remove_later(folder: str) -> None:
    """By another process: it takes 0.02 s, which whoever measures this would see.

    At once it has another name, so that nobody goes on to fill it (`native/serving.py`).
    """
    os.rename(folder, gone := f"{folder}-gone")
    folder = gone
    try:
        if os.fork():
            return
    except OSError:
        _remove(folder)
        return
    try:
        os.setsid()  # Ctrl-C shall not end this one
        os.closerange(0, 3)  # for which somebody waits who reads what the module writes
        _remove(folder)
    finally:
        os._exit(0)


def _remove(folder: str) -> None:
    """All of it. `shutil` would have to be loaded."""
    with contextlib.suppress(OSError):
        for item in os.scandir(folder):
            if item.is_dir(follow_symlinks=False):
                _remove(item.path)
            else:
                os.unlink(item.path)
        os.rmdir(folder)


def share_engine(folder: str) -> None:
    """Let what is in the usual cache, but for native code, be in this one, too: a folder with nothing in it."""
    shared = os.path.realpath(default_folder())
    for kind in os.scandir(shared) if os.path.isdir(shared) else ():
        if kind.is_dir() and kind.name not in _NATIVE:
            os.symlink(kind.path, os.path.join(folder, kind.name), target_is_directory=True)


def _run(folder: str, command: list[str]) -> None:
    """As the process that runs a module, which may end it."""
    share_engine(folder)
    os.environ["FUSEE_CACHE"] = folder
    sys.argv = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    sys.exit(main())
