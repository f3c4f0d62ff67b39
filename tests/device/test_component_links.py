"""Links of WASI 0.2 on a device: what the library refuses before the app is asked, and the rest as it is here."""

import os
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from fusee.spec.wasi import MAX_PATH_BYTES
from tests.device.filesguest import SECRETS
from tests.device.guestcalls import FOLLOW, Relay
from tests.wasi.program import Program


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sandbox with a secret beside it, links that lead there, and links inside."""
    (tmp_path / "secret").write_text("secret")
    inside = tmp_path / "inside"
    (inside / "a/b").mkdir(parents=True)
    (inside / "file").write_text("hello")
    (inside / "link").symlink_to("file")
    (inside / "a/back").symlink_to("../file")
    (inside / "out").symlink_to("../secret")
    (inside / "far").symlink_to(tmp_path / "secret")
    (inside / "folder").symlink_to("a")
    (inside / "loop").symlink_to("loop")
    (inside / "nowhere").symlink_to("nothing")
    return inside


@pytest.fixture
def guest(root: Path) -> Iterator[Relay]:
    """It gives everything back."""
    made = Relay(root)
    yield made
    assert made.close() == 0


def test_links_are_made_and_read(guest: Relay, root: Path) -> None:
    top, inner = guest.roots[0], guest.open("a", "directory")
    assert guest.file("symlink-at", top, "where/ever/ü", "new") is None
    assert os.readlink(root / "new") == "where/ever/ü"
    assert guest.file("readlink-at", top, "new") == "where/ever/ü"
    assert guest.file("readlink-at", inner, "back") == "../file"
    assert guest.file("link-at", top, set(), "file", inner, "b/same") is None
    assert os.path.samefile(root / "file", root / "a/b/same")
    assert guest.file("stat-at", top, set(), "file").link_count == 2
    assert guest.file("link-at", top, set(), "link", top, "link2") is None
    assert os.readlink(root / "link2") == "file"
    assert guest.file("link-at", top, FOLLOW, "link", top, "link3") == "invalid"
    assert guest.file("unlink-file-at", top, "link2") is None
    assert (root / "file").read_text() == "hello"
    assert ("symbolic-link", "link") in guest.entries(top)


PATHS = ["link", "folder", "folder/", "folder/back", "a/back", "out", "far", "loop", "nowhere"]


@pytest.mark.parametrize("path", PATHS)
def test_links_lead_where_they_lead_here(guest: Relay, root: Path, path: str) -> None:
    """On this machine, in a folder that looks the same, and on the device."""
    program = Program(Path(copytree(root, root.parent / "copy", symlinks=True)))
    top = guest.roots[0]

    def kind(status: Any) -> Any:
        return getattr(status, "type", status)

    with program.context:
        for flags in (set(), FOLLOW):
            expected = kind(program.file("stat-at", program.root, flags, path))
            assert kind(guest.file("stat-at", top, flags, path)) == expected
            opened = program.file("open-at", program.root, flags, path, set(), {"read"})
            expected = program.file("get-type", opened) if not isinstance(opened, str) else opened
            found = guest.file("open-at", top, flags, path, set(), {"read"})
            assert (guest.file("get-type", found) if isinstance(found, int) else found) == expected
        assert guest.file("readlink-at", top, path) == program.file("readlink-at", program.root, path)


def test_what_is_a_target(guest: Relay, root: Path) -> None:
    """An absolute one is refused by the library; whatever else leads out, when it is followed, by the app."""
    top = guest.roots[0]
    asked = len(guest.files.asked)
    assert [guest.file("symlink-at", top, target, "new") for target in ("/etc", "/", "a\0b")] == [
        "not-permitted", "not-permitted", "illegal-byte-sequence",
    ]  # fmt: skip
    assert len(guest.files.asked) == asked
    assert guest.file("symlink-at", top, "../secret", "new") is None
    assert guest.file("readlink-at", top, "new") == "../secret"
    assert guest.open("new") == "not-permitted"
    assert guest.file("symlink-at", top, "", "empty") == "no-entry"


@pytest.mark.parametrize("path", [*SECRETS, "a\0b"])
def test_paths_are_refused_before_the_app_sees_them(guest: Relay, path: str) -> None:
    code = "illegal-byte-sequence" if "\0" in path else "not-permitted"
    top, asked = guest.roots[0], len(guest.files.asked)
    assert guest.file("link-at", top, set(), path, top, "x") == code
    assert guest.file("link-at", top, set(), "file", top, path) == code
    assert guest.file("symlink-at", top, "file", path) == guest.file("readlink-at", top, path) == code
    assert len(guest.files.asked) == asked


def test_targets_that_are_no_text_or_too_long(guest: Relay, root: Path) -> None:
    top = guest.roots[0]
    os.symlink(b"\xff", root / "bytes")
    assert guest.file("readlink-at", top, "bytes") == "illegal-byte-sequence"
    longest = "x" * (MAX_PATH_BYTES - 1)  # of Linux, with a zero byte
    os.symlink(longest, root / "long")
    assert guest.file("readlink-at", top, "long") == longest
    guest.files.failing["read_link"] = 0  # says nothing, and that there is nothing
    assert guest.file("readlink-at", top, "long") == ""


def test_a_status_without_links(root: Path) -> None:
    """An app that knows none is asked as ever."""
    guest = Relay(root, "link_stat")
    assert guest.file("stat-at", guest.roots[0], set(), "link").type == "regular-file"
    assert guest.close() == 0
