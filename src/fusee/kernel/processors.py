"""How many processors there are for this process: what it may run on, and for how much of the time."""

import os
import sys
from collections.abc import Iterator
from typing import Final

_UNIFIED: Final = "0"  # the number of the hierarchy of control groups that version 2 has (Linux, cgroup-v2.rst)
_CONTROLLER: Final = "cpu"


def processor_count(root: str | os.PathLike[str] = "/") -> int:
    """How many processors this process may use, at least 1.

    That is `os.process_cpu_count()` (`-X cpu_count` and `PYTHON_CPU_COUNT`, or the processors that it may run on), and
    no more than its control groups give it time for, as containers have it (`docker run --cpus`). `root` is where
    /proc and /sys are.
    """
    count = _allowed()
    quota = min(_quotas(os.fspath(root)), default=float(count))
    return max(1, min(count, -int(-quota // 1)))


def _allowed() -> int:
    """`os.process_cpu_count`, which Python has had since 3.13."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(root: str) -> Iterator[float]:
    """Processors' time per time, for each control group around this process that has a limit."""
    for line in _text(root, "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, place = rest.partition(":")
        if number == _UNIFIED and not controllers:
            for group in _around(os.path.join(root, "sys/fs/cgroup"), place):
                yield from _quota(*_text(group, "cpu.max").split()[:2])
        elif _CONTROLLER in controllers.split(","):
            for group in _around(os.path.join(root, "sys/fs/cgroup", _CONTROLLER), place):
                yield from _quota(_text(group, "cpu.cfs_quota_us"), _text(group, "cpu.cfs_period_us"))


def _around(mount: str, place: str) -> Iterator[str]:
    """A group and all around it. In a container only the outermost one may be where it is mounted."""
    inner = os.path.join(mount, *place.strip("/").split("/")).rstrip("/")
    yield inner
    while inner != mount:
        inner = os.path.dirname(inner)
        yield inner


def _quota(time: str = "", period: str = "") -> Iterator[float]:
    """The two numbers of microseconds as a share; nothing if there is no limit: `max`, -1 or no file."""
    try:
        share = int(time) / int(period)
    except (ValueError, ZeroDivisionError):
        return
    if share > 0:
        yield share


def _text(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name), "rb", buffering=0) as file:
            return file.readall().decode("ascii", "replace")
    except OSError:
        return ""
