"""The engine as a device's code, on an emulated device: what stores do is the same, only far slower."""

import ctypes
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from fusee.api._native import Native, Progress, define_program
from fusee.engine.state.platform import Platform
from fusee.kernel.layout import layout
from fusee.kernel.target import Target

_FAILED = 1  # of `Platform.call_host`


class DeviceNative(Native):
    """A device of its own. It has no address space to reserve: memories move when they grow."""

    def __init__(self, triple: str) -> None:
        from fusee.emulator import Device, build_for_device

        target = Target.parse(triple)
        with Progress() as progress:
            program = build_for_device("fusee", define_program, target, progress)
        self.device = Device(program)
        self.space = self.device.space
        self.word = ctypes.c_uint64 if target.pointer_width == 8 else ctypes.c_uint32
        self.stores = WeakValueDictionary()
        self._add_entries(program.entries, self.device.function)
        for name in ("release_store", "uninstall_interpreter", "release_engine"):
            setattr(self, name, self._postponing(getattr(self, name)))
        self.invoke_status = self.device.status_function("engine.interpreter.invoke")
        self.platform = self._make_platform()

    def _postponing(self, function: Callable[..., Any]) -> Callable[..., None]:
        return lambda *arguments: self.device.postpone(partial(function, *arguments))

    def end_module(self, module: int) -> None:
        self.device.postpone(partial(super().end_module, module))

    def _make_platform(self) -> Any:
        device = self.device
        functions = {
            "allocate": device.define("allocate", ("usize", "usize"), "address", device.heap.allocate),
            "release": device.define("release", ("address",), None, device.heap.release),
            "reserve": device.define("reserve", ("usize",), "address", lambda size: 0),
            "call_host": device.define(
                "call_host", ("usize", "u32", "usize", "address"), "u32", self._call_host, leaves=True
            ),
        }
        places = layout(Platform, self.space.target)
        result = ctypes.create_string_buffer(places.extent.size)
        for name, address in functions.items():
            self.word.from_buffer(result, places.fields[name].offset).value = address
        return result

    def _call_host(self, address: int, identity: int, instance: int, slots: int) -> int:
        store = self.stores[address]
        try:
            store.hosts[identity].run(store, instance, self.space.host_address(slots))
        except BaseException as error:
            store.failure = error
            return _FAILED
        return 0

    def place(self, binary: bytes) -> int:
        address = self.device.heap.allocate(len(binary), 1)
        if not address and binary:
            raise MemoryError("the device's memory is full")
        self.space.write(address, binary)
        return address

    def displace(self, source: int) -> None:
        self.device.heap.release(source)

    def new_embedder(self) -> tuple[Any, ctypes.c_uint32, int]:
        return None, ctypes.c_uint32(), 0
