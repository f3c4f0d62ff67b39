"""An emulated device with the library for components, whose app, memory included, is in Python."""

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from fusee import wat2wasm
from fusee.emulator.build import DeviceProgram
from fusee.emulator.device import Device
from fusee.kernel.calling import Entry
from fusee.kernel.target import Target
from fusee.package.library import PLATFORM
from fusee.spec.wasi import Errno
from tests.device.embedding import library, unpack

A: Final = "address"  # a type of parameters
_ENTRIES: Final = {
    "wasm_engine_new": ((), A), "wasm_store_new": ((A,), A), "wasm_store_delete": ((A,), None),
    "wasm_engine_delete": ((A,), None), "wasm_trap_message": ((A, A), None), "wasm_trap_delete": ((A,), None),
    "wasm_byte_vec_delete": ((A,), None), "wasm_byte_vec_new_uninitialized": ((A, "usize"), None),
    "wasm_trap_new": ((A, A), A),
    "fusee_component_new": ((A, A, A), A), "fusee_component_delete": ((A,), None),
    "fusee_component_define": ((A, A, A, A, A), "bool"),
    "fusee_component_define_resource": ((A, A, A, A, A), "bool"),
    "fusee_component_instance_new": ((A, A), A), "fusee_component_instance_delete": ((A,), None),
    "fusee_component_instance_func": ((A, A, A), A), "fusee_component_call": ((A, A, "usize", A), A),
    "fusee_component_drop": ((A, A), A), "fusee_value_delete": ((A,), None),
    "fusee_component_use_wasi": ((A,), None), "fusee_wasi_new": ((), A),
    "fusee_wasi_add_argument": ((A, A, "usize"), "bool"), "fusee_wasi_add_environment": ((A, A, "usize"), "bool"),
    "fusee_wasi_set_streams": ((A, A), None), "fusee_store_set_wasi": ((A, A), None),
    "fusee_trap_exit_status": ((A, A), "bool"), "fusee_wasi_add_directory": ((A, A, "usize"), "bool"),
    "fusee_wasi_set_files": ((A, A), None), "fusee_store_interrupt": ((A, "u32"), None),
    "wasm_module_new": ((A, A), A), "wasm_module_delete": ((A,), None), "wasm_instance_new": ((A, A, A, A), A),
    "wasm_instance_delete": ((A,), None), "wasm_extern_vec_new_uninitialized": ((A, "usize"), None),
    "wasm_extern_vec_delete": ((A,), None), "fusee_wasi_imports": ((A, A, A), "bool"),
    "fusee_wasi_start": ((A, A), "u32"),
    "fusee_component_allow_undefined": ((A, "bool"), None), "fusee_component_instance_set_most": ((A, "u64"), None),
}  # fmt: skip

_HTTP_ENTRIES: Final = {
    "fusee_component_use_http": ((A, A), "bool"), "fusee_http_wake": ((A,), None),
    "fusee_http_fields_add": ((A, A, "usize", A, "usize"), "bool"), "fusee_http_handle": ((A, A, "u32"), A),
}  # fmt: skip


class AppDevice(Device):
    """A device whose app, memory included, is in Python."""

    def _define_system(self, name: str) -> int:
        if name == "fusee_default_platform":
            return self.define(name, (A,), "bool", self._put_platform)
        return super()._define_system(name)

    def _put_platform(self, out: int) -> int:
        width = self.target.pointer_width
        functions = (*self.memory_functions, 0, 0, *self.time_functions, 0, 0, *self.waiting_functions)
        for number, made in enumerate(functions):
            self.space.write(out + number * width, made.to_bytes(width, "little"))
        return 1

    @cached_property
    def time_functions(self) -> tuple[int, int]:
        """The platform's `clock`, which shows its number, seven nanoseconds and what was slept, and `random`."""

        def random(into: int, size: int) -> int:
            self.space.write(into, bytes(i * 37 % 256 for i in range(size)))
            return 0

        return (
            self.define("clock", ("u32",), "u64", lambda clock: (clock + 1) * 1_000_000_000 + 7 + self.slept_ns),
            self.define("random", (A, "usize"), "u32", random),
        )

    def define_anew(self, name: str, parameters: Sequence[str], result: str | None, call: Callable[..., Any]) -> int:
        """The address of what the app that runs has under a name: there is little room for addresses."""
        known: dict[str, int] = self.__dict__.setdefault("_known", {})
        if name not in known:
            known[name] = self.define(name, parameters, result, lambda *given: self._calls[name](*given), True)
        self._calls[name] = call
        return known[name]

    @cached_property
    def _calls(self) -> dict[str, Callable[..., Any]]:
        return {}

    allocations_left = 0
    """The last of these fails; no more are counted then."""

    def _allocate(self, count: int, size: int) -> int:
        self.allocations_left -= 1
        return 0 if self.allocations_left == 0 else self.heap.allocate(count, size)

    slept_ns = 0

    @cached_property
    def waiting_functions(self) -> tuple[int, int]:
        """The platform's `wait`, by which time goes by at once, and `wake`."""

        def wait(word: int, expected: int, nanoseconds: int) -> int:
            if self.when_waiting is not None:
                self.when_waiting()
            elif nanoseconds == (1 << 64) - 1:
                raise AssertionError("nobody would end this")
            else:
                self.slept_ns += nanoseconds
            return int(Errno.TIMEDOUT)

        return (
            self.define("wait", (A, "u32", "u64"), "u32", wait, True),
            self.define("wake", (A,), None, lambda word: None),
        )

    when_waiting: Callable[[], object] | None = None
    """Called in the place of sleeping."""

    @property
    def memory_functions(self) -> tuple[int, int]:
        """`calloc` and `free`."""
        found: tuple[int, int] | None = self.__dict__.get("_memory_functions")
        if found is None:
            found = self._memory_functions = (
                self.define("calloc", ("usize", "usize"), A, self._allocate),
                self.define("free", (A,), None, lambda block: self.heap.release(block) if block else None),
            )
        return found


HTTP: Final = """(import "wasi:http/types@0.2.0" (instance $t (export "http" (func))))
  (core func (canon lower (func $t "http")))"""


@cache
def device_of(triple: str, has_http: bool = False) -> AppDevice:
    """A device with the library for components."""
    with TemporaryDirectory() as folder:
        component = Path(folder) / "small.wasm"
        component.write_bytes(wat2wasm(f"(component {HTTP if has_http else ''})"))
        objects = unpack(library(triple, component), Path(folder) / "objects")
    del objects[f"{PLATFORM}.o"]
    wanted = {**_ENTRIES, **(_HTTP_ENTRIES if has_http else {})}
    entries = {name: Entry(name, params, () if result is None else (result,), False)
               for name, (params, result) in wanted.items()}  # fmt: skip
    return AppDevice(DeviceProgram(Target.parse(triple), objects, entries))
