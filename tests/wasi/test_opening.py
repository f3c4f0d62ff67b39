"""What a file or a directory may be used for that `path_open` opened."""

from pathlib import Path

import pytest

from fusee.wasi.abi import ALL_RIGHTS, Rights
from fusee.wasi.errno import Errno
from tests.wasi.guest import ROOT, Guest, open_file

CREAT, DIRECTORY, TRUNC = 1, 2, 8
OK = Errno.SUCCESS


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    """A guest with an empty directory."""
    return Guest(tmp_path)


def test_reading_and_writing_are_for_who_asks(guest: Guest, tmp_path: Path) -> None:
    """Who asks for neither may read, as in Wasmtime."""
    (tmp_path / "f").write_text("text")
    for rights in Rights.FD_READ, 0:
        reader = open_file(guest, "f", 0, rights)
        assert guest.read(reader) == b"text"
        assert guest.write(reader, b"x") == Errno.BADF
        assert guest.call("fd_filestat_set_size", reader, 0) == Errno.NOTCAPABLE
    writer = open_file(guest, "f", 0, Rights.FD_WRITE)
    assert guest.call("fd_read", writer, *guest.vector((2000, 1)), 0) == Errno.BADF
    assert guest.call("fd_filestat_set_size", writer, 2) == OK
    assert (tmp_path / "f").read_text() == "te"
    sizes = open_file(guest, "f", 0, Rights.FD_FILESTAT_SET_SIZE)
    assert guest.call("fd_filestat_set_size", sizes, 1) == OK
    assert guest.write(sizes, b"x") == Errno.BADF


def test_other_rights_need_not_be_asked_for(guest: Guest, tmp_path: Path) -> None:
    """Wasmtime knows no others, so programs ask for fewer than they use."""
    (tmp_path / "f").write_text("text")
    for rights in Rights.FD_READ, Rights.FD_WRITE:
        fd = open_file(guest, "f", 0, rights)
        for name, *arguments in (
            ("fd_seek", 1, 0, 0), ("fd_tell", 0), ("fd_filestat_get", 0), ("fd_sync",), ("fd_datasync",),
            ("fd_advise", 0, 0, 0), ("fd_filestat_set_times", 0, 10**9, 4), ("fd_fdstat_set_flags", 1),
        ):  # fmt: skip
            assert guest.call(name, fd, *arguments) == OK, name


def test_a_directory_opened_to_be_read_is_one_to_create_in(guest: Guest, tmp_path: Path) -> None:
    """Go's `os.Root` opens its directory without the right to set sizes by paths, others with no rights to inherit."""
    (tmp_path / "d").mkdir()
    path = guest.text("d")
    assert guest.call("path_open", ROOT, 1, *path, DIRECTORY, Rights.FD_READDIR, 0, 0, 0) == OK
    directory = guest.u32(0)
    for text in b"longer", b"old":
        fd = guest.open("f", CREAT | TRUNC, Rights.FD_WRITE, root=directory)
        assert not isinstance(fd, Errno)
        assert guest.write(fd, text) == OK
        assert (tmp_path / "d/f").read_bytes() == text


def test_rights_are_given_away(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("text")
    both = open_file(guest, "f", 0)
    assert guest.call("fd_fdstat_set_rights", both, Rights.FD_READ, 0) == OK
    assert guest.write(both, b"x") == Errno.BADF
    assert guest.call("fd_seek", both, 0, 0, 0) == Errno.NOTCAPABLE
    assert guest.call("fd_fdstat_set_rights", both, Rights.FD_WRITE, 0) == Errno.NOTCAPABLE
    directory = open_file(guest, ".", DIRECTORY, Rights.FD_READ)
    assert guest.call("fd_fdstat_set_rights", directory, Rights.PATH_OPEN, Rights.FD_READ) == OK
    assert guest.open("f", TRUNC, Rights.FD_READ, root=directory) == Errno.NOTCAPABLE
    assert guest.open("f", 0, Rights.FD_WRITE, root=directory) == Errno.NOTCAPABLE
    reader = guest.open("f", 0, Rights.FD_READ, root=directory)
    assert not isinstance(reader, Errno)
    assert guest.call("fd_filestat_get", reader, 0) == Errno.NOTCAPABLE


def test_seeking_and_telling_imply_each_other(guest: Guest, tmp_path: Path) -> None:
    """The right to seek is one to tell, and to ask for the offset by seeking nowhere needs no more than telling."""
    (tmp_path / "f").write_text("text")
    seeks, tells = open_file(guest, "f", 0), open_file(guest, "f", 0)
    assert guest.call("fd_fdstat_set_rights", seeks, Rights.FD_SEEK, 0) == OK
    assert guest.call("fd_fdstat_set_rights", tells, Rights.FD_TELL, 0) == OK
    assert guest.call("fd_seek", seeks, 3, 0, 0) == guest.call("fd_tell", seeks, 8) == OK
    assert guest.u64(8) == 3
    assert guest.call("fd_tell", tells, 8) == guest.call("fd_seek", tells, 0, 1, 8) == OK
    for offset, whence in ((0, 0), (0, 2), (1, 1)):
        assert guest.call("fd_seek", tells, offset, whence, 8) == Errno.NOTCAPABLE


def test_files_are_written_through_a_directory_that_was_opened_for_reading(guest: Guest, tmp_path: Path) -> None:
    """C libraries ask for no right that the directory's descriptor does not say it passes on."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_text("old text")
    directory = open_file(guest, "d", DIRECTORY, ALL_RIGHTS & ~Rights.FD_WRITE)
    assert guest.call("fd_fdstat_get", directory, 0) == OK
    passed_on = guest.u64(16)
    fd = guest.open("f", 0, (Rights.FD_READ | Rights.FD_WRITE) & passed_on, root=directory)
    assert not isinstance(fd, Errno)
    assert guest.write(fd, b"new") == OK
    assert (tmp_path / "d/f").read_text() == "new text"
