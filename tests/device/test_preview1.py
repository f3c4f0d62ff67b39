"""Links and waiting of WASI preview 1 on a device: as on this machine, and what hostile programs ask for."""

import struct
from pathlib import Path

import pytest

from fusee import Engine, Func, Linker, Module, Store, WasiConfig, wat2wasm
from fusee.spec.wasi import MAX_SUBSCRIPTIONS, Errno
from tests.device.components import DeviceTrap
from tests.device.preview1 import Program, compiled

POLL = """(module
  (import "{module}" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\00\\10\\00\\00")
  (data (i32.const 4096) "{data}")
  (func (export "_start") (local $errno i32)
    (local.set $errno (call $poll {arguments}))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $exit (local.get $errno))))"""
"""Waits for what is at 4096, writes 4096 bytes from 16 on, where events are told, and exits with the errno."""
COUNT_AT = 12


def here(wasm: bytes, root: Path, output: Path) -> bytes:
    """What a program writes on this machine."""
    engine = Engine()
    linker = Linker(engine)
    linker.define_wasi()
    store, config = Store(engine), WasiConfig()
    config.preopen_dir(str(root), "/")
    config.stdout_file = output
    store.set_wasi(config)
    start = linker.instantiate(store, Module(engine, wasm)).exports(store)["_start"]
    assert isinstance(start, Func)
    start(store)
    return output.read_bytes()


def test_a_program_does_what_it_does_here(tmp_path: Path) -> None:
    """Links, their status, sleeping and polling, from C."""
    wasm = compiled("links")
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    (tmp_path / "secret").write_text("secret")
    expected = here(wasm, tmp_path / "here", tmp_path / "output")
    app = Program(wasm, {"/": tmp_path / "there"})
    assert (app.start(), app.written[1]) == (0, expected)
    assert b"slept: 1" in expected
    assert b"open out: Capabilities insufficient" in expected
    assert app.device.slept_ns >= 25_000_000
    assert app.close() == 0


def clock(userdata: int, number: int, timeout: int, flags: int = 0, is_old: bool = False) -> bytes:
    identifier = struct.pack("<Q", 77) if is_old else b""
    return struct.pack("<QB7x", userdata, 0) + identifier + struct.pack("<I4xQQH6x", number, timeout, 0, flags)


def file(userdata: int, tag: int, fd: int) -> bytes:
    return struct.pack("<QB7xI28x", userdata, tag, fd)


def waited(
    *subscriptions: bytes, module: str = "wasi_snapshot_preview1", folders: dict[str, Path] | None = None,
    without: tuple[str, ...] = (),
) -> tuple[list[tuple[int, ...]], int]:  # fmt: skip
    """User data, errno, type, size and flags of all events, and how long the program has slept."""
    data = "".join(f"\\{byte:02x}" for byte in b"".join(subscriptions))
    arguments = f"(i32.const 4096) (i32.const 16) (i32.const {len(subscriptions)}) (i32.const {COUNT_AT})"
    app = Program(wat2wasm(POLL.format(module=module, data=data, arguments=arguments)), folders, without)
    assert app.start() == 0
    slept, events = app.device.slept_ns, app.written[1]
    assert app.close() == 0
    found = [struct.unpack_from("<QHB5xQH", events, at) for at in range(0, 256, 32)]
    return [event for event in found if any(event)], slept


MILLISECOND = 1_000_000


def test_clocks() -> None:
    """The device's clocks show their number of seconds, and one, and seven nanoseconds."""
    assert waited(clock(5, 1, MILLISECOND)) == ([(5, 0, 0, 0, 0)], MILLISECOND)
    both = clock(5, 1, 3 * MILLISECOND), clock(6, 0, 2 * MILLISECOND)
    assert waited(*both) == ([(6, 0, 0, 0, 0)], 2 * MILLISECOND)
    assert waited(clock(5, 1, 2_000_000_007 + MILLISECOND, 1)) == ([(5, 0, 0, 0, 0)], MILLISECOND)
    assert waited(clock(5, 0, 1_000_000_007 + MILLISECOND, 1)) == ([(5, 0, 0, 0, 0)], MILLISECOND)
    assert waited(clock(5, 0, 3, 1), clock(6, 1, (1 << 64) - 1)) == ([(5, 0, 0, 0, 0)], 0)
    never = (1 << 64) - 1
    assert waited(clock(5, 0, never, 1), clock(6, 1, never, 1), clock(7, 1, 1)) == ([(7, 0, 0, 0, 0)], 1)
    assert waited(clock(5, 4, 0)) == ([(5, Errno.INVAL, 0, 0, 0)], 0)


def test_the_clock_of_snapshot_0() -> None:
    found = waited(clock(5, 1, MILLISECOND, is_old=True), module="wasi_unstable")
    assert found == ([(5, 0, 0, 0, 0)], MILLISECOND)


def test_streams_and_files_are_ready_at_once() -> None:
    wanted = file(1, 1, 0), file(2, 2, 1), clock(3, 1, MILLISECOND), file(4, 3, 0)
    assert waited(*wanted) == ([(1, 0, 1, 1, 0), (2, 0, 2, 1, 0), (4, Errno.INVAL, 3, 0, 0)], 0)


def test_files_that_are_not_open(tmp_path: Path) -> None:
    folders = {"/": tmp_path}
    wanted = file(1, 1, 3), file(2, 1, 99), file(3, 2, 0xFFFF_FFFF)
    events = [(1, 0, 1, 1, 0), (2, Errno.BADF, 1, 0, 0), (3, Errno.BADF, 2, 0, 0)]
    assert waited(*wanted, folders=folders) == (events, 0)
    assert waited(file(2, 1, 99), folders=folders, without=("stat",)) == ([(2, 0, 1, 1, 0)], 0)


@pytest.mark.parametrize(
    ("arguments", "errno"),
    [
        ((4096, 16, 0, 12), Errno.INVAL),
        ((4096, 16, MAX_SUBSCRIPTIONS + 1, 12), Errno.INVAL),
        ((4096, 16, 0xFFFF_FFFF, 12), Errno.INVAL),
        ((65536 - 47, 16, 1, 12), Errno.FAULT),
        ((4096, 65536 - 31, 1, 12), Errno.FAULT),
        ((4096, 16, 1, 65536 - 3), Errno.FAULT),
        ((0xFFFF_FFFF, 16, 1, 12), Errno.FAULT),
        ((4096, 16, MAX_SUBSCRIPTIONS, 12), Errno.FAULT),
    ],
)
def test_ranges_that_are_refused(arguments: tuple[int, ...], errno: Errno) -> None:
    given = " ".join(f"(i32.const {value})" for value in arguments)
    app = Program(wat2wasm(POLL.format(module="wasi_snapshot_preview1", data="", arguments=given)))
    assert (app.start(), app.device.slept_ns) == (errno, 0)
    assert app.close() == 0


def polled(text: str, data: bytes, arguments: tuple[int, ...]) -> bytes:
    """What a program of that text writes."""
    given = " ".join(f"(i32.const {value})" for value in arguments)
    packed = "".join(f"\\{byte:02x}" for byte in data)
    app = Program(wat2wasm(text.format(module="wasi_snapshot_preview1", data=packed, arguments=given)))
    assert app.start() == 0
    assert app.close() == 0
    return app.written[1]


def test_events_in_the_place_of_subscriptions() -> None:
    """The first one overwrites the second subscription, the number what the last event has of no use."""
    text = POLL.replace("(data (i32.const 4096)", "(data (i32.const 1000)")
    found = polled(text, file(1, 1, 0) + file(2, 2, 1), (1000, 1048, 2, 1048 + 56))[1048 - 16 :]
    assert struct.unpack_from("<QHB5xQH", found) == (1, 0, 1, 1, 0)
    assert struct.unpack_from("<QHB5xQI", found, 32) == (2, 0, 2, 1, 2)


def test_as_many_subscriptions_as_there_may_be() -> None:
    """Each of them, all zeros, is a clock that is over."""
    found = polled(POLL.replace('"memory") 1', '"memory") 32'), b"", (4096, 16 << 16, MAX_SUBSCRIPTIONS, 16))
    assert struct.unpack_from("<I", found) == (MAX_SUBSCRIPTIONS,)


def test_an_interrupt_ends_a_wait() -> None:
    arguments = f"(i32.const 4096) (i32.const 16) (i32.const 1) (i32.const {COUNT_AT})"
    data = "".join(f"\\{byte:02x}" for byte in clock(5, 1, 1 << 63))
    app = Program(wat2wasm(POLL.format(module="wasi_snapshot_preview1", data=data, arguments=arguments)))
    app.device.when_waiting = lambda: app.call("fusee_store_interrupt", app.store, 1)
    with pytest.raises(DeviceTrap, match="interrupt"):
        app.start()
    assert app.written[1] == b""
    assert app.close() == 0


def test_without_memory() -> None:
    """Subscriptions are copied before they are looked at."""
    arguments = f"(i32.const 4096) (i32.const 16) (i32.const 1) (i32.const {COUNT_AT})"
    app = Program(wat2wasm(POLL.format(module="wasi_snapshot_preview1", data="", arguments=arguments)))
    app.start()
    app.device.allocations_left = 1
    assert app.start() == Errno.NOMEM
    assert app.close() == 0


IN_SHARED = """(module
  (import "wasi_snapshot_preview1" "{name}" (func $call (param {types}) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1 1 shared)
  (data (i32.const 0) "\\40\\00\\00\\00\\08\\00\\00\\00")
  (data (i32.const 64) "filefold")
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $exit (call $call {arguments}))))"""
"""Writes the paths that are at 64, and gives them to a function."""


class Sharing(Program):
    """Another thread changes paths, as soon as a function is asked; they are where it has been written from."""

    place = 0

    def _write(self, environment: int, descriptor: int, data: int, size: int) -> int:
        self.place = data
        return super()._write(environment, descriptor, data, size)

    def change(self) -> None:
        assert self.device.space.read(self.place, 8) == b"filefold"
        self.device.space.write(self.place, b"../x../x")


@pytest.mark.parametrize(
    ("name", "asked", "types", "arguments"),
    [
        ("path_open", "open", "i32 i32 i32 i32 i32 i64 i64 i32 i32", (3, 1, 64, 4, 0, 0, 0, 0, 16)),
        ("path_filestat_get", "path_stat", "i32 i32 i32 i32 i32", (3, 1, 64, 4, 256)),
        ("path_filestat_set_times", "path_set_times", "i32 i32 i32 i32 i64 i64 i32", (3, 0, 64, 4, 1, 1, 5)),
        ("path_unlink_file", "remove_file", "i32 i32 i32", (3, 64, 4)),
        ("path_create_directory", "make_directory", "i32 i32 i32", (3, 68, 4)),
        ("path_rename", "rename", "i32 i32 i32 i32 i32 i32", (3, 64, 4, 3, 68, 4)),
        ("path_link", "link", "i32 i32 i32 i32 i32 i32 i32", (3, 0, 64, 4, 3, 68, 4)),
        ("path_symlink", "symlink", "i32 i32 i32 i32 i32", (64, 4, 3, 68, 4)),
        ("path_readlink", "read_link", "i32 i32 i32 i32 i32 i32", (3, 64, 4, 256, 9, 16)),
    ],
)
def test_another_thread_cannot_change_a_path_that_was_looked_at(
    tmp_path: Path, name: str, asked: str, types: str, arguments: tuple[int, ...]
) -> None:
    """Not between that and the app: of a shared memory it is given copies, which are gone afterwards."""
    (tmp_path / "there").touch()
    if name == "path_readlink":
        (tmp_path / "file").symlink_to("there")
    else:
        (tmp_path / "there").rename(tmp_path / "file")
    constants = zip(types.split(), arguments, strict=True)
    given = " ".join(f"({type_}.const {value})" for type_, value in constants)
    app = Sharing(wat2wasm(IN_SHARED.format(name=name, types=types, arguments=given)), {"/": tmp_path})
    app.files.meanwhile[asked] = app.change
    assert app.start() == 0
    assert app.device.space.read(app.place, 8) == b"../x../x"
    if name == "path_symlink":
        assert (tmp_path / "fold").readlink() == Path("file")
    assert app.close() == 0


ALLOCATE = """(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_allocate" (func $allocate (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "file")
  (func (export "_start")
    (if (call $open (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 4) (i32.const 1) (i64.const 0x7fffffff)
      (i64.const 0) (i32.const 0) (i32.const 16)) (then unreachable))
    (if (i32.const {wrong}) (then (i32.store (i32.const 16) (i32.const {wrong}))))
    (call $exit (call $allocate (i32.load (i32.const 16)) (i64.const {offset}) (i64.const {size})))))"""


@pytest.mark.parametrize(
    ("offset", "size", "wrong", "without", "errno", "bytes_"),
    [
        (2, 3, 0, (), 0, 5),
        (2, 3, 0, ("allocate",), Errno.NOTSUP, 0),
        (2, 3, 1, (), Errno.BADF, 0),
        (2, 3, 3, (), Errno.BADF, 0),
        (0, 0, 0, (), Errno.INVAL, 0),
        (-1, 3, 0, (), Errno.INVAL, 0),
        (1, (1 << 63) - 1, 0, (), Errno.INVAL, 0),
        (1 << 62, 1 << 62, 0, (), Errno.INVAL, 0),
    ],
)
def test_room_for_a_file(
    tmp_path: Path, offset: int, size: int, wrong: int, without: tuple[str, ...], errno: int, bytes_: int
) -> None:
    text = ALLOCATE.format(offset=offset, size=size, wrong=wrong)
    app = Program(wat2wasm(text), {"/": tmp_path}, without)
    assert (app.start(), (tmp_path / "file").stat().st_size) == (errno, bytes_)
    assert app.close() == 0
