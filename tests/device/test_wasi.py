"""WASI of the C API, un-compiled and with the watch's pointers, on an app's files and with hostile arguments."""

import struct

import pytest

from fusee.engine.capi.state import StoreObject
from fusee.engine.capi.wasi import config
from fusee.engine.capi.wasi.functions import COUNT, FUNCTIONS, VARIANTS, call_wasi
from fusee.engine.capi.wasi.names import exported_memory
from fusee.engine.capi.wasi.process import WRONG
from fusee.engine.capi.wasi.state import CURRENT, SUCCESS, Wasi
from fusee.engine.state.runtime import Memory
from fusee.kernel.arena import new, new_array, simulate
from fusee.kernel.lang import Ptr, address, is_null, kernel, u8, u32, u64, usize
from fusee.kernel.target import ILP32
from fusee.wasi.errno import Errno
from tests.device import wasiapp
from tests.device.wasiapp import FILE, FOLDER, MEMORY_BYTES, Device, app, path_set_times, set_size, set_times
from tests.engine.simulated_world import World

device = wasiapp.device
LAST = (1 << 63) - 1


@pytest.mark.parametrize("name", ["fd_pread", "fd_pwrite"])
@pytest.mark.parametrize("offset", [CURRENT, CURRENT - 1, 1 << 63, LAST, LAST - 1])
def test_an_offset_of_the_guest_is_never_the_sign_for_where_the_file_stands(
    device: Device, name: str, offset: int
) -> None:
    assert device(name, FILE + 3, *device.vectors((0, 10)), offset, 64) == Errno.INVAL
    assert app.asked == []


def test_offsets_go_on_from_range_to_range(device: Device) -> None:
    vectors = device.vectors((0, 10), (0, 0), (20, 5))
    assert device("fd_pread", FILE + 3, *vectors, 1 << 40, 64) == Errno.SUCCESS
    assert device.u32(64) == 15
    assert app.asked == [(FILE, 10, 1 << 40), (FILE, 5, (1 << 40) + 10)]
    app.asked = []
    assert device("fd_write", FILE + 3, *vectors, 64) == Errno.SUCCESS
    assert app.asked == [(FILE, 10, CURRENT), (FILE, 5, CURRENT)]
    app.asked, app.most = [], 3
    assert device("fd_read", FILE + 3, *vectors, 64) == Errno.SUCCESS
    assert (device.u32(64), len(app.asked)) == (3, 1)


def test_the_size_of_a_transfer_has_32_bits(device: Device) -> None:
    device.call.memory.length_bytes = u64(0xC000_0000)  # of which nothing but the vectors is touched
    assert device("fd_write", FILE + 3, *device.vectors((0, 0x3000_0000), (0, 0x3000_0000), (0, 0xB000_0000)), 64) == 0
    assert [size for _, size, _ in app.asked] == [0x3000_0000, 0x1000_0000]
    assert device.u32(64) == 0x4000_0000


def test_many_ranges_are_cut(device: Device) -> None:
    assert device("fd_write", FILE + 3, *device.vectors(*[(0, 1)] * 2000), 64) == Errno.SUCCESS
    assert (device.u32(64), len(app.asked)) == (1024, 1024)


@pytest.mark.parametrize("bad", [MEMORY_BYTES, MEMORY_BYTES - 3, 0xFFFF_FFFF])
def test_nothing_is_done_for_a_result_out_of_memory(device: Device, bad: int) -> None:
    path = (device.put(0, b"file"), 4)
    for name, arguments in {
        "fd_read": (FILE + 3, *device.vectors((0, 1)), bad),
        "fd_write": (FILE + 3, *device.vectors((0, 1)), bad),
        "fd_pread": (FILE + 3, *device.vectors((0, 1)), 0, bad),
        "fd_pwrite": (FILE + 3, *device.vectors((0, 1)), 0, bad),
        "fd_seek": (FILE + 3, 0, 0, bad),
        "fd_readdir": (FOLDER + 3, 0, 10, 0, bad),
        "path_open": (4, 0, *path, 1, 0, 0, 0, bad),
        "fd_filestat_get": (FILE + 3, bad),
        "fd_fdstat_get": (FILE + 3, bad),
        "path_readlink": (4, *path, 128, 4, bad),
    }.items():
        assert device(name, *arguments) == Errno.FAULT, name
    assert app.asked == []


def test_a_directory_is_not_open_for_writing(device: Device) -> None:
    folder, file = (device.put(0, b"folder"), 6), (device.put(16, b"file"), 4)
    read, write = 1 << 1, 1 << 6
    assert device("path_open", 4, 0, *folder, 2, read, 0, 0, 64) == Errno.SUCCESS
    assert device.u32(64) == FOLDER + 3
    assert device("path_open", 4, 0, *folder, 2, read | write, 0, 0, 64) == Errno.ISDIR
    assert app.asked[-1] == ("close", FOLDER)
    assert device("path_open", 4, 0, *file, 0, read | write, 0, 0, 64) == Errno.SUCCESS
    for flags in (2 | 1, 2 | 4, 2 | 8):
        assert device("path_open", 4, 0, *folder, flags, read, 0, 0, 64) == Errno.INVAL


def test_links_out_of_memory(device: Device) -> None:
    """Without callbacks: what is wrong is said before that is."""
    path, bad = (device.put(0, b"file"), 4), (MEMORY_BYTES - 3, 4)
    assert device("path_link", 4, 0, *path, 4, *path) == Errno.NOTSUP
    assert device("path_link", 4, 1, *path, 4, *path) == Errno.INVAL
    assert device("path_link", 4, 0, *bad, 4, *path) == device("path_link", 4, 0, *path, 4, *bad) == Errno.FAULT
    assert device("path_link", 2, 0, *path, 4, *path) == device("path_link", 4, 0, *path, 2, *path) == Errno.NOTDIR
    assert device("path_symlink", *path, 4, *path) == Errno.NOTSUP
    assert device("path_symlink", *bad, 4, *path) == device("path_symlink", *path, 4, *bad) == Errno.FAULT
    assert device("path_symlink", *path, 2, *path) == Errno.NOTDIR
    assert device("path_symlink", device.put(64, b"/etc"), 4, 4, *path) == Errno.NOTCAPABLE
    assert device("path_readlink", 4, *path, 128, 4, 256) == Errno.NOTSUP
    assert device("path_readlink", 4, *path, *bad, 256) == device("path_readlink", 4, *bad, 128, 4, 256) == Errno.FAULT
    assert device("path_readlink", 2, *path, 128, 4, 256) == Errno.NOTDIR


def test_flags_that_there_are_not(device: Device) -> None:
    """The app's own bit is beside them."""
    path = (device.put(0, b"file"), 4)
    for lookup, flags, fd_flags in ((2, 0, 0), (1, 16, 0), (1, 0, 32)):
        assert device("path_open", 4, lookup, *path, flags, 0, 0, fd_flags, 64) == Errno.INVAL
    assert app.asked == []


def test_zero_bytes_in_paths(device: Device) -> None:
    assert device("path_open", 4, 0, device.put(0, b"a\0b"), 3, 0, 0, 0, 0, 64) == Errno.ILSEQ


def test_sizes_of_files(device: Device) -> None:
    call = "fd_filestat_set_size"
    assert device(call, FILE + 3, 5) == Errno.NOTSUP
    device.call.wasi.files.set_size = set_size
    assert [device(call, FILE + 3, size) for size in (0, 1 << 40)] == [Errno.SUCCESS] * 2
    assert [device(call, FILE + 3, size) for size in (1 << 63, int(CURRENT))] == [Errno.INVAL] * 2
    assert device(call, 1, 5) == Errno.BADF
    device.call.wasi.directories.count = u32(1)
    assert device(call, 3, 5) == Errno.BADF
    assert app.asked == [("size", FILE, 0), ("size", FILE, 1 << 40)]


def test_times_of_files(device: Device) -> None:
    """A time that is not given is none that the app sees, as `utimensat` leaves it to chance."""
    by_file, by_path = "fd_filestat_set_times", "path_filestat_set_times"
    place = 1, device.put(64, b"name"), 4
    assert device(by_file, FILE + 3, 1, 2, 5) == device(by_path, FOLDER + 3, *place, 1, 2, 5) == Errno.NOTSUP
    device.call.wasi.files.set_times, device.call.wasi.files.path_set_times = set_times, path_set_times
    for flags, times in ((5, (1, 2)), (1, (1, 0)), (4, (0, 2)), (10, (0, 0)), (9, (1, 0)), (0, (0, 0))):
        app.asked.clear()
        assert device(by_file, FILE + 3, 1, 2, flags) == Errno.SUCCESS
        assert device(by_path, FOLDER + 3, *place, 1, 2, flags) == Errno.SUCCESS
        assert app.asked == [("times", FILE, *times, flags), (b"name", FOLDER, *times, flags)]
    app.asked.clear()
    for accessed, modified, flags in ((1, 2, 3), (1, 2, 12), (1, 2, 16), (1 << 63, 2, 1), (1, 1 << 63, 4)):
        assert device(by_file, FILE + 3, accessed, modified, flags) == Errno.INVAL
        assert device(by_path, FOLDER + 3, *place, accessed, modified, flags) == Errno.INVAL
    assert device(by_file, 2, 1, 2, 5) == Errno.BADF
    assert device(by_path, FOLDER + 3, 1, device.put(64, b"../x"), 4, 1, 2, 5) == Errno.NOTCAPABLE
    assert device(by_path, FOLDER + 3, 1, MEMORY_BYTES, 4, 1, 2, 5) == Errno.FAULT
    assert app.asked == []
    assert device(by_file, FILE + 3, 1 << 63, 2, 6) == Errno.SUCCESS


def test_streams_are_no_terminals(device: Device) -> None:
    assert device("fd_fdstat_get", 1, 64) == Errno.SUCCESS
    assert device.bytes(64, 1) == b"\0"


def test_snapshot_0(device: Device) -> None:
    """Records and numbers of `wasi_unstable`, beside those of preview 1."""
    assert device("fd_filestat_get", FILE + 3, 64) == Errno.SUCCESS
    assert struct.unpack("<QQB7xQQQQQ", device.bytes(64, 64)) == (1, 2, 4, 3, 4, 5, 6, 7)
    device.put(64, b"\xff" * 64)
    assert device("fd_filestat_get", FILE + 3, 64, first=int(VARIANTS)) == Errno.SUCCESS
    assert struct.unpack("<QQB3xIQQQQ", device.bytes(64, 56)) == (1, 2, 4, 3, 4, 5, 6, 7)
    assert device.bytes(120, 8) == b"\xff" * 8
    for whence, meaning in enumerate((1, 2, 0)):
        assert device("fd_seek", FILE + 3, 9, whence, 64, first=int(VARIANTS)) == Errno.SUCCESS
        assert app.asked[-1] == (FILE, 9, meaning)
    assert device("fd_seek", FILE + 3, 9, 3, 64, first=int(VARIANTS)) == Errno.INVAL
    assert device("fd_seek", FILE + 3, 9, 0xFFFF_FFFF, 64, first=int(VARIANTS)) == Errno.INVAL


def test_exit_statuses(device: Device) -> None:
    number = next(n for n, function in enumerate(FUNCTIONS) if function.name == "proc_exit")
    for status, is_right in ((0, True), (125, True), (126, False), (256, False), (0xFFFF_FFFF, False)):
        device.call.store.has_exited = False
        slots = new_array(u64, 1)
        slots[0] = u64(status)
        device.call.arguments = slots
        assert (int(FUNCTIONS[number].body(device.call)) != WRONG) == is_right
        assert bool(device.call.store.has_exited) == is_right


def test_the_memory_is_the_exported_one() -> None:
    with simulate(ILP32):
        world, wasi = World(), new(Wasi)

        def found(text: str) -> Memory:
            instance = world.instantiate(world.module(f"(module {text})"))
            assert address(exported_memory(wasi, address(instance))) == wasi.memory
            return exported_memory(wasi, address(instance))

        two = found('(memory 1) (func (export "a")) (memory (export "memory") 2) (memory (export "other") 3)')
        assert int(two.length_bytes) == 2 << 16
        for text in ("", "(memory 1)", '(memory (export "memor") 1)', '(memory 1) (func (export "memory"))'):
            assert is_null(found(text))
        assert is_null(exported_memory(wasi, usize(0)))


class Replaced:
    """A store whose program's output has its embedder replace what the program sees, as often as it is told."""

    times = 0
    store: StoreObject
    made: list[Wasi]
    deleted: list[int]


@kernel
def replace_and_write(environment: usize, fd: u32, buffer: Ptr[u8], size: usize) -> u32:
    for _ in range(Replaced.times):
        Replaced.made.append(new(Wasi))
        config.set_wasi(Replaced.store, Replaced.made[-1])
        Replaced.made[-1].streams.write = replace_and_write
    return u32(SUCCESS)


@pytest.mark.parametrize("times", [0, 1, 2])
def test_what_a_function_works_with_outlives_its_call(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """`fusee_store_set_wasi` from a callback: what was there is deleted, once, when the function has returned."""
    with simulate(ILP32):
        world, store, first = World(), new(StoreObject), new(Wasi)
        instance = world.instantiate(world.module('(module (memory (export "memory") 1))'))
        Replaced.times, Replaced.store, Replaced.made, Replaced.deleted = times, store, [], []
        monkeypatch.setattr(config, "delete_wasi", lambda wasi: Replaced.deleted.append(int(address(wasi))))
        first.streams.write = replace_and_write
        config.set_wasi(store, first)
        config.set_wasi(store, first)  # the same again
        assert Replaced.deleted == []
        number = next(n for n in range(COUNT) if FUNCTIONS[n].name == "fd_write")
        exported_memory(first, address(instance)).base[4] = u8(1)  # one range of one byte
        slots = new_array(u64, 4)
        slots[0], slots[1], slots[2], slots[3] = u64(1), u64(0), u64(1), u64(8)
        assert int(call_wasi(store, u32(number), address(instance), slots)) == 0
        assert int(slots[0]) == Errno.SUCCESS
        replaced = [int(address(wasi)) for wasi in [first, *Replaced.made]]
        assert sorted(Replaced.deleted) == sorted(replaced[:-1])
        assert int(store.wasi) == replaced[-1]
        assert all(int(wasi.calls) == 0 for wasi in [first, *Replaced.made])


class Given:
    errno = 0


@kernel
def write_or_fail(environment: usize, fd: u32, buffer: Ptr[u8], size: usize) -> u32:
    return u32(Given.errno)


@pytest.mark.parametrize("errno", [*Errno, len(Errno), WRONG, 0x1_0000, 0x1_0001, 0xFFFF_FFFF])
def test_what_the_app_gives_that_is_no_errno_is_none_to_the_guest(errno: int) -> None:
    """To wasi-libc, which takes 16 bits of it, 0x10000 would be a success; and nothing of it stops the guest."""
    with simulate(ILP32):
        world, store, wasi = World(), new(StoreObject), new(Wasi)
        instance = world.instantiate(world.module('(module (memory (export "memory") 1))'))
        wasi.streams.write = write_or_fail
        config.set_wasi(store, wasi)
        Given.errno = errno
        exported_memory(wasi, address(instance)).base[4] = u8(1)  # one range of one byte
        slots = new_array(u64, 4)
        slots[0], slots[1], slots[2], slots[3] = u64(1), u64(0), u64(1), u64(8)
        number = next(n for n in range(COUNT) if FUNCTIONS[n].name == "fd_write")
        assert int(call_wasi(store, u32(number), address(instance), slots)) == 0
        assert int(slots[0]) == (errno if errno < len(Errno) else Errno.IO)
