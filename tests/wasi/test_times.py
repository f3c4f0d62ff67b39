"""What a file's status says, and setting its times."""

import os
import struct
from pathlib import Path

import pytest

from fusee.wasi.abi import FileType
from fusee.wasi.errno import Errno
from tests.wasi.guest import ROOT, Guest, open_file

OK = Errno.SUCCESS


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    """A guest with an empty directory."""
    (tmp_path / "root").mkdir()
    return Guest(tmp_path / "root")


def test_times_are_given_or_the_present_apart(guest: Guest, tmp_path: Path) -> None:
    """`fstflags`: 1 and 4 are the times that are given, of access and modification, 2 and 8 the present."""
    open_file(guest, "f")
    arguments = (ROOT, 0, *guest.text("f"), 5, 7)
    cases = ((5, 5, 7), (1 | 8, 5, None), (2 | 4, None, 7), (8, None, None), (5, 5, 7), (2, None, 7))
    for flags, access, modified in cases:
        assert guest.call("path_filestat_set_times", *arguments, flags) == OK
        status = (tmp_path / "root/f").stat()
        for found, expected in ((status.st_atime_ns, access), (status.st_mtime_ns, modified)):
            assert found == expected if expected is not None else found > 10**18


@pytest.mark.parametrize("flags", [3, 12, 15, 16, 17, 1 << 15, 1 << 31])
def test_flags_of_times_that_make_no_sense(guest: Guest, tmp_path: Path, flags: int) -> None:
    fd = open_file(guest, "f")
    before = (tmp_path / "root/f").stat()
    assert guest.call("fd_filestat_set_times", fd, 1, 1, flags) == Errno.INVAL
    assert guest.call("path_filestat_set_times", ROOT, 0, *guest.text("f"), 1, 1, flags) == Errno.INVAL
    assert (tmp_path / "root/f").stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("target", ["../beside", "file"])
def test_times_are_the_links_own_where_it_is_not_followed(guest: Guest, tmp_path: Path, target: str) -> None:
    """As `utimensat` does it with `AT_SYMLINK_NOFOLLOW`; what the link leads to may be outside."""
    (tmp_path / "beside").touch()
    (tmp_path / "root/file").touch()
    link = tmp_path / "root/link"
    link.symlink_to(target)
    before = link.stat()
    assert guest.call("path_filestat_set_times", ROOT, 0, *guest.text("link"), 5, 7, 1 | 4) == OK
    own, after = link.lstat(), link.stat()  # in this order: who follows a link reads it
    assert (own.st_atime_ns, own.st_mtime_ns) == (5, 7)
    assert (after.st_atime_ns, after.st_mtime_ns) == (before.st_atime_ns, before.st_mtime_ns)


@pytest.mark.parametrize("size", [10, 5 << 30])
def test_a_status_says_each_number_where_it_belongs(guest: Guest, tmp_path: Path, size: int) -> None:
    fd = open_file(guest, "f")
    file = tmp_path / "root/f"
    os.truncate(file, size)
    os.utime(file, ns=(5, 7))
    status = file.stat()
    expected = (status.st_dev, status.st_ino, FileType.REGULAR_FILE, 1, size, 5, 7, status.st_ctime_ns)
    assert guest.call("fd_filestat_get", fd, 0) == guest.call("path_filestat_get", ROOT, 0, *guest.text("f"), 64) == OK
    for address in (0, 64):
        assert struct.unpack_from("<QQB7xQQQQQ", guest.bytes, address) == expected
