"""What others fell into where pointers have 32 bits and registers 64. Each trap is also shown to be one."""

import ctypes
import gc
import weakref
from typing import Any

import pytest

from fusee import Engine, Func, Instance, Memory, Module, Store, Trap
from fusee.api import _load
from fusee.api._device import DeviceNative
from fusee.emulator import Device, DeviceFault, build_for_device, crash
from fusee.emulator.build import DeviceProgram
from fusee.engine.state.runtime import Memory as MemoryState
from fusee.kernel.codec import make_reference
from fusee.kernel.layout import layout
from fusee.kernel.memory import view
from fusee.kernel.space import HOST
from fusee.kernel.target import ILP32, LP64, Target
from tests.device.conftest import WATCH
from tests.device.kernels import ENTRIES, Record


def define() -> Any:
    from fusee.kernel.build import Program

    return Program("kernels for devices", ENTRIES)


@pytest.fixture(scope="module")
def program() -> DeviceProgram:
    return build_for_device("kernels for devices", define, Target.parse(WATCH))


@pytest.fixture(scope="module")
def device(program: DeviceProgram) -> Device:
    return Device(program)


def entry(device: Device, name: str) -> Any:
    return device.function(next(symbol for symbol in device.entries if symbol.endswith(f".{name}")))


def call(store: Store, instance: Instance, name: str, *arguments: object) -> Any:
    function = instance.exports(store)[name]
    assert isinstance(function, Func)
    return function(store, *arguments)


def test_an_effective_address_is_not_narrowed(device: Device, watch: Engine) -> None:
    near_end, beyond = 0xFFFF_FFF0, 0x20
    assert entry(device, "is_inside")(near_end, beyond, 0x1_0000) == 0
    assert entry(device, "is_inside_narrowed")(near_end, beyond, 0x1_0000) == 1
    store = Store(watch)
    text = f'(module (memory 1) (func (export "f") (param i32) (result i32) (i32.load offset={beyond} (local.get 0))))'
    with pytest.raises(Trap, match="out of bounds"):
        call(store, Instance(store, Module(watch, text), []), "f", near_end - (1 << 32))


def test_four_gibibytes_do_not_become_nothing(device: Device, watch: Engine) -> None:
    assert entry(device, "is_allowed")(1 << 16) == 1
    assert entry(device, "is_allowed_narrowed")(1 << 16) == 0
    store = Store(watch)
    text = '(module (memory 1 65536) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))'
    instance = Instance(store, Module(watch, text), [])
    assert call(store, instance, "grow", 65535) == -1  # more than there is, but no less than nothing
    assert call(store, instance, "grow", 1) == 1


def test_structs_have_the_layout_of_the_target(device: Device) -> None:
    target = device.target
    bytes_of_record: Any = ctypes.create_string_buffer(layout(Record, LP64).extent.size)
    entry(device, "fill_record")(bytes_of_record)

    def read(as_on: Target) -> list[int]:
        record = make_reference(Record, as_on, HOST, ctypes.addressof(bytes_of_record))
        return [int(value) for value in (record.name.address, record.count, record.next.address, record.total)]

    assert read(target) == read(ILP32) == [0x1000, 2, 0x3000, 4]
    assert read(LP64) != read(ILP32)


def test_frame_records_are_two_words_of_eight_bytes(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    def functions() -> list[str]:
        with pytest.raises(DeviceFault) as caught:
            entry(device, "write_to_null")(0x40)
        return [name for name in ("innermost", "middle", "write_to_null") if f".{name} +" in str(caught.value)]

    assert functions() == ["innermost", "middle", "write_to_null"]
    monkeypatch.setattr(crash, "_RECORD_WORD_BYTES", 4)
    assert functions() != ["innermost", "middle", "write_to_null"]


def test_registers_are_wider_than_pointers(device: Device) -> None:
    with pytest.raises(DeviceFault) as caught:
        entry(device, "write_to_null")(0x40)
    shown = dict(zip(*[iter(" ".join(str(caught.value).splitlines()[1:9]).split())] * 2, strict=False))
    assert {len(value) for name, value in shown.items() if name[0] == "x"} == {16}
    assert str(caught.value).splitlines()[0].endswith(crash.format_number(caught.value.fault.pc, 4))


def test_a_report_shows_the_upper_halves_of_registers(device: Device) -> None:
    with pytest.raises(DeviceFault) as caught:
        entry(device, "write_wide")(0x0123_4567_89AB_CDEF, 0x40)
    assert "0123456789abcdef" in str(caught.value)
    as_wide_as_pointers = DeviceFault(caught.value.fault, 4, 4)
    assert "0123456789abcdef" not in str(as_wide_as_pointers)


def test_a_device_ends_when_nobody_has_it(program: DeviceProgram) -> None:
    """At once, with its address space and its processor; nobody needs to look for circles."""
    gc.collect()
    gc.disable()
    try:
        device = Device(program)
        assert entry(device, "is_inside")(1, 2, 4) == 1
        with pytest.raises(DeviceFault):
            entry(device, "write_to_null")(0)
        parts = [weakref.ref(part) for part in (device, device.space, device.processor)]
        del device
        assert [part() for part in parts] == [None, None, None]
    finally:
        gc.enable()


def test_address_space_is_not_reserved(watch: Engine) -> None:
    reserved, allocated = space_of_a_memory(watch)
    assert reserved == 0
    assert allocated < 1 << 20


def test_reserved_space_would_be_taken_from_everyone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same on a platform that reserves as if there was plenty: a small memory takes a gibibyte."""

    class Generous(DeviceNative):
        def reserve(self, size: int) -> int:
            return int(self.device.heap.allocate(1, size))

    native = Generous(WATCH)
    monkeypatch.setattr(_load, "load", lambda checked, target: native)
    reserved, allocated = space_of_a_memory(Engine())
    assert reserved == allocated == 1 << 30


def space_of_a_memory(engine: Engine) -> tuple[int, int]:
    """Bytes reserved and allocated for a memory of one page that may grow to a gibibyte."""
    native: Any = engine._native
    store = Store(engine)
    instance = Instance(store, Module(engine, '(module (memory (export "m") 1 16384))'), [])
    memory = instance.exports(store)["m"]
    assert isinstance(memory, Memory)
    state = view(MemoryState, memory._address, native.space)
    reserved = int(state.capacity_bytes) if state.is_reserved else 0
    return reserved, native.device.heap.sizes[int(state.base.address)]
