"""Components on an emulated device, called from Python."""

from collections.abc import Callable
from typing import Any

from fusee import Engine
from fusee.component import Component, FuncType, ValType
from fusee.engine.capi.component.format import Kind
from fusee.package.components.flatten import flatten
from fusee.package.components.plan import Name
from fusee.package.components.table import write_table
from tests.device.appdevice import A, device_of
from tests.device.devicevalues import Address, Values

Callback = Callable[[list[Any]], Any]


class DeviceTrap(Exception):
    """A trap on the device, with its message."""


class App(Values):
    """An app on a device, with one component."""

    def __init__(self, triple: str, text: str | bytes) -> None:
        self.component_type = Component(Engine(), text)
        whole = flatten(self.component_type._program)
        names = [name.interface for part in whole.parts for name, _ in part.imports]
        super().__init__(device_of(triple, any(name.startswith("wasi:http/") for name in names)))
        self.device.slept_ns, self.device.when_waiting = 0, None
        self.used_before = self.device.heap.used_bytes
        self.resources = whole.resources
        self.tables = write_table(whole)
        self.engine = self.call("wasm_engine_new")
        self.store = self.call("wasm_store_new", self.engine)
        self.trap = self.room(self.width)
        self.component = self.load(self.tables)
        self.instance = 0

    def load(self, tables: bytes) -> Address:
        """A component. Raises `DeviceTrap`."""
        return self._made("fusee_component_new", self.store, self.vector(len(tables), self.put(tables)))

    def _made(self, name: str, *arguments: int) -> Address:
        """What a function makes that has a place for a trap at its end. Raises `DeviceTrap`."""
        self.device.space.write(self.trap, bytes(self.width))
        made = self.call(name, *arguments, self.trap)
        if not made:
            self.fail(self.pointer(self.trap))
        return made

    def fail(self, trap: Address) -> None:
        """Raise a trap, if there is one."""
        if trap:
            out = self.room(2 * self.width)
            self.call("wasm_trap_message", trap, out)
            message = self.device.space.read(self.pointer(out + self.width), self.pointer(out))
            self.call("wasm_byte_vec_delete", out)
            self.call("wasm_trap_delete", trap)
            raise DeviceTrap(message.rstrip(b"\0").decode())

    def define(self, interface: str, name: str, ty: FuncType, callback: Callback) -> bool:
        """Give a function; what it raises as `DeviceTrap` is a trap."""

        def called(environment: int, arguments: int, count: int, result: int) -> int:
            params = [part for _, part in ty._params]
            assert count == len(params)
            values = [self.read(part, arguments + i * self.value_bytes) for i, part in enumerate(params)]
            try:
                found = callback(values)
            except DeviceTrap as error:
                message = str(error).encode()
                return self.call("wasm_trap_new", self.store, self.vector(len(message), self.put(message)))
            if ty._result is not None:
                self.is_giving = True
                self.write(ty._result, found, result)
                self.is_giving = False
            return 0

        place = self.device.define("callback", (A, A, "usize", A), A, called, True)
        texts = self.text(interface), self.text(name)
        return bool(self.call("fusee_component_define", self.component, *texts, place, 0))

    def define_resource(self, interface: str, name: str, destructor: Callable[[int], None]) -> bool:
        """Give a destructor."""

        def called(environment: int, rep: int) -> int:
            destructor(rep)
            return 0

        place = self.device.define("destructor", (A, "u32"), A, called)
        texts = self.text(interface), self.text(name)
        return bool(self.call("fusee_component_define_resource", self.component, *texts, place, 0))

    def text(self, text: str) -> Address:
        return self.put(text.encode() + b"\0") if text else 0

    def instantiate(self) -> None:
        """Make the instance."""
        self.instance = self._made("fusee_component_instance_new", self.component)

    def func(self, name: str, interface: str = "") -> Callable[..., Any]:
        """An exported function."""
        place = self.call("fusee_component_instance_func", self.instance, self.text(interface), self.text(name))
        assert place
        exports: Any = self.component_type.type._exports
        ty: FuncType = (exports[interface]._exports if interface else exports)[name]

        def call(*values: Any) -> Any:
            kept = len(self.blocks)
            count, out = len(values), self.room(self.value_bytes)
            arguments = self.room(max(count, 1) * self.value_bytes)
            for number, (value, (_, part)) in enumerate(zip(values, ty._params, strict=True)):
                self.write(part, value, arguments + number * self.value_bytes)
            trap = self.call("fusee_component_call", place, arguments, count, out)
            self.fail(trap)
            result = None if ty._result is None else self.read_result(ty._result, out)
            self.call("fusee_value_delete", out)
            self.release(kept)
            return result

        return call

    def read_result(self, ty: ValType, place: Address) -> Any:
        """What a function has given."""
        return self.read(ty, place)

    def drop(self, handle: int, name: str, interface: str = "") -> None:
        """End a resource of the component's that the app owns."""
        own = self.room(self.value_bytes)
        place = Name(interface, name)
        number = next(number for number, one in enumerate(self.resources) if one.name == place and one.owner)
        self._head(Kind.OWN, number, handle.to_bytes(4, "little"), own)
        self.fail(self.call("fusee_component_drop", self.instance, own))

    def close(self) -> int:
        """End everything: how many bytes are left."""
        self.call("fusee_component_instance_delete", self.instance)
        self.call("fusee_component_delete", self.component)
        self.call("wasm_store_delete", self.store)
        self.call("wasm_engine_delete", self.engine)
        self.release()
        return self.device.heap.used_bytes - self.used_before
