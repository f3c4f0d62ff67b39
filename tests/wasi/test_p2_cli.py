"""What a program of WASI 0.2 has from the command line, standard streams too; polling, clocks, random numbers."""

import os
import select
import time
from pathlib import Path

import pytest

from fusee import ExitTrap, Trap, WasmtimeError
from fusee.component.values import Variant
from fusee.wasi import WasiConfig
from fusee.wasi.descriptors import MAX_PIECE_BYTES
from fusee.wasi.p2.pollable import Event, Pollable, block
from fusee.wasi.p2.streams import ClosedInput, ClosedOutput, IoError
from tests.wasi import pipes
from tests.wasi.pipes import POLLABLE, Pipe
from tests.wasi.program import Program

pipe = pipes.pipe
program = pipes.program


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
