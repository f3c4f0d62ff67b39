"""Arguments, environment, streams, clocks, random numbers, waiting and exit."""

import os
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from fusee.api.errors import ExitTrap, FuseeError, WasmtimeError
from fusee.spec.wasi import MAX_SUBSCRIPTIONS
from fusee.wasi import WasiConfig
from fusee.wasi.abi import STREAM_RIGHTS, Rights
from fusee.wasi.descriptors import File
from fusee.wasi.errno import Errno
from fusee.wasi.memory import GuestMemory
from tests.wasi.guest import Guest

OK = Errno.SUCCESS


def test_arguments_and_environment() -> None:
    def configure(config: WasiConfig) -> None:
        config.argv = ["prog", "", "ä"]
        config.env = [("A", "1"), ("EMPTY", "")]

    guest = Guest(configure=configure)
    assert guest.call("args_sizes_get", 0, 4) == OK
    assert (guest.u32(0), guest.u32(4)) == (3, 9)
    assert guest.call("args_get", 16, 64) == OK
    assert struct.unpack_from("<3I", guest.bytes, 16) == (64, 69, 70)
    assert guest.bytes[64:73] == b"prog\0\0\xc3\xa4\0"
    assert guest.call("environ_get", 16, 64) == OK
    assert guest.bytes[64:75] == b"A=1\0EMPTY=\0"
    assert guest.call("args_get", 65530, 64) == Errno.FAULT


def test_zero_bytes_are_refused() -> None:
    with pytest.raises(WasmtimeError, match="zero bytes"):
        Guest(configure=lambda config: setattr(config, "argv", ["a\0b"]))


def test_nothing_is_inherited_by_itself() -> None:
    guest = Guest()
    assert guest.read(0) == b""
    assert guest.write(1, b"lost") == OK
    assert guest.u32(0) == 4
    assert guest.call("args_sizes_get", 0, 4) == OK
    assert guest.u32(0) == 0


def test_streams_of_the_embedder(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("input")
    pieces: list[bytes] = []

    def configure(config: WasiConfig) -> None:
        config.stdin_file = tmp_path / "in"
        config.stdout_custom = pieces.append
        config.stderr_file = tmp_path / "err"

    with Guest(configure=configure).context as context:
        guest = Guest()
        guest.context = context
        assert guest.read(0, 3) == b"inp"
        assert guest.write(1, b"out") == guest.write(2, b"err") == OK
        assert guest.write(0, b"x") == Errno.BADF
        assert guest.call("fd_seek", 1, 0, 0, 0) == Errno.SPIPE
    assert pieces == [b"out"]
    assert (tmp_path / "err").read_text() == "err"


def test_custom_output_that_takes_less() -> None:
    guest = Guest(configure=lambda config: setattr(config, "stdout_custom", lambda data: 2))
    assert guest.write(1, b"abc") == OK
    assert guest.u32(0) == 2
    guest = Guest(configure=lambda config: setattr(config, "stdout_custom", lambda data: 4))
    assert guest.write(1, b"abc") == OK
    assert guest.u32(0) == 3  # no more than there was
    guest = Guest(configure=lambda config: setattr(config, "stdout_custom", lambda data: -1))
    assert guest.write(1, b"abc") == Errno.IO


def test_clocks() -> None:
    guest = Guest()
    for clock in range(4):
        assert guest.call("clock_time_get", clock, 0, 0) == guest.call("clock_res_get", clock, 8) == OK
        assert guest.u64(8) > 0
    assert guest.call("clock_time_get", 0, 0, 0) == OK
    assert abs(guest.u64(0) - time.time_ns()) < 10**10
    assert guest.call("clock_time_get", 4, 0, 0) == Errno.INVAL


def test_random() -> None:
    guest = Guest()
    assert guest.call("random_get", 0, 60000) == OK
    assert len(set(guest.bytes[:60000])) == 256
    assert not any(guest.bytes[60000:])
    size = 3 * (1 << 16) - 5
    guest.memory = GuestMemory(memoryview(bytearray(1 << 18)))
    assert guest.call("random_get", 1, size) == OK
    assert guest.memory.buffer[0] == 0 and any(guest.memory.buffer[size - 15 : size + 1])
    assert not any(guest.memory.buffer[size + 1 :])


def test_exit_and_the_rest() -> None:
    guest = Guest()
    with pytest.raises(ExitTrap) as caught:
        guest.call("proc_exit", 42)
    assert caught.value.code == 42
    for status in (126, 255, 256, 2**31, 2**32 - 1):
        with pytest.raises(FuseeError, match="invalid exit status") as failure:
            guest.call("proc_exit", status)
        assert not isinstance(failure.value, ExitTrap)
    assert guest.call("sched_yield") == OK
    assert guest.call("proc_raise", 9) == Errno.NOSYS


def clock_subscription(userdata: int, timeout_ns: int, flags: int = 0, clock: int = 1) -> bytes:
    return struct.pack("<QB7xI4xQQH6x", userdata, 0, clock, timeout_ns, 0, flags)


def fd_subscription(userdata: int, fd: int, tag: int = 1) -> bytes:
    return struct.pack("<QB7xI28x", userdata, tag, fd)


def poll(guest: Guest, *subscriptions: bytes) -> list[tuple[int, int, int]]:
    """The events as (userdata, error, type)."""
    return [event[:3] for event in poll_all(guest, *subscriptions)]


def poll_all(guest: Guest, *subscriptions: bytes) -> list[tuple[int, int, int, int, int]]:
    """The events as (userdata, error, type, bytes, flags)."""
    address = guest.put(b"".join(subscriptions))
    events = guest.put(bytes(32 * len(subscriptions)))
    assert guest.call("poll_oneoff", address, events, len(subscriptions), 0) == OK
    return [struct.unpack_from("<QHB5xQH6x", guest.bytes, events + 32 * index) for index in range(guest.u32(0))]


def test_sleeping() -> None:
    start = time.monotonic()
    assert poll(Guest(), clock_subscription(7, 20_000_000), clock_subscription(8, 10**12)) == [(7, 0, 0)]
    assert time.monotonic() - start >= 0.02
    absolute = clock_subscription(9, time.time_ns() + 10_000_000, flags=1, clock=0)
    assert poll(Guest(), absolute) == [(9, 0, 0)]


def test_waiting_for_files(tmp_path: Path) -> None:
    read, write = os.pipe()
    guest = Guest(configure=lambda config: setattr(config, "stdin_file", f"/dev/fd/{read}"))
    timer = threading.Timer(0.02, os.write, (write, b"x"))
    timer.start()
    assert poll(guest, fd_subscription(1, 0), clock_subscription(2, 10**10)) == [(1, 0, 1)]
    timer.join()
    assert poll(guest, fd_subscription(1, 99), fd_subscription(2, 1, 2)) == [(1, Errno.BADF, 1), (2, 0, 2)]
    guest.context.close()
    os.close(read)
    os.close(write)


def test_what_waits_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("eleven more")
    guest = Guest(tmp_path)
    fd = guest.open("f")
    assert not isinstance(fd, Errno)
    assert poll_all(guest, fd_subscription(1, fd), fd_subscription(2, fd, 2)) == [(1, 0, 1, 1, 0), (2, 0, 2, 1, 0)]
    for offset in (11, 2000):
        assert guest.call("fd_seek", fd, offset, 0, 0) == OK
        assert poll_all(guest, fd_subscription(1, fd), fd_subscription(2, fd, 2)) == [(1, 0, 1, 1, 1), (2, 0, 2, 1, 0)]
    assert guest.call("fd_fdstat_set_rights", fd, Rights.FD_READ, 0) == OK
    assert poll(guest, fd_subscription(1, fd)) == [(1, Errno.NOTCAPABLE, 1)]


def test_a_pipe_that_hangs_up() -> None:
    read, write = os.pipe()
    guest = Guest(configure=lambda config: setattr(config, "stdin_file", f"/dev/fd/{read}"))
    with guest.context:
        nothing = [fd_subscription(1, 0), clock_subscription(2, 0)]
        assert poll_all(guest, *nothing) == [(2, 0, 0, 0, 0)]
        os.write(write, b"x")
        assert poll_all(guest, *nothing) == [(1, 0, 1, 1, 0), (2, 0, 0, 0, 0)]
        os.close(write)
        assert poll_all(guest, fd_subscription(1, 0)) == [(1, 0, 1, 1, 1)]
        assert guest.read(0) == b"x"
        assert poll_all(guest, fd_subscription(1, 0)) == [(1, 0, 1, 1, 1)]
        assert guest.read(0) == b""
    os.close(read)


def test_reading_and_writing_are_waited_for_apart() -> None:
    ours, theirs = socket.socketpair()
    guest = Guest()
    with ours, theirs, guest.context as context:
        fd = context.add(File(os.dup(ours.fileno()), STREAM_RIGHTS, 0))
        assert poll(guest, fd_subscription(1, fd), fd_subscription(2, fd, 2)) == [(2, 0, 2)]
        theirs.send(b"x")
        assert poll(guest, fd_subscription(1, fd), fd_subscription(2, fd, 2)) == [(1, 0, 1), (2, 0, 2)]


def test_nothing_is_waited_for_whose_events_have_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fusee.wasi.poll.wait", None)
    guest = Guest()
    address = guest.put(clock_subscription(1, 10**12) * 2)
    for events, result in ((65536 - 63, 0), (65535, 0), (0, 65533)):
        assert guest.call("poll_oneoff", address, events, 2, result) == Errno.FAULT


def test_polling_nothing() -> None:
    guest = Guest()
    assert guest.call("poll_oneoff", 0, 0, 0, 0) == Errno.INVAL
    assert guest.call("poll_oneoff", 0, 0, 2**32 - 1, 0) == Errno.INVAL
    assert poll(guest, clock_subscription(1, 0, clock=77)) == [(1, Errno.INVAL, 0)]
    guest.memory = GuestMemory(memoryview(bytearray(80 * (MAX_SUBSCRIPTIONS + 1) + 8)))
    events = 48 * (MAX_SUBSCRIPTIONS + 1) + 8
    assert guest.call("poll_oneoff", 8, events, MAX_SUBSCRIPTIONS, 0) == OK  # clocks that have run out
    assert guest.call("poll_oneoff", 8, events, MAX_SUBSCRIPTIONS + 1, 0) == Errno.INVAL
