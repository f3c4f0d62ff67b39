"""Rights of descriptors: each function works with the one that it needs, and without it changes nothing.

Which one that is says preview 1 (`rights`).
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fusee.wasi import WasiConfig
from fusee.wasi.abi import Rights
from fusee.wasi.errno import Errno
from tests.wasi.guest import ROOT, Guest

CREAT, DIRECTORY, TRUNC = 1, 2, 8
TO = 4
"""A second descriptor of the same directory, which has all rights."""
FILE, FOLDER = 5, 6

Call = Callable[[Guest], Errno]


def path(name: str, fd: int = ROOT) -> Callable[[Guest], tuple[int, int, int]]:
    return lambda guest: (fd, *guest.text(name))


def at_path(call: str, name: str) -> Call:
    return lambda guest: guest.call(call, *path(name)(guest))


def opening(flags: int, name: str) -> Call:
    return lambda guest: guest.call("path_open", ROOT, 0, *guest.text(name), flags, 0, 0, 0, 64)


def between(call: str, source: int, target: int, *lookup: int) -> Call:
    """From a file to a new name."""
    return lambda guest: guest.call(
        call, source, *lookup, *guest.text("file"), *path("new", target)(guest)
    )  # fmt: skip


ON_DIRECTORIES: dict[str, tuple[int, Call]] = {
    "PATH_CREATE_DIRECTORY": (ROOT, at_path("path_create_directory", "new")),
    "PATH_REMOVE_DIRECTORY": (ROOT, at_path("path_remove_directory", "empty")),
    "PATH_UNLINK_FILE": (ROOT, at_path("path_unlink_file", "file")),
    "PATH_OPEN": (ROOT, opening(0, "file")),
    "PATH_FILESTAT_GET": (ROOT, lambda guest: guest.call("path_filestat_get", ROOT, 0, *guest.text("file"), 64)),
    "PATH_FILESTAT_SET_TIMES": (
        ROOT, lambda guest: guest.call("path_filestat_set_times", ROOT, 0, *guest.text("file"), 5, 6, 1 | 4),
    ),
    "PATH_READLINK": (ROOT, lambda guest: guest.call("path_readlink", ROOT, *guest.text("link"), 64, 100, 0)),
    "PATH_SYMLINK": (ROOT, lambda guest: guest.call("path_symlink", *guest.text("file"), ROOT, *guest.text("new"))),
    "PATH_LINK_SOURCE": (ROOT, between("path_link", ROOT, TO, 0)),
    "PATH_LINK_TARGET": (ROOT, between("path_link", TO, ROOT, 0)),
    "PATH_RENAME_SOURCE": (ROOT, between("path_rename", ROOT, TO)),
    "PATH_RENAME_TARGET": (ROOT, between("path_rename", TO, ROOT)),
    "FD_READDIR": (ROOT, lambda guest: guest.call("fd_readdir", ROOT, 64, 100, 0, 0)),
}  # fmt: skip
ON_FILES: dict[str, tuple[int, Call]] = {
    "FD_SYNC": (FILE, lambda guest: guest.call("fd_sync", FILE)),
    "FD_DATASYNC": (FILE, lambda guest: guest.call("fd_datasync", FILE)),
    "FD_ADVISE": (FILE, lambda guest: guest.call("fd_advise", FILE, 0, 1, 0)),
    "FD_SEEK": (FILE, lambda guest: guest.call("fd_seek", FILE, 1, 0, 64)),
    "FD_TELL": (FILE, lambda guest: guest.call("fd_tell", FILE, 64)),
    "FD_FDSTAT_SET_FLAGS": (FILE, lambda guest: guest.call("fd_fdstat_set_flags", FILE, 1)),
    "FD_FILESTAT_GET": (FILE, lambda guest: guest.call("fd_filestat_get", FILE, 64)),
    "FD_FILESTAT_SET_SIZE": (FILE, lambda guest: guest.call("fd_filestat_set_size", FILE, 1)),
    "FD_FILESTAT_SET_TIMES": (FILE, lambda guest: guest.call("fd_filestat_set_times", FILE, 5, 6, 1 | 4)),
}
FUNCTIONS = ON_DIRECTORIES | ON_FILES


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    """A guest that has the directory twice, and its file."""
    (tmp_path / "file").write_text("text")
    os.utime(tmp_path / "file", ns=(10**18, 10**18))
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "empty").mkdir()

    def configure(config: WasiConfig) -> None:
        for name in ("/", "/b"):
            config.preopen_dir(str(tmp_path), name)

    made = Guest(None, configure)
    assert made.open("file") == FILE
    return made


def seen(root: Path) -> list[object]:
    """What a call could change."""
    statuses = [(entry, entry.lstat()) for entry in sorted(root.iterdir())]
    return [(entry.name, status.st_mode, status.st_size, status.st_mtime_ns) for entry, status in statuses]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_right_that_a_function_needs(guest: Guest, tmp_path: Path, name: str) -> None:
    fd, call = FUNCTIONS[name]
    assert guest.call("fd_fdstat_set_rights", fd, Rights[name], 0) == Errno.SUCCESS
    assert call(guest) == Errno.SUCCESS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_happens_without_it(guest: Guest, tmp_path: Path, name: str) -> None:
    fd, call = FUNCTIONS[name]
    without = guest.context.descriptor(fd).rights & ~Rights[name]
    if name == "FD_TELL":
        without &= ~Rights.FD_SEEK  # which implies it
    assert guest.call("fd_fdstat_set_rights", fd, without, 0) == Errno.SUCCESS
    before = seen(tmp_path)
    assert call(guest) == Errno.NOTCAPABLE
    assert seen(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "flags", "file"), [("PATH_CREATE_FILE", CREAT, "new"), ("PATH_FILESTAT_SET_SIZE", TRUNC, "file")]
)
def test_opening_that_changes_something_needs_two(
    guest: Guest, tmp_path: Path, name: str, flags: int, file: str
) -> None:
    before = seen(tmp_path)
    rights = guest.context.descriptor(ROOT).rights
    assert guest.call("fd_fdstat_set_rights", ROOT, rights & ~Rights[name], Rights.FD_READ) == Errno.SUCCESS
    assert opening(flags, file)(guest) == Errno.NOTCAPABLE
    assert seen(tmp_path) == before
    assert guest.call("fd_fdstat_set_rights", TO, Rights.PATH_OPEN | Rights[name], Rights.FD_READ) == Errno.SUCCESS
    assert guest.call("path_open", TO, 0, *guest.text(file), flags, Rights.FD_READ, 0, 0, 64) == Errno.SUCCESS
    assert seen(tmp_path) != before


def test_what_is_opened_has_the_rights_that_are_passed_on(guest: Guest) -> None:
    passed_on = Rights.FD_READ | Rights.FD_SEEK
    assert guest.call("fd_fdstat_set_rights", ROOT, Rights.PATH_OPEN, passed_on) == Errno.SUCCESS
    fd = guest.open("file", 0, Rights.FD_READ | Rights.FD_TELL)
    assert not isinstance(fd, Errno)
    assert guest.context.descriptor(fd).rights == passed_on
    assert guest.open("file", 0, Rights.FD_READ | Rights.FD_WRITE) == Errno.NOTCAPABLE
    inner = guest.open("empty", DIRECTORY, Rights.PATH_OPEN)
    assert not isinstance(inner, Errno)
    found = guest.context.descriptor(inner)
    assert (found.rights, found.inheriting) == (0, passed_on)


@pytest.mark.parametrize(("rights", "inheriting"), [(Rights.FD_READ, 0), (0, Rights.SOCK_ACCEPT)])
def test_rights_that_were_given_away_do_not_come_back(guest: Guest, rights: int, inheriting: int) -> None:
    assert guest.call("fd_fdstat_set_rights", ROOT, rights, inheriting) == Errno.NOTCAPABLE
    assert guest.call("fd_fdstat_set_rights", ROOT, 0, 0) == Errno.SUCCESS
    assert guest.call("fd_fdstat_set_rights", ROOT, Rights.PATH_OPEN, 0) == Errno.NOTCAPABLE
    assert guest.call("fd_fdstat_set_rights", ROOT, 0, Rights.FD_READ) == Errno.NOTCAPABLE
