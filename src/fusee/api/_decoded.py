"""A module as the engine has decoded it: how long it has it, and what it imports, exports and defines."""

import weakref
from collections.abc import Iterable
from functools import cached_property
from typing import Final, Self

from fusee.api.ending import Ending, look
from fusee.api.engine import Engine
from fusee.api.externtypes import (
    AsExternType,
    ExportType,
    GlobalType,
    ImportType,
    Limits,
    MemoryType,
    TableType,
    TagType,
)
from fusee.api.managed import Managed, Unique, refuse_closed
from fusee.api.object_types import ArrayType, DefinedType, FieldType, StructType
from fusee.api.types import Declaration, FuncType, ValType
from fusee.api.values import Signature
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

NO_INDEX: Final = 0xFFFF_FFFF
_REF: Final = int(REF)


class Lifetime:
    """As long as it is held, the engine has the module: a `Module` holds it, and each store with an instance."""

    __slots__ = ("__weakref__",)

    def __init__(self, engine: Engine, address: int, binary: bytes, kept: list[object]) -> None:
        """`kept` is what native code of its functions needs in this process."""
        Ending(self, end_module, engine, address, binary, kept)


class DecodedModule(Unique, Managed):
    """What a `Module` is made of, for what can be done with it."""

    def _open_interpreted(self, engine: Engine, binary: bytes) -> None:
        look()
        self._engine = engine
        self._binary = binary
        self._address: int = engine._compile(binary)
        self._state = view(ModuleState, self._address, engine._native.space)
        self._signatures: dict[int, Signature] = {}
        self._func_types: dict[int, FuncType] = {}  # they hold the lifetime
        self._kept: list[object] = []
        self._lifetime: Lifetime | None = Lifetime(engine, self._address, binary, self._kept)
        self._stores_lifetime = weakref.ref(self._lifetime)  # the same while a store has an instance, closed or not

    def _opened(self) -> Self:
        """The module, unless it was closed."""
        return refuse_closed() if self._lifetime is None else self

    def _living(self) -> Lifetime:
        """What keeps the module in place for who reads it, as long as a variable refers to it, unless it was closed.

        A module that a store has an instance of can be read as long as the store, too.
        """
        return self._lifetime or refuse_closed()

    def close(self) -> None:
        """End it, as soon as no store has an instance of it."""
        self._lifetime = None
        self._func_types.clear()

    @property
    def imports(self) -> list[ImportType]:
        """A list of `ImportType`s in the module's order."""
        _held, places = self._living(), self._import_places
        return [ImportType(module, name, self._extern_type(kind, index)) for module, name, kind, index in places]

    @property
    def exports(self) -> list[ExportType]:
        """A list of `ExportType`s in the module's order."""
        _held, places = self._living(), self._export_places
        return [ExportType(name, self._extern_type(*place)) for name, place in places.items()]

    @property
    def types(self) -> list[DefinedType]:
        """A list of the types that it defines: what is made of one is of just that type. Not in wasmtime-py."""
        _held = self._living()
        return [self._defined_type(index) for index in range(int(self._state.type_count))]

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

    def _type_of_func(self, func: int) -> FuncType:
        """The type of the function of that index, as it is declared."""
        return self._declared_func_type(int(self._state.func_types[func]))

    def _signature(self, func: int) -> Signature:
        """How the function of that index is called."""
        index = int(self._state.func_types[func])
        found = self._signatures.get(index)
        if found is None:
            found = self._signatures[index] = Signature(self._func_type(index))
        return found

    def _text(self, start: int, end: int) -> str:
        return self._binary[start:end].decode()

    def _value_type(self, code: int, keeper: object) -> ValType:
        if code & _REF and not code & ABSTRACT:
            defined = self._state.types[code & HEAP_MASK]
            aggregate = 0 if defined.kind == KIND_FUNC else int(AGGREGATE)
            code = code & int(REF | NULLABLE) | int(defined.canonical) | aggregate
        return ValType._of(self._engine, code, keeper)

    def _func_type(self, index: int) -> FuncType:
        return self._func_type_and_number(index, None)[0]

    def _func_type_and_number(self, index: int, keeper: object) -> tuple[FuncType, int]:
        """A function type, and its number in the engine's registry."""
        space, fields = self._engine._native.space, ("canonical", "param_count", "result_count", "params", "results")
        ((number, param_count, result_count, params, results),) = read_rows(self._state.types + index, 1, fields)
        made = FuncType(
            [self._value_type(code, keeper) for code in read_integers(view_array(u32, params, space), param_count)],
            [self._value_type(code, keeper) for code in read_integers(view_array(u32, results, space), result_count)],
        )
        return made, number

    def _declaration(self, number: int, index: int) -> Declaration:
        return Declaration(self._engine, number, self._stores_lifetime(), self._address, index)

    def _declared_func_type(self, index: int) -> FuncType:
        made = self._func_types.get(index)
        if made is None:
            made, number = self._func_type_and_number(index, self._stores_lifetime())
            made._declaration = self._declaration(number, index)
            if self._lifetime is not None:
                self._func_types[index] = made
        return made

    def _defined_type(self, index: int) -> DefinedType:
        defined = self._state.types[index]
        if defined.kind == KIND_FUNC:
            return self._declared_func_type(index)
        fields = [self._field_type(defined, number) for number in range(int(defined.field_count))]
        made: StructType | ArrayType = ArrayType(fields[0]) if defined.kind == KIND_ARRAY else StructType(fields)
        made._of(self._declaration(int(defined.canonical), index))
        return made

    def _field_type(self, defined: TypeDef, number: int) -> FieldType:
        code = int(defined.fields[number])
        packed = {PACKED_I8: "i8", PACKED_I16: "i16"}
        storage = packed.get(code) or self._value_type(code, self._stores_lifetime())
        return FieldType(storage, defined.mutable[number] != 0)

    def _extern_type(self, kind: int, index: int) -> AsExternType:
        m = self._state
        if kind == EXTERN_FUNC:
            imported = self._imported_func_types
            type_index = imported[index] if index < len(imported) else int(m.func_types[index])
            return self._declared_func_type(type_index)
        if kind == EXTERN_TABLE:
            limits = m.tables[index].limits
            element = self._value_type(int(m.tables[index].element), self._stores_lifetime())
            return TableType(element, _limits(limits), bool(limits.is_64))
        if kind == EXTERN_MEMORY:
            limits = m.memories[index].limits
            is_shared, log2 = bool(limits.is_shared), int(limits.page_size_log2)
            return MemoryType(_limits(limits), bool(limits.is_64), is_shared, log2)
        if kind == EXTERN_GLOBAL:
            declared = m.globals[index]
            content = self._value_type(int(declared.value_type), self._stores_lifetime())
            return GlobalType(content, bool(declared.is_mutable))
        return self._tag_type(int(m.tags[index]))

    def _tag_type(self, index: int) -> TagType:
        """The type of tags whose values are the parameters of a function type."""
        return TagType(self._declared_func_type(index))


def _limits(limits: LimitsState) -> Limits:
    return Limits(int(limits.minimum), int(limits.maximum) if limits.has_maximum else None)


def end_module(engine: Engine, address: int, binary: Iterable[int], kept: object = None) -> None:
    """End a module; the engine, the bytes and what native code needs are arguments so that they end after it."""
    engine._end_module(address)
