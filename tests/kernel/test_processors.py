"""How many processors a process may use: affinity, and the quotas of control groups, of which the files are made up."""

import os
import sys
from pathlib import Path

import pytest

from fusee.kernel.processors import processor_count

ALLOWED = 8

# By version: what /proc/self/cgroup says, and files under /sys/fs/cgroup
UNIFIED = "0::/user.slice/app.scope\n"
OLDER = "5:memory:/docker/1a\n4:cpu,cpuacct:/docker/1a\n0::/docker/1a\n"
CASES: dict[str, tuple[str, dict[str, str], int]] = {
    "no groups": ("", {}, ALLOWED),
    "no limit": (UNIFIED, {"user.slice/app.scope/cpu.max": "max 100000\n"}, ALLOWED),
    "of its own": (UNIFIED, {"user.slice/app.scope/cpu.max": "200000 100000\n"}, 2),
    "a part of a processor": (UNIFIED, {"user.slice/app.scope/cpu.max": "150000 100000\n"}, 2),
    "less than one": (UNIFIED, {"user.slice/app.scope/cpu.max": "5000 100000\n"}, 1),
    "around it": (UNIFIED, {"user.slice/app.scope/cpu.max": "max 100000", "user.slice/cpu.max": "300000 100000"}, 3),
    "the least": (UNIFIED, {"user.slice/app.scope/cpu.max": "50000 10000", "user.slice/cpu.max": "40000 10000"}, 4),
    "more than there are": (UNIFIED, {"user.slice/cpu.max": "6400000 100000\n"}, ALLOWED),
    "a container's own": ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
    "of a sibling": (UNIFIED, {"user.slice/other.scope/cpu.max": "100000 100000\n"}, ALLOWED),
    "damaged": (UNIFIED, {"user.slice/app.scope/cpu.max": "a lot\n", "user.slice/cpu.max": "1 0"}, ALLOWED),
    "empty": (UNIFIED, {"user.slice/app.scope/cpu.max": ""}, ALLOWED),
    "older": (OLDER, {"cpu/docker/1a/cpu.cfs_quota_us": "250000", "cpu/docker/1a/cpu.cfs_period_us": "100000"}, 3),
    "older, no limit": (OLDER, {"cpu/docker/1a/cpu.cfs_quota_us": "-1", "cpu/docker/1a/cpu.cfs_period_us": "100000"},
                        ALLOWED),
    "older, in a container": (OLDER, {"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
    "older, of memory": (OLDER, {"memory/docker/1a/cpu.cfs_quota_us": "100000",
                                 "memory/docker/1a/cpu.cfs_period_us": "100000"}, ALLOWED),
}  # fmt: skip


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.version_info >= (3, 13):
        monkeypatch.setattr(os, "process_cpu_count", lambda: ALLOWED)
    else:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(0, 2 * ALLOWED, 2)), raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda: 64)


@pytest.mark.parametrize("name", CASES)
def test_no_more_than_there_is_time_for(tmp_path: Path, name: str) -> None:
    groups, files, expected = CASES[name]
    write(tmp_path / "proc/self/cgroup", groups)
    for place, text in files.items():
        write(tmp_path / "sys/fs/cgroup" / place, text)
    assert processor_count(tmp_path) == expected


def test_where_there_are_no_such_files(tmp_path: Path) -> None:
    assert processor_count(tmp_path) == ALLOWED


def test_nobody_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`os.cpu_count` may say None."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    for name in ("cpu_count", "process_cpu_count"):
        monkeypatch.setattr(os, name, lambda: None, raising=False)
    assert processor_count(tmp_path) == 1


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
