"""The sandbox of WASI 0.2, which is that of preview 1: paths and links that lead out of it."""

import os
from pathlib import Path

import pytest

from fusee.wasi.p2.filesystem.types import OpenFile
from tests.wasi import sandbox
from tests.wasi.program import Program
from tests.wasi.sandbox import FOLLOW, NOW, read_only

program = sandbox.program
root = sandbox.root


@pytest.mark.parametrize(
    "path",
    ["../secret", "a/../../secret", "/etc/passwd", "/", "..", "a/../..", "./../secret", "a/b/../../../inside/file"],
)
def test_paths_out_of_the_sandbox(program: Program, path: str) -> None:
    assert program.open(path) == "not-permitted"
    assert program.file("stat-at", program.root, FOLLOW, path) == "not-permitted"
    assert program.file("create-directory-at", program.root, path + "/x") == "not-permitted"


def test_links_out_of_the_sandbox(program: Program, root: Path) -> None:
    (root / "up").symlink_to("..")
    (root / "absolute").symlink_to(root.parent)
    (root / "link").symlink_to("a/../../secret")
    for path in ("link", "up/secret", "absolute/secret", "up/inside/file", "absolute/"):
        assert program.open(path) == "not-permitted"
        assert program.file("metadata-hash-at", program.root, FOLLOW, path) == "not-permitted"
        assert program.file("set-times-at", program.root, FOLLOW, path, NOW, NOW) == "not-permitted"
    top = program.root
    assert program.open("link", "create", flags=("write",)) == "not-permitted"
    for name in ("create-directory-at", "remove-directory-at", "unlink-file-at", "readlink-at"):
        assert program.file(name, top, "up/secret") == "not-permitted"
    for name, arguments in (("rename-at", ("file", top)), ("link-at", (set(), "file", top))):
        assert program.file(name, top, *arguments, "up/stolen") == "not-permitted"
    assert program.file("rename-at", top, "up/secret", top, "mine") == "not-permitted"
    assert program.file("symlink-at", top, "/etc/passwd", "x") == "not-permitted"
    assert program.file("symlink-at", top, "file", "up/x") == "not-permitted"
    assert sorted(os.listdir(root.parent)) == ["inside", "secret"]


def test_a_directory_that_becomes_a_link_leads_nowhere(program: Program, root: Path) -> None:
    """Between two calls somebody puts a link in the place of a directory: a descriptor stays where it was."""
    directory = program.open("a", "directory")
    (root / "a").rename(root / "moved")
    (root / "a").symlink_to("..")
    assert program.open("a/secret") == "not-permitted"
    assert isinstance(program.open("b/deep", root=directory), OpenFile)
    assert program.open("../secret", root=directory) == "not-permitted"


def test_links_inside_are_followed(program: Program, root: Path) -> None:
    (root / "link").symlink_to("a/b/up")
    (root / "a/b/up").symlink_to("../../file")
    assert program.file("read", program.open("link"), 10, 0) == (b"hello", False)
    assert program.open("link", follow=False) == "loop"
    assert program.file("readlink-at", program.root, "link") == "a/b/up"
    (root / "self").symlink_to("self")
    assert program.open("self") == "loop"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("", "no-entry"),
        ("a\0b", "illegal-byte-sequence"),
        ("x" * 300, "name-too-long"),
        ("x/" * 3000, "name-too-long"),
        ("é" * 2049, "name-too-long"),
        ("a/" * 300 + "x", "no-entry"),
        ("file/", "not-directory"),
        ("file/x", "not-directory"),
    ],
)
def test_malformed_paths(program: Program, path: str, code: str) -> None:
    assert program.open(path) == code
    assert program.file("stat-at", program.root, FOLLOW, path) == code


def test_a_read_only_directory_passes_nothing_on(root: Path) -> None:
    program = read_only(root)
    top = program.root
    assert program.call("filesystem/preopens", "get-directories")[0][1] == "/data"
    assert program.file("get-flags", top) == {"read"}
    assert program.file("read", program.open("file"), 10, 0) == (b"hello", False)
    assert program.open("file", flags=("write",)) == "not-permitted"
    assert program.open("new", "create") == "not-permitted"
    assert program.open("file", "truncate") == "not-permitted"
    assert program.file("set-times", program.open("file"), NOW, NOW) == "not-permitted"
    assert program.file("set-times-at", top, FOLLOW, "file", NOW, NOW) == "not-permitted"
    assert program.file("symlink-at", top, "file", "link") == "not-permitted"
    for name in ("create-directory-at", "remove-directory-at", "unlink-file-at"):
        assert program.file(name, top, "file") == "not-permitted"
    assert program.file("rename-at", top, "file", top, "x") == "not-permitted"
    assert program.file("link-at", top, set(), "file", top, "x") == "not-permitted"
    inner = program.open("a", "directory", flags=("read", "mutate-directory"))
    assert program.file("get-flags", inner) == {"read"}
    assert program.file("create-directory-at", inner, "x") == "not-permitted"
    assert sorted(os.listdir(root)) == ["a", "file"]
