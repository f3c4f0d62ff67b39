"""Files and directories: `fd_*` and `path_*`."""

import os
import stat
import struct
from pathlib import Path

import pytest

from fusee.wasi.abi import FileType, Rights
from fusee.wasi.errno import Errno
from tests.wasi.guest import ROOT, Guest, open_file, open_files

CREAT, DIRECTORY, EXCL, TRUNC = 1, 2, 4, 8
OK = Errno.SUCCESS


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    """A guest with an empty directory."""
    return Guest(tmp_path)


def test_write_seek_read(guest: Guest, tmp_path: Path) -> None:
    fd = open_file(guest, "f")
    assert guest.write(fd, b"hello world") == OK
    assert guest.u32(0) == 11
    assert guest.call("fd_seek", fd, -5 & (1 << 64) - 1, 1, 8) == OK
    assert guest.u64(8) == 6
    assert guest.read(fd) == b"world"
    assert guest.read(fd) == b""
    assert guest.call("fd_tell", fd, 8) == OK
    assert guest.u64(8) == 11
    assert (tmp_path / "f").read_bytes() == b"hello world"
    assert guest.call("fd_seek", fd, -1 & (1 << 64) - 1, 0, 8) == Errno.INVAL
    assert guest.call("fd_seek", fd, 0, 3, 8) == Errno.INVAL


def test_several_ranges_at_once(guest: Guest) -> None:
    fd = open_file(guest, "f")
    pieces = [(guest.put(b"ab"), 2), (guest.put(b""), 0), (guest.put(b"cde"), 3)]
    assert guest.call("fd_write", fd, *guest.vector(*pieces), 0) == OK
    assert guest.u32(0) == 5
    target = guest.put(bytes(8))
    ranges = guest.vector((target, 1), (target + 4, 2))
    assert guest.call("fd_pread", fd, *ranges, 1, 0) == OK
    assert bytes(guest.bytes[target : target + 8]) == b"b\0\0\0cd\0\0"
    assert guest.call("fd_pwrite", fd, *guest.vector(pieces[0]), 10, 0) == OK
    assert guest.call("fd_filestat_get", fd, 64) == OK
    assert guest.u64(64 + 32) == 12


def test_more_ranges_than_hosts_take_at_once_are_cut(guest: Guest, tmp_path: Path) -> None:
    fd = open_file(guest, "f")
    assert guest.call("fd_write", fd, *guest.vector(*[(guest.put(b"x"), 1)] * 1500), 0) == OK
    assert (tmp_path / "f").stat().st_size == guest.u32(0) == 1024


def test_open_flags(guest: Guest, tmp_path: Path) -> None:
    assert guest.open("f") == Errno.NOENT
    open_file(guest, "f")
    (tmp_path / "f").write_text("text")
    assert guest.open("f", CREAT | EXCL) == Errno.EXIST
    assert guest.open("f", DIRECTORY) == Errno.NOTDIR
    assert guest.open("f", CREAT | DIRECTORY) == Errno.INVAL
    assert guest.open("f", 16) == Errno.INVAL
    open_file(guest, "f", TRUNC)
    assert (tmp_path / "f").read_text() == ""
    assert guest.open(".") == Errno.ISDIR  # asks for writing
    open_file(guest, ".", 0, Rights.FD_READ)


def test_append(guest: Guest, tmp_path: Path) -> None:
    fd = open_file(guest, "f")
    assert guest.write(fd, b"one") == OK
    assert guest.call("fd_fdstat_set_flags", fd, 1) == OK
    assert guest.call("fd_seek", fd, 0, 0, 8) == OK
    assert guest.write(fd, b"two") == OK
    assert guest.call("fd_fdstat_get", fd, 0) == OK
    assert struct.unpack_from("<BxH", guest.bytes) == (FileType.REGULAR_FILE, 1)
    assert guest.call("fd_fdstat_set_flags", fd, 16) == Errno.INVAL
    assert guest.call("fd_fdstat_set_flags", fd, 32) == Errno.INVAL
    assert (tmp_path / "f").read_text() == "onetwo"
    assert guest.call("fd_fdstat_set_flags", fd, 0) == OK
    assert guest.call("fd_seek", fd, 0, 0, 8) == OK
    assert guest.write(fd, b"three") == OK
    assert (tmp_path / "f").read_text() == "threeo"


def test_size_times_and_sync(guest: Guest, tmp_path: Path) -> None:
    fd = open_file(guest, "f")
    assert guest.call("fd_filestat_set_size", fd, 1000) == OK
    assert guest.call("fd_filestat_set_size", fd, 1 << 63) == Errno.INVAL
    assert guest.call("fd_allocate", fd, 1000, 1000) == Errno.NOTSUP
    assert guest.call("fd_advise", fd, 0, 0, 2) == OK
    assert guest.call("fd_advise", fd, 0, 0, 5) == OK
    assert guest.call("fd_advise", fd, 0, 0, 6) == Errno.INVAL
    assert guest.call("fd_sync", fd) == guest.call("fd_datasync", fd) == OK
    assert guest.call("fd_filestat_set_times", fd, 5, 10**18 + 7, 1 | 4) == OK
    status = (tmp_path / "f").stat()
    assert (status.st_size, status.st_atime_ns, status.st_mtime_ns) == (1000, 5, 10**18 + 7)
    assert guest.call("path_filestat_set_times", ROOT, 0, *guest.text("f"), 0, 9, 4) == OK
    assert guest.call("path_filestat_set_times", ROOT, 0, *guest.text("f"), 0, 9, 4 | 8) == Errno.INVAL
    status = (tmp_path / "f").stat()
    assert (status.st_atime_ns, status.st_mtime_ns) == (5, 9)


def test_unknown_flags_of_files(guest: Guest) -> None:
    fd = open_file(guest, "f")
    for unknown in (32, 1 << 15):
        assert guest.call("path_open", ROOT, 0, *guest.text("f"), 0, Rights.FD_READ, 0, unknown, 0) == Errno.INVAL
        assert guest.call("fd_fdstat_set_flags", fd, unknown) == Errno.INVAL


@pytest.mark.parametrize("unknown", [2, 3, 1 << 31])
def test_unknown_flags_of_paths(guest: Guest, tmp_path: Path, unknown: int) -> None:
    (tmp_path / "f").touch()
    path = guest.text("f")
    for flags in (0, CREAT, CREAT | EXCL):
        assert guest.call("path_open", ROOT, unknown, *path, flags, Rights.FD_READ, 0, 0, 0) == Errno.INVAL
    assert guest.call("path_filestat_get", ROOT, unknown, *path, 0) == Errno.INVAL
    assert guest.call("path_filestat_set_times", ROOT, unknown, *path, 0, 0, 1) == Errno.INVAL
    assert guest.call("path_link", ROOT, unknown, *path, ROOT, *guest.text("h")) == Errno.INVAL


def test_directories(guest: Guest, tmp_path: Path) -> None:
    make, remove = "path_create_directory", "path_remove_directory"
    assert guest.call(make, ROOT, *guest.text("d")) == OK
    assert guest.call(make, ROOT, *guest.text("d/")) == Errno.EXIST
    assert guest.call(make, ROOT, *guest.text("d/e/")) == OK
    assert guest.call(make, ROOT, *guest.text("x/y")) == Errno.NOENT
    assert guest.call(remove, ROOT, *guest.text("d")) == Errno.NOTEMPTY
    assert guest.call(remove, ROOT, *guest.text("d/.")) == Errno.INVAL or (tmp_path / "d").exists()
    assert guest.call("path_unlink_file", ROOT, *guest.text("d/e")) == Errno.ISDIR
    assert guest.call(remove, ROOT, *guest.text("d/e/")) == OK
    assert guest.call(remove, ROOT, *guest.text("d")) == OK
    assert list(tmp_path.iterdir()) == []


def test_what_is_made_has_the_processs_own_mask(guest: Guest, tmp_path: Path) -> None:
    """Nothing else takes permissions away, as in C (POSIX, `mkdir` and `open`)."""
    before = os.umask(0o027)
    try:
        assert guest.call("path_create_directory", ROOT, *guest.text("d")) == OK
        open_file(guest, "f")
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "df"] == [0o750, 0o640]


def test_links(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("text")
    assert guest.call("path_symlink", *guest.text("f"), ROOT, *guest.text("s")) == OK
    assert guest.call("path_readlink", ROOT, *guest.text("s"), 64, 10, 0) == OK
    assert (guest.u32(0), bytes(guest.bytes[64:65])) == (1, b"f")
    assert guest.call("path_readlink", ROOT, *guest.text("f"), 64, 10, 0) == Errno.INVAL
    assert guest.call("path_link", ROOT, 0, *guest.text("f"), ROOT, *guest.text("h")) == OK
    assert guest.call("path_link", ROOT, 1, *guest.text("f"), ROOT, *guest.text("h2")) == Errno.INVAL
    assert guest.call("path_filestat_get", ROOT, 0, *guest.text("s"), 0) == OK
    assert guest.bytes[16] == FileType.SYMBOLIC_LINK
    assert guest.call("path_filestat_get", ROOT, 1, *guest.text("s"), 0) == OK
    assert (guest.bytes[16], guest.u64(24), guest.u64(32)) == (FileType.REGULAR_FILE, 2, 4)


def test_a_target_is_cut_where_the_buffer_ends(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "s").symlink_to("target")
    guest.bytes[64:74] = b"." * 10
    assert guest.call("path_readlink", ROOT, *guest.text("s"), 64, 3, 0) == OK
    assert (guest.u32(0), bytes(guest.bytes[64:74])) == (3, b"tar.......")


def test_rename(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("text")
    (tmp_path / "d").mkdir()
    assert guest.call("path_rename", ROOT, *guest.text("f"), ROOT, *guest.text("d/g")) == OK
    assert (tmp_path / "d/g").read_text() == "text"
    assert guest.call("path_rename", ROOT, *guest.text("d/g"), ROOT, *guest.text("x/")) == Errno.NOTDIR
    assert guest.call("path_rename", ROOT, *guest.text("d/"), ROOT, *guest.text("e/")) == OK
    assert guest.call("path_rename", ROOT, *guest.text("nope"), ROOT, *guest.text("y")) == Errno.NOENT
    assert guest.call("path_rename", ROOT, *guest.text("e"), ROOT, *guest.text(".")) == Errno.BUSY


@pytest.mark.parametrize("size", [24, 30, 64, 1000])
def test_readdir_in_pieces(guest: Guest, tmp_path: Path, size: int) -> None:
    names = {"a", "some-longer-name", "ü"}
    for name in names:
        (tmp_path / name).touch()
    address = guest.put(bytes(size))
    found, cookie = {}, 0
    for _ in range(50):
        assert guest.call("fd_readdir", ROOT, address, size, cookie, 0) == OK
        used = guest.u32(0)
        position = address
        while position + 24 <= address + used:
            following, _, length, kind = struct.unpack_from("<QQIB", guest.bytes, position)
            position += 24 + length
            if position > address + used:
                break
            cookie = following
            found[guest.bytes[position - length : position].decode()] = kind
        if used < size:
            break
        if cookie == 0 or position > address + used:
            address, size = guest.put(bytes(2 * size)), 2 * size  # a longer buffer, as C libraries do
    expected = dict.fromkeys(names, FileType.REGULAR_FILE) | {".": FileType.DIRECTORY, "..": FileType.DIRECTORY}
    assert found == expected


def read_directory(guest: Guest, fd: int, cookie: int, size: int = 400) -> list[tuple[str, int]]:
    """The entries from a cookie on: names, and the cookies that follow them."""
    address = guest.put(bytes(size))
    assert guest.call("fd_readdir", fd, address, size, cookie, 0) == OK
    raw = bytes(guest.bytes[address : address + guest.u32(0)])
    found, at = [], 0
    while at + 24 <= len(raw):
        following, _, length, _ = struct.unpack_from("<QQIB", raw, at)
        found.append((raw[at + 24 : at + 24 + length].decode(), following))
        at += 24 + length
    return found


def test_readdir_from_any_cookie(guest: Guest, tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"f{number}").touch()
    everything = read_directory(guest, ROOT, 0)
    assert len(everything) == 8
    assert [following for _, following in everything] == list(range(1, 9))
    for cookie in range(9):
        fresh = open_file(guest, ".", DIRECTORY, Rights.FD_READDIR)
        assert read_directory(guest, fresh, cookie) == everything[cookie:]
        assert read_directory(guest, fresh, 0) == everything
    for cookie in (9, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1):
        assert read_directory(guest, ROOT, cookie) == []


def test_readdir_while_entries_are_deleted(guest: Guest, tmp_path: Path) -> None:
    """As `rm -r` does it: nothing is left out, and nothing comes twice."""
    for number in range(40):
        (tmp_path / f"file-{number:02}").touch()
    seen, cookie = [], 0
    while found := read_directory(guest, ROOT, cookie, 300):
        for name, following in found:
            cookie = following
            if name.startswith("file"):
                seen.append(name)
                assert guest.call("path_unlink_file", ROOT, *guest.text(name)) == OK
    assert sorted(seen) == [f"file-{number:02}" for number in range(40)]
    assert [name for name, _ in read_directory(guest, ROOT, 0)] == [".", ".."]


def test_the_table_of_descriptors(guest: Guest) -> None:
    first, second = open_file(guest, "a"), open_file(guest, "b")
    assert (first, second) == (4, 5)
    assert guest.write(second, b"b") == OK
    before = open_files()
    assert guest.call("fd_renumber", second, first) == OK
    assert len(open_files()) == len(before) - 1  # the host's file ends, too
    assert guest.call("fd_close", second) == Errno.BADF
    assert guest.call("fd_renumber", first, 77) == Errno.BADF
    assert guest.call("fd_renumber", first, first) == OK
    assert guest.call("fd_seek", first, 0, 0, 0) == OK
    assert guest.read(first) == b"b"
    assert guest.call("fd_close", first) == OK
    assert guest.call("fd_close", first) == Errno.BADF
    assert open_file(guest, "c") == first


def test_preopens(guest: Guest) -> None:
    assert guest.call("fd_prestat_get", ROOT, 0) == OK
    assert (guest.bytes[0], guest.u32(4)) == (0, 1)
    assert guest.call("fd_prestat_dir_name", ROOT, 0, 1) == OK
    assert guest.bytes[0:1] == b"/"
    assert guest.call("fd_prestat_dir_name", ROOT, 0, 0) == Errno.NAMETOOLONG
    assert guest.call("fd_prestat_get", 0, 0) == guest.call("fd_prestat_get", ROOT + 1, 0) == Errno.BADF


def test_a_directory_is_not_a_file(guest: Guest) -> None:
    assert guest.write(ROOT, b"x") == Errno.ISDIR
    assert guest.call("fd_read", ROOT, *guest.vector((2000, 1)), 0) == Errno.ISDIR
    assert guest.call("fd_seek", ROOT, 0, 0, 0) == Errno.ISDIR
    assert guest.call("fd_filestat_set_size", ROOT, 0) == Errno.ISDIR
    assert guest.call("path_create_directory", 1, *guest.text("d")) == Errno.NOTDIR
    assert guest.call("sock_shutdown", ROOT, 0) == Errno.NOTSOCK
    assert guest.call("sock_shutdown", 99, 0) == Errno.BADF
