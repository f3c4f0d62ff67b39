"""Hostile arguments: every address, size and count that a guest can think of gives an error code."""

import gc
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusee.wasi import WasiConfig
from fusee.wasi.define import MODULE, SNAPSHOT_0_MODULE, find, names
from fusee.wasi.errno import Errno, WasiError
from fusee.wasi.functions import FUNCTIONS, SNAPSHOT_0
from fusee.wasi.memory import GuestMemory
from tests.wasi.guest import ROOT, Guest, open_files

# `proc_exit` ends the program; the others may rightly take for ever.
SAFE = sorted({name for module, name in names() if module == MODULE} - {"proc_exit", "poll_oneoff"})
INTERESTING = [0, 1, 2, 3, 4, 8, 24, 48, 1024, 65528, 65532, 65535, 65536, 65537, 2**31 - 1, 2**31, 2**32 - 1]


@pytest.mark.parametrize("name", SAFE)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_arguments_give_an_error_code(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("root")
    (root / "f").touch()
    guest = Guest(root)
    with guest.context:
        for _ in range(5):
            arguments = [
                data.draw(st.sampled_from(INTERESTING) | st.integers(0, (1 << (32 if kind == "i32" else 64)) - 1))
                for kind in find(MODULE, name).params
            ]
            if name == "fd_allocate":
                arguments[2] %= 1 << 16
            guest.call(name, *arguments)


@settings(max_examples=60, deadline=None)
@given(records=st.lists(st.binary(min_size=48, max_size=48), max_size=6), is_old=st.booleans())
def test_any_subscriptions_give_events(
    records: list[bytes], is_old: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Beside a clock that has run out, so that nothing is waited for."""
    module, size = (SNAPSHOT_0_MODULE, 56) if is_old else (MODULE, 48)
    guest = Guest(tmp_path_factory.mktemp("root"))
    with guest.context:
        address = guest.put(b"".join(record.ljust(size, b"\1") for record in [bytes(48), *records]))
        count = len(records) + 1
        assert find(module, "poll_oneoff").call(guest.context, guest.memory, address, 8192, count, 0) == Errno.SUCCESS
        assert 1 <= guest.u32(0) <= count


@pytest.mark.parametrize("address", [65536, 65535, 65533, 2**32 - 1])
def test_results_outside_memory(tmp_path: Path, address: int) -> None:
    guest = Guest(tmp_path)
    fd = guest.open("f", 1)
    assert not isinstance(fd, Errno)
    vector = guest.vector((2000, 1))
    for name, arguments in {
        "args_sizes_get": (address, 0),
        "clock_time_get": (0, 0, address),
        "fd_write": (fd, *vector, address),
        "fd_read": (fd, *vector, address),
        "fd_pwrite": (fd, *vector, 0, address),
        "fd_pread": (fd, *vector, 0, address),
        "fd_seek": (fd, 0, 0, address),
        "fd_fdstat_get": (fd, address),
        "fd_filestat_get": (fd, address),
        "fd_prestat_get": (ROOT, address),
        "fd_readdir": (ROOT, 0, 0, 0, address),
        "path_filestat_get": (ROOT, 0, *guest.text("f"), address),
        "path_open": (ROOT, 0, *guest.text("g"), 1, 0, 0, 0, address),
    }.items():
        assert guest.call(name, *arguments) == Errno.FAULT, name
    assert not (tmp_path / "g").exists()  # nothing was done before the check
    assert (tmp_path / "f").stat().st_size == 0
    (tmp_path / "f").write_text("text")
    assert guest.call("fd_read", fd, *vector, address) == guest.call("fd_seek", fd, 3, 0, address) == Errno.FAULT
    assert guest.call("fd_tell", fd, 0) == Errno.SUCCESS
    assert guest.u64(0) == 0


@pytest.mark.parametrize("name", ["args_get", "environ_get"])
def test_strings_whose_pointers_are_outside_memory(name: str) -> None:
    def configure(config: WasiConfig) -> None:
        config.argv = ["one", "two"]
        config.env = [("one", "1"), ("two", "2")]

    guest = Guest(configure=configure)
    assert guest.call(name, 65532, 1024) == Errno.FAULT
    assert not any(guest.bytes)  # nothing was done before the check
    assert guest.call(name, 65528, 1024) == Errno.SUCCESS


@pytest.mark.parametrize("is_shared", [False, True])
def test_numbers_have_no_sign(is_shared: bool) -> None:
    """The engine gives them with one: an address is never counted from the end."""
    guest = Guest()
    guest.context.is_shared = is_shared
    for name, arguments in {
        "random_get": (-16, 8), "clock_time_get": (0, 0, -8), "args_sizes_get": (-4, -8), "fd_fdstat_get": (1, -24),
        "environ_sizes_get": (-8, -4), "fd_read": (0, -8, 1, 0),
    }.items():  # fmt: skip
        assert guest.call(name, *arguments) == Errno.FAULT, name
    assert not any(guest.bytes)


def test_vectors_with_hostile_counts(tmp_path: Path) -> None:
    guest = Guest(tmp_path)
    fd = guest.open("f", 1)
    assert not isinstance(fd, Errno)
    assert guest.call("fd_write", fd, 0, 2**32 - 1, 0) == Errno.FAULT
    assert guest.call("fd_write", fd, 0, 2**29, 0) == Errno.FAULT
    guest.bytes[:] = bytes(len(guest.bytes))
    assert guest.call("fd_write", fd, 0, 8191, 65528) == Errno.SUCCESS
    outside = guest.vector((0, 10), (65530, 10))
    assert guest.call("fd_write", fd, *outside, 0) == Errno.FAULT


def test_many_overlapping_ranges_are_cut_short(tmp_path: Path) -> None:
    guest = Guest(tmp_path)
    fd = guest.open("f", 1)
    assert not isinstance(fd, Errno)
    vector = guest.vector(*[(0, 10)] * 2000)
    assert guest.call("fd_write", fd, *vector, 0) == Errno.SUCCESS
    assert guest.u32(0) == 10240


@pytest.mark.parametrize("is_called", [False, True])
def test_the_same_memory_named_again_and_again(is_called: bool) -> None:
    """Together the ranges are 8 GiB; neither is a number of 32 bits overrun, nor a copy of all of them made."""
    pieces: list[int] = []

    def configure(config: WasiConfig) -> None:
        if is_called:
            config.stdout_custom = lambda data: pieces.append(len(data))

    guest = Guest(configure=configure)
    guest.memory = GuestMemory(memoryview(guest.bytes + bytes(8 << 20)))
    vector = guest.vector(*[(0, 8 << 20)] * 1024)
    guest.memory.buffer[: len(guest.bytes)] = guest.bytes
    assert guest.call("fd_write", 1, *vector, 0) == Errno.SUCCESS
    written = int.from_bytes(guest.memory.buffer[:4], "little")
    assert written == (pieces[0] if is_called else 0x7FFF_F000)
    assert not pieces or pieces == [1 << 20]


def looking_into_memory() -> list[Any]:
    """Iterators that look into a memory, where Python 3.11 to 3.13 could not collect them with an error's frames."""
    return [thing for thing in gc.get_objects() if isinstance(thing, Iterator) and looks_into_memory(thing)]


def looks_into_memory(thing: object) -> bool:
    return any(isinstance(referent, memoryview) for referent in gc.get_referents(thing))


def test_errors_of_vectors_can_be_kept() -> None:
    """An error holds frames, and they hold what was iterated over: never the guest's memory itself."""
    memory = GuestMemory(memoryview(bytearray(64)))
    memory.buffer[:16] = b"".join(number.to_bytes(4, "little") for number in (8, 4, 60, 5))
    assert [len(view) for view in memory.vectors(0, 1)] == [4]
    watched = struct.iter_unpack("<I", memory.buffer)
    assert looking_into_memory() == [watched]
    del watched
    with pytest.raises(WasiError) as caught:
        memory.vectors(0, 2)
    assert caught.value.errno == Errno.FAULT
    assert caught.value.__traceback__ is not None and looking_into_memory() == []


@pytest.mark.parametrize("huge", [2**63, 2**64 - 2, 2**64 - 1])
def test_offsets_and_times_beyond_the_hosts(tmp_path: Path, huge: int) -> None:
    guest = Guest(tmp_path)
    fd = guest.open("f", 1)
    assert not isinstance(fd, Errno)
    vector = guest.vector((2000, 8))
    for name, arguments in {
        "fd_pread": (fd, *vector, huge, 0),
        "fd_pwrite": (fd, *vector, huge, 0),
        "fd_seek": (fd, huge, 0, 0),
        "fd_advise": (fd, huge, 0, 0),
        "fd_filestat_set_size": (fd, huge),
        "fd_filestat_set_times": (fd, huge, 0, 1),
        "path_filestat_set_times": (ROOT, 0, *guest.text("f"), 0, huge, 4),
    }.items():
        assert guest.call(name, *arguments) == Errno.INVAL, name
    assert guest.call("fd_pwrite", fd, *vector, 2**63 - 1, 0) in (Errno.INVAL, Errno.FBIG)
    assert guest.call("fd_seek", fd, 1, 0, 0) == Errno.SUCCESS
    assert guest.call("fd_seek", fd, 2**63 - 1, 1, 0) in (Errno.INVAL, Errno.OVERFLOW)
    assert guest.call("fd_tell", fd, 0) == Errno.SUCCESS
    assert (guest.u64(0), (tmp_path / "f").stat().st_size) == (1, 0)


def test_descriptors_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fusee.wasi.context.MAX_FILES", 20)
    before = open_files()
    guest = Guest(tmp_path)
    results = [guest.open("f", 1) for _ in range(30)]
    assert results[16:] == [Errno.MFILE] * 14
    guest.context.close()
    assert open_files() <= before


def test_signatures_match_the_definition() -> None:
    """A spot check against the witx definition, and that every function is there."""
    every = {place: find(*place) for place in names()}
    assert len(every) == 46 + 45
    found = {name: (d.params, d.results) for (_, name), d in every.items()}
    assert len(found) == 46
    assert set(FUNCTIONS) == set(found)  # and no file has another one
    assert set(SNAPSHOT_0) < set(found)
    assert found["path_open"] == (("i32",) * 5 + ("i64", "i64", "i32", "i32"), ("i32",))
    assert found["fd_seek"] == (("i32", "i64", "i32", "i32"), ("i32",))
    assert found["proc_exit"] == (("i32",), ())
