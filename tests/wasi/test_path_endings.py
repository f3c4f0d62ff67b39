"""What a path's last component means, in every function that takes a path: POSIX, chapter 4.13, as Linux has it.

Trailing slashes, `.` and `..`, and symbolic links to a file, to a directory, to nothing and to themselves.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fusee.wasi.abi import Rights
from fusee.wasi.errno import Errno, errno_of
from tests.wasi.guest import ROOT, Guest, open_files

TABLE = """
path      mkdir  rmdir     unlink  move   onto    link-of link-to symlink readlink stat   lstat  times  make   make-new
file      EXIST  NOTDIR    ok      ok     NOTDIR  ok      EXIST   EXIST   INVAL    ok     ok     ok     ok     EXIST
file/     EXIST  NOTDIR    NOTDIR  NOTDIR NOTDIR  NOTDIR  EXIST   EXIST   NOTDIR   NOTDIR NOTDIR NOTDIR ISDIR  ISDIR
file/.    NOTDIR NOTDIR    NOTDIR  NOTDIR NOTDIR  NOTDIR  NOTDIR  NOTDIR  NOTDIR   NOTDIR NOTDIR NOTDIR NOTDIR NOTDIR
empty     EXIST  ok        ISDIR   ok     ok      PERM    EXIST   EXIST   INVAL    ok     ok     ok     ISDIR  EXIST
empty/    EXIST  ok        ISDIR   ok     ok      PERM    EXIST   EXIST   INVAL    ok     ok     ok     ISDIR  ISDIR
empty/.   EXIST  INVAL     ISDIR   BUSY   BUSY    PERM    EXIST   EXIST   INVAL    ok     ok     ok     ISDIR  EXIST
empty/./  EXIST  INVAL     ISDIR   BUSY   BUSY    PERM    EXIST   EXIST   INVAL    ok     ok     ok     ISDIR  EXIST
empty/..  EXIST  NOTEMPTY  ISDIR   BUSY   BUSY    PERM    EXIST   EXIST   INVAL    ok     ok     ok     ISDIR  EXIST
full//    EXIST  NOTEMPTY  ISDIR   ok     NOTEMPTY PERM   EXIST   EXIST   INVAL    ok     ok     ok     ISDIR  ISDIR
.         EXIST  INVAL     ISDIR   BUSY   BUSY    PERM    EXIST   EXIST   INVAL    ok     ok     ok     ISDIR  EXIST
to-file   EXIST  NOTDIR    ok      ok     NOTDIR  ok      EXIST   EXIST   ok       ok     ok     ok     ok     EXIST
to-file/  EXIST  NOTDIR    NOTDIR  NOTDIR NOTDIR  NOTDIR  EXIST   EXIST   NOTDIR   NOTDIR NOTDIR NOTDIR ISDIR  ISDIR
to-dir    EXIST  NOTDIR    ok      ok     NOTDIR  ok      EXIST   EXIST   ok       ok     ok     ok     ISDIR  EXIST
to-dir/   EXIST  NOTDIR    NOTDIR  NOTDIR NOTDIR  PERM    EXIST   EXIST   INVAL    ok     ok     ok     ISDIR  ISDIR
to-dir/.  EXIST  INVAL     ISDIR   BUSY   BUSY    PERM    EXIST   EXIST   INVAL    ok     ok     ok     ISDIR  EXIST
nowhere   EXIST  NOTDIR    ok      ok     NOTDIR  ok      EXIST   EXIST   ok       NOENT  ok     NOENT  ok     EXIST
nowhere/  EXIST  NOTDIR    NOTDIR  NOTDIR NOTDIR  NOENT   EXIST   EXIST   NOENT    NOENT  NOENT  NOENT  ISDIR  ISDIR
nowhere/. NOENT  NOENT     NOENT   NOENT  NOENT   NOENT   NOENT   NOENT   NOENT    NOENT  NOENT  NOENT  NOENT  NOENT
itself    EXIST  NOTDIR    ok      ok     NOTDIR  ok      EXIST   EXIST   ok       LOOP   ok     LOOP   LOOP   EXIST
itself/   EXIST  NOTDIR    NOTDIR  NOTDIR NOTDIR  LOOP    EXIST   EXIST   LOOP     LOOP   LOOP   LOOP   ISDIR  ISDIR
slashed   EXIST  NOTDIR    ok      ok     NOTDIR  ok      EXIST   EXIST   ok       NOTDIR ok     NOTDIR ISDIR  EXIST
new       ok     NOENT     NOENT   NOENT  ok      NOENT   ok      ok      NOENT    NOENT  NOENT  NOENT  ok     ok
new/      ok     NOENT     NOENT   NOENT  ok      NOENT   NOENT   NOENT   NOENT    NOENT  NOENT  NOENT  ISDIR  ISDIR
new/.     NOENT  NOENT     NOENT   NOENT  NOENT   NOENT   NOENT   NOENT   NOENT    NOENT  NOENT  NOENT  NOENT  NOENT
new/..    NOENT  NOENT     NOENT   NOENT  NOENT   NOENT   NOENT   NOENT   NOENT    NOENT  NOENT  NOENT  NOENT  NOENT
new/x     NOENT  NOENT     NOENT   NOENT  NOENT   NOENT   NOENT   NOENT   NOENT    NOENT  NOENT  NOENT  NOENT  NOENT
"""
HEAD, *ROWS = (line.split() for line in TABLE.strip().splitlines())
CASES = [(row[0], dict(zip(HEAD[1:], row[1:], strict=True))) for row in ROWS]

CREAT, EXCL = 1, 4
READ = Rights.FD_READ


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "root")


def make_tree(root: Path) -> Path:
    """A file, directories, and links of all kinds."""
    (root / "full").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "moved").mkdir()
    (root / "file").write_text("text")
    (root / "full/inner").touch()
    for name, target in {"to-file": "file", "to-dir": "empty", "nowhere": "made", "itself": "itself",
                         "slashed": "file/"}.items():  # fmt: skip
        (root / name).symlink_to(target)
    return root


def _open(guest: Guest, path: str, flags: int) -> Errno:
    fd = guest.open(path, flags, READ)
    return fd if isinstance(fd, Errno) else Errno.SUCCESS


GUEST: dict[str, Callable[[Guest, str], Errno]] = {
    "mkdir": lambda guest, path: guest.call("path_create_directory", ROOT, *guest.text(path)),
    "rmdir": lambda guest, path: guest.call("path_remove_directory", ROOT, *guest.text(path)),
    "unlink": lambda guest, path: guest.call("path_unlink_file", ROOT, *guest.text(path)),
    "move": lambda guest, path: guest.call("path_rename", ROOT, *guest.text(path), ROOT, *guest.text("target")),
    "onto": lambda guest, path: guest.call("path_rename", ROOT, *guest.text("moved"), ROOT, *guest.text(path)),
    "link-of": lambda guest, path: guest.call("path_link", ROOT, 0, *guest.text(path), ROOT, *guest.text("target")),
    "link-to": lambda guest, path: guest.call("path_link", ROOT, 0, *guest.text("file"), ROOT, *guest.text(path)),
    "symlink": lambda guest, path: guest.call("path_symlink", *guest.text("file"), ROOT, *guest.text(path)),
    "readlink": lambda guest, path: guest.call("path_readlink", ROOT, *guest.text(path), 64, 9, 0),
    "stat": lambda guest, path: guest.call("path_filestat_get", ROOT, 1, *guest.text(path), 0),
    "lstat": lambda guest, path: guest.call("path_filestat_get", ROOT, 0, *guest.text(path), 0),
    "times": lambda guest, path: guest.call("path_filestat_set_times", ROOT, 1, *guest.text(path), 10**9, 10**9, 5),
    "make": lambda guest, path: _open(guest, path, CREAT),
    "make-new": lambda guest, path: _open(guest, path, CREAT | EXCL),
}

HOST: dict[str, Callable[[int, str], object]] = {
    "mkdir": lambda fd, path: os.mkdir(path, dir_fd=fd),
    "rmdir": lambda fd, path: os.rmdir(path, dir_fd=fd),
    "unlink": lambda fd, path: os.unlink(path, dir_fd=fd),
    "move": lambda fd, path: os.rename(path, "target", src_dir_fd=fd, dst_dir_fd=fd),
    "onto": lambda fd, path: os.rename("moved", path, src_dir_fd=fd, dst_dir_fd=fd),
    "link-of": lambda fd, path: os.link(path, "target", src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False),
    "link-to": lambda fd, path: os.link("file", path, src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False),
    "symlink": lambda fd, path: os.symlink("file", path, dir_fd=fd),
    "readlink": lambda fd, path: os.readlink(path, dir_fd=fd),
    "stat": lambda fd, path: os.stat(path, dir_fd=fd),
    "lstat": lambda fd, path: os.stat(path, dir_fd=fd, follow_symlinks=False),
    "times": lambda fd, path: os.utime(path, ns=(10**9, 10**9), dir_fd=fd),
    "make": lambda fd, path: os.close(os.open(path, os.O_CREAT, 0o666, dir_fd=fd)),
    "make-new": lambda fd, path: os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o666, dir_fd=fd)),
}


def contents(root: Path) -> Iterator[tuple[str, int, int, bool, str]]:
    """All that an operation may change: names, kinds, numbers of links, targets, and whether times were set."""
    for path in (root, *root.rglob("*")):
        status = path.lstat()
        target = str(path.readlink()) if path.is_symlink() else ""
        links = status.st_nlink if path.is_file() else 0
        yield str(path.relative_to(root)), stat.S_IFMT(status.st_mode), links, status.st_mtime_ns == 10**9, target


@pytest.mark.parametrize(("path", "expected"), CASES, ids=[path for path, _ in CASES])
def test_endings(tmp_path: Path, path: str, expected: dict[str, str]) -> None:
    open_before = open_files()
    for operation, outcome in expected.items():
        root = make_tree(tmp_path / operation)
        before = sorted(contents(root))
        guest = Guest(root)
        with guest.context:
            errno = GUEST[operation](guest, path)
        assert errno == (Errno.SUCCESS if outcome == "ok" else Errno[outcome]), operation
        is_reading = operation in ("stat", "lstat", "readlink") or (operation == "make" and "file" in path)
        assert (sorted(contents(root)) == before) == (is_reading or outcome != "ok"), operation
    assert open_files() <= open_before


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other error codes")
@pytest.mark.parametrize(("path", "expected"), CASES, ids=[path for path, _ in CASES])
def test_the_table_is_what_linux_does(tmp_path: Path, path: str, expected: dict[str, str]) -> None:
    for operation, outcome in expected.items():
        fd = os.open(make_tree(tmp_path / operation), os.O_RDONLY)
        errno = Errno.SUCCESS
        try:
            HOST[operation](fd, path)
        except OSError as error:
            errno = errno_of(error)
        finally:
            os.close(fd)
        assert errno == (Errno.SUCCESS if outcome == "ok" else Errno[outcome]), operation


def test_a_file_that_has_to_be_new_is_not_made_through_a_link(root: Path) -> None:
    guest = Guest(root)
    for flags in (CREAT | EXCL, CREAT | EXCL | 8):
        assert guest.open("nowhere", flags, follow=True) == Errno.EXIST
    assert not (root / "made").exists()
    assert not isinstance(guest.open("nowhere", CREAT), Errno)
    assert (root / "made").exists()


@pytest.mark.parametrize("path", [".", "empty", "empty/", "empty/.", "to-dir", "to-dir/", "full/.."])
def test_directories_are_not_opened_for_writing(root: Path, path: str) -> None:
    guest = Guest(root)
    before = open_files()
    assert guest.open(path, 0, READ | Rights.FD_WRITE) == guest.open(path, 2, READ | Rights.FD_WRITE) == Errno.ISDIR
    assert open_files() <= before
    for flags in (0, 2):
        assert guest.open(path, flags, READ | Rights.FD_WRITE) == Errno.ISDIR
        assert not isinstance(guest.open(path, flags, READ), Errno)
    assert guest.open(path, 2 | 8, READ) == guest.open(path, 2 | EXCL, READ) == Errno.INVAL


def test_wrong_kinds_come_before_the_right_to_write(root: Path) -> None:
    guest = Guest(root)
    assert guest.open("file", 2) == guest.open("to-file", 2) == Errno.NOTDIR
    assert guest.open("new", 2) == Errno.NOENT
