"""Paths never lead out of the directory that they are relative to."""

import os
from pathlib import Path

import pytest

from fusee.spec.wasi import MAX_PATH_BYTES
from fusee.wasi.abi import Rights
from fusee.wasi.errno import Errno
from fusee.wasi.resolve import MAX_DEPTH
from tests.wasi.guest import ROOT, Guest

CREAT, DIRECTORY = 1, 2
READ = Rights.FD_READ


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sandbox with a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    inside = tmp_path / "inside"
    (inside / "a/b").mkdir(parents=True)
    (inside / "file").write_text("hello")
    (inside / "a/b/deep").write_text("deep")
    return inside


@pytest.mark.parametrize(
    "path",
    ["../secret", "a/../../secret", "/etc/passwd", "/", "..", "a/../..", "./../secret", "a/b/../../../inside/file"],
)
def test_paths_out_of_the_sandbox(root: Path, path: str) -> None:
    assert Guest(root).open(path, rights=READ) == Errno.NOTCAPABLE


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../secret", "a/../../secret", "../inside/file", "a/b/../../../secret", "hop/../secret"]
)
def test_links_out_of_the_sandbox(root: Path, target: str) -> None:
    (root / "link").symlink_to(target)
    (root / "hop").symlink_to("..")
    guest = Guest(root)
    assert guest.open("link", rights=READ) == Errno.NOTCAPABLE
    assert guest.open("a/../link", rights=READ) == Errno.NOTCAPABLE
    assert guest.open("link", flags=CREAT) == Errno.NOTCAPABLE


def test_links_to_directories_outside(root: Path) -> None:
    (root / "out").symlink_to("..")
    (root / "absolute").symlink_to(root.parent)
    guest = Guest(root)
    for path in ("out/secret", "absolute/secret", "out", "absolute/", "out/inside/file"):
        assert guest.open(path, rights=READ) == Errno.NOTCAPABLE
    for call in ("path_create_directory", "path_unlink_file", "path_remove_directory"):
        assert guest.call(call, ROOT, *guest.text("out/x")) == Errno.NOTCAPABLE
    assert guest.call("path_filestat_get", ROOT, 1, *guest.text("out/secret"), 0) == Errno.NOTCAPABLE
    arguments = (ROOT, *guest.text("file"), ROOT, *guest.text("out/moved"))
    assert guest.call("path_rename", *arguments) == Errno.NOTCAPABLE
    assert guest.call("path_link", ROOT, 0, *guest.text("file"), ROOT, *guest.text("out/x")) == Errno.NOTCAPABLE


def test_links_inside_are_followed(root: Path) -> None:
    (root / "link").symlink_to("a/b/up")
    (root / "a/b/up").symlink_to("../../file")
    (root / "dir").symlink_to("a/./b/")
    guest = Guest(root)
    for path in ("link", "a/b/up", "dir/../b/up", "dir/up", "a//b/../../link"):
        fd = guest.open(path, rights=READ)
        assert not isinstance(fd, Errno)
        assert guest.read(fd) == b"hello"


def test_last_link_not_followed(root: Path) -> None:
    (root / "link").symlink_to("file")
    assert Guest(root).open("link", rights=READ, follow=False) == Errno.LOOP


def test_as_many_links_are_followed_as_on_linux(root: Path) -> None:
    """40 in all, those in the middle of a path, too (path_resolution(7))."""
    (root / "1").symlink_to("file")
    for number in range(2, 42):
        (root / f"{number}").symlink_to(f"{number - 1}")
    (root / "here").symlink_to(".")
    guest = Guest(root)
    for path in ("40", "here/39", "here/here/38"):
        assert not isinstance(guest.open(path, rights=READ), Errno)
        with open(root / path) as file:
            assert file.read() == "hello"
    for path in ("41", "here/40", "here/here/39"):
        assert guest.open(path, rights=READ) == Errno.LOOP


def test_loops_end(root: Path) -> None:
    (root / "self").symlink_to("self")
    (root / "ping").symlink_to("pong")
    (root / "pong").symlink_to("ping/x")
    (root / "grow").symlink_to("grow/grow")
    guest = Guest(root)
    for path in ("self", "ping", "grow", "self/x"):
        assert guest.open(path, rights=READ) == Errno.LOOP


def test_depth_and_length_are_bounded(root: Path) -> None:
    guest = Guest(root)
    assert not isinstance(guest.open("a/../" * 600 + "file", rights=READ), Errno)
    assert guest.open("x" * 5000) == Errno.NAMETOOLONG
    descend = os.open(root, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=descend)
        below = os.open("d", os.O_RDONLY, dir_fd=descend)
        os.close(descend)
        descend = below
    os.close(descend)
    assert guest.open("d/" * 300) == Errno.NAMETOOLONG
    assert not isinstance(guest.open("d/" * MAX_DEPTH + "d", rights=READ), Errno)  # the last one is not on the way
    assert guest.open("d/" * MAX_DEPTH + "d/d", rights=READ) == Errno.NAMETOOLONG


def test_the_length_of_a_path_is_bounded_whatever_it_leads_to(root: Path) -> None:
    longest = "./" * ((MAX_PATH_BYTES - 4) // 2) + "file"
    assert len(longest) == MAX_PATH_BYTES
    assert not isinstance(Guest(root).open(longest, rights=READ), Errno)
    assert Guest(root).open("./" + longest, rights=READ) == Errno.NAMETOOLONG


def test_names_that_are_not_names(root: Path) -> None:
    guest = Guest(root)
    assert guest.open("") == Errno.NOENT
    assert guest.open("a\0b") == Errno.ILSEQ
    bad = guest.put(b"\xff\xfe")
    assert guest.call("path_filestat_get", ROOT, 0, bad, 2, 0) == Errno.ILSEQ


def test_absolute_links_are_not_made(root: Path) -> None:
    guest = Guest(root)
    assert guest.call("path_symlink", *guest.text("/etc"), ROOT, *guest.text("etc")) == Errno.NOTCAPABLE
    assert not (root / "etc").exists()


def test_trailing_slashes(root: Path) -> None:
    guest = Guest(root)
    assert guest.open("file/", rights=READ) == Errno.NOTDIR
    assert guest.open("file/x", rights=READ) == Errno.NOTDIR
    assert guest.open("new/", flags=CREAT) == Errno.ISDIR
    assert not isinstance(guest.open("a/b/", rights=READ), Errno)
    assert guest.call("path_unlink_file", ROOT, *guest.text("file/")) == Errno.NOTDIR
    assert guest.call("path_filestat_get", ROOT, 0, *guest.text("file/"), 0) == Errno.NOTDIR


def test_a_directory_moved_away_does_not_lead_out(root: Path) -> None:
    guest = Guest(root)
    fd = guest.open("a/b", DIRECTORY, READ | Rights.PATH_OPEN)
    assert not isinstance(fd, Errno)
    (root / "a/b").rename(root.parent / "moved")
    assert guest.open("../secret", rights=READ, root=fd) == Errno.NOTCAPABLE
    assert not isinstance(guest.open("deep", rights=READ, root=fd), Errno)


def test_read_only_directories(root: Path) -> None:
    guest = Guest(None, lambda config: config.preopen_dir(str(root), "/", fs_mutable=False))
    fd = guest.open("file", rights=READ)
    assert not isinstance(fd, Errno)
    assert guest.read(fd) == b"hello"
    assert guest.write(fd, b"x") == Errno.BADF
    assert guest.open("file") == Errno.NOTCAPABLE
    assert guest.open("new", flags=CREAT, rights=READ) == Errno.NOTCAPABLE
    assert guest.open("file", flags=8, rights=READ) == Errno.NOTCAPABLE
    assert guest.call("path_unlink_file", ROOT, *guest.text("file")) == Errno.NOTCAPABLE
    assert guest.call("path_create_directory", ROOT, *guest.text("x")) == Errno.NOTCAPABLE
    inner = guest.open("a", flags=DIRECTORY, rights=READ)
    assert not isinstance(inner, Errno)
    assert guest.call("path_unlink_file", inner, *guest.text("b/deep")) == Errno.NOTCAPABLE
    assert (root / "file").read_text() == "hello"
