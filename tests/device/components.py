"""Components on an emulated device, called from Python: values are written into its memory, and read from there."""

import struct
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from fusee import Engine, wat2wasm
from fusee.component import (
    BorrowType,
    Component,
    EnumType,
    FlagsType,
    FuncType,
    ListType,
    MapType,
    OwnType,
    Record,
    RecordType,
    String,
    TupleType,
    ValType,
    Variant,
)
from fusee.component.types.composite import VariantLikeType
from fusee.component.types.primitive import Char
from fusee.component.types.valtype import classes_of
from fusee.emulator.build import DeviceProgram
from fusee.emulator.device import Device
from fusee.engine.capi.component.format import Kind
from fusee.kernel.calling import Entry
from fusee.kernel.target import Target
from fusee.package.components.flatten import flatten
from fusee.package.components.plan import Name
from fusee.package.components.table import _SCALARS as SCALARS
from fusee.package.components.table import _list_of_pairs as list_of_pairs
from fusee.package.components.table import write_table
from fusee.package.library import PLATFORM
from fusee.spec.wasi import Errno
from tests.device.embedding import library, unpack

Address = int
Callback = Callable[[list[Any]], Any]

_NUMBERS: Final = {
    Kind.S8: "b", Kind.U8: "B", Kind.S16: "h", Kind.U16: "H", Kind.S32: "i", Kind.U32: "I", Kind.S64: "q",
    Kind.U64: "Q", Kind.F32: "f", Kind.F64: "d", Kind.BOOL: "?", Kind.CHAR: "I",
}  # fmt: skip
_A: Final = "address"
_ENTRIES: Final = {
    "wasm_engine_new": ((), _A), "wasm_store_new": ((_A,), _A), "wasm_store_delete": ((_A,), None),
    "wasm_engine_delete": ((_A,), None), "wasm_trap_message": ((_A, _A), None), "wasm_trap_delete": ((_A,), None),
    "wasm_byte_vec_delete": ((_A,), None), "wasm_byte_vec_new_uninitialized": ((_A, "usize"), None),
    "wasm_trap_new": ((_A, _A), _A),
    "fusee_component_new": ((_A, _A, _A), _A), "fusee_component_delete": ((_A,), None),
    "fusee_component_define": ((_A, _A, _A, _A, _A), "bool"),
    "fusee_component_define_resource": ((_A, _A, _A, _A, _A), "bool"),
    "fusee_component_instance_new": ((_A, _A), _A), "fusee_component_instance_delete": ((_A,), None),
    "fusee_component_instance_func": ((_A, _A, _A), _A), "fusee_component_call": ((_A, _A, "usize", _A), _A),
    "fusee_component_drop": ((_A, _A), _A), "fusee_value_delete": ((_A,), None),
    "fusee_component_use_wasi": ((_A,), None), "fusee_wasi_new": ((), _A),
    "fusee_wasi_add_argument": ((_A, _A, "usize"), "bool"), "fusee_wasi_add_environment": ((_A, _A, "usize"), "bool"),
    "fusee_wasi_set_streams": ((_A, _A), None), "fusee_store_set_wasi": ((_A, _A), None),
    "fusee_trap_exit_status": ((_A, _A), "bool"), "fusee_wasi_add_directory": ((_A, _A, "usize"), "bool"),
    "fusee_wasi_set_files": ((_A, _A), None), "fusee_store_interrupt": ((_A, "u32"), None),
    "wasm_module_new": ((_A, _A), _A), "wasm_module_delete": ((_A,), None), "wasm_instance_new": ((_A, _A, _A, _A), _A),
    "wasm_instance_delete": ((_A,), None), "wasm_extern_vec_new_uninitialized": ((_A, "usize"), None),
    "wasm_extern_vec_delete": ((_A,), None), "fusee_wasi_imports": ((_A, _A, _A), "bool"),
    "fusee_wasi_start": ((_A, _A), "u32"),
    "fusee_component_allow_undefined": ((_A, "bool"), None), "fusee_component_instance_set_most": ((_A, "u64"), None),
}  # fmt: skip

_HTTP_ENTRIES: Final = {
    "fusee_component_use_http": ((_A, _A), "bool"), "fusee_http_wake": ((_A,), None),
    "fusee_http_fields_add": ((_A, _A, "usize", _A, "usize"), "bool"),
}  # fmt: skip


class DeviceTrap(Exception):
    """A trap on the device, with its message."""


class AppDevice(Device):
    """A device whose app, memory included, is in Python."""

    def _define_system(self, name: str) -> int:
        if name == "fusee_default_platform":
            return self.define(name, (_A,), "bool", self._put_platform)
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
            self.define("random", (_A, "usize"), "u32", random),
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
            self.define("wait", (_A, "u32", "u64"), "u32", wait, True),
            self.define("wake", (_A,), None, lambda word: None),
        )

    when_waiting: Callable[[], object] | None = None
    """Called in the place of sleeping."""

    @property
    def memory_functions(self) -> tuple[int, int]:
        """`calloc` and `free`."""
        found: tuple[int, int] | None = self.__dict__.get("_memory_functions")
        if found is None:
            found = self._memory_functions = (
                self.define("calloc", ("usize", "usize"), _A, self._allocate),
                self.define("free", (_A,), None, lambda block: self.heap.release(block) if block else None),
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


class App:
    """An app on a device, with one component."""

    def __init__(self, triple: str, text: str | bytes) -> None:
        self.component_type = Component(Engine(), text)
        whole = flatten(self.component_type._program)
        names = [name.interface for part in whole.parts for name, _ in part.imports]
        self.device = device_of(triple, any(name.startswith("wasi:http/") for name in names))
        self.device.slept_ns, self.device.when_waiting = 0, None
        self.used_before = self.device.heap.used_bytes
        self.width = self.device.target.pointer_width
        self.value_bytes = 8 + 2 * max(self.width, 4)
        self.resources = whole.resources
        self.tables = write_table(whole)
        self.blocks: list[int] = []
        self.is_giving = False
        self.engine = self.call("wasm_engine_new")
        self.store = self.call("wasm_store_new", self.engine)
        self.trap = self.room(self.width)
        self.component = self.load(self.tables)
        self.instance = 0

    def call(self, name: str, *arguments: int) -> int:
        """A function of the library's."""
        return self.device.function(name)(*arguments) or 0

    def room(self, size: int) -> Address:
        """Memory until the app ends, or of a value that is given away."""
        if self.is_giving:
            vector = self.device.heap.allocate(1, 2 * self.width)
            self.call("wasm_byte_vec_new_uninitialized", vector, size)
            made = self.pointer(vector + self.width)
            self.device.heap.release(vector)
            return made
        self.blocks.append(self.device.heap.allocate(1, size))
        return self.blocks[-1]

    def put(self, data: bytes) -> Address:
        """A copy of bytes."""
        place = self.room(len(data))
        self.device.space.write(place, data)
        return place

    def pointer(self, place: Address) -> int:
        return int.from_bytes(self.device.space.read(place, self.width), "little")

    def vector(self, size: int, data: Address) -> Address:
        return self.put(size.to_bytes(self.width, "little") + data.to_bytes(self.width, "little"))

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

        place = self.device.define("callback", (_A, _A, "usize", _A), _A, called, True)
        texts = self.text(interface), self.text(name)
        return bool(self.call("fusee_component_define", self.component, *texts, place, 0))

    def define_resource(self, interface: str, name: str, destructor: Callable[[int], None]) -> bool:
        """Give a destructor."""

        def called(environment: int, rep: int) -> int:
            destructor(rep)
            return 0

        place = self.device.define("destructor", (_A, "u32"), _A, called)
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

    def release(self, first: int = 0) -> None:
        for block in self.blocks[first:]:
            self.device.heap.release(block)
        del self.blocks[first:]

    def close(self) -> int:
        """End everything: how many bytes are left."""
        self.call("fusee_component_instance_delete", self.instance)
        self.call("fusee_component_delete", self.component)
        self.call("wasm_store_delete", self.store)
        self.call("wasm_engine_delete", self.engine)
        self.release()
        return self.device.heap.used_bytes - self.used_before

    # Values.

    def _head(self, kind: int, which: int, content: bytes, place: Address) -> None:
        self.device.space.write(place, struct.pack("<B3xI", kind, which) + content.ljust(self.value_bytes - 8, b"\0"))

    def _list(self, kind: int, which: int, types: list[ValType], values: list[Any], place: Address) -> None:
        data = self.room(len(values) * self.value_bytes) if values else 0
        for number, (ty, value) in enumerate(zip(types, values, strict=True)):
            self.write(ty, value, data + number * self.value_bytes)
        self._block(kind, which, len(values), data, place)

    def _block(self, kind: int, which: int, size: int, data: Address, place: Address) -> None:
        content = size.to_bytes(self.width, "little") + data.to_bytes(self.width, "little")
        self._head(kind, which, content, place)

    def write(self, ty: ValType, value: Any, place: Address) -> None:
        """Write a `fusee_value_t`."""
        if isinstance(ty, String):
            data = value.encode()
            self._block(Kind.STRING, 0, len(data), self.put(data) if data else 0, place)
        elif type(ty) in SCALARS:
            number = ord(value) if isinstance(ty, Char) else value
            self._head(SCALARS[type(ty)], 0, struct.pack("<" + _NUMBERS[SCALARS[type(ty)]], number), place)
        elif isinstance(ty, ListType):
            self._write_list(ty, value, place)
        elif isinstance(ty, MapType):
            self.write(list_of_pairs(ty), [*value.items()], place)
        elif isinstance(ty, RecordType):
            self._list(Kind.RECORD, 0, [*ty._parts()], [getattr(value, name) for name, _ in ty._fields], place)
        elif isinstance(ty, TupleType):
            self._list(Kind.RECORD, 0, [*ty._parts()], [*value], place)
        elif isinstance(ty, VariantLikeType):
            tag, payload = case_of(ty, value)
            part = ty._cases()[tag][1]
            self._list(Kind.VARIANT, tag, [part] if part else [], [payload] if part else [], place)
        elif isinstance(ty, EnumType):
            self._head(Kind.ENUM, ty._names.index(value), b"", place)
        elif isinstance(ty, FlagsType):
            self._head(Kind.FLAGS, 0, sum(1 << ty._names.index(name) for name in value).to_bytes(4, "little"), place)
        else:
            assert isinstance(ty, OwnType | BorrowType)
            self._head(Kind.OWN if isinstance(ty, OwnType) else Kind.BORROW, 0, value.to_bytes(4, "little"), place)

    def _write_list(self, ty: ListType, value: Any, place: Address) -> None:
        kind = SCALARS.get(type(ty._element), Kind.LIST)
        if not Kind.S8 <= kind <= Kind.F64:
            self._list(Kind.LIST, 0, [ty._element] * len(value), list(value), place)
        else:
            data = struct.pack(f"<{len(value)}{_NUMBERS[kind]}", *value)
            self._block(Kind.NUMBERS, kind, len(value), self.put(data) if data else 0, place)

    def read(self, ty: ValType, place: Address) -> Any:
        """Read a `fusee_value_t`."""
        kind, which = struct.unpack("<B3xI", self.device.space.read(place, 8))
        size, data = self.pointer(place + 8), self.pointer(place + 8 + self.width)
        number = int.from_bytes(self.device.space.read(place + 8, 8), "little")
        if isinstance(ty, String):
            assert kind == Kind.STRING
            return self.device.space.read(data, size).decode() if size else ""
        if type(ty) in SCALARS:
            assert kind == SCALARS[type(ty)]
            (found,) = struct.unpack_from("<" + _NUMBERS[SCALARS[type(ty)]], number.to_bytes(8, "little"))
            return chr(found) if isinstance(ty, Char) else found
        if isinstance(ty, ListType):
            return self._read_list(ty, kind, which, size, data)
        if isinstance(ty, MapType):
            return dict(self.read(list_of_pairs(ty), place))
        parts = [data + i * self.value_bytes for i in range(size)] if kind in (Kind.RECORD, Kind.VARIANT) else []
        if isinstance(ty, RecordType | TupleType):
            assert kind == Kind.RECORD
            values = [self.read(part, at) for part, at in zip(ty._parts(), parts, strict=True)]
            if isinstance(ty, TupleType):
                return tuple(values)
            return Record(**{name: value for (name, _), value in zip(ty._fields, values, strict=True)})
        if isinstance(ty, VariantLikeType):
            name, part = ty._cases()[which]
            assert kind == Kind.VARIANT and len(parts) == (part is not None)
            payload = self.read(part, parts[0]) if part is not None else None
            return Variant(name, payload) if ty._is_tagged else payload
        if isinstance(ty, EnumType):
            assert kind == Kind.ENUM
            return ty._names[which]
        if isinstance(ty, FlagsType):
            assert kind == Kind.FLAGS
            return {name for bit, name in enumerate(ty._names) if number >> bit & 1}
        return number & 0xFFFF_FFFF

    def _read_list(self, ty: ListType, kind: int, which: int, size: int, data: Address) -> Any:
        element = SCALARS.get(type(ty._element), Kind.LIST)
        if Kind.S8 <= element <= Kind.F64:
            assert kind == Kind.NUMBERS and which == element
            form = f"<{size}{_NUMBERS[element]}"
            found = struct.unpack(form, self.device.space.read(data, struct.calcsize(form))) if size else ()
            return bytes(found) if element == Kind.U8 else list(found)
        assert kind == Kind.LIST
        return [self.read(ty._element, data + i * self.value_bytes) for i in range(size)]


def case_of(ty: VariantLikeType, value: Any) -> tuple[int, Any]:
    """The number of a value's case, and its payload."""
    names = [name for name, _ in ty._cases()]
    if ty._is_tagged:
        return names.index(value.tag), value.payload
    for number, (_, part) in enumerate(ty._cases()):
        if _is_of(part, value):
            return number, value
    raise AssertionError(f"{value!r} is of no case")


def _is_of(ty: ValType | None, value: Any) -> bool:
    """Whether a value may be of the type; only so far as untagged variants need it."""
    kinds = {"record": Record, "variant": Variant, None: type(None)}
    return type(value) in {kinds.get(kind, kind) for kind in classes_of(ty)}
