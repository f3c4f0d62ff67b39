"""The type section: types of values, functions, instances, components and resources (Binary, "Type Definitions")."""

from collections.abc import Callable
from typing import Any, Final

from fusee.api.errors import MalformedError
from fusee.api.types import FuncType as CoreFuncType
from fusee.api.types import ValType as CoreValType
from fusee.component.binary.distinct import distinct
from fusee.component.binary.reader import Reader, invalid
from fusee.component.binary.scope import COMPONENT, Scope
from fusee.component.items import FuncType
from fusee.component.layout import MOST_BYTES, layout_of
from fusee.component.names import LABEL
from fusee.component.program import CORE_FUNC, TYPE, DefineResource
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
from fusee.component.types.valtype import BORROW, ValType, intern

PRIMITIVES: Final[dict[int, ValType]] = {
    0x7F: Bool(), 0x7E: S8(), 0x7D: U8(), 0x7C: S16(), 0x7B: U16(), 0x7A: S32(), 0x79: U32(), 0x78: S64(),
    0x77: U64(), 0x76: F32(), 0x75: F64(), 0x74: Char(), 0x73: String(),
    0x64: ErrorContext(),
}  # fmt: skip
_KEYS: Final = (Bool, S8, U8, S16, U16, S32, U32, S64, U64, Char, String)
MOST_VALUE_DEPTH: Final = 100
MOST_FLAGS: Final = 32
MOST_PARAMETERS: Final = 1000
MOST_PARTS: Final = 100_000


class TypeDecoder:
    """Decodes the types of one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def valtype(self, reader: Reader) -> ValType:
        """A type of values: a primitive one, or one by its index."""
        start = reader.position
        code = reader.peek()
        if 0x40 <= code < 0x80:
            reader.byte()
            if code not in PRIMITIVES:
                raise MalformedError(f"malformed value type {code:#x}", start)
            return PRIMITIVES[code]
        return self.scope.type_of(ValType, reader.u32(), start, "a defined type")  # type: ignore[no-any-return]

    def _optional(self, reader: Reader) -> ValType | None:
        flag = reader.byte()
        if flag > 1:
            raise reader.malformed("malformed optional type")
        return self.valtype(reader) if flag else None

    def label(self, reader: Reader, used: set[str], what: str) -> str:
        """A name in a type, which must not be there twice."""
        start = reader.position
        name = reader.name()
        if not name:
            raise invalid("name cannot be empty", start)
        if not LABEL.fullmatch(name):
            raise invalid(f"`{name}` is not in kebab case", start)
        if name.lower() in used:
            raise invalid(f"{what} name `{name}` conflicts with a previous one", start)
        used.add(name.lower())
        return name

    def labels(self, reader: Reader, what: str) -> tuple[str, ...]:
        """Names of flags, or of an enum's cases."""
        start = reader.position
        used: set[str] = set()
        names = tuple(self.label(reader, used, what) for _ in range(self._length(reader, what)))
        if not names:
            raise invalid(f"{what} types must have at least one entry", start)
        return names

    def _length(self, reader: Reader, what: str) -> int:
        start = reader.position
        length = reader.count(f"{what}s", 2)
        if length > MOST_PARTS:
            raise invalid(f"{what} types may have {MOST_PARTS} parts at most", start)
        self.scope.work.spend(length)
        return length

    def defined(self, code: int, reader: Reader) -> ValType:
        """A type of values behind its first byte."""
        start = reader.position - 1
        if code in PRIMITIVES:
            return PRIMITIVES[code]
        decode = _DEFINED.get(code)
        if decode is None:
            raise MalformedError(f"malformed type {code:#x}", start)
        made: ValType = decode(self, reader)
        if made._depth > MOST_VALUE_DEPTH:
            raise invalid(f"types may be nested {MOST_VALUE_DEPTH} deep", start)
        if layout_of(made).size >= MOST_BYTES:
            raise invalid(f"a value of the type takes {layout_of(made).size} bytes, which is too large", start)
        return made

    def _record(self, reader: Reader) -> ValType:
        start = reader.position
        used: set[str] = set()
        fields = tuple(
            (self.label(reader, used, "record field"), self.valtype(reader))
            for _ in range(self._length(reader, "record field"))
        )
        if not fields:
            raise invalid("record type must have at least one field", start)
        return distinct(intern(RecordType, fields))  # type: ignore[no-any-return]

    def _variant(self, reader: Reader) -> ValType:
        start = reader.position
        used: set[str] = set()
        cases = []
        for _ in range(self._length(reader, "variant case")):
            name = self.label(reader, used, "variant case")
            cases.append((name, self._optional(reader)))
            if reader.byte() != 0:
                raise reader.malformed("zero byte expected")
        if not cases:
            raise invalid("variant type must have at least one case", start)
        return distinct(intern(VariantType, tuple(cases)))  # type: ignore[no-any-return]

    def _tuple(self, reader: Reader) -> ValType:
        start = reader.position
        length = reader.count("tuple elements")
        if length > MOST_PARTS:
            raise invalid(f"tuple types may have {MOST_PARTS} parts at most", start)
        self.scope.work.spend(length)
        if not length:
            raise invalid("tuple type must have at least one type", start)
        return intern(TupleType, tuple(self.valtype(reader) for _ in range(length)))  # type: ignore[no-any-return]

    def _list(self, reader: Reader) -> ValType:
        return intern(ListType, self.valtype(reader), None)  # type: ignore[no-any-return]

    def _array(self, reader: Reader) -> ValType:
        element, start = self.valtype(reader), reader.position
        length = reader.u32()
        if not length:
            raise invalid("fixed-length lists must have at least one element", start)
        return intern(ListType, element, length)  # type: ignore[no-any-return]

    def _map(self, reader: Reader) -> ValType:
        start = reader.position
        key = self.valtype(reader)
        if not isinstance(key, _KEYS):
            raise invalid("keys of a map are of a primitive type other than floats", start)
        return intern(MapType, key, self.valtype(reader))  # type: ignore[no-any-return]

    def _flags(self, reader: Reader) -> ValType:
        start = reader.position
        names = self.labels(reader, "flag")
        if len(names) > MOST_FLAGS:
            raise invalid(f"cannot have more than {MOST_FLAGS} flags", start)
        return distinct(intern(FlagsType, names))  # type: ignore[no-any-return]

    def _enum(self, reader: Reader) -> ValType:
        return distinct(intern(EnumType, self.labels(reader, "enum case")))  # type: ignore[no-any-return]

    def _option(self, reader: Reader) -> ValType:
        return intern(OptionType, self.valtype(reader))  # type: ignore[no-any-return]

    def _result(self, reader: Reader) -> ValType:
        return intern(ResultType, self._optional(reader), self._optional(reader))  # type: ignore[no-any-return]

    def _own(self, reader: Reader) -> ValType:
        return intern(OwnType, self.resource(reader))  # type: ignore[no-any-return]

    def _borrow(self, reader: Reader) -> ValType:
        return intern(BorrowType, self.resource(reader))  # type: ignore[no-any-return]

    def _stream(self, reader: Reader) -> ValType:
        start = reader.position
        payload = self._carried(reader, "stream")
        if isinstance(payload, Char):
            raise invalid("`stream<char>` is not valid at this time", start)
        return intern(StreamType, payload)  # type: ignore[no-any-return]

    def _future(self, reader: Reader) -> ValType:
        return intern(FutureType, self._carried(reader, "future"))  # type: ignore[no-any-return]

    def _carried(self, reader: Reader, what: str) -> ValType | None:
        start = reader.position
        payload = self._optional(reader)
        if payload is not None and payload._flags & BORROW:
            raise invalid(f"`{what}` type cannot contain a `borrow` type", start)
        return payload

    def resource(self, reader: Reader) -> ResourceType:
        """The resource at a type index."""
        start = reader.position
        index = reader.u32()
        return self.scope.type_of(ResourceType, index, start, "a resource type")  # type: ignore[no-any-return]

    def func(self, reader: Reader, is_async: bool) -> FuncType:
        """A function type behind its first byte."""
        start = reader.position
        used: set[str] = set()
        length = reader.count("parameters", 3)
        if length > MOST_PARAMETERS:
            raise invalid(f"function types may have {MOST_PARAMETERS} parameters at most", start)
        params = tuple((self.label(reader, used, "function parameter"), self.valtype(reader)) for _ in range(length))
        where = reader.position
        result = self.result_list(reader)
        if result is not None and result._flags & BORROW:
            raise invalid("function result cannot contain a `borrow` type", where)
        return FuncType._of(params, result, is_async)

    def result_list(self, reader: Reader) -> ValType | None:
        """What a function gives."""
        kind = reader.byte()
        if kind == 0x00:
            return self.valtype(reader)
        if kind != 0x01 or reader.byte() != 0x00:
            raise reader.malformed("malformed results of a function")
        return None

    def resource_definition(self, reader: Reader) -> None:
        """A resource of the component's own, behind its first byte: a step, and a type."""
        scope, start = self.scope, reader.position
        if scope.kind != COMPONENT:
            raise invalid("resources can only be defined within a concrete component", start)
        representation = reader.byte()
        if representation != 0x7F:
            raise invalid("resources can only be represented by `i32`", start)
        flag = reader.byte()
        if flag > 1:
            raise reader.malformed("malformed destructor")
        destructor = None
        if flag:
            where = reader.position
            destructor = reader.u32()
            if scope.at(CORE_FUNC, destructor, where) != CoreFuncType([CoreValType.i32()], []):
                raise invalid("wrong signature for a destructor", where)
        made = ResourceType._fresh(f"resource {len(scope.spaces[TYPE])}")
        scope.defined.append(made)
        scope.own_resources.append(made)
        scope.spaces[TYPE].append(made)
        scope.steps.append(DefineResource(made, destructor))


_DEFINED: Final[dict[int, Callable[[TypeDecoder, Reader], Any]]] = {
    0x72: TypeDecoder._record, 0x71: TypeDecoder._variant, 0x70: TypeDecoder._list, 0x67: TypeDecoder._array,
    0x6F: TypeDecoder._tuple, 0x6E: TypeDecoder._flags, 0x6D: TypeDecoder._enum, 0x6B: TypeDecoder._option,
    0x6A: TypeDecoder._result, 0x69: TypeDecoder._own, 0x68: TypeDecoder._borrow, 0x63: TypeDecoder._map,
    0x66: TypeDecoder._stream, 0x65: TypeDecoder._future,
}  # fmt: skip
