"""Streams of WASI 0.2: what they give, when they are ready, and what they refuse."""

import os
import socket
from pathlib import Path

import pytest

from fusee import LimitError, Trap
from fusee.wasi.abi import FILE_RIGHTS, NO_RIGHTS
from fusee.wasi.descriptors import MAX_PIECE_BYTES, File
from fusee.wasi.errno import Errno
from fusee.wasi.p2.pollable import Pollable
from fusee.wasi.p2.streams import (
    PIPE_BYTES,
    ClosedOutput,
    DescriptorInput,
    DescriptorOutput,
    FileInput,
    FileOutput,
    IoError,
)
from tests.wasi import pipes
from tests.wasi.pipes import Pipe, is_ready
from tests.wasi.program import Program

pipe = pipes.pipe
program = pipes.program


def test_reading_never_waits(program: Program, pipe: Pipe) -> None:
    assert program.stream("read", pipe.reader, 10) == b""
    assert not is_ready(program, pipe.reader)
    os.write(pipe.fds[1], b"hello world")
    assert is_ready(program, pipe.reader)
    assert program.stream("read", pipe.reader, 5) == b"hello"
    assert program.stream("read", pipe.reader, 0) == b""
    assert program.stream("skip", pipe.reader, 1) == 1
    assert program.stream("blocking-read", pipe.reader, 1 << 60) == b"world"
    assert program.stream("read", pipe.reader, 1) == b""


def test_the_end_of_input_closes_it(program: Program, pipe: Pipe) -> None:
    os.write(pipe.fds[1], b"x")
    pipe.close(pipe.writer)
    assert program.stream("blocking-read", pipe.reader, 10) == b"x"
    assert is_ready(program, pipe.reader)
    assert program.stream_error("read", pipe.reader, 10) is None
    assert pipe.reader.is_closed
    assert program.stream_error("read", pipe.reader, 0) is None
    assert program.stream_error("blocking-skip", pipe.reader, 1) is None


def test_a_write_needs_a_permit(program: Program, pipe: Pipe) -> None:
    with pytest.raises(Trap, match="check-write has permitted 0"):
        program.stream("write", pipe.writer, b"x")
    assert program.stream("check-write", pipe.writer) == PIPE_BYTES
    program.stream("write", pipe.writer, b"a" * 4000)
    program.stream("write", pipe.writer, b"b" * 96)
    with pytest.raises(Trap, match="1 bytes, and check-write has permitted 0"):
        program.stream("write", pipe.writer, b"c")
    with pytest.raises(Trap, match="write-zeroes"):
        program.stream("write-zeroes", pipe.writer, 1 << 63)
    assert os.read(pipe.fds[0], 8192) == b"a" * 4000 + b"b" * 96
    program.stream("check-write", pipe.writer)
    program.stream("write-zeroes", pipe.writer, 3)
    assert os.read(pipe.fds[0], 10) == bytes(3)


def test_a_full_pipe_permits_nothing(program: Program, pipe: Pipe) -> None:
    count = pipe.fill()
    assert program.stream("check-write", pipe.writer) == 0
    assert not is_ready(program, pipe.writer)
    assert os.read(pipe.fds[0], 1 << 20) == bytes(count)
    assert is_ready(program, pipe.writer)
    assert program.stream("check-write", pipe.writer) == PIPE_BYTES


def test_what_the_host_does_not_take_is_kept(program: Program, pipe: Pipe) -> None:
    """Others have filled the pipe between `check-write` and `write`: nothing is lost, and nothing more taken."""
    assert program.stream("check-write", pipe.writer) == PIPE_BYTES
    count = pipe.fill()
    program.stream("write", pipe.writer, b"ke")
    program.stream("write", pipe.writer, b"pt")
    program.stream("flush", pipe.writer)
    assert program.stream("check-write", pipe.writer) == 0
    assert not is_ready(program, pipe.writer)
    assert os.read(pipe.fds[0], 1 << 20) == bytes(count)
    assert is_ready(program, pipe.writer)
    assert os.read(pipe.fds[0], 10) == b"kept"
    assert program.stream("check-write", pipe.writer) == PIPE_BYTES


def test_nobody_reads_any_more(program: Program, pipe: Pipe) -> None:
    pipe.close(pipe.reader)
    assert is_ready(program, pipe.writer)
    assert program.stream("check-write", pipe.writer) > 0
    assert program.stream_error("write", pipe.writer, b"x") is None
    assert program.stream_error("check-write", pipe.writer) is None
    assert program.stream_error("blocking-write-and-flush", pipe.writer, b"x") is None


def test_blocking_writes(program: Program, pipe: Pipe) -> None:
    program.stream("blocking-write-and-flush", pipe.writer, b"1" * 4096)
    program.stream("blocking-write-zeroes-and-flush", pipe.writer, 5)
    program.stream("blocking-flush", pipe.writer)
    assert os.read(pipe.fds[0], 9000) == b"1" * 4096 + bytes(5)
    for name, contents in (("write", bytes(4097)), ("write-zeroes", 4097)):
        with pytest.raises(Trap, match="4097 bytes, and 4096 are allowed"):
            program.stream(f"blocking-{name}-and-flush", pipe.writer, contents)


def test_blocking_writes_in_pieces(program: Program, pipe: Pipe) -> None:
    """A stream may permit less than the 4096 bytes that can be written at once."""
    writer = DescriptorOutput(pipe.writer.descriptor, 10)
    contents = bytes(range(25))
    program.stream("blocking-write-and-flush", writer, contents)
    assert os.read(pipe.fds[0], 100) == contents
    writer.close()


def test_functions_that_take_less_are_called_again() -> None:
    taken: list[bytes] = []

    def take(data: bytes) -> int:
        taken.append(data)
        return 3

    program = Program(configure=lambda config: setattr(config, "stdout_custom", take))
    stdout = program.call("cli/stdout", "get-stdout")
    program.stream("blocking-write-and-flush", stdout, b"01234567")
    assert b"".join(data[:3] for data in taken) == b"01234567"


def test_hosts_files_that_take_less_are_written_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a disk is full, or a signal comes (POSIX, `write`)."""
    pwrite, pwritev = os.pwrite, os.pwritev
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: pwrite(fd, data[:3], offset))
    monkeypatch.setattr(os, "pwritev", lambda fd, parts, *rest: pwritev(fd, [parts[0][:3]], *rest))
    program = Program()
    file = File(os.open(tmp_path / "f", os.O_RDWR | os.O_CREAT), FILE_RIGHTS, NO_RIGHTS)
    for offset in (2, None):
        output = FileOutput(file, offset)
        program.stream("blocking-write-and-flush", output, b"01234567")
        output.close()
    file.close()
    assert (tmp_path / "f").read_bytes() == b"\0\0" + b"01234567" * 2


def test_splice(program: Program, pipe: Pipe, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(200)) * 100)
    file = File(os.open(path, os.O_RDWR), FILE_RIGHTS, NO_RIGHTS)
    source = FileInput(file, 1)
    assert program.stream("splice", pipe.writer, source, 10) == 10
    assert os.read(pipe.fds[0], 100) == bytes(range(1, 11))
    assert program.stream("blocking-splice", pipe.writer, source, 1 << 40) == PIPE_BYTES
    assert program.stream("splice", FileOutput(file, None), pipe.reader, 100) == 100
    assert path.read_bytes()[-100:] == (bytes(range(200)) * 100)[11:111]
    source.offset = path.stat().st_size
    assert program.stream_error("splice", pipe.writer, source, 1) is None
    assert program.stream_error("splice", ClosedOutput(), source, 1) is None


def test_files_are_read_and_written_where_the_stream_is(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    file = File(os.open(path, os.O_RDWR), FILE_RIGHTS, NO_RIGHTS)
    first, second, end = FileInput(file, 2), FileOutput(file, 4), FileOutput(file, None)
    assert program.stream("read", first, 2) == b"23"
    assert program.stream("check-write", second) == MAX_PIECE_BYTES
    program.stream("write", second, b"xy")
    program.stream("write", second, b"z")
    program.stream("check-write", end)
    program.stream("write", end, b"!")
    file.close()
    assert program.stream("read", first, 100) == b"xyz789!"
    assert program.stream_error("read", first, 100) is None
    first.close()
    second.close()
    os.fstat(file.fd)
    end.close()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(file.fd)


def test_what_a_host_allocates_is_bounded(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as made:
        made.truncate(1 << 30)
    source = FileInput(File(os.open(path, os.O_RDONLY), FILE_RIGHTS, NO_RIGHTS), 0)
    assert len(program.stream("read", source, (1 << 64) - 1)) == MAX_PIECE_BYTES
    assert program.stream("skip", source, (1 << 64) - 1) == MAX_PIECE_BYTES
    with pytest.raises(LimitError, match="get-random-bytes: 1099511627776 bytes"):
        program.call("random/random", "get-random-bytes", 1 << 40)
    assert len(program.call("random/insecure", "get-insecure-random-bytes", 100)) == 100


def test_a_failure_is_told_once(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    file = File(os.open(tmp_path / "file", os.O_RDONLY), FILE_RIGHTS, NO_RIGHTS)
    stream = FileOutput(file, 0)
    program.stream("check-write", stream)
    error = program.stream_error("write", stream, b"x")
    assert isinstance(error, IoError)
    assert error.__traceback__ is None
    assert program.call("io/error", "[method]error.to-debug-string", error) == "Bad file descriptor"
    assert program.call("filesystem/types", "filesystem-error-code", error) == "bad-descriptor"
    assert program.call("filesystem/types", "filesystem-error-code", IoError(Errno.CONNRESET, "")) is None
    assert program.stream_error("check-write", stream) is None


def test_both_directions_of_one_file_are_waited_for(program: Program) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        file = File(ours.detach(), FILE_RIGHTS, NO_RIGHTS)
        reader, writer = DescriptorInput(file), DescriptorOutput(file)
        theirs.send(b"x")
        pollables = [Pollable(reader.event), Pollable(writer.event)]
        assert program.call("io/poll", "poll", pollables) == [0, 1]
        for end in (reader, writer, file):
            end.close()
