"""Typed Python for what a component exports: `fusee bindgen`; what it imports is in `bindhosts.py`.

The module that is written has a dataclass for each record, a name for each enum, variant and set of flags, a class for
each resource and each interface, and one for the component. Its functions give dataclasses and resources where those
of `fusee.component` give `Record`s and handles.
"""

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fusee.component.items import ComponentInstanceType, ComponentType, FuncType, shown
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

_MOST_LINE: Final = 120
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
_MODULES: Final = {
    "dataclasses": ("dataclass",), "collections.abc": ("AsyncIterable", "Awaitable", "Iterable"),
    "typing": ("Any", "Literal", "Protocol", "runtime_checkable"), "fusee": ("Store",),
    "fusee.component": (
        "Component", "ErrorContextValue", "Func", "FutureReader", "Instance", "Linker", "Record", "ResourceAny",
        "ResourceHost", "ResourceType", "StreamReader", "Variant",
    ),
}  # fmt: skip


def identifier(name: str) -> str:
    """A name of WIT as Python has it."""
    found = name.replace("-", "_")
    return f"{found}_" if keyword.iskeyword(found) else found


def class_name(name: str) -> str:
    """A name of WIT as classes have it."""
    found = "".join(part[:1].upper() + part[1:] for part in name.split("-"))
    return f"{found}_" if keyword.iskeyword(found) else found


def interface_name(name: str) -> str:
    """The last part of an interface's name."""
    return name.partition("/")[2].partition("@")[0] or name


class Bindings:
    """Writes the module of one component."""

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
        self._used: set[str] = {name for names in _MODULES.values() for name in names} | {"Root", "Host"}
        self._converters: dict[tuple[str, ValType], str] = {}
        self._lines: list[str] = []
        self.interfaces: dict[str, str] = {}

    def unique(self, name: str) -> str:
        """A name for the module that nothing else has."""
        found, number = name, 1
        while found in self._used:
            number += 1
            found = f"{name}{number}"
        self._used.add(found)
        return found

    def collect(self) -> None:
        """Find all types that have names."""
        self._collect(self.type._imports, None)
        self._collect(self.type._exports, "Root")

    def write(self, title: str, more: Iterable[str]) -> str:
        """The module, with more lines behind."""
        body: list[str] = []
        for ty, name in self.names.items():
            self._is_defining = True
            body += self._definition(ty, name)
            self._is_defining = False
        for export, name in self.interfaces.items():
            interface: Any = shown(self.type._exports[export])
            body += self._class(name, f"The interface `{export}`.", interface._exports, export)
        body += self._root()
        body += self._lines
        body += more
        lines = "\n".join(body).rstrip().split("\n")
        text = "\n".join(f"{line}  # noqa: E501" if len(line) > _MOST_LINE else line for line in lines)
        space = "\n\n" if text.startswith(("class ", "@")) else "\n"
        return f'"""{title}"""\n\n{self._imports(text)}{space}{text}\n'

    @staticmethod
    def _imports(text: str) -> str:
        lines = []
        groups = (("collections.abc", "dataclasses", "typing"), ("fusee", "fusee.component"))
        for group in groups:
            for module in group:
                names = [name for name in _MODULES[module] if re.search(rf"\b{name}\b", text)]
                if names:
                    line = f"from {module} import {', '.join(names)}"
                    lines.append(line if len(line) <= _MOST_LINE else wrapped(f"from {module} import (", names, ")"))
            lines.append("")
        return "\n".join(lines)

    # Names

    def _collect(self, items: Mapping[str, Any], owner: str | None) -> None:
        """Find the types that have names; `owner` is the class that exports them."""
        for name, item in items.items():
            ty = shown(item)
            if isinstance(ty, ComponentInstanceType):
                inner = None
                if owner is not None:
                    inner = self.interfaces[name] = self.unique(class_name(interface_name(name)))
                self._collect(ty._exports, inner)
            elif isinstance(ty, RecordType | EnumType | FlagsType | VariantType) and ty not in self.names:
                self.names[ty] = self.unique(class_name(name))
            elif isinstance(ty, ResourceType) and owner is not None and ty not in self.names:
                self.names[ty] = self.unique(class_name(name))
                self.owners[ty] = owner

    @staticmethod
    def member(name: str) -> str:
        """A function's name in the class of its interface."""
        parsed = parse_name(name)
        if parsed is None or not parsed.resource:
            return identifier(name)
        is_new = parsed.kind == "constructor"
        return identifier(f"new_{parsed.resource}" if is_new else f"{parsed.resource}_{parsed.member}")

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

    # Classes

    def _function(self, name: str, item: FuncType, full: str, skipped: int, owner: str) -> Iterator[str]:
        """A method that calls a function; the first parameters are the object itself."""
        params = [("self_" if n == "self" else identifier(n), p) for n, p in item._params[skipped:]]
        given = ["self", *(f"{n}: {self.annotation(p, True)}" for n, p in params)]
        start = "async def" if item._is_async else "def"
        result = self.annotation(item._result)
        yield wrapped(f"    {start} {name}(", given, f") -> {result}:", 4)
        yield f'        """The function `{full}`."""'
        args = ["self.handle"] if skipped else []
        args += [self.convert("lower", p, n).replace("(self, ", f"({owner}, ") for n, p in params]
        call = f"await {owner}._call_async(" if item._is_async else f"{owner}._call("
        given = [f'"{full}"', *args]
        if item._result is None:
            yield wrapped(f"        {call}", given, ")", 8)
        else:
            yield wrapped(f"        given = {call}", given, ")", 8)
            lifted = self.convert("lift", item._result, "given").replace("(self, ", f"({owner}, ")
            yield f"        found: {result} = {lifted}"
            yield "        return found"
        yield ""

    def _class(self, name: str, text: str, items: Mapping[str, Any], export: str | None) -> Iterator[str]:
        """The class of an interface, and those of its resources."""
        for item_name, item in items.items():
            if isinstance(item, ResourceType) and self.owners.get(item) == name:
                yield from self._resource(item_name, self.names[item], items, name)
        yield from (f"class {name}:", f'    """{text}"""', "")
        yield from ("    def __init__(self, store: Store, component: Component, instance: Instance) -> None:",
                    '        """Of an instance."""',
                    "        self._store, self._component, self._instance = store, component, instance",
                    "        self._functions: dict[str, Func] = {}")  # fmt: skip
        if export is None:
            for interface, kind in self.interfaces.items():
                yield f"        self.{identifier(interface_name(interface))} = {kind}(store, component, instance)"
        yield ""
        outer = "None" if export is None else f'self._component.get_export_index("{export}")'
        yield from (
            "    def _function(self, name: str) -> Func:",
            "        found = self._functions.get(name)",
            "        if found is None:",
            f"            index = self._component.get_export_index(name, {outer})",
            "            found = None if index is None else self._instance.get_func(self._store, index)",
            "            if found is None:",
            "                raise LookupError(name)",
            "            self._functions[name] = found",
            "        return found",
            "",
            "    def _call(self, name: str, *args: Any) -> Any:",
            "        return self._function(name)(self._store, *args)",
            "",
            "    async def _call_async(self, name: str, *args: Any) -> Any:",
            "        return await self._function(name).call_async(self._store, *args)",
            "",
        )
        for item_name, item in items.items():
            parsed = parse_name(item_name)
            if not isinstance(item, FuncType) or parsed is None or parsed.kind == "method":
                continue
            yield from self._function(self.member(item_name), item, item_name, 0, "self")
        yield ""

    def _resource(self, name: str, kind: str, items: Mapping[str, Any], owner: str) -> Iterator[str]:
        yield from (f"class {kind}:", f'    """The resource `{name}`."""', "",
                    f'    def __init__(self, owner: "{owner}", handle: ResourceAny) -> None:',
                    '        """A handle of it."""',
                    "        self._owner, self.handle = owner, handle", "",
                    "    def drop(self) -> None:", '        """End it."""',
                    "        self.handle.drop(self._owner._store)", "")  # fmt: skip
        for item_name, item in items.items():
            parsed = parse_name(item_name)
            if isinstance(item, FuncType) and parsed and parsed.kind == "method" and parsed.resource == name:
                yield from self._function(identifier(parsed.member), item, item_name, 1, "self._owner")
        yield ""

    def _root(self) -> Iterator[str]:
        plain = {name: shown(item) for name, item in self.type._exports.items()
                 if not isinstance(shown(item), ComponentInstanceType)}  # fmt: skip
        lines = list(self._class("Root", "The component.", plain, None))
        at = lines.index("class Root:") + 3
        create = (
            "    @classmethod",
            '    def create(cls, store: Store, component: Component, linker: Linker) -> "Root":',
            '        """An instance of the component, with what the linker defines for its imports."""',
            "        return cls(store, component, linker.instantiate(store, component))",
            "",
        )
        yield from [*lines[:at], *create, *lines[at:]]


def _literal(ty: EnumType | FlagsType) -> str:
    return wrapped("Literal[", [f'"{name}"' for name in ty._names], "]")


def wrapped(start: str, parts: list[str], end: str, indent: int = 0) -> str:
    """Parts in brackets: in one line if that is short."""
    line = f"{start}{', '.join(parts)}{end}"
    if len(line) + indent < _MOST_LINE and "\n" not in line:
        return line
    inner = " " * (indent + 4)
    return f"{start}\n" + "".join(f"{inner}{part},\n" for part in parts if part) + f"{' ' * indent}{end}"
