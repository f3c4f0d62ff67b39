"""Files and directories of WASI 0.2 on a device, through what the app gives for preview 1, as on this machine."""

import os
import time
from pathlib import Path

import pytest

from fusee.component import Record, Variant
from fusee.engine.capi.component.wasi.resources import MOST_FILES
from fusee.spec.wasi import Errno
from tests.device import filesguest
from tests.device.guestcalls import FOLLOW, PREOPENS, TYPES, Relay

guest = filesguest.guest
root = filesguest.root


def test_what_is_there_from_the_start(guest: Relay) -> None:
    found = guest.plain(PREOPENS, "get-directories")
    assert [name for _, name in found] == ["/", "/b"]
    assert guest.file("get-type", found[0][0]) == "directory"
    assert guest.file("get-flags", found[0][0]) == {"read", "mutate-directory"}
    guest.drop(found[0][0], "descriptor")
    assert "close" not in guest.files.asked


def test_a_file_at_offsets(guest: Relay, root: Path) -> None:
    file = guest.open("new", "create", "exclusive", flags=("read", "write"))
    guest.files.most = 3
    assert guest.file("write", file, b"abcdefgh", 2) == 8
    assert (root / "new").read_bytes() == b"\0\0abcdefgh"
    guest.files.most = 1 << 30
    assert guest.file("read", file, 4, 3) == (b"bcde", False)
    assert guest.file("read", file, 1 << 40, 8) == (b"gh", False)
    assert [guest.file("read", file, size, 10) for size in (1, 0)] == [(b"", True), (b"", False)]
    assert [guest.file("write", file, b"x", at) for at in ((1 << 64) - 1, 1 << 63)] == ["invalid", "invalid"]
    assert guest.file("read", file, 1, (1 << 64) - 1) == "invalid"
    assert [guest.file(name, file) for name in ("sync", "sync-data")] == [None, None]
    assert guest.file("advise", file, 0, 1, "random") is None
    assert guest.file("get-flags", file) == {"read", "write"}
    assert guest.file("get-type", file) == "regular-file"
    guest.drop(file, "descriptor")
    assert guest.files.asked.count("close") == 1


def test_what_it_was_not_opened_for(guest: Relay) -> None:
    reader = guest.open("file", flags=())
    assert guest.file("get-flags", reader) == {"read"}
    assert [guest.file("write", reader, b"x", 0), guest.file("write-via-stream", reader, 0)] == ["bad-descriptor"] * 2
    assert guest.file("append-via-stream", reader) == "bad-descriptor"
    writer = guest.open("file", flags=("write",))
    assert [guest.file("read", writer, 1, 0), guest.file("read-via-stream", writer, 0)] == ["bad-descriptor"] * 2
    assert guest.open("a", flags=("write",)) == "is-directory"


def test_streams_of_a_file(guest: Relay, root: Path) -> None:
    """Each has a place of its own, and outlives the descriptor."""
    file = guest.open("file", flags=("read", "write"))
    first, second = guest.file("read-via-stream", file, 0), guest.file("read-via-stream", file, 3)
    out, end = guest.file("write-via-stream", file, 4), guest.file("append-via-stream", file)
    guest.drop(file, "descriptor")
    assert guest.stream("input-stream.read", first, 2) == b"he"
    assert guest.stream("input-stream.skip", second, 1) == 1
    assert guest.stream("output-stream.check-write", out) == 65536
    assert guest.stream("output-stream.blocking-write-and-flush", out, b"OUT") is None
    assert guest.stream("output-stream.write", end, b"end") is None
    assert guest.stream("output-stream.write-zeroes", out, 2) is None
    assert (root / "file").read_bytes() == b"hellOUT\0\0d"
    assert guest.stream("output-stream.blocking-splice", end, first, 3) == 3
    assert guest.stream("input-stream.blocking-read", first, 1 << 40) == b"UT\0\0dllO"
    assert guest.plain("io/streams", "input-stream.read", first, 1) == Variant("err", None)
    assert [guest.stream(f"output-stream.{name}", out) for name in ("flush", "blocking-flush")] == [None, None]
    pollable = guest.plain("io/streams", "input-stream.subscribe", second)
    assert guest.plain("io/poll", "pollable.ready", pollable) is True
    for stream, kind in ((first, "input"), (second, "input"), (out, "output")):
        guest.drop(stream, f"{kind}-stream")
    assert "close" not in guest.files.asked
    guest.drop(end, "output-stream")
    assert guest.files.asked.count("close") == 1


def test_what_instances_leave_behind_ends_with_the_last_one(guest: Relay) -> None:
    """They share what a component may have open, and a program that is run again and again drops nothing at its end."""
    for round_ in range(1, 3):
        instances = []
        for _ in range(2):
            file = guest.open("file")
            guest.file("read-via-stream", file, 0)
            instances.append(guest.instance)
            guest.instantiate()
            guest.roots = [found for found, _ in guest.plain(PREOPENS, "get-directories")]
        for instance in instances:
            guest.call("fusee_component_instance_delete", instance)
            assert guest.files.asked.count("close") == 2 * (round_ - 1)
        guest.call("fusee_component_instance_delete", guest.instance)
        assert guest.files.asked.count("close") == 2 * round_
        guest.instantiate()
        guest.roots = [found for found, _ in guest.plain(PREOPENS, "get-directories")]


def test_a_stream_stays_where_it_is_if_it_cannot_write(guest: Relay, root: Path) -> None:
    out = guest.file("write-via-stream", guest.open("file", flags=("write",)), 1)
    end = guest.file("write-via-stream", guest.open("file", flags=("write",)), (1 << 64) - 1)
    guest.files.failing["write"] = Errno.NOSPC
    assert guest.plain("io/streams", "output-stream.write", out, b"xyz").tag == "err"
    del guest.files.failing["write"]
    assert guest.stream("output-stream.write", out, b"E") is None
    for _ in range(2):
        assert guest.plain("io/streams", "output-stream.write", end, b"x").tag == "err"
    assert (root / "file").read_bytes() == b"hEllo"


def test_sizes(guest: Relay, root: Path) -> None:
    file = guest.open("file", flags=("read", "write"))
    assert guest.file("set-size", file, 7) is None
    assert (root / "file").read_bytes() == b"hello\0\0"
    assert guest.file("set-size", file, 2) is None
    assert (root / "file").read_bytes() == b"he"
    asked = guest.files.asked.count("set_size")
    assert [guest.file("set-size", file, size) for size in (1 << 63, (1 << 64) - 1)] == ["invalid", "invalid"]
    assert guest.file("set-size", guest.open("file"), 0) == "not-permitted"
    assert guest.file("set-size", guest.open("a", "directory"), 0) == "is-directory"
    assert guest.file("set-size", guest.roots[0], 0) == "is-directory"
    assert guest.files.asked.count("set_size") == asked
    guest.files.failing["set_size"] = Errno.NOSPC
    assert guest.file("set-size", file, 9) == "insufficient-space"


def at(seconds: int, nanoseconds: int = 0) -> Variant:
    return Variant("timestamp", Record(seconds=seconds, nanoseconds=nanoseconds))


NOW, NO_CHANGE = Variant("now"), Variant("no-change")
MOST_SECONDS = (1 << 63) // 10**9 - 1


def times_of(place: Path) -> tuple[int, int]:
    status = place.stat()
    return status.st_atime_ns, status.st_mtime_ns


def test_times(guest: Relay, root: Path) -> None:
    top, file = guest.roots[0], guest.open("file")
    assert guest.file("set-times", file, at(10, 5), at(20)) is None
    assert times_of(root / "file") == (10 * 10**9 + 5, 20 * 10**9)
    assert guest.file("set-times", file, at(30), NO_CHANGE) is None
    assert guest.file("set-times-at", top, FOLLOW, "file", NO_CHANGE, at(40, 999_999_999)) is None
    assert times_of(root / "file") == (30 * 10**9, 41 * 10**9 - 1)
    before = time.time_ns() - 10**10
    assert guest.file("set-times-at", top, set(), "file", NOW, at(MOST_SECONDS)) is None
    accessed, modified = times_of(root / "file")
    assert accessed > before
    assert modified == MOST_SECONDS * 10**9
    assert guest.file("set-times", file, NO_CHANGE, NOW) is None
    assert times_of(root / "file")[1] > before
    assert guest.file("set-times", top, at(50), at(60)) is None
    assert guest.file("set-times-at", top, set(), "a", at(50), at(60)) is None
    assert times_of(root) == times_of(root / "a") == (50 * 10**9, 60 * 10**9)
    asked = len(guest.files.asked)
    for when in (at(1, 10**9), at(MOST_SECONDS + 1), at((1 << 64) - 1)):
        assert guest.file("set-times", file, when, NO_CHANGE) == "invalid"
        assert guest.file("set-times-at", top, set(), "file", NO_CHANGE, when) == "invalid"
    assert len(guest.files.asked) == asked
    assert guest.file("set-times-at", top, set(), "nothing", NOW, NOW) == "no-entry"


def test_errors_of_streams_say_their_code(guest: Relay) -> None:
    stream = guest.file("write-via-stream", guest.open("file", flags=("write",)), 0)
    guest.files.failing["write"] = Errno.NOSPC
    error = guest.stream("output-stream.write", stream, b"x")
    assert guest.plain(TYPES, "filesystem-error-code", error) == "insufficient-space"
    assert guest.plain("io/error", "error.to-debug-string", error) == "error 51"
    guest.files.failing["write"] = 1000
    error = guest.stream("output-stream.write", stream, b"x")
    assert guest.plain(TYPES, "filesystem-error-code", error) == "io"
    assert guest.plain("io/error", "error.to-debug-string", error) == "error 29"


@pytest.mark.parametrize("errno", [0x1_0000, 0x1_0001, 0xFFFF_FFFF])
def test_what_is_no_errno_means_nothing_else(guest: Relay, errno: int) -> None:
    """Not the end of a stream, nor a guest that is to be stopped."""
    file = guest.open("file", flags=("read", "write"))
    given, taken = guest.file("read-via-stream", file, 0), guest.file("write-via-stream", file, 0)
    guest.files.failing = dict.fromkeys(("read", "write", "stat", "path_stat", "make_directory"), errno)
    errors = [guest.stream("input-stream.read", given, 1), guest.stream("output-stream.write", taken, b"x")]
    errors.append(guest.stream("output-stream.splice", taken, given, 1))
    errors.append(guest.stream("output-stream.write-zeroes", taken, 1))
    for error in errors:
        assert error is not None  # `closed`
        assert guest.plain(TYPES, "filesystem-error-code", error) == "io"
    assert [guest.file("read", file, 1, 0), guest.file("write", file, b"x", 0), guest.file("stat", file)] == ["io"] * 3
    top = guest.roots[0]
    assert guest.file("stat-at", top, FOLLOW, "file") == guest.file("create-directory-at", top, "new") == "io"


def test_status(guest: Relay, root: Path) -> None:
    file, status = guest.open("file"), os.stat(root / "file")
    times = {
        f"{name}_timestamp": Record(seconds=at // 10**9, nanoseconds=at % 10**9)
        for name, at in (("data_access", status.st_atime_ns), ("data_modification", status.st_mtime_ns),
                         ("status_change", status.st_ctime_ns))
    }  # fmt: skip
    expected = Record(type="regular-file", link_count=1, size=5, **times)
    assert guest.file("stat", file) == guest.file("stat-at", guest.roots[0], FOLLOW, "file") == expected
    assert guest.file("stat-at", guest.roots[0], set(), "nothing") == "no-entry"
    hashes = guest.file("metadata-hash", file), guest.file("metadata-hash-at", guest.roots[0], set(), "file")
    assert hashes[0] == hashes[1] != guest.file("metadata-hash-at", guest.roots[0], set(), "a")
    again, other = guest.open("file"), guest.open("other", "create", flags=("write",))
    assert guest.plain(TYPES, "descriptor.is-same-object", file, again) is True
    assert guest.plain(TYPES, "descriptor.is-same-object", file, other) is False


def test_an_app_without_these_callbacks(root: Path) -> None:
    absent = (
        "open", "path_stat", "rename", "make_directory", "read_directory", "set_times", "path_set_times", "link_stat",
        "link", "symlink", "read_link",
    )  # fmt: skip
    guest = Relay(root, *absent)
    top, now = guest.roots[0], Variant("now")
    assert guest.file("set-times", top, now, now) == "unsupported"
    assert guest.file("set-times-at", top, set(), "a", now, now) == "unsupported"
    assert guest.open("file") == guest.file("stat-at", top, set(), "file") == "unsupported"
    assert guest.file("rename-at", top, "file", top, "x") == "unsupported"
    assert guest.file("create-directory-at", top, "x") == "unsupported"
    assert guest.file("link-at", top, set(), "file", top, "x") == "unsupported"
    assert guest.file("symlink-at", top, "file", "x") == guest.file("readlink-at", top, "x") == "unsupported"
    stream = guest.file("read-directory", top)
    assert guest.plain(TYPES, "directory-entry-stream.read-directory-entry", stream).payload == "bad-descriptor"
    assert guest.close() == 0


def test_an_app_that_cannot_change_sizes(root: Path) -> None:
    guest = Relay(root, "set_size")
    assert guest.file("set-size", guest.open("file", flags=("write",)), 1) == "unsupported"
    assert guest.close() == 0


# Limits


def test_files_are_limited(guest: Relay) -> None:
    stream = guest.file("read-directory", guest.roots[0])
    found = [guest.open("file")]
    guest.files.failing["read_directory"] = Errno.IO
    while isinstance(found[-1], int):
        found.append(guest.file("read-directory", guest.roots[0]))
    assert (found[-1], len(found)) == ("insufficient-memory", MOST_FILES - 2 - 1 + 1)
    assert guest.open("file") == "insufficient-memory"
    guest.drop(stream, "directory-entry-stream")
    assert isinstance(guest.open("file"), int)
