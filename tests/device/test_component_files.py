"""Files and timers of WASI 0.2 on a device, through what the app gives for preview 1, as they are on this machine."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from fusee.component import Record, Variant
from fusee.engine.capi.component.wasi.resources import MOST, MOST_FILES
from fusee.spec.wasi import FILE_ERROR_CODES, Errno
from tests.component.guests import LIBC
from tests.device.commands import Command
from tests.device.components import DeviceTrap
from tests.device.guestcalls import FOLLOW, PREOPENS, TYPES, Relay
from tests.wasi.program import Program

CLOCK = "clocks/monotonic-clock"
SECRETS = ["../secret", "a/../../secret", "/etc/passwd", "/", "..", "a/../..", "./../secret", "a/b/../../../inside/x"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sandbox with a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    inside = tmp_path / "inside"
    (inside / "a/b").mkdir(parents=True)
    (inside / "file").write_text("hello")
    return inside


@pytest.fixture
def guest(root: Path) -> Iterator[Relay]:
    """It gives everything back."""
    made = Relay(root)
    yield made
    assert made.close() == 0


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


def test_handles_of_another_kind_or_none(guest: Relay) -> None:
    with pytest.raises(DeviceTrap, match="unknown handle index"):
        guest.file("stat", 77)
    other = Relay(None)
    with pytest.raises(DeviceTrap, match="handle index used with the wrong type"):
        other.stream("input-stream.read", other.plain("cli/stdout", "get-stdout"), 1)
    assert other.close() == 0


def test_too_many_zeroes_at_once_are_a_trap(guest: Relay) -> None:
    stream = guest.file("write-via-stream", guest.open("file", flags=("write",)), 0)
    with pytest.raises(DeviceTrap, match="not of the expected type"):
        guest.stream("output-stream.write-zeroes", stream, 1 << 40)


@pytest.mark.parametrize("param", ["u64", "(tuple u32 u32)", "string", "(list u16)"])
def test_functions_of_other_types_are_not_given(param: str) -> None:
    """What a component says that a function takes, the library looks at: it must not take a number for a list."""
    core, given = (
        ("i64", "(i64.const 0x400000001000)") if param == "u64" else ("i32 i32", "(i32.const 0) (i32.const 0)")
    )
    app = Command(
        f"""(component
      (import "wasi:io/streams@0.2.0" (instance $s (export "output-stream" (type $o (sub resource)))
        (export "[method]output-stream.write"
          (func (param "self" (borrow $o)) (param "contents" {param}) (result (result))))))
      (core module $memory (memory (export "memory") 1))
      (core instance $m (instantiate $memory)) (alias core export $m "memory" (core memory $mem))
      (core func $f (canon lower (func $s "[method]output-stream.write") (memory $mem)))
      (core module $c (import "w" "f" (func $f (param i32 {core}) (result i32)))
        (func (export "run") (drop (call $f (i32.const 0) {given}))))
      (core instance $i (instantiate $c (with "w" (instance (export "f" (func $f))))))
      (func (export "run") (canon lift (core func $i "run"))))""",
        [],
    )
    app.instantiate()
    with pytest.raises(DeviceTrap, match="not defined"):
        app.func("run")()
    assert app.close() == 0


@pytest.mark.parametrize("element", ["u32", "u64", "string", "(tuple u32 u32)"])
def test_lists_of_other_types_are_not_taken(element: str) -> None:
    app = Command(
        f"""(component
      (import "wasi:io/poll@0.2.0" (instance $p
        (export "poll" (func (param "in" (list {element})) (result (list u32))))))
      {LIBC}
      (core func $f (canon lower (func $p "poll") (memory $memory) (realloc $realloc)))
      (core module $c (import "w" "f" (func $f (param i32 i32 i32)))
        (func (export "run") (call $f (i32.const 0) (i32.const 9) (i32.const 128))))
      (core instance $i (instantiate $c (with "w" (instance (export "f" (func $f))))))
      (func (export "run") (canon lift (core func $i "run"))))""",
        [],
    )
    app.instantiate()
    with pytest.raises(DeviceTrap, match="not defined"):
        app.func("run")()
    assert app.close() == 0


@pytest.mark.parametrize(
    ("payload", "flat"),
    [("u64", "i64"), ("f64", "f64"), ("string", "i32 i32"), ("(tuple u64 u64)", "i64 i64"), ("$a-record", "i32 i64"),
     ("(list u64)", "i32 i32"), ("", "")],
)  # fmt: skip
def test_times_of_other_types_are_none(root: Path, payload: str, flat: str) -> None:
    """A component may call anything a time: no number is taken for an address."""
    times = f"(i32.const 2) {' '.join(f'({kind}.const 80)' for kind in flat.split())}"
    codes = " ".join(f'"{code}"' for code in FILE_ERROR_CODES)
    app = Command(
        f"""(component
      (import "wasi:filesystem/types@0.2.0" (instance $t
        (export "descriptor" (type $d (sub resource)))
        (type $a-record-inner (record (field "seconds" u32) (field "nanoseconds" u64)))
        (export "a-record" (type $a-record (eq $a-record-inner)))
        (type $time-inner (variant (case "no-change") (case "now") (case "timestamp" {payload})))
        (export "new-timestamp" (type $time (eq $time-inner)))
        (type $codes (enum {codes}))
        (export "error-code" (type $code (eq $codes)))
        (export "[method]descriptor.set-times" (func (param "self" (borrow $d)) (param "a" $time) (param "m" $time)
          (result (result (error $code)))))))
      (alias export $t "descriptor" (type $descriptor))
      (import "wasi:filesystem/preopens@0.2.0" (instance $p
        (alias outer 1 $descriptor (type $outer)) (export "descriptor" (type $d (eq $outer)))
        (export "get-directories" (func (result (list (tuple (own $d) string)))))))
      {LIBC}
      (core func $set (canon lower (func $t "[method]descriptor.set-times") (memory $memory) (realloc $realloc)))
      (core func $get (canon lower (func $p "get-directories") (memory $memory) (realloc $realloc)))
      (core module $c (import "w" "memory" (memory 1)) (import "w" "get" (func $get (param i32)))
        (import "w" "set" (func $set (param i32 i32 {flat} i32 {flat} i32)))
        (func (export "run") (result i32)
          (call $get (i32.const 16))
          (call $set (i32.load (i32.load (i32.const 16))) {times} {times} (i32.const 32))
          (i32.load8_u (i32.add (i32.const 32) (i32.load8_u (i32.const 32))))))
      (core instance $i (instantiate $c (with "w" (instance
        (export "memory" (memory $memory)) (export "get" (func $get)) (export "set" (func $set))))))
      (func (export "run") (result u32) (canon lift (core func $i "run"))))""",
        ["app"],
        folders={"/": root},
    )
    app.instantiate()
    assert app.func("run")() == FILE_ERROR_CODES.index("invalid")
    assert app.close() == 0


@pytest.mark.parametrize("name", ["stat-at", "open-at", "read-directory"])
def test_without_memory(root: Path, name: str) -> None:
    """The first, second … allocation of a call fails: a typed error, and nothing is lost."""
    rest: dict[str, tuple[Any, ...]] = {
        "stat-at": (FOLLOW, "file"), "open-at": (FOLLOW, "file", set(), {"read"}), "read-directory": (),
    }  # fmt: skip
    number = 0
    left = 0
    while left <= 0:
        guest = Relay(root)
        number += 1
        guest.device.allocations_left = number
        try:
            found = guest.file(name, guest.roots[0], *rest[name])
        except DeviceTrap as trap:
            found = str(trap)
        left, guest.device.allocations_left = guest.device.allocations_left, 0
        assert left > 0 or found in ("insufficient-memory", "out of memory")
        assert guest.close() == 0
    assert number > 4


# Timers


def test_sleeping(guest: Relay) -> None:
    first = guest.plain(CLOCK, "subscribe-duration", 5_000)
    second = guest.plain(CLOCK, "subscribe-instant", guest.plain(CLOCK, "now") + 3_000)
    ready = guest.plain("io/streams", "input-stream.subscribe", guest.file("read-via-stream", guest.open("file"), 0))
    is_ready = "pollable.ready"

    def poll(*handles: int) -> Any:
        return guest.plain("io/poll", "poll", [*handles])

    assert [guest.plain("io/poll", is_ready, one) for one in (first, second, ready)] == [False, False, True]
    assert (poll(first, ready), guest.device.slept_ns) == ([1], 0)
    assert (poll(first, second, first), guest.device.slept_ns) == ([1], 3_000)
    guest.plain("io/poll", "pollable.block", first)
    assert guest.device.slept_ns == 5_000
    assert poll(first, second, ready) == [0, 1, 2]
    for handle in (first, second, ready):
        guest.drop(handle, "pollable")
    with pytest.raises(DeviceTrap, match="not of the expected type"):
        poll()


def test_timers_that_are_never_over_can_be_interrupted(guest: Relay) -> None:
    timer = guest.plain(CLOCK, "subscribe-duration", (1 << 64) - 1)
    guest.device.when_waiting = lambda: guest.call("fusee_store_interrupt", guest.store, 1)
    with pytest.raises(DeviceTrap, match="interrupt"):
        guest.plain("io/poll", "pollable.block", timer)
    guest.call("fusee_store_interrupt", guest.store, 0)


@pytest.mark.slow
def test_timers_are_limited() -> None:
    app = Command(
        """(component
      (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
      (alias export $poll "pollable" (type $p))
      (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
        (alias outer 1 $p (type $p')) (export "pollable" (type $q (eq $p')))
        (export "subscribe-duration" (func (param "when" u64) (result (own $q))))))
      (core func $f (canon lower (func $clock "subscribe-duration")))
      (core module $c (import "w" "f" (func $f (param i64) (result i32)))
        (func (export "run") (param $count i32) (loop (drop (call $f (i64.const 1)))
          (br_if 0 (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))))
      (core instance $i (instantiate $c (with "w" (instance (export "f" (func $f))))))
      (func (export "run") (param "count" u32) (canon lift (core func $i "run"))))""",
        [],
    )
    app.instantiate()
    app.func("run")(MOST)
    with pytest.raises(DeviceTrap, match="no free keys"):
        app.func("run")(1)
    assert app.close() == 0


# What there is not


def test_sockets_are_not_supported() -> None:
    guest = Relay(None)
    assert isinstance(guest.plain("sockets/instance-network", "instance-network"), int)
    assert guest.close() == 0
