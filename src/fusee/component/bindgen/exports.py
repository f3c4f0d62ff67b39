"""What a component exports: a class for each resource and each interface, and one for the component."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fusee.component.bindgen.text import MODULES, MOST_LINE, class_name, identifier, interface_name, unique_in, wrapped
from fusee.component.bindgen.values import Values
from fusee.component.items import ComponentInstanceType, ComponentType, FuncType, shown
from fusee.component.names import parse_name
from fusee.component.types.composite import EnumType, FlagsType, RecordType, VariantType
from fusee.component.types.resource import ResourceType

_CALLING: Final = """\
    def _function(self, name: str) -> Func:
        found = self._functions.get(name)
        if found is None:
            index = self._component.get_export_index(name, {outer})
            found = None if index is None else self._instance.get_func(self._store, index)
            if found is None:
                raise LookupError(name)
            self._functions[name] = found
        return found

    def _call(self, name: str, *args: Any) -> Any:
        return self._function(name)(self._store, *args)

    async def _call_async(self, name: str, *args: Any) -> Any:
        return await self._function(name).call_async(self._store, *args)
"""
"""By which a class calls what it exports; `outer` is the index of the interface."""


class Bindings(Values):
    """Writes the module of one component."""

    def __init__(self, ty: ComponentType) -> None:
        super().__init__(ty)
        self.interfaces: dict[str, str] = {}
        """The classes of those that are exported."""

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
        text = "\n".join(f"{line}  # noqa: E501" if len(line) > MOST_LINE else line for line in lines)
        space = "\n\n" if text.startswith(("class ", "@")) else "\n"
        return f'"""{title}"""\n\n{self._imports(text)}{space}{text}\n'

    @staticmethod
    def _imports(text: str) -> str:
        lines = []
        groups = (("collections.abc", "dataclasses", "typing"), ("fusee", "fusee.component"))
        for group in groups:
            for module in group:
                names = [name for name in MODULES[module] if re.search(rf"\b{name}\b", text)]
                if names:
                    line = f"from {module} import {', '.join(names)}"
                    lines.append(line if len(line) <= MOST_LINE else wrapped(f"from {module} import (", names, ")"))
            lines.append("")
        return "\n".join(lines)

    def _collect(self, items: Mapping[str, Any], owner: str | None) -> None:
        """Find the types that have names; `owner` is the class that exports them."""
        for name, item in items.items():
            ty = shown(item)
            if isinstance(ty, ComponentInstanceType):
                inner = None
                if items is self.type._exports:  # what is in an interface's own interfaces is not called from here
                    inner = self.interfaces[name] = self.unique(class_name(interface_name(name)))
                self._collect(ty._exports, inner)
            elif isinstance(ty, RecordType | EnumType | FlagsType | VariantType) and ty not in self.names:
                self.names[ty] = self.unique(class_name(name))
            elif isinstance(ty, ResourceType) and owner is not None and ty not in self.names:
                self.names[ty] = self.unique(class_name(name))
                self.owners[ty] = owner

    def _function(self, name: str, item: FuncType, full: str, skipped: int, owner: str) -> Iterator[str]:
        """A method that calls a function; the first parameters are the object itself."""
        params = [(f"{n}_" if n in ("self", "found") else identifier(n), p) for n, p in item._params[skipped:]]
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
        own = ("create",) if export is None else ()
        members = self.members(items, own)
        for item_name, item in items.items():
            if isinstance(item, ResourceType) and self.owners.get(item) == name:
                yield from self._resource(item_name, self.names[item], items, members, name)
        yield from (f"class {name}:", f'    """{text}"""', "")
        yield from ("    def __init__(self, store: Store, component: Component, instance: Instance) -> None:",
                    '        """Of an instance."""',
                    "        self._store, self._component, self._instance = store, component, instance",
                    "        self._functions: dict[str, Func] = {}")  # fmt: skip
        if export is None:
            used = set(members.values())
            for interface, kind in self.interfaces.items():
                attribute = unique_in(used, own, identifier(interface_name(interface)))
                yield f"        self.{attribute} = {kind}(store, component, instance)"
        yield ""
        outer = "None" if export is None else f'self._component.get_export_index("{export}")'
        yield from _CALLING.format(outer=outer).split("\n")
        for item_name, item in items.items():
            parsed = parse_name(item_name)
            if not isinstance(item, FuncType) or parsed is None or parsed.kind == "method":
                continue
            yield from self._function(members[item_name], item, item_name, 0, "self")
        yield ""

    def _resource(
        self, name: str, kind: str, items: Mapping[str, Any], members: Mapping[str, str], owner: str
    ) -> Iterator[str]:
        yield from (f"class {kind}:", f'    """The resource `{name}`."""', "",
                    f'    def __init__(self, owner: "{owner}", handle: ResourceAny) -> None:',
                    '        """A handle of it."""',
                    "        self._owner, self.handle = owner, handle", "",
                    "    def drop(self) -> None:", '        """End it."""',
                    "        self.handle.drop(self._owner._store)", "")  # fmt: skip
        for item_name, item in items.items():
            parsed = parse_name(item_name)
            if isinstance(item, FuncType) and parsed and parsed.kind == "method" and parsed.resource == name:
                yield from self._function(members[item_name], item, item_name, 1, "self._owner")
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
