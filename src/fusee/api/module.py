"""`Module`: a decoded and validated module."""

import os
import weakref
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

from fusee.api.engine import Engine
from fusee.api.errors import FuseeError
from fusee.api.types import (
    AsExternType,
    ExportType,
    FuncType,
    GlobalType,
    ImportType,
    Limits,
    MemoryType,
    TableType,
    TagType,
    ValType,
)
from fusee.api.values import Signature
from fusee.engine.runtime.codes import CODE_START
from fusee.engine.state.code import Code as CodeState
from fusee.engine.state.module import (
    ABSTRACT,
    EXTERN_FUNC,
    EXTERN_GLOBAL,
    EXTERN_MEMORY,
    EXTERN_TABLE,
    HEAP_MASK,
    NULLABLE,
    REF,
)
from fusee.engine.state.module import Limits as LimitsState
from fusee.engine.state.module import Module as ModuleState
from fusee.engine.state.module import Span as SpanState
from fusee.kernel.memory import view

if TYPE_CHECKING:
    from os import PathLike

    from fusee.api.names import Names

NO_INDEX: Final = 0xFFFF_FFFF
SERIALIZED: Final = b"\0fusee-module-1\n"


class Module:
    """A module (spec 2.5), checked as a whole when it is made; functions are translated when first called."""

    def __init__(self, engine: Engine, wasm: str | bytes | bytearray | memoryview) -> None:
        if not isinstance(engine, Engine):
            raise TypeError("expected an Engine")
        self.engine = engine
        self.binary = _to_binary(wasm)
        self.address: int = engine.compile(self.binary)
        self.state = view(ModuleState, self.address, engine.native.space)
        self._signatures: dict[int, Signature] = {}
        finalizer = weakref.finalize(self, _end, engine, self.address, self.binary)
        finalizer.atexit = False  # the process's end frees everything at once

    @classmethod
    def from_file(cls, engine: Engine, path: "str | bytes | PathLike[str]") -> "Module":
        """The module in a `.wasm` or `.wat` file."""
        with open(path, "rb") as file:
            content = file.read()
        if os.fsencode(path).endswith(b".wat"):
            return cls(engine, content.decode())
        return cls(engine, content)

    @classmethod
    def validate(cls, engine: Engine, wasm: bytes | bytearray) -> None:
        """Raise `MalformedError` or `ValidationError` unless the bytes are a valid module."""
        if not isinstance(wasm, bytes | bytearray | memoryview):
            raise TypeError("expected wasm bytes")
        binary = bytes(wasm)
        _end(engine, engine.compile(binary), binary)

    def serialize(self) -> bytearray:
        """Bytes from which `deserialize` makes this module again."""
        return bytearray(SERIALIZED + self.binary)

    @classmethod
    def deserialize(cls, engine: Engine, encoded: bytes | bytearray) -> "Module":
        """The module that `serialize` gave; checked again, since translation is what happens lazily."""
        if not isinstance(encoded, bytes | bytearray):
            raise TypeError("expected bytes")
        if not encoded.startswith(SERIALIZED):
            raise FuseeError("these bytes are not a serialized module")
        return cls(engine, encoded[len(SERIALIZED) :])

    @classmethod
    def deserialize_file(cls, engine: Engine, path: "str | bytes | PathLike[str]") -> "Module":
        """`deserialize` on the contents of a file."""
        with open(path, "rb") as file:
            return cls.deserialize(engine, file.read())

    @property
    def imports(self) -> list[ImportType]:
        """What it imports, in order."""
        m = self.state
        items = (m.imports[i] for i in range(int(m.import_count)))
        return [
            ImportType(self._text(i.module), self._text(i.name), self._extern_type(int(i.kind), int(i.index)))
            for i in items
        ]

    @property
    def exports(self) -> list[ExportType]:
        """What it exports, in order."""
        return [ExportType(name, self._extern_type(*place)) for name, place in self.export_places.items()]

    @cached_property
    def import_places(self) -> list[tuple[str, str, int]]:
        """Module, name and kind of each import."""
        m = self.state
        items = (m.imports[i] for i in range(int(m.import_count)))
        return [(self._text(item.module), self._text(item.name), int(item.kind)) for item in items]

    @cached_property
    def export_places(self) -> dict[str, tuple[int, int]]:
        """Kind and index of each export."""
        m = self.state
        items = (m.exports[i] for i in range(int(m.export_count)))
        return {self._text(item.name): (int(item.kind), int(item.index)) for item in items}

    @cached_property
    def start(self) -> int | None:
        """The index of the start function."""
        start = int(self.state.start)
        return None if start == NO_INDEX else start

    @cached_property
    def names(self) -> "Names":
        """The custom section "name"."""
        from fusee.api.names import decode_names

        place = self.state.name_section
        return decode_names(self.binary, int(place.start), int(place.end))

    def signature(self, func: int) -> Signature:
        """How the function of that index is called."""
        index = int(self.state.func_types[func])
        found = self._signatures.get(index)
        if found is None:
            found = self._signatures[index] = Signature(self._func_type(index))
        return found

    def body_offset(self, func: int) -> int:
        """Where the body of a function defined here starts, in bytes."""
        bodies = self.state.bodies
        return int(bodies[func - int(self.state.imported_func_count)].locals.start)

    def translated_functions(self) -> Iterator[tuple[int, int, int]]:
        """Of each function that was translated: its index, and the address and size in bytes of its code."""
        m, space = self.state, self.engine.native.space
        if int(m.code_root) == 0:
            return
        for index in range(int(m.imported_func_count), int(m.func_count)):
            start = int(m.code_table[index])
            if start:
                yield index, start - CODE_START, int(view(CodeState, start - CODE_START, space).size)

    def _text(self, span: SpanState) -> str:
        return self.binary[int(span.start) : int(span.end)].decode()

    def _value_type(self, code: int) -> ValType:
        if code & REF and not code & ABSTRACT:
            code = code & (REF | NULLABLE) | int(self.state.types[code & HEAP_MASK].canonical)
        return ValType.from_code(code)

    def _func_type(self, index: int) -> FuncType:
        defined = self.state.types[index]
        params = [self._value_type(int(defined.params[i])) for i in range(int(defined.param_count))]
        results = [self._value_type(int(defined.results[i])) for i in range(int(defined.result_count))]
        return FuncType(params, results)

    def _extern_type(self, kind: int, index: int) -> AsExternType:
        m = self.state
        if kind == EXTERN_FUNC:
            type_index = int(m.func_types[index])
            made = self._func_type(type_index)
            made.declaration = self, int(m.types[type_index].canonical)
            return made
        if kind == EXTERN_TABLE:
            limits = m.tables[index].limits
            return TableType(self._value_type(int(m.tables[index].element)), _limits(limits), bool(limits.is_64))
        if kind == EXTERN_MEMORY:
            limits = m.memories[index].limits
            is_shared, log2 = bool(limits.is_shared), int(limits.page_size_log2)
            return MemoryType(_limits(limits), bool(limits.is_64), is_shared, log2)
        if kind == EXTERN_GLOBAL:
            declared = m.globals[index]
            return GlobalType(self._value_type(int(declared.value_type)), bool(declared.is_mutable))
        return TagType(self._func_type(int(m.tags[index])))


def _limits(limits: LimitsState) -> Limits:
    return Limits(int(limits.minimum), int(limits.maximum) if limits.has_maximum else None)


def _to_binary(wasm: str | bytes | bytearray | memoryview) -> bytes:
    if isinstance(wasm, str):
        from fusee.api.text import wat2wasm

        return bytes(wat2wasm(wasm))
    if not isinstance(wasm, bytes | bytearray | memoryview):
        raise TypeError("expected wasm bytes or text")
    return bytes(wasm)


def _end(engine: Engine, address: int, binary: Iterable[int]) -> None:
    """End a module; the engine and the bytes are arguments so that they end after it."""
    engine.end_module(address)
