"""Types of core modules, and of what they import and export, inside components (Binary, "Type Definitions")."""

from typing import Final

from fusee.api.errors import MalformedError, UnsupportedError
from fusee.api.externtypes import AsExternType, GlobalType, Limits, MemoryType, TableType, TagType
from fusee.api.types import FuncType as CoreFuncType
from fusee.api.types import ValType
from fusee.component.binary.reader import Reader, invalid
from fusee.component.items import ModuleType
from fusee.spec.limits import MAX_PAGES_32, MAX_PAGES_64, MAX_PARAMS, MAX_RESULTS

_NUMBERS: Final = {
    0x7F: ValType.i32(), 0x7E: ValType.i64(), 0x7D: ValType.f32(), 0x7C: ValType.f64(), 0x7B: ValType.v128(),
}  # fmt: skip
_REFERENCE: Final = 0x8000_0000
_NULLABLE: Final = 0x4000_0000
_ABSTRACT: Final = 0x2000_0000
_HEAPS: Final = frozenset(range(0x69, 0x75))

EXNREF: Final = ValType._from_code(_REFERENCE | _NULLABLE | _ABSTRACT | 0x69)

CORE_NAMES: Final = {"i32": ValType.i32(), "i64": ValType.i64(), "f32": ValType.f32(), "f64": ValType.f64()}

CoreType = CoreFuncType | ModuleType


def core_func(params: list[str], results: list[str]) -> CoreFuncType:
    """A core function type, of types by their names."""
    return CoreFuncType([CORE_NAMES[name] for name in params], [CORE_NAMES[name] for name in results])


def value_type(reader: Reader) -> ValType:
    """A core value type (spec 5.3.5); of references those to abstract types."""
    start = reader.position
    code = reader.byte()
    if code in _NUMBERS:
        return _NUMBERS[code]
    if code in _HEAPS:
        return ValType._from_code(_REFERENCE | _NULLABLE | _ABSTRACT | code)
    if code in (0x63, 0x64):
        heap = reader.byte()
        if heap not in _HEAPS:
            raise UnsupportedError("references to defined types are not supported in the types of components", start)
        return ValType._from_code(_REFERENCE | _ABSTRACT | heap | (_NULLABLE if code == 0x63 else 0))
    raise MalformedError("malformed value type", start)


def func_type(reader: Reader) -> CoreFuncType:
    """A function type, behind its first byte (spec 5.3.6)."""
    rows: list[list[ValType]] = []
    for what, most in (("parameters", MAX_PARAMS), ("results", MAX_RESULTS)):
        start = reader.position
        length = reader.count(what)
        if length > most:
            raise invalid(f"too many {what}", start)
        rows.append([value_type(reader) for _ in range(length)])
    return CoreFuncType(*rows)


def _limits(reader: Reader) -> tuple[Limits, int]:
    start = reader.position
    flags = reader.byte()
    if flags & ~0b1111:
        raise MalformedError("malformed limits flags", start)
    is_64 = bool(flags & 4)
    least = _index(reader, is_64)
    most = _index(reader, is_64) if flags & 1 else None
    if most is not None and most < least:
        raise invalid("size minimum must not be greater than maximum", start)
    return Limits(least, most), flags


def _index(reader: Reader, is_64: bool) -> int:
    if not is_64:
        return reader.u32()
    value = shift = 0
    start = reader.position
    while True:
        byte = reader.byte()
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
        if shift > 63:
            raise MalformedError("integer representation too long", start)
    if value >> 64:
        raise MalformedError("integer too large", start)
    return value


def _table(reader: Reader) -> TableType:
    start = reader.position
    element = value_type(reader)
    if not element.is_reference:
        raise MalformedError("malformed reference type", start)
    limits, flags = _limits(reader)
    return TableType(element, limits, bool(flags & 4))


def _memory(reader: Reader) -> MemoryType:
    start = reader.position
    limits, flags = _limits(reader)
    page_size_log2 = reader.u32() if flags & 8 else 16
    is_64, is_shared = bool(flags & 4), bool(flags & 2)
    most = MAX_PAGES_64 if is_64 else MAX_PAGES_32
    if page_size_log2 not in (0, 16):
        raise invalid("invalid custom page size", start)
    if page_size_log2 == 16 and max(limits.min, limits.max or 0) > most:
        raise invalid("memory size must be at most 65536 pages (4GiB)", start)
    if is_shared and limits.max is None:
        raise invalid("shared memory must have maximum", start)
    return MemoryType(limits, is_64, is_shared, page_size_log2)


class CoreTypes:
    """Index space of core types, of a module type or of a scope of components."""

    def __init__(self) -> None:
        self.types: list[CoreType] = []

    def func(self, reader: Reader) -> CoreFuncType:
        """The function type at an index."""
        start = reader.position
        found = self.at(reader.u32(), start)
        if not isinstance(found, CoreFuncType):
            raise invalid("expected a core function type", start)
        return found

    def at(self, index: int, offset: int) -> CoreType:
        """The type at an index."""
        if index >= len(self.types):
            raise invalid(f"unknown core type {index}: type index out of bounds", offset)
        return self.types[index]

    def extern(self, reader: Reader) -> AsExternType:
        """The type of a core import or export (spec 5.5.5)."""
        kind = reader.byte()
        if kind == 0x00:
            return self.func(reader)
        if kind == 0x01:
            return _table(reader)
        if kind == 0x02:
            return _memory(reader)
        if kind == 0x03:
            content = value_type(reader)
            mutability = reader.byte()
            if mutability > 1:
                raise reader.malformed("malformed mutability")
            return GlobalType(content, bool(mutability))
        if kind == 0x04:
            if reader.byte() != 0:
                raise reader.malformed("malformed tag attribute")
            start = reader.position
            function = self.func(reader)
            if function.results:
                raise invalid("invalid exception type: non-empty tag result type", start)
            return TagType(function)
        raise reader.malformed("malformed import kind")


def defined_func(reader: Reader) -> CoreFuncType:
    """A defined type that is no module type: here, a function type by itself."""
    start = reader.position
    code = reader.byte()
    if code != 0x60:
        if code in (0x00, 0x4E, 0x4F, 0x5E, 0x5F):
            raise UnsupportedError("core types other than functions are not supported in components", start)
        raise MalformedError("malformed core type", start)
    return func_type(reader)


def module_type(reader: Reader, outer: "list[CoreTypes]") -> ModuleType:
    """A module type behind its first byte; `outer` are the scopes around it, the innermost last."""
    own = CoreTypes()
    imports: dict[tuple[str, str], AsExternType] = {}
    exports: dict[str, AsExternType] = {}
    for _ in range(reader.count("declarations")):
        start = reader.position
        kind = reader.byte()
        if kind == 0x00:
            place = reader.name(), reader.name()
            if place in imports:
                raise invalid(f"duplicate import name `{place[0]}:{place[1]}` already defined", start)
            imports[place] = own.extern(reader)
        elif kind == 0x01:
            if reader.peek() == 0x50:
                raise invalid("module types cannot be nested in module types", start)
            own.types.append(defined_func(reader))
        elif kind == 0x02:
            own.types.append(_alias(reader, own, outer))
        elif kind == 0x03:
            name = reader.name()
            if name in exports:
                raise invalid(f"duplicate export name `{name}` already defined", start)
            exports[name] = own.extern(reader)
        else:
            raise MalformedError("malformed declaration of a module type", start)
    return ModuleType._of(imports, exports)


def _alias(reader: Reader, own: CoreTypes, outer: "list[CoreTypes]") -> CoreFuncType:
    start = reader.position
    if reader.byte() != 0x10 or reader.byte() != 0x01:
        raise MalformedError("only types of outer scopes can be aliased in a module type", start)
    count, index = reader.u32(), reader.u32()
    scopes = [*outer, own]
    if count >= len(scopes):
        raise invalid(f"invalid outer alias count of {count}", start)
    found = scopes[-1 - count].at(index, start)
    if not isinstance(found, CoreFuncType):
        raise invalid("expected a core function type: module types cannot be aliased in module types", start)
    return found
