"""What a component imports and exports as WIT (the component model's "WIT.md"): its world, and the interfaces of it.

A component has types, and no names of packages or worlds of its own: these are called `root`. A type that an interface
shares with one before it, under the same name, is taken from there with `use`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fusee.component.items import ComponentInstanceType, ComponentType, FuncType, shown
from fusee.component.names import parse_name
from fusee.component.types.composite import (
    NAMED,
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
from fusee.component.types.primitive import ErrorContext
from fusee.component.types.resource import BorrowType, OwnType, ResourceType
from fusee.component.types.valtype import ValType

_KEYWORDS: Final = frozenset({
    "as", "async", "bool", "borrow", "char", "constructor", "enum", "export", "f32", "f64", "flags", "from", "func",
    "future", "import", "include", "interface", "list", "map", "option", "own", "package", "record", "resource",
    "result", "s16", "s32", "s64", "s8", "static", "stream", "string", "tuple", "type", "u16", "u32", "u64", "u8",
    "use", "variant", "with", "world",
})  # fmt: skip
Named = ValType | ResourceType


def word(name: str) -> str:
    """A name, told apart from keywords."""
    return f"%{name}" if name in _KEYWORDS else name


class Names:
    """The names of types in one scope, and where the ones from elsewhere are defined."""

    def __init__(self, items: Mapping[str, Any]) -> None:
        self.of: dict[Named, str] = {}
        for name, item in items.items():
            if isinstance(item, ResourceType | RecordType | VariantType | EnumType | FlagsType):
                self.of.setdefault(item, name)

    def type(self, ty: Named) -> str:
        """A type where it is used."""
        if ty in self.of:
            return word(self.of[ty])
        if isinstance(ty, OwnType):
            return self.type(ty._ty)
        if isinstance(ty, BorrowType):
            return f"borrow<{self.type(ty._ty)}>"
        if isinstance(ty, ListType):
            return f"list<{self.type(ty._element)}{'' if ty._length is None else f', {ty._length}'}>"
        if isinstance(ty, MapType):
            return f"map<{self.type(ty._key)}, {self.type(ty._value)}>"
        if isinstance(ty, OptionType):
            return f"option<{self.type(ty._payload)}>"
        if isinstance(ty, TupleType):
            return f"tuple<{', '.join(self.type(part) for part in ty._elements)}>"
        if isinstance(ty, ResultType):
            ok = "_" if ty._ok is None else self.type(ty._ok)
            parts = [ok] if ty._err is None else [ok, self.type(ty._err)]
            return "result" if parts == ["_"] else f"result<{', '.join(parts)}>"
        if isinstance(ty, StreamType | FutureType):
            kind = "stream" if isinstance(ty, StreamType) else "future"
            return kind if ty._payload is None else f"{kind}<{self.type(ty._payload)}>"
        if isinstance(ty, ErrorContext):
            return "error-context"
        return type(ty).__name__.removesuffix("Type").lower()

    def function(self, ty: FuncType, skipped: int = 0, word_before: str = "func") -> str:
        """A function, without its first parameters."""
        params = ", ".join(f"{word(name)}: {self.type(part)}" for name, part in ty._params[skipped:])
        result = "" if ty._result is None or word_before == "" else f" -> {self.type(ty._result)}"
        return f"{'async ' if ty._is_async else ''}{word_before}({params}){result};"


def definition(names: Names, name: str, ty: ValType) -> Iterator[str]:
    """The lines that define a type of values."""
    if names.of.get(ty) != name or not isinstance(ty, NAMED):
        yield f"type {word(name)} = {names.type(ty)};"
    elif isinstance(ty, RecordType):
        yield from _block(f"record {word(name)}", [f"{word(n)}: {names.type(part)}," for n, part in ty._fields])
    elif isinstance(ty, VariantType):
        cases = [word(n) if p is None else f"{word(n)}({names.type(p)})" for n, p in ty._all_cases]
        yield from _block(f"variant {word(name)}", [f"{case}," for case in cases])
    else:
        kind = "enum" if isinstance(ty, EnumType) else "flags"
        yield from _block(f"{kind} {word(name)}", [f"{word(n)}," for n in ty._names])


def _block(head: str, lines: list[str]) -> Iterator[str]:
    yield f"{head} {{"
    yield from (f"  {line}" if line else "" for line in lines)
    yield "}"


def resource(names: Names, name: str, items: Mapping[str, Any]) -> Iterator[str]:
    """A resource with its functions."""
    lines = []
    for full, item in items.items():
        parsed = parse_name(full)
        if parsed is None or parsed.resource != name or not isinstance(item, FuncType):
            continue
        if parsed.kind == "constructor":
            is_plain = isinstance(item._result, OwnType)
            lines.append(f"constructor{names.function(item, 0, '')}" if is_plain
                         else f"constructor{names.function(item)[4:]}")  # fmt: skip
        elif parsed.kind == "static":
            lines.append(f"{word(parsed.member)}: static {names.function(item)}")
        else:
            lines.append(f"{word(parsed.member)}: {names.function(item, 1)}")
    if lines:
        yield from _block(f"resource {word(name)}", lines)
    else:
        yield f"resource {word(name)};"


class Printer:
    """Writes the world of a component, and collects the interfaces."""

    def __init__(self) -> None:
        self.interfaces: dict[str, ComponentInstanceType] = {}
        self.owners: dict[tuple[Named, str], str] = {}
        self.shown: set[tuple[Named, str]] = set()

    def body(self, items: Mapping[str, Any], own: str) -> list[str]:
        """What an interface has in it."""
        names, lines = Names(items), []
        used: dict[str, list[str]] = {}
        rest: list[list[str]] = []
        for name, item in items.items():
            ty = shown(item)
            parsed = parse_name(name)
            if isinstance(ty, ResourceType | RecordType | VariantType | EnumType | FlagsType):
                owner = self.owners.setdefault((ty, name), own)
                if owner != own:
                    used.setdefault(owner, []).append(word(name))
                    continue
            if isinstance(ty, ResourceType):
                rest.append(list(resource(names, name, items)))
            elif isinstance(ty, ValType):
                rest.append(list(definition(names, name, ty)))
            elif isinstance(ty, FuncType) and parsed is not None and not parsed.resource:
                rest.append([f"{word(name)}: {names.function(ty)}"])
        lines += [f"use {self.reference(owner, own)}.{{{', '.join(found)}}};" for owner, found in used.items()]
        for number, block in enumerate(rest):
            lines += ([""] if number or used else []) + block
        return lines

    @staticmethod
    def reference(owner: str, user: str) -> str:
        """How an interface names another one: those of its own package need no package."""
        package, _, rest = owner.partition("/")
        name, _, version = rest.partition("@")
        if user.startswith(f"{package}/") and user.partition("@")[2] == version:
            return name
        return owner

    def collect(self, items: Mapping[str, Any]) -> None:
        """Note the interfaces, and what types they define: the first that has one."""
        for name, item in items.items():
            parsed = parse_name(name)
            if not isinstance(item, ComponentInstanceType) or parsed is None or parsed.kind != "interface":
                continue
            self.interfaces.setdefault(name, item)
            for inner, found in item._exports.items():
                if isinstance(found, ResourceType | RecordType | VariantType | EnumType | FlagsType):
                    self.owners.setdefault((found, inner), name)

    def side(self, verb: str, items: Mapping[str, Any], names: Names) -> Iterator[str]:
        """The imports or exports of the world."""
        for name, item in items.items():
            ty = shown(item)
            parsed = parse_name(name)
            if isinstance(ty, ComponentInstanceType) and parsed is not None and parsed.kind == "interface":
                yield f"{verb} {name};"
            elif isinstance(ty, ComponentInstanceType):
                yield from _block(f"{verb} {word(name)}: interface", self.body(ty._exports, name))
            elif isinstance(ty, FuncType):
                if parsed is None or not parsed.resource:
                    yield f"{verb} {word(name)}: {names.function(ty)}"
            elif isinstance(ty, ResourceType | ValType):
                yield from self.world_type(name, ty, items, names)
            else:
                yield f"// {verb} {name}: a {type(ty).__name__.removesuffix('Type').lower()}, which WIT cannot say"

    def world_type(self, name: str, ty: Named, items: Mapping[str, Any], names: Names) -> Iterator[str]:
        """A type that the world has: of its own, or an interface's."""
        owner = self.owners.setdefault((ty, name), "")
        if (ty, name) in self.shown:
            return
        self.shown.add((ty, name))
        if owner:
            yield f"use {owner}.{{{word(name)}}};"
        elif isinstance(ty, ResourceType):
            yield from resource(names, name, items)
        else:
            yield from definition(names, name, ty)

    def world(self, ty: ComponentType) -> str:
        """All of it."""
        self.collect(ty._imports)
        self.collect(ty._exports)
        names = Names({**ty._imports, **ty._exports})
        lines = [*self.side("import", ty._imports, names), *self.side("export", ty._exports, names)]
        text = ["package root:component;", "", *_block("world root", lines)]
        packages: dict[str, list[str]] = {}
        for name in self.interfaces:
            path, _, version = name.partition("@")
            packages.setdefault(path.partition("/")[0] + (f"@{version}" if version else ""), []).append(name)
        for package, members in packages.items():
            inside: list[str] = []
            for name in members:
                title = f"interface {word(name.partition('/')[2].partition('@')[0])}"
                body = self.body(self.interfaces[name]._exports, name)
                inside += [*([""] if inside else []), *_block(title, body)]
            text += ["", *_block(f"package {package}", inside)]
        return "\n".join(text) + "\n"


def wit(ty: ComponentType) -> str:
    """The type of a component as WIT."""
    return Printer().world(ty)
