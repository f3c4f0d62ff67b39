"""Streams and polling of WASI 0.2: what they give, when they are ready, and what they refuse."""

import os
import select
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fusee import ExitTrap, LimitError, Trap, WasmtimeError
from fusee.component.values import Variant
from fusee.wasi import WasiConfig
from fusee.wasi.abi import FILE_RIGHTS, NO_RIGHTS
from fusee.wasi.descriptors import MAX_PIECE_BYTES, File
from fusee.wasi.errno import Errno
from fusee.wasi.p2.pollable import Event, Pollable, block
from fusee.wasi.p2.streams import (
    PIPE_BYTES,
    ClosedInput,
    ClosedOutput,
    DescriptorInput,
    DescriptorOutput,
    FileInput,
    FileOutput,
    IoError,
)
from fusee.wasi.resources import Resource
from tests.wasi.program import Program

POLLABLE = "[method]pollable."


@pytest.fixture
def program() -> Iterator[Program]:
    """One without anything."""
    made = Program()
    with made.context:
        yield made


class Pipe:
    """A pipe of the host, with streams of a program at both ends."""

    def __init__(self) -> None:
        self.fds = os.pipe()
        ends = [File(fd, FILE_RIGHTS, NO_RIGHTS) for fd in self.fds]
        self.reader, self.writer = DescriptorInput(ends[0]), DescriptorOutput(ends[1])
        self.open: list[Resource] = [self.reader, self.writer]
        for end in ends:
            end.close()  # the streams have them

    def close(self, stream: Resource) -> None:
        """Ends a stream, and with it the pipe's end."""
        self.open.remove(stream)
        stream.close()

    def fill(self) -> int:
        """Until nothing fits in any more: how much it was."""
        os.set_blocking(self.fds[1], False)
        count = 0
        with suppress(BlockingIOError):
            while True:
                count += os.write(self.fds[1], bytes(4096))
        return count


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe that is closed at the end."""
    made = Pipe()
    yield made
    for stream in list(made.open):
        made.close(stream)


def is_ready(program: Program, stream: DescriptorInput | DescriptorOutput) -> bool:
    """Whether the pollable of a stream is."""
    return bool(program.call("io/poll", POLLABLE + "ready", Pollable(stream.event)))


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
    program.stream("write", pipe.writer, b"kept")
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


# Standard streams


def test_standard_streams() -> None:
    pieces: list[bytes] = []

    def configure(config: WasiConfig) -> None:
        config.stdout_custom = pieces.append
        config.omit_stream(2)

    program = Program(configure=configure)
    out = program.call("cli/stdout", "get-stdout")
    assert program.stream("check-write", out) == MAX_PIECE_BYTES
    program.stream("write", out, b"hello")
    program.stream("blocking-write-and-flush", out, b" world")
    assert b"".join(pieces) == b"hello world"
    assert program.stream_error("read", program.call("cli/stdin", "get-stdin"), 1) is None
    assert isinstance(program.call("cli/stderr", "get-stderr"), ClosedOutput)
    for name in ("stdin", "stdout", "stderr"):
        assert program.call(f"cli/terminal-{name}", f"get-terminal-{name}") is None


def test_an_output_that_takes_nothing_ends() -> None:
    """It would be asked for ever."""
    program = Program(configure=lambda config: setattr(config, "stdout_custom", lambda data: 0))
    out = program.call("cli/stdout", "get-stdout")
    program.stream("check-write", out)
    assert isinstance(program.stream_error("write", out, b"x"), IoError)
    assert out.is_closed


def test_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    leader, follower = os.openpty()
    own = os.dup(0)
    os.dup2(follower, 0)
    try:
        program = Program(configure=WasiConfig.inherit_stdin)
        assert program.call("cli/terminal-stdin", "get-terminal-stdin") is not None
        os.write(leader, b"line\n")
        assert program.stream("blocking-read", program.call("cli/stdin", "get-stdin"), 100) == b"line\n"
    finally:
        os.dup2(own, 0)
        for fd in (own, leader, follower):
            os.close(fd)


def test_files_as_standard_streams(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"from a file")

    def configure(config: WasiConfig) -> None:
        config.stdin_file = str(tmp_path / "in")
        config.stdout_file = str(tmp_path / "out")
        config.stderr_file = "/dev/null"

    program = Program(configure=configure)
    with program.context:
        source = program.call("cli/stdin", "get-stdin")
        out = program.call("cli/stdout", "get-stdout")
        assert program.stream("splice", out, source, 100) == 11
        assert program.stream_error("read", program.call("cli/stdin", "get-stdin"), 1) is None
        out.close()
        program.stream("blocking-write-and-flush", program.call("cli/stdout", "get-stdout"), b".")
        assert program.call("cli/terminal-stderr", "get-terminal-stderr") is None
    assert (tmp_path / "out").read_bytes() == b"from a file."


# Polling


def test_poll_gives_what_is_ready(program: Program, pipe: Pipe) -> None:
    never = Pollable(lambda: Event(deadline_ns=time.monotonic_ns() + 10**12))
    pollables = [never, Pollable(pipe.reader.event), Pollable(pipe.writer.event), Pollable(ClosedInput().event)]
    assert program.call("io/poll", "poll", pollables) == [2, 3]
    os.write(pipe.fds[1], b"x")
    assert program.call("io/poll", "poll", pollables) == [1, 2, 3]
    assert program.call("io/poll", "poll", [never, pollables[1]]) == [1]
    assert not program.call("io/poll", POLLABLE + "ready", never)


def test_poll_of_nothing_or_too_much(program: Program) -> None:
    with pytest.raises(WasmtimeError, match="the list is empty"):  # WASI is a part of the component to who calls that
        program.call("io/poll", "poll", [])
    with pytest.raises(Trap, match="16385 elements, and 16384 are allowed"):
        program.call("io/poll", "poll", [Pollable(ClosedInput().event)] * 16385)


def test_clocks(program: Program) -> None:
    start = program.call("clocks/monotonic-clock", "now")
    soon = program.call("clocks/monotonic-clock", "subscribe-duration", 20_000_000)
    late = program.call("clocks/monotonic-clock", "subscribe-duration", (1 << 64) - 1)
    past = program.call("clocks/monotonic-clock", "subscribe-instant", start)
    assert program.call("io/poll", "poll", [late, past, soon]) == [1]
    assert program.call("io/poll", "poll", [late, soon]) == [1]
    assert program.call("clocks/monotonic-clock", "now") >= start + 20_000_000
    program.call("io/poll", POLLABLE + "block", soon)
    assert program.call("clocks/monotonic-clock", "resolution") > 0
    wall = program.call("clocks/wall-clock", "now")
    assert abs(wall.seconds - time.time()) < 5
    assert 0 <= wall.nanoseconds < 1_000_000_000
    assert program.call("clocks/wall-clock", "resolution").seconds == 0


def test_a_deadline_ends_waiting(program: Program, pipe: Pipe) -> None:
    program.context.has_deadlines = True
    program.context.interrupt(True)
    assert block(program.context, Event(pipe.fds[0], select.POLLIN)) == []
    assert program.stream("blocking-read", pipe.reader, 1) == b""
    pipe.fill()
    program.stream("blocking-write-and-flush", pipe.writer, b"x")


# The rest of wasi:cli and wasi:random


def test_arguments_and_environment() -> None:
    def configure(config: WasiConfig) -> None:
        config.argv = ["name", "two words", "\udcff"]
        config.env = [("A", "1"), ("B", "x=y"), ("EMPTY", "")]

    program = Program(configure=configure)
    assert program.call("cli/environment", "get-arguments") == ["name", "two words", "\ufffd"]
    assert program.call("cli/environment", "get-environment") == [("A", "1"), ("B", "x=y"), ("EMPTY", "")]
    assert program.call("cli/environment", "initial-cwd") is None


@pytest.mark.parametrize(
    ("name", "argument", "status"),
    [("exit", Variant("ok"), 0), ("exit", Variant("err"), 1), ("exit-with-code", 0, 0), ("exit-with-code", 255, 255)],
)
def test_exit(program: Program, name: str, argument: Variant | int, status: int) -> None:
    with pytest.raises(ExitTrap) as exited:
        program.call("cli/exit", name, argument)
    assert exited.value.code == status


def test_random_numbers(program: Program) -> None:
    numbers = {program.call("random/random", "get-random-u64") for _ in range(10)}
    numbers |= {program.call("random/insecure", "get-insecure-random-u64") for _ in range(10)}
    numbers |= set(program.call("random/insecure-seed", "insecure-seed"))
    assert len(numbers) == 22
    assert all(0 <= number < 1 << 64 for number in numbers)
