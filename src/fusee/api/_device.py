"""The engine as a device's code, on an emulated device: what stores do is the same, only far slower."""

import ctypes
from _thread import RLock, get_ident
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from fusee.api._native import Native
from fusee.api._python import LOOK_SECONDS
from fusee.api._start import ProgressBar, define_program, program_name
from fusee.api.errors import StoreError, UnsupportedError, WasmtimeError
from fusee.api.managed import refuse_closed
from fusee.engine.handlers.regs import Regs
from fusee.engine.isa.selection import chosen
from fusee.engine.state.platform import Platform
from fusee.engine.state.runtime import Store as StoreState
from fusee.kernel.layout import layout
from fusee.kernel.registers import registers_info
from fusee.kernel.target import Target

if TYPE_CHECKING:
    from fusee.api.module import Module
    from fusee.api.store import Store
    from fusee.emulator.count import InstructionCount
    from fusee.native.code import NativeCode

_FAILED = 1  # of `Platform.call_host`


def _refuse(*arguments: Any) -> int:
    raise UnsupportedError("tasks that wait in place need an engine of the host's")


class DeviceEmbedding:
    """What is known of a store beside the device: nothing by the engine itself."""

    __slots__ = ("_thread", "address", "depth", "is_closed", "lock")
    is_used_here = False  # nobody closes a store in the middle of the device's work: `Device.postpone`

    def __init__(self, lock: RLock) -> None:
        self.lock = lock
        self.address = 0
        self.depth = 0
        self.is_closed = False
        self._thread = 0

    @contextmanager
    def call(self) -> Iterator[None]:
        """While a guest runs. Other guests wait, also while it is in a host function: there is one device."""
        if self.depth and self._thread != get_ident():
            raise StoreError("another thread is using the store")
        with self.lock:
            if self.is_closed:
                refuse_closed()
            self._thread = get_ident()
            self.depth += 1
            try:
                yield
            finally:
                self.depth -= 1

    def try_take(self) -> bool:
        """Take the lock, if that is possible within a moment."""
        return self.lock.acquire(timeout=LOOK_SECONDS)

    def forget(self) -> None:
        """Nothing: the device is in this process, too."""


class DeviceNative(Native):
    """A device of its own. It has no address space to reserve: memories move when they grow."""

    polls = True

    def __init__(self, triple: str) -> None:
        try:
            from fusee.emulator import Device, build_for_device
        except ImportError as error:
            raise WasmtimeError(f"devices are emulated by {error.name}: pip install 'fusee[emulator]'") from None
        target = Target.parse(triple)
        with ProgressBar() as progress:
            program = build_for_device(program_name(chosen()), define_program, target, progress)
        self.device = Device(program)
        self.device.refusal = partial(StoreError, "a guest is running on the device")
        self.space = self.device.space
        self.word = ctypes.c_uint64 if target.pointer_width == 8 else ctypes.c_uint32
        self.stores = {}
        self._lock = RLock()  # of whoever uses the device
        self._add_entries(program.entries, self.device.function)
        for name in ("release_store", "uninstall_interpreter", "release_engine"):
            setattr(self, name, self._postponing(getattr(self, name)))
        self._invoke = self.device.status_function("engine.interpreter.invoke_keeping")
        self.invoke_status = self._invoke_and_explain
        self.advance_status = _refuse
        self.platform = self._make_platform()

    def _postponing(self, function: Callable[..., Any]) -> Callable[..., None]:
        return lambda *arguments: self.device.postpone(partial(function, *arguments))

    def end_module(self, module: int) -> None:
        self.device.postpone(partial(super().end_module, module))

    def end_module_if_free(self, module: int) -> bool:
        self.end_module(module)
        return True

    def _make_platform(self) -> Any:
        device = self.device
        functions = {
            "allocate": device.define("allocate", ("usize", "usize"), "address", device.heap.allocate),
            "release": device.define("release", ("address",), None, device.heap.release),
            "reserve": device.define("reserve", ("usize",), "address", self.reserve),
            "call_host": device.define(
                "call_host", ("usize", "u32", "usize", "address"), "u32", self._call_host, leaves=True, failure=_FAILED
            ),
        }
        places = layout(Platform, self.space.target)
        result = ctypes.create_string_buffer(places.extent.size)
        for name, address in functions.items():
            self.word.from_buffer(result, places.fields[name].offset).value = address
        return result

    def interrupt_store(self, store: int) -> None:
        """Nothing: its guest looks."""

    def reserve(self, size: int) -> int:
        """Address space for a memory: none, as on a watch."""
        return 0

    def _call_host(self, address: int, identity: int, instance: int, slots: int) -> int:
        store = self._store_at(address)
        try:
            store._hosts[identity].run(store, instance, self.space.host_address(slots))
        except BaseException as error:
            if not (isinstance(error, WasmtimeError) and error._throw(store)):
                store._failure = error
            return _FAILED
        return 0

    def _store_at(self, address: int) -> "Store":
        reference = self.stores.get(address)
        store = None if reference is None else reference()
        return refuse_closed() if store is None else store  # by another thread that has closed it meanwhile

    def _invoke_and_explain(self, address: int, func: int, slots: Any) -> int:
        """`invoke`; a crash report also tells where the guest was."""
        from fusee.emulator import DeviceFault

        store = self._store_at(address)
        embedding = store._embedding
        assert isinstance(embedding, DeviceEmbedding)
        with embedding.call():
            try:
                return self._invoke(address, func, slots)
            except DeviceFault as fault:
                fault.wasm = fault.wasm or self._frames(store, fault.fault.registers)
                raise
            except BaseException:  # that is what is raised, whatever else has been meanwhile
                store._failure = None
                raise

    def _frames(self, store: "Store", registers: dict[str, int]) -> list[str]:
        """The guest's frames by the interpreter's registers, as far as what has failed lets them be read."""
        names = (field.name for field in registers_info(Regs).fields)
        fields = dict(zip(names, self.device.abi.interpreter, strict=False))
        if not fields:
            return []
        places = layout(StoreState, self.space.target).fields
        for name, source in {"trap_pc": "pc", "trap_fp": "fp", "trap_instance": "ctx"}.items():
            width = self.space.target.pointer_width
            value = registers[fields[source]] & (1 << 8 * width) - 1
            self.space.write(store._address + places[name].offset, value.to_bytes(width, "little"))
        try:
            return [str(frame) for frame in store._backtrace()]
        except Exception as error:
            return [f"unknown: {error}".partition("\n")[0]]

    def function_counts(self, module: "Module", count: "InstructionCount") -> dict[int, int]:
        """Instructions executed for each function of a module, of those that were called."""
        return {index: count.of_code(home, size) for index, home, size in module._translated_functions()}

    def place(self, binary: bytes) -> int:
        address = self.device.heap.allocate(len(binary), 1)
        if not address and binary:
            raise MemoryError("the device's memory is full")
        self.space.write(address, binary)
        return address

    def displace(self, source: int) -> None:
        self.device.heap.release(source)

    def native_code(self, binary: bytes, is_metered: bool) -> "NativeCode | None":
        """Compiled here, and loaded: where an app is built, a linker does that (`fusee build --native`)."""
        from fusee.native.code import NativeCode
        from fusee.native.unit import Options
        from fusee.native.units import objects_for_device

        options = Options(self.device.target, polls=False, for_this_process=False, is_metered=is_metered)
        made = objects_for_device(binary, options)
        if made is None:
            return None
        try:
            image = self.device.load({f"native.{number}": contents for number, contents in enumerate(made.objects)})
        except MemoryError as error:
            return NativeCode({}, {**made.reasons, **dict.fromkeys(made.types, str(error))}, None, {})
        symbol = image.c_address
        functions = {
            index: (symbol(options.entry_symbol(type_)), symbol(options.symbol(index)))
            for index, type_ in made.types.items()
        }
        return NativeCode(functions, made.reasons, image, {})

    def new_embedder(self, store: "Store") -> "DeviceEmbedding":
        return DeviceEmbedding(self._lock)

    def stay(self) -> RLock:
        return self._lock
