"""Typed Python for what a component imports: the part of `fusee bindgen`'s module that is the host's.

It has a `Protocol` for each interface and each resource that the host gives, and a class `Host` that defines objects of
these in a linker. Its functions are given dataclasses and the host's own objects where those of a linker are given
`Record`s and handles. Interfaces of WASI are the linker's (`Linker.add_wasip2`).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from zlib import crc32

from fusee.component.bindgen.exports import Bindings
from fusee.component.bindgen.text import class_name, identifier, interface_name, unique, wrapped
from fusee.component.bindgen.values import Values
from fusee.component.items import ComponentInstanceType, ComponentType, FuncType
from fusee.component.names import parse_name
from fusee.component.types.resource import BorrowType, HandleType, ResourceType
from fusee.component.types.valtype import ValType

_ROOT: Final = "root"


class HostBindings(Values):
    """Writes what is about imports, with the names of types that the rest of the module has."""

    prefix = "host_"

    def __init__(self, rest: Bindings) -> None:
        super().__init__(rest.type)
        self.names = dict(rest.names)
        self._used = rest._used
        self.places: dict[str, Mapping[str, Any]] = {}
        """What is given, by the names of interfaces; without one for what is in none."""
        self.protocols: dict[str, str] = {}
        self._numbers: dict[ResourceType, int] = {}
        self._find()
        rest.hosted = set(self.owners)

    def _find(self) -> None:
        imports = self.type._imports
        plain = {name: item for name, item in imports.items() if isinstance(item, FuncType | ResourceType)}
        interfaces = {name: item._exports for name, item in imports.items()
                      if isinstance(item, ComponentInstanceType) and not name.startswith("wasi:")}  # fmt: skip
        for name, items in {"": plain, **interfaces}.items():
            if not any(isinstance(item, FuncType | ResourceType) for item in items.values()):
                continue
            self.places[name] = items
            self.protocols[name] = self.unique(f"{class_name(interface_name(name or _ROOT))}Imports")
            for own, item in items.items():
                if isinstance(item, ResourceType) and item not in self.owners and not self._is_of_wasi(item):
                    self.names[item] = self.owners[item] = self.unique(class_name(own))
                    self._numbers[item] = crc32(f"{name} {own}".encode())

    def _is_of_wasi(self, resource: ResourceType) -> bool:
        return any(
            resource in item._exports.values()
            for name, item in self.type._imports.items()
            if name.startswith("wasi:") and isinstance(item, ComponentInstanceType)
        )

    def lines(self) -> Iterator[str]:
        """Protocols, `Host`, and what it needs; nothing if the host gives nothing."""
        if not self.places:
            return
        for name, items in self.places.items():
            members = self.members(items)
            for own, item in items.items():
                if isinstance(item, ResourceType) and item in self._numbers and self._is_first(name, item):
                    yield from self._resource_protocol(own, self.names[item], items, members)
            yield from (f"class {self.protocols[name]}(Protocol):", f'    """{self._what(name)}."""', "")
            for full, item in items.items():
                parsed = parse_name(full)
                if isinstance(item, FuncType) and parsed is not None and parsed.kind != "method":
                    yield from self._declaration(members[full], item, full, 0)
            yield ""
        yield from self._host()
        if self._numbers:
            yield from _GUEST.splitlines()
            yield ""
        yield from self._lines

    def _is_first(self, place: str, resource: ResourceType) -> bool:
        return next(name for name, items in self.places.items() if resource in items.values()) == place

    @staticmethod
    def _what(name: str) -> str:
        return f"What the host gives as `{name}`" if name else "What the host gives outside of interfaces"

    # Protocols

    def _declaration(self, name: str, item: FuncType, full: str, skipped: int) -> Iterator[str]:
        names = ["self_" if name == "self" else identifier(name) for name, _ in item._params]
        params = [f"{n}: {self.annotation(p)}" for n, (_, p) in zip(names, item._params, strict=True)][skipped:]
        start = "async def" if item._is_async else "def"
        yield wrapped(f"    {start} {name}(", ["self", *params], f") -> {self.annotation(item._result, True)}:", 4)
        yield f'        """The function `{full}`."""'
        yield ""

    def _resource_protocol(
        self, name: str, kind: str, items: Mapping[str, Any], members: Mapping[str, str]
    ) -> Iterator[str]:
        yield from ("@runtime_checkable", f"class {kind}(Protocol):",
                    f'    """The resource `{name}`: an object of the host\'s."""', "")  # fmt: skip
        for full, item in items.items():
            parsed = parse_name(full)
            if isinstance(item, FuncType) and parsed and parsed.kind == "method" and parsed.resource == name:
                yield from self._declaration(members[full], item, full, 1)
        yield from ("    def drop(self) -> None:", '        """The guest has ended its handle."""', "", "")

    # Types

    def annotation(self, ty: ValType | None, is_given: bool = False) -> str:
        """A type. What the host is given of its own is of whatever class it has made that."""
        if isinstance(ty, HandleType) and ty._ty in self.owners:
            return self.names[ty._ty] if is_given else "Any"
        return super().annotation(ty, is_given)

    # Conversions

    def _handle(self, what: str, ty: HandleType) -> list[str]:
        if what == "lower":
            return [f"return owner.give({self._numbers[ty._ty]}, value)"]
        return [f"return owner.{'get' if isinstance(ty, BorrowType) else 'take'}(value)"]

    # Definitions

    def _host(self) -> Iterator[str]:
        yield from _HOST.splitlines()
        yield ""
        used: set[str] = set()
        for name, items in self.places.items():
            protocol, members = self.protocols[name], self.members(items)
            method = unique(f"define_{identifier(interface_name(name or _ROOT))}", used)
            yield f"    def {method}(self, given: {protocol}) -> None:"
            yield f'        """Define {f"`{name}`" if name else "what is in no interface"}."""'
            place = f', root.add_instance("{name}") as place' if name else ""
            yield f"        with self._linker.root() as {'root' if name else 'place'}{place}:"
            for number, (full, item) in enumerate(items.items()):
                if isinstance(item, ResourceType) and item in self._numbers:
                    kind = f"ResourceType.host({self._numbers[item]})"
                    yield f'            place.add_resource("{full}", {kind}, self._end)'
                elif isinstance(item, FuncType):
                    yield from self._definition_of(full, members[full], item, number)
            yield ""
        yield ""

    def _definition_of(self, full: str, name: str, item: FuncType, number: int) -> Iterator[str]:
        """A function that converts what it is given, and what it gives."""
        parsed = parse_name(full)
        assert parsed is not None
        names = [f"p{i}" for i in range(len(item._params))]
        args = [self._inner("lift", ty, given) for given, (_, ty) in zip(names, item._params, strict=True)]
        target = "given"
        if parsed.kind == "method":
            target, args = args[0], args[1:]
        start, wait = ("async def", "await ") if item._is_async else ("def", "")
        yield ""
        yield f"            {start} f{number}({', '.join(f'{n}: Any' for n in ['store', *names])}) -> Any:"
        body = self._inner("lower", item._result, wrapped(f"{wait}{target}.{name}(", args, ")", 16))
        if "(owner, " in body:
            yield f"                owner = {'_Guest(self, store)' if self._numbers else 'None'}"
        yield f"                return {body}"
        yield ""
        yield f'            place.add_func("{full}", f{number})'


_HOST: Final = '''class Host:
    """Defines what the component imports in a linker, with objects of the host's."""

    def __init__(self, linker: Linker) -> None:
        """`linker` gets the definitions, and may have others."""
        self._linker = linker
        self._objects: dict[int, Any] = {}
        self._last = 0

    def _end(self, store: Any, rep: int) -> None:
        self._objects.pop(rep).drop()
'''

_GUEST: Final = """class _Guest:
    def __init__(self, host: Host, store: Any) -> None:
        self._host, self._store = host, store

    def give(self, number: int, value: Any) -> ResourceHost:
        self._host._last += 1
        self._host._objects[self._host._last] = value
        return ResourceHost.own(self._host._last, number)

    def get(self, handle: Any) -> Any:
        return self._host._objects[handle.rep]

    def take(self, handle: Any) -> Any:
        return self._host._objects.pop(handle.to_host(self._store).rep)

"""


def bindings(ty: ComponentType, title: str) -> str:
    """The text of a module for a component of a type; `title` is its first line."""
    exported = Bindings(ty)
    exported.collect()
    return exported.write(title, HostBindings(exported).lines())
