"""How types of values are written, and what converts values of them."""

import keyword
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from fusee.component.bindgen.text import MODULES, identifier, unique, unique_in, wrapped
from fusee.component.items import ComponentType, FuncType
from fusee.component.names import parse_name
from fusee.component.types.composite import (
    EnumType,
    FlagsType,
    FutureType,
    ListType,
    MapType,
    RecordType,
    StreamType,
    TupleType,
    VariantLikeType,
    VariantType,
)
from fusee.component.types.primitive import F32, F64, U8, Bool, Char, ErrorContext, String
from fusee.component.types.resource import HandleType, ResourceType
from fusee.component.types.valtype import ValType

_PLAIN: Final[dict[type[ValType], str]] = {
    Bool: "bool", F32: "float", F64: "float", Char: "str", String: "str", ErrorContext: "ErrorContextValue",
    StreamType: "StreamReader", FutureType: "FutureReader",
}  # fmt: skip
_GIVEN: Final[dict[type[ValType], str]] = {
    StreamType: "StreamReader | AsyncIterable[Any] | Iterable[Any]", FutureType: "FutureReader | Awaitable[Any]",
}  # fmt: skip
_TAKEN_CLASSES: Final[dict[type[ValType], str]] = {
    RecordType: "Record", ListType: "list", TupleType: "tuple", MapType: "dict",
}  # fmt: skip
_OF_RESOURCES: Final = ("drop", "handle")
"""What their classes have besides methods."""
_BUILTINS: Final = {"bool", "bytes", "dict", "float", "int", "list", "set", "str", "tuple"}
"""What annotations in the body of a class mean, which a method of the same name would hide."""


class Values:
    """Types and converters of one module."""

    prefix = ""
    """Of the names of functions that convert."""

    def __init__(self, ty: ComponentType) -> None:
        self.type = ty
        self.names: dict[Any, str] = {}
        """Of types that have names, the Python ones."""
        self.owners: dict[ResourceType, str] = {}
        """The classes of the interfaces that resources are exported by."""
        self.hosted: set[ResourceType] = set()
        """Resources of the host's, for which types that have names have any object: the host's own, or a handle."""
        self._is_defining = False
        self._used: set[str] = {name for names in MODULES.values() for name in names} | {"Root", "Host", "LookupError"}
        self._converters: dict[tuple[str, ValType], str] = {}
        self._lines: list[str] = []

    def unique(self, name: str) -> str:
        """A name for the module that nothing else has."""
        return unique(name, self._used)

    def members(self, items: Mapping[str, Any], own: Collection[str] = ()) -> dict[str, str]:
        """The names of functions in the class of their interface, which has `own`; of methods in their resource's."""
        hidden = _BUILTINS | self._used
        found: dict[str, str] = {}
        used: dict[str, set[str]] = {}
        for name in sorted(items, key=lambda name: name.startswith("[")):  # names that are put together give way
            parsed = parse_name(name)
            if isinstance(items[name], FuncType) and parsed is not None:
                owner = parsed.resource if parsed.kind == "method" else ""
                taken = hidden.union(_OF_RESOURCES if owner else own)
                found[name] = unique_in(used.setdefault(owner, set()), taken, _member(name))
        return found

    # Types

    def annotation(self, ty: ValType | None, is_given: bool = False) -> str:
        """A type; `is_given` says that the host gives it."""
        if ty is None:
            return "None"
        if isinstance(ty, HandleType):
            if self._is_defining and ty._ty in self.hosted:
                return "Any"
            if ty._ty in self.owners:
                return self.names[ty._ty]
            return "ResourceAny | ResourceHost" if is_given else "ResourceAny"
        if ty in self.names:
            return self.names[ty]
        if is_given and type(ty) in _GIVEN:
            return _GIVEN[type(ty)]
        if isinstance(ty, ListType):
            return "bytes" if isinstance(ty._element, U8) else f"list[{self.annotation(ty._element, is_given)}]"
        if isinstance(ty, MapType):
            return f"dict[{self.annotation(ty._key)}, {self.annotation(ty._value, is_given)}]"
        if isinstance(ty, TupleType):
            return f"tuple[{', '.join(self.annotation(part, is_given) for part in ty._elements)}]"
        if isinstance(ty, VariantLikeType):
            return self._union(ty, is_given)
        if isinstance(ty, EnumType):
            return _literal(ty)
        if isinstance(ty, FlagsType):
            return f"set[{_literal(ty)}]"
        return _PLAIN.get(type(ty), "int")

    def _union(self, ty: VariantLikeType, is_given: bool) -> str:
        if ty._is_tagged:
            return "Variant"
        parts = [self.annotation(payload, is_given) for _, payload in ty._cases()]
        with_none = any(part == "None" or part.endswith(" | None") for part in parts)
        found = dict.fromkeys(part.removesuffix(" | None") for part in parts if part != "None")
        return " | ".join([*found, "None"] if with_none else found)

    def _definition(self, ty: Any, name: str) -> Iterator[str]:
        if isinstance(ty, RecordType):
            yield from ("@dataclass", f"class {name}:", f'    """The record `{name}`."""', "")
            yield from (f"    {identifier(field)}: {self.annotation(part)}" for field, part in ty._fields)
        elif isinstance(ty, EnumType):
            yield f"{name} = {_literal(ty)}"
        elif isinstance(ty, FlagsType):
            yield f"{name} = set[{_literal(ty)}]"
        elif isinstance(ty, VariantType):
            yield f"{name} = {self._union(ty, False)}"
        else:
            return
        yield from ("", "")

    # Conversions

    def _needs(self, ty: ValType | None, what: str) -> bool:
        """Whether values have to be converted: `lift` for those that are given, `lower` for those that are taken."""
        if ty is None or (isinstance(ty, VariantLikeType) and ty._is_tagged):
            return False
        if isinstance(ty, HandleType):
            return ty._ty in self.owners
        if isinstance(ty, StreamType | FutureType):
            return False
        return (isinstance(ty, RecordType) and what == "lift") or any(self._needs(part, what) for part in ty._parts())

    def convert(self, what: str, ty: ValType | None, value: str) -> str:
        """An expression for the converted value."""
        if ty is None or not self._needs(ty, what):
            return value
        name = self._converters.get((what, ty))
        if name is None:
            name = self._converters[what, ty] = f"_{self.prefix}{what}_{len(self._converters)}"
            given = self.annotation(ty) if what == "lift" else "Any"
            body = self._conversion(what, ty)
            self._lines += [
                f"def {name}(owner: Any, value: Any) -> {given}:",
                *(f"    {line}" for line in body),
                "",
                "",
            ]
        return f"{name}(self, {value})"

    def _handle(self, what: str, ty: HandleType) -> list[str]:
        """What converts a handle."""
        return ["return value.handle" if what == "lower" else f"return {self.names[ty._ty]}(owner, value)"]

    def _inner(self, what: str, ty: ValType | None, value: str) -> str:
        return self.convert(what, ty, value).replace("(self, ", "(owner, ")

    def _conversion(self, what: str, ty: ValType) -> list[str]:
        if isinstance(ty, HandleType):
            return self._handle(what, ty)
        if isinstance(ty, RecordType):
            fields = [(identifier(n), self._inner(what, p, f'getattr(value, "{n}")' if what == "lift"
                       and keyword.iskeyword(n) else f"value.{identifier(n)}")) for n, p in ty._fields]  # fmt: skip
            kind = self.annotation(ty) if what == "lift" else "Record"
            return [wrapped(f"return {kind}(", [f"{name}={value}" for name, value in fields], ")", 4)]
        if isinstance(ty, ListType):
            return [f"return [{self._inner(what, ty._element, 'one')} for one in value]"]
        if isinstance(ty, MapType):
            return [f"return {{key: {self._inner(what, ty._value, 'one')} for key, one in value.items()}}"]
        if isinstance(ty, TupleType):
            parts = [self._inner(what, part, f"value[{i}]") for i, part in enumerate(ty._elements)]
            return [f"return ({', '.join(parts)},)"]
        assert isinstance(ty, VariantLikeType)
        lines = []
        for _, payload in ty._cases():
            if payload is not None and self._needs(payload, what):
                lines += [f"if isinstance(value, {self._class_of(what, payload)}):",
                          f"    return {self._inner(what, payload, 'value')}"]  # fmt: skip
        return [*lines, f"found: {self.annotation(ty) if what == 'lift' else 'Any'} = value", "return found"]

    def _class_of(self, what: str, ty: ValType) -> str:
        if isinstance(ty, HandleType):
            return "ResourceAny" if what == "lift" else self.names[ty._ty]
        if isinstance(ty, RecordType) and what == "lower":
            return self.annotation(ty)
        return _TAKEN_CLASSES.get(type(ty), "object")


def _member(name: str) -> str:
    parsed = parse_name(name)
    if parsed is None or not parsed.resource:
        return identifier(name)
    start = {"constructor": "new-", "static": f"{parsed.resource}-"}.get(parsed.kind, "")
    return identifier(f"{start}{parsed.member or parsed.resource}")


def _literal(ty: EnumType | FlagsType) -> str:
    return wrapped("Literal[", [f'"{name}"' for name in ty._names], "]")
