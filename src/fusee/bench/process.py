"""Child processes, with the time and memory that the operating system says they took."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

TIMEOUT_SECONDS = 300
# Short processes are looked at more often: their memory is gone when they end.
_SHORTEST_POLL_SECONDS = 0.0002
_LONGEST_POLL_SECONDS = 0.005
_MOST_CHARACTERS = 160


@dataclass(frozen=True)
class Run:
    """One child process that has ended."""

    user_seconds: float
    system_seconds: float
    peak_bytes: int  # 0: it had ended before anybody could look
    status: int
    output: bytes
    errors: bytes
    elapsed_seconds: float = 0.0  # by the clock on the wall, from before it was started to its end

    @property
    def seconds(self) -> float:
        """User and system time. Their split is a guess of the system's where both are short; their sum is not."""
        return self.user_seconds + self.system_seconds

    @property
    def complaint(self) -> str:
        """Why the process failed: the first line that it printed as an error, or else at all."""
        text = self.errors.strip() or self.output.strip()
        line = text.decode(errors="replace").partition("\n")[0].strip()
        return line[:_MOST_CHARACTERS] or f"ended with status {self.status}"


def python_module(name: str, *arguments: str) -> list[str]:
    """The command line of a module that is run as a program.

    `-P`, since without it modules that happen to lie in the current directory come first: a `dis.py` there would be
    taken for the standard library's.
    """
    return [sys.executable, "-P", "-m", name, *arguments]


def run_child(command: Sequence[str], directory: Path | None = None) -> Run:
    """Run a command to its end. Its times come from the kernel, not from the guest.

    What it imports is compiled once and kept, as where Fusee is installed (`PYTHONDONTWRITEBYTECODE`). One that takes
    longer than `TIMEOUT_SECONDS` is killed, and says so.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        start = time.monotonic()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=directory, env=environment
        )
        try:
            usage, peak = _wait(child, errors)
            elapsed = time.monotonic() - start
        finally:
            if child.returncode is None:
                child.kill()
                child.wait()
        output.seek(0)
        errors.seek(0)
        return Run(usage.ru_utime, usage.ru_stime, peak, child.returncode, output.read(), errors.read(), elapsed)


def _wait(child: "subprocess.Popen[bytes]", errors: IO[bytes]) -> tuple[resource.struct_rusage, int]:
    """Wait for a child's end, watching its memory; what it used and its peak in bytes."""
    peak = 0
    start = time.monotonic()
    is_late = False
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        peak = _resident_peak(child.pid) or peak
        elapsed = time.monotonic() - start
        time.sleep(min(max(elapsed / 20, _SHORTEST_POLL_SECONDS), _LONGEST_POLL_SECONDS))
        if elapsed > TIMEOUT_SECONDS and not is_late:
            is_late = True
            child.kill()
            errors.write(f"killed after {TIMEOUT_SECONDS} s".encode())
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return usage, peak if sys.platform == "linux" else _rusage_peak(usage)


def _resident_peak(process: int) -> int | None:
    """The most memory that a living process had so far; None where Linux does not say, or the system is another.

    Linux's `ru_maxrss` would not do: a child inherits the peak of the process that started it.
    """
    try:
        with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as lines:
            for line in lines:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def _rusage_peak(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
