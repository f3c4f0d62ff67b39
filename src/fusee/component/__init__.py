"""Components, in the shape of wasmtime-py's `wasmtime.component`: docs/components.md."""

from fusee.component.asynchronous.readers import FutureReader, StreamReader
from fusee.component.component import Component, ExportIndex
from fusee.component.func import Func, Instance
from fusee.component.items import (
    ComponentExtern,
    ComponentInstanceType,
    ComponentItem,
    ComponentType,
    FuncType,
    ModuleType,
)
from fusee.component.linker import Linker, LinkerInstance
from fusee.component.resources import ResourceAny, ResourceHost
from fusee.component.traps import ComponentTrap
from fusee.component.types.composite import (
    EnumType,
    FlagsType,
    FutureType,
    ListType,
    MapType,
    OptionType,
    RecordType,
    ResultType,
    StreamType,
    TupleType,
    VariantType,
)
from fusee.component.types.primitive import (
    F32,
    F64,
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Bool,
    Char,
    ErrorContext,
    String,
)
from fusee.component.types.resource import BorrowType, OwnType, ResourceType
from fusee.component.types.valtype import ValType
from fusee.component.values import Err, ErrorContextValue, InvalidValueError, Record, Variant

__all__ = [
    "F32",
    "F64",
    "S8",
    "S16",
    "S32",
    "S64",
    "U8",
    "U16",
    "U32",
    "U64",
    "Bool",
    "BorrowType",
    "Char",
    "Component",
    "ComponentExtern",
    "ComponentInstanceType",
    "ComponentItem",
    "ComponentTrap",
    "ComponentType",
    "EnumType",
    "Err",
    "ErrorContext",
    "ErrorContextValue",
    "ExportIndex",
    "FlagsType",
    "Func",
    "FuncType",
    "FutureReader",
    "FutureType",
    "Instance",
    "InvalidValueError",
    "Linker",
    "LinkerInstance",
    "ListType",
    "MapType",
    "ModuleType",
    "OptionType",
    "OwnType",
    "Record",
    "RecordType",
    "ResourceAny",
    "ResourceHost",
    "ResourceType",
    "ResultType",
    "StreamReader",
    "StreamType",
    "String",
    "TupleType",
    "ValType",
    "Variant",
    "VariantType",
]  # fmt: skip
