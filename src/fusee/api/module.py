"""`Module`: a decoded and validated module."""

import weakref
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

from fusee.api.engine import Engine
from fusee.api.managed import Managed, Unique, expect, refuse_closed
from fusee.api.object_types import ArrayType, DefinedType, FieldType, StructType
from fusee.api.types import (
    AsExternType,
    Declaration,
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
from fusee.engine.state.code import CODE_START
from fusee.engine.state.code import Code as CodeState
from fusee.engine.state.module import (
    ABSTRACT,
    AGGREGATE,
    EXTERN_FUNC,
    EXTERN_GLOBAL,
    EXTERN_MEMORY,
    EXTERN_TABLE,
    HEAP_MASK,
    KIND_ARRAY,
    KIND_FUNC,
    NULLABLE,
    REF,
    TypeDef,
)
from fusee.engine.state.module import Limits as LimitsState
from fusee.engine.state.module import Module as ModuleState
from fusee.kernel.memory import view, view_array
from fusee.kernel.rows import read_integers, read_rows
from fusee.kernel.scalars import u32
from fusee.spec.types import PACKED_I8, PACKED_I16

if TYPE_CHECKING:
    from os import PathLike

    from fusee.api.names import Names

NO_INDEX: Final = 0xFFFF_FFFF
_NONE: Final = frozenset[int]()
_REF: Final = int(REF)


class Lifetime:
    """As long as it is held, the engine has the module: a `Module` holds it, and each store with an instance."""

    __slots__ = ("__weakref__",)

    def __init__(self, engine: Engine, address: int, binary: bytes, kept: list[object]) -> None:
        """`kept` is what native code of its functions needs in this process."""
        finalizer = weakref.finalize(self, _end, engine, address, binary, kept)
        finalizer.atexit = False  # the process's end frees everything at once


class Module(Unique, Managed):
    """A module (spec 2.5), checked as a whole when it is made; functions are translated when first called."""

    def __init__(self, engine: Engine, wasm: str | bytes | bytearray | memoryview) -> None:
        """The module in `wasm`: in the binary format, or in the text format if it is a str or begins with `(` or `;;`.

        Raises `ArgumentError`; `MalformedError` or `ValidationError` with the offset at which the module is wrong,
        `ProposalError` if it is right by a proposal that is off or missing, `WasmtimeError` for errors in the text.
        """
        expect(engine, Engine, "an Engine")
        self._open(engine._opened(), _to_binary(wasm), b"")

    def _open(self, engine: Engine, binary: bytes, code: bytes) -> None:
        """Make it of a binary, and of native code that belongs to it, if there is any."""
        self._open_interpreted(engine, binary)
        self._use_native_code(code)

    @classmethod
    def _interpreted(cls, engine: Engine, binary: bytes) -> "Module":
        """A module whose functions have no native code before `_use_native_code`. Raises as the constructor."""
        module = cls.__new__(cls)
        module._open_interpreted(engine, binary)
        return module

    def _open_interpreted(self, engine: Engine, binary: bytes) -> None:
        self._engine = engine
        self._binary = binary
        self._address: int = engine._compile(binary)
        self._state = view(ModuleState, self._address, engine._native.space)
        self._signatures: dict[int, Signature] = {}
        self._func_types: dict[int, FuncType] = {}  # they hold the lifetime
        self._kept: list[object] = []
        self._lifetime: Lifetime | None = Lifetime(engine, self._address, binary, self._kept)

    def _use_native_code(self, code: bytes = b"", interpreted: frozenset[int] = _NONE) -> None:
        """Have its functions get native code as its engine's strategy says, before anything of it is called.

        Those that are `interpreted` stay so.
        """
        engine, lifetime = self._engine, self._lifetime
        if engine._tier is not None and lifetime is not None:
            engine._tier.add(self._address, self._binary, lifetime, self._kept, interpreted)
        elif engine._compiles and not interpreted.issuperset(self._own_functions):
            self._kept.append(install_native(engine, self._address, self._binary, code, interpreted))

    def _opened(self) -> "Module":
        """The module, unless it was closed."""
        return refuse_closed() if self._lifetime is None else self

    def close(self) -> None:
        """End it, as soon as no store has an instance of it."""
        self._lifetime = None
        self._func_types.clear()

    @classmethod
    def from_file(cls, engine: Engine, path: "str | bytes | PathLike[str]") -> "Module":
        """The module in a file, of the binary or the text format. Raises `OSError`, and what the constructor raises."""
        with open(path, "rb") as file:
            return cls(engine, file.read())

    @classmethod
    def validate(cls, engine: Engine, wasm: bytes | bytearray) -> None:
        """Raise `MalformedError` or `ValidationError` unless the bytes are a valid module. Raises `ArgumentError`."""
        expect(wasm, (bytes, bytearray, memoryview), "wasm bytes")
        expect(engine, Engine, "an Engine")
        binary = bytes(wasm)
        _end(engine._opened(), engine._compile(binary), binary)

    def serialize(self) -> bytearray:
        """Bytes from which `deserialize` makes this module again: its binary, and if its engine's strategy is "native"
        the native code of its functions for this processor and this version of Fusee."""
        from fusee.api._serialized import Serialized

        binary, engine = self._opened()._binary, self._engine
        code = engine._native.exported_code(binary, engine._is_metered) if engine._compiles else b""
        return Serialized(binary, code).to_bytes()

    @classmethod
    def deserialize(cls, engine: Engine, encoded: bytes | bytearray) -> "Module":
        """The module that `serialize` gave; it is checked again, but not the native code in it.

        So bytes must be trusted if the engine's strategy is "native"; others do not look at the code. Raises
        `ArgumentError`; `WasmtimeError` for other bytes, for damaged ones, and where code is used that was compiled for
        another processor or by another version.
        """
        from fusee.api._serialized import Serialized

        expect(engine, Engine, "an Engine")
        expect(encoded, (bytes, bytearray), "bytes")
        module = cls.__new__(cls)
        module._open(engine._opened(), *Serialized.from_bytes(encoded))
        return module

    @classmethod
    def deserialize_file(cls, engine: Engine, path: "str | bytes | PathLike[str]") -> "Module":
        """`deserialize` on what a file contains. Raises `WasmtimeError` if it cannot be read, and what that raises."""
        from fusee.api._serialized import read_serialized

        return cls.deserialize(engine, read_serialized(path))

    @property
    def imports(self) -> list[ImportType]:
        """A list of `ImportType`s in the module's order."""
        places = self._opened()._import_places
        return [ImportType(module, name, self._extern_type(kind, index)) for module, name, kind, index in places]

    @property
    def exports(self) -> list[ExportType]:
        """A list of `ExportType`s in the module's order."""
        places = self._opened()._export_places
        return [ExportType(name, self._extern_type(*place)) for name, place in places.items()]

    @property
    def types(self) -> list[DefinedType]:
        """A list of the types that it defines: what is made of one is of just that type. Not in wasmtime-py."""
        m = self._opened()._state
        return [self._defined_type(index) for index in range(int(m.type_count))]

    @cached_property
    def _import_places(self) -> list[tuple[str, str, int, int]]:
        """Module, name, kind and index of each import."""
        fields = ("module.start", "module.end", "name.start", "name.end", "kind", "index")
        rows = read_rows(self._state.imports, int(self._state.import_count), fields)
        return [(self._text(*row[:2]), self._text(*row[2:4]), row[4], row[5]) for row in rows]

    @cached_property
    def _imported_func_types(self) -> tuple[int, ...]:
        """The type indices of the functions that it imports."""
        return read_integers(self._state.func_types, int(self._state.imported_func_count))

    @cached_property
    def _export_places(self) -> dict[str, tuple[int, int]]:
        """Kind and index of each export."""
        fields = ("name.start", "name.end", "kind", "index")
        rows = read_rows(self._state.exports, int(self._state.export_count), fields)
        return {self._text(start, end): (kind, index) for start, end, kind, index in rows}

    @cached_property
    def _start(self) -> int | None:
        """The index of the start function."""
        start = int(self._state.start)
        return None if start == NO_INDEX else start

    @cached_property
    def _names(self) -> "Names":
        """The custom section "name"."""
        from fusee.api.names import decode_names

        place = self._state.name_section
        return decode_names(self._binary, int(place.start), int(place.end))

    @property
    def _own_functions(self) -> range:
        """The indices of the functions that it defines."""
        return range(int(self._state.imported_func_count), int(self._state.func_count))

    def _signature(self, func: int) -> Signature:
        """How the function of that index is called."""
        index = int(self._state.func_types[func])
        found = self._signatures.get(index)
        if found is None:
            found = self._signatures[index] = Signature(self._func_type(index))
        return found

    def _body_offset(self, func: int) -> int:
        """Where the body of a function defined here starts, in bytes."""
        bodies = self._state.bodies
        return int(bodies[func - int(self._state.imported_func_count)].locals.start)

    def _translated_functions(self) -> Iterator[tuple[int, int, int]]:
        """Of each function that was translated: its index, and the address and size in bytes of its code."""
        m, space = self._state, self._engine._native.space
        for index in self._own_functions:
            start = int(m.code_table[index])
            if start:
                yield index, start - CODE_START, int(view(CodeState, start - CODE_START, space).size)

    def _text(self, start: int, end: int) -> str:
        return self._binary[start:end].decode()

    def _value_type(self, code: int) -> ValType:
        if code & _REF and not code & ABSTRACT:
            defined = self._state.types[code & HEAP_MASK]
            aggregate = 0 if defined.kind == KIND_FUNC else int(AGGREGATE)
            code = code & int(REF | NULLABLE) | int(defined.canonical) | aggregate
        return ValType._from_code(code)

    def _func_type(self, index: int) -> FuncType:
        return self._func_type_and_number(index)[0]

    def _func_type_and_number(self, index: int) -> tuple[FuncType, int]:
        """A function type, and its number in the engine's registry."""
        space, fields = self._engine._native.space, ("canonical", "param_count", "result_count", "params", "results")
        ((number, param_count, result_count, params, results),) = read_rows(self._state.types + index, 1, fields)
        made = FuncType(
            [self._value_type(code) for code in read_integers(view_array(u32, params, space), param_count)],
            [self._value_type(code) for code in read_integers(view_array(u32, results, space), result_count)],
        )
        return made, number

    def _declaration(self, number: int) -> Declaration:
        return Declaration(self._engine, number, self._lifetime)

    def _declared_func_type(self, index: int) -> FuncType:
        made = self._func_types.get(index)
        if made is None:
            made, number = self._func_type_and_number(index)
            made._declaration = self._declaration(number)
            if self._lifetime is not None:
                self._func_types[index] = made
        return made

    def _defined_type(self, index: int) -> DefinedType:
        defined = self._state.types[index]
        if defined.kind == KIND_FUNC:
            return self._declared_func_type(index)
        fields = [self._field_type(defined, number) for number in range(int(defined.field_count))]
        made: StructType | ArrayType = ArrayType(fields[0]) if defined.kind == KIND_ARRAY else StructType(fields)
        made._of(self._declaration(int(defined.canonical)))
        return made

    def _field_type(self, defined: TypeDef, number: int) -> FieldType:
        code = int(defined.fields[number])
        packed = {PACKED_I8: "i8", PACKED_I16: "i16"}
        return FieldType(packed.get(code) or self._value_type(code), defined.mutable[number] != 0)

    def _extern_type(self, kind: int, index: int) -> AsExternType:
        m = self._state
        if kind == EXTERN_FUNC:
            imported = self._imported_func_types
            type_index = imported[index] if index < len(imported) else int(m.func_types[index])
            return self._declared_func_type(type_index)
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
        return self._tag_type(int(m.tags[index]))

    def _tag_type(self, index: int) -> TagType:
        """The type of tags whose values are the parameters of a function type."""
        return TagType(self._func_type(index))


def install_native(
    engine: Engine, module: int, binary: bytes, exported: bytes, interpreted: frozenset[int]
) -> object:  # fmt: skip
    """Give the functions of a new module native code, those that can have it; what keeps that, or None.

    The code is `exported`, unless that is empty. Those that are `interpreted` get none, and no other may call them.
    """
    native, is_metered = engine._native, engine._is_metered
    code = native.imported_code(binary, exported, is_metered) if exported else native.native_code(binary, is_metered)
    if code is not None:
        for index, addresses in code.functions.items():
            if index not in interpreted:
                native.install_native(engine._address, module, index, *addresses)
    return code


def reaching(
    modules: Sequence[Module], links: Sequence[Sequence[tuple[int, tuple[int, int] | None]]], groups: Sequence[int]
) -> list[frozenset[int]]:  # fmt: skip
    """As `fusee.native.reach.reaching`."""
    from fusee.native.reach import reaching

    return reaching([module._binary for module in modules], links, groups)


def _limits(limits: LimitsState) -> Limits:
    return Limits(int(limits.minimum), int(limits.maximum) if limits.has_maximum else None)


def _to_binary(wasm: str | bytes | bytearray | memoryview) -> bytes:
    expect(wasm, (str, bytes, bytearray, memoryview), "wasm bytes or text")
    if not isinstance(wasm, str):
        binary = bytes(wasm)
        if not binary.lstrip().startswith((b"(", b";;")):
            return binary
        wasm = binary.decode(errors="replace")
    from fusee.api.text import wat2wasm

    return bytes(wat2wasm(wasm))


def _end(engine: Engine, address: int, binary: Iterable[int], kept: object = None) -> None:
    """End a module; the engine, the bytes and what native code needs are arguments so that they end after it."""
    engine._end_module(address)
