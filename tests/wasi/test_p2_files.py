"""Files of WASI 0.2: the operations of `wasi:filesystem`."""

import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from fusee.component.values import Record, Variant
from fusee.spec.wasi import MAX_PATH_BYTES
from fusee.wasi import WasiConfig
from fusee.wasi.abi import FILE_RIGHTS, NO_RIGHTS
from fusee.wasi.descriptors import MAX_PIECE_BYTES, File
from fusee.wasi.p2.filesystem.types import OpenFile
from tests.wasi import sandbox
from tests.wasi.program import Program
from tests.wasi.sandbox import FOLLOW, NO_CHANGE, NOW, at

program = sandbox.program
root = sandbox.root


def test_reading_and_writing(program: Program, root: Path) -> None:
    file = program.open("new", "create", "exclusive", flags=("read", "write"))
    assert program.file("get-flags", file) == {"read", "write"}
    assert program.file("get-type", file) == "regular-file"
    assert program.file("write", file, b"0123456789", 5) == 10
    assert program.file("read", file, 100, 0) == (bytes(5) + b"0123456789", False)
    assert program.file("read", file, 100, 15) == (b"", True)
    assert program.file("read", file, 0, 0) == (b"", False)
    assert program.file("set-size", file, 7) is None
    for name in ("sync", "sync-data"):
        assert program.file(name, file) is None
    assert program.file("advise", file, 0, 10, "will-need") is None
    for name, arguments in (("read", (1, 1 << 63)), ("write", (b"x", 1 << 63)), ("set-size", (1 << 63,))):
        assert program.file(name, file, *arguments) == "invalid"
    assert (root / "new").read_bytes() == bytes(5) + b"01"
    assert program.open("new", "create", "exclusive") == "exist"
    assert program.open("new", "truncate", flags=("write",)) is not None
    assert (root / "new").read_bytes() == b""


def test_streams_of_files(program: Program, root: Path) -> None:
    file = program.open("file", flags=("read", "write"))
    source, target, end = (
        program.file(name, file, *arguments)
        for name, arguments in (("read-via-stream", (1,)), ("write-via-stream", (3,)), ("append-via-stream", ()))
    )
    file.close()
    assert program.stream("read", source, 2) == b"el"
    program.stream("blocking-write-and-flush", target, b"LOW")
    program.stream("blocking-write-and-flush", end, b"!")
    assert program.stream("blocking-read", source, 100) == b"LOW!"
    assert (root / "file").read_text() == "helLOW!"


def test_what_a_file_was_not_opened_for(program: Program) -> None:
    reading, writing = program.open("file"), program.open("file", flags=("write",))
    directory = program.open("a")
    assert program.file("get-flags", writing) == {"write"}
    assert program.file("write", reading, b"x", 0) == "bad-descriptor"
    assert program.file("write-via-stream", reading, 0) == "bad-descriptor"
    assert program.file("append-via-stream", reading) == "bad-descriptor"
    assert program.file("set-size", reading, 0) == "not-permitted"
    assert program.file("read", writing, 1, 0) == "bad-descriptor"
    assert program.file("read-via-stream", writing, 0) == "bad-descriptor"
    assert program.file("read", directory, 1, 0) == "is-directory"
    assert program.file("read-via-stream", directory, 0) == "is-directory"
    assert program.file("set-size", directory, 0) == "is-directory"
    assert program.open("a", flags=("write",)) == "is-directory"
    assert program.open("file", "directory") == "not-directory"
    assert program.open("x", "directory", "create") == "invalid"
    for name, arguments in (("read-directory", ()), ("unlink-file-at", ("x",)), ("stat-at", (FOLLOW, "x"))):
        assert program.file(name, reading, *arguments) == "not-directory"
    assert program.file("rename-at", program.root, "file", reading, "x") == "not-directory"


def test_flags_of_synchronisation(program: Program) -> None:
    names = {"file-integrity-sync", "data-integrity-sync", "requested-write-sync"}
    file = program.open("file", flags=("read", "write", *names))
    assert program.file("get-flags", file) == {"read", "write", *names}


def test_what_a_host_allocates_is_bounded(program: Program, root: Path) -> None:
    os.truncate(root / "file", 1 << 32)
    data, is_at_end = program.file("read", program.open("file"), (1 << 64) - 1, 0)
    assert (len(data), is_at_end) == (MAX_PIECE_BYTES, False)


def test_a_fifo_is_read_where_it_is(program: Program, root: Path) -> None:
    os.mkfifo(root / "fifo")
    fd = os.open(root / "fifo", os.O_RDWR)
    assert program.file("stat-at", program.root, FOLLOW, "fifo").type == "fifo"
    file = program.open("fifo")
    os.write(fd, b"through")
    stream = program.file("read-via-stream", file, 0)
    assert program.stream("blocking-read", stream, 100) == b"through"
    assert program.stream("read", stream, 100) == b""
    assert program.file("read", file, 1, 0) == "invalid-seek"
    os.close(fd)


def test_a_fifo_without_another_end_is_opened_at_once(program: Program, root: Path) -> None:
    os.mkfifo(root / "fifo")
    assert program.open("fifo", flags=("write",)) == "no-such-device"
    stream = program.file("read-via-stream", program.open("fifo"), 0)
    writing = threading.Timer(0.03, (root / "fifo").write_bytes, [b"late"])
    writing.start()
    assert program.stream("blocking-read", stream, 100) == b"late"
    writing.join()


# Status


def test_status(program: Program, root: Path) -> None:
    (root / "link").symlink_to("file")
    os.link(root / "file", root / "second")
    os.utime(root / "file", ns=(1_500_000_001, 2_000_000_002))
    status = program.file("stat-at", program.root, FOLLOW, "link")
    assert (status.type, status.link_count, status.size) == ("regular-file", 2, 5)
    assert status.data_access_timestamp == Record(seconds=1, nanoseconds=500_000_001)
    assert status.data_modification_timestamp == Record(seconds=2, nanoseconds=2)
    assert program.file("stat", program.open("second")) == status
    assert program.file("stat-at", program.root, set(), "link").type == "symbolic-link"
    assert program.file("stat", program.root).type == program.file("get-type", program.root) == "directory"
    os.utime(root / "file", (-5, -5))
    assert program.file("stat", program.open("file")).data_access_timestamp is None


def test_a_socket_is_one(program: Program, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
        assert program.file("stat-at", program.root, set(), "socket").type == "socket"
        assert program.open("socket") == "no-such-device"


def test_times(program: Program, root: Path) -> None:
    file = program.open("file", flags=("write",))
    assert program.file("set-times", file, at(10, 5), NO_CHANGE) is None
    before = os.stat(root / "file")
    assert before.st_atime_ns == 10_000_000_005
    assert program.file("set-times-at", program.root, FOLLOW, "file", NO_CHANGE, at(20)) is None
    status = os.stat(root / "file")
    assert (status.st_atime_ns, status.st_mtime_ns) == (10_000_000_005, 20_000_000_000)
    assert program.file("set-times", file, NOW, NOW) is None
    assert os.stat(root / "file").st_mtime_ns >= before.st_mtime_ns
    for when in (at(1 << 63), at((1 << 64) - 1, 5), at(1, 1_000_000_000)):
        assert program.file("set-times", file, when, NO_CHANGE) == "invalid"
        assert program.file("set-times-at", program.root, FOLLOW, "file", when, NO_CHANGE) == "invalid"


def test_hashes_say_which_file_it_is(program: Program, root: Path) -> None:
    os.link(root / "file", root / "second")
    one, two, other = program.open("file"), program.open("second"), program.open("a/b/deep")
    assert program.file("metadata-hash", one) == program.file("metadata-hash-at", program.root, FOLLOW, "second")
    assert program.file("metadata-hash", one) != program.file("metadata-hash", other)
    same = "[method]descriptor.is-same-object"
    assert program.call("filesystem/types", same, one, two)
    assert not program.call("filesystem/types", same, one, other)


# Directories


def entries(program: Program, directory: OpenFile) -> list[Any]:
    stream = program.file("read-directory", directory)
    name = "[method]directory-entry-stream.read-directory-entry"
    found = []
    while (entry := program.ok("filesystem/types", name, stream)) is not None:
        found.append((entry.name, entry.type))
    assert program.ok("filesystem/types", name, stream) is None
    return sorted(found)


def test_entries(program: Program, root: Path) -> None:
    (root / "link").symlink_to("nowhere")
    os.mkfifo(root / "fifo")
    assert entries(program, program.root) == [
        ("a", "directory"), ("fifo", "unknown"), ("file", "regular-file"), ("link", "symbolic-link")
    ]  # fmt: skip
    assert entries(program, program.open("a/b", "directory")) == [("deep", "regular-file")]
    with open(os.path.join(os.fsencode(root), b"a", b"\xff"), "w"):
        pass
    stream = program.file("read-directory", program.open("a"))
    name = "[method]directory-entry-stream.read-directory-entry"
    answers = [program.call("filesystem/types", name, stream) for _ in range(3)]
    assert Variant("err", "illegal-byte-sequence") in answers


def test_making_moving_and_removing(program: Program, root: Path) -> None:
    top = program.root
    assert program.file("create-directory-at", top, "new") is None
    assert program.file("create-directory-at", top, "new") == "exist"
    inner = program.open("new", "directory")
    assert program.file("rename-at", top, "file", inner, "moved") is None
    assert program.file("link-at", inner, set(), "moved", top, "again") is None
    assert program.file("link-at", inner, FOLLOW, "moved", top, "third") == "invalid"
    assert program.file("symlink-at", inner, "../again", "link") is None
    assert program.file("readlink-at", inner, "link") == "../again"
    assert program.file("readlink-at", inner, "moved") == "invalid"
    assert program.file("remove-directory-at", top, "new") == "not-empty"
    assert program.file("unlink-file-at", top, "new") == "is-directory"
    for name in ("moved", "link"):
        assert program.file("unlink-file-at", inner, name) is None
    assert program.file("remove-directory-at", top, "new") is None
    assert (root / "again").read_text() == "hello"
    assert sorted(os.listdir(root)) == ["a", "again"]


# The table of resources


def test_files_are_limited_and_closed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fusee.wasi.resources.MAX_FILES", 4)
    program = Program(root)
    before, table = len(os.listdir("/proc/self/fd")), program.context.resources
    numbers = [table.add(program.open("file")) for _ in range(3)]
    opened = program.open("file")
    with pytest.raises(Exception, match="MFILE"):
        table.add(opened)
    table.drop(numbers[1])
    with pytest.raises(TypeError, match="OpenFile"):
        table.get(numbers[1], OpenFile)
    assert table.add(program.open("file")) == numbers[1]
    assert len(os.listdir("/proc/self/fd")) == before + 3
    program.context.close()
    assert len(table) == 0
    assert len(os.listdir("/proc/self/fd")) == before - 1


def test_resources_are_limited(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fusee.wasi.resources.MAX_RESOURCES", 2)
    for _ in range(2):
        program.context.resources.add(program.call("clocks/monotonic-clock", "subscribe-duration", 1))
    with pytest.raises(Exception, match="2 resources of WASI"):
        program.context.resources.add(program.call("clocks/monotonic-clock", "subscribe-duration", 1))


def test_a_closed_program_has_nothing_open(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    program = Program(root, WasiConfig.inherit_stdout)
    for name in ("1", "2"):
        file = program.open(name, "create", flags=("write",))
        program.context.resources.add(program.file("append-via-stream", file))
        file.close()
    program.context.resources.add(OpenFile(File(os.open(root / "file", os.O_RDONLY), FILE_RIGHTS, NO_RIGHTS)))
    assert len(os.listdir("/proc/self/fd")) == before + 4
    program.context.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_each_has_the_preopened_directories_itself(program: Program) -> None:
    (first, _), *_ = program.call("filesystem/preopens", "get-directories")
    (second, _), *_ = program.call("filesystem/preopens", "get-directories")
    first.close()
    assert program.file("stat-at", second, set(), "file").size == 5
    second.close()


def test_the_length_of_a_path_is_counted_in_bytes(program: Program, root: Path) -> None:
    (root / "ä").mkdir()
    path = "./" + "ä/../" * (MAX_PATH_BYTES // 6) + "file"
    assert len(path) < MAX_PATH_BYTES < len(path.encode())
    assert program.open(path) == "name-too-long"
    assert program.file("stat-at", program.root, set(), path.removeprefix("./")).size == 5
