"""Paths and directories of WASI 0.2 on a device: they lead where they lead on this machine."""

from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from tests.device import filesguest
from tests.device.filesguest import SECRETS
from tests.device.guestcalls import FOLLOW, PREOPENS, Relay
from tests.wasi.program import Program

guest = filesguest.guest
root = filesguest.root


def test_directories(guest: Relay, root: Path) -> None:
    top, inner = guest.roots[0], guest.open("a", "directory")
    assert guest.file("get-flags", inner) == {"read", "mutate-directory"}
    assert guest.file("create-directory-at", inner, "new") is None
    assert guest.file("create-directory-at", inner, "new") == "exist"
    assert guest.file("rename-at", top, "file", inner, "new/moved") is None
    assert (root / "a/new/moved").read_text() == "hello"
    assert guest.file("remove-directory-at", inner, "new") == "not-empty"
    assert guest.file("unlink-file-at", inner, "new/moved") is None
    assert guest.file("remove-directory-at", inner, "new") is None
    assert guest.open("file") == guest.open("") == "no-entry"
    assert guest.entries(inner) == [("directory", "b")]
    assert guest.entries(top) == [("directory", "a")]
    assert guest.file("read-directory", guest.open("x", "create", flags=("write",))) == "not-directory"


def test_many_entries(guest: Relay, root: Path) -> None:
    """More than come at once, with names up to the longest, and one that is no text."""
    names = [f"{'long' * (number % 60)}{number}é" for number in range(300)]
    for name in names:
        (root / "a/b" / name).touch()
    assert guest.entries(guest.open("a/b")) == [("regular-file", name) for name in sorted(names)]


@pytest.mark.parametrize("path", [*SECRETS, "a\0b"])
def test_paths_are_refused_before_the_app_sees_them(guest: Relay, path: str) -> None:
    code = "illegal-byte-sequence" if "\0" in path else "not-permitted"
    top, asked = guest.roots[0], len(guest.files.asked)
    assert guest.open(path, "create", flags=("write",)) == code
    assert [guest.file(name, top, FOLLOW, path) for name in ("stat-at", "metadata-hash-at")] == [code] * 2
    for name in ("create-directory-at", "remove-directory-at", "unlink-file-at"):
        assert guest.file(name, top, path) == code
    assert guest.file("rename-at", top, path, top, "x") == guest.file("rename-at", top, "file", top, path) == code
    assert len(guest.files.asked) == asked


def test_no_directories() -> None:
    guest = Relay(None)
    assert guest.plain(PREOPENS, "get-directories") == []
    assert guest.close() == 0


PATHS = ["file", "a", "a/b/..", "a//b", "./file", "nothing", "nothing/x", "file/", "file/x", ""]


@pytest.mark.parametrize("path", PATHS)
def test_paths_lead_where_they_lead_here(guest: Relay, root: Path, path: str) -> None:
    """On this machine, in a folder that looks the same, and on the device."""

    def kind_or_error(status: Any) -> Any:
        return getattr(status, "type", status)

    program = Program(Path(copytree(root, root.parent / "copy")))
    with program.context:
        expected = kind_or_error(program.file("stat-at", program.root, FOLLOW, path))
        assert kind_or_error(guest.file("stat-at", guest.roots[0], FOLLOW, path)) == expected
        expected = program.file("create-directory-at", program.root, path)
        assert guest.file("create-directory-at", guest.roots[0], path) == expected
