"""Whether one type may be used where another is expected (Explainer, "Type Checking")."""

from collections.abc import Iterable, Mapping
from typing import Any

from fusee.api.externtypes import AsExternType, GlobalType, Limits, MemoryType, TableType
from fusee.api.printable import import_name, printable
from fusee.api.types import FuncType as CoreFuncType
from fusee.component.binary.distinct import plain
from fusee.component.items import ComponentInstanceType, ComponentType, FuncType, ModuleType
from fusee.component.program import Item, Paths, TypeOf, sort_of
from fusee.component.substitution import Substitution, Work
from fusee.component.types.resource import ResourceType
from fusee.component.types.valtype import DISTINCT, ValType


class MismatchError(Exception):
    """Two types do not match; says why."""


def paths_of(item: Item, wanted: Iterable[ResourceType], work: Work) -> Paths:
    """Where in an item some resources are found."""
    remaining = set(wanted)
    found: list[tuple[tuple[str, ...], ResourceType]] = []

    def walk(item: Item, path: tuple[str, ...]) -> None:
        if not remaining:
            return
        work.spend()
        if isinstance(item, ResourceType):
            if item in remaining:
                remaining.discard(item)
                found.append((path, item))
        elif isinstance(item, ComponentInstanceType):
            for name, export in item._exports.items():
                walk(export, (*path, name))

    walk(item, ())
    return tuple(found)


def bind_types(expected: Item, actual: Item, types: dict[ValType, ValType], work: Work) -> None:
    """Note what actual types of values stand for those that a component imports: its exports have these."""
    work.spend()
    if isinstance(expected, ValType) and isinstance(actual, ValType):
        if expected._flags & DISTINCT and expected is not actual:
            types[expected] = actual
    elif isinstance(expected, ComponentInstanceType) and isinstance(actual, ComponentInstanceType):
        for name, export in expected._exports.items():
            bind_types(export, actual._exports[name], types, work)


class Matcher:
    """Whether one type may be used where another is expected."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._depth = 0

    def bind(self, expected: Item, actual: Item, mapping: dict[ResourceType, ResourceType],
             quantified: frozenset[ResourceType]) -> None:  # fmt: skip
        """Note what actual resources stand for the abstract ones of an expected type."""
        self.work.spend()
        if isinstance(expected, ResourceType):
            if expected in quantified and expected not in mapping:
                if not isinstance(actual, ResourceType):
                    raise MismatchError("expected a resource")
                mapping[expected] = actual
        elif isinstance(expected, ComponentInstanceType) and isinstance(actual, ComponentInstanceType):
            for name, export in expected._exports.items():
                if name in actual._exports:
                    self.bind(export, actual._exports[name], mapping, quantified)

    def match(self, actual: Item, expected: Item) -> None:
        """Raises `MismatchError` unless `actual` is a subtype of `expected`."""
        self.work.spend()
        if actual is expected:
            return
        if sort_of(actual) != sort_of(expected):
            raise MismatchError(f"expected {sort_of(expected)}, found {sort_of(actual)}")
        if isinstance(expected, FuncType):
            assert isinstance(actual, FuncType)
            self._func(actual, expected)
        elif isinstance(expected, ComponentInstanceType):
            assert isinstance(actual, ComponentInstanceType)
            self._instance(actual._exports, expected)
        elif isinstance(expected, ComponentType):
            assert isinstance(actual, ComponentType)
            self._component(actual, expected)
        elif isinstance(expected, ModuleType):
            assert isinstance(actual, ModuleType)
            match_modules(actual, expected, self.work)
        elif isinstance(expected, TypeOf):
            if not isinstance(actual, TypeOf):
                raise MismatchError("expected another kind of type")
            self.match(actual.item, expected.item)
            self.match(expected.item, actual.item)
        elif plain(actual) != plain(expected):
            raise MismatchError(f"type mismatch: expected {describe(expected)}, found {describe(actual)}")

    def _func(self, actual: FuncType, expected: FuncType) -> None:
        self.work.spend(len(expected._params))
        if actual._is_async != expected._is_async:
            raise MismatchError("one function is asynchronous, and the other is not")
        if len(actual._params) != len(expected._params):
            raise MismatchError(f"expected {len(expected._params)} parameters, found {len(actual._params)}")
        for (name, ty), (wanted_name, wanted) in zip(actual._params, expected._params, strict=True):
            if name != wanted_name:
                raise MismatchError(f"expected parameter named `{wanted_name}`, found `{name}`")
            if plain(ty) != plain(wanted):
                raise MismatchError(f"type mismatch in parameter `{name}`")
        if plain(actual._result) != plain(expected._result):
            raise MismatchError("type mismatch in the result")

    def _instance(self, exports: Mapping[str, Item], expected: ComponentInstanceType) -> None:
        mapping: dict[ResourceType, ResourceType] = {}
        own = frozenset(expected._resources)
        for name, export in expected._exports.items():
            if name not in exports:
                raise MismatchError(f"missing expected export `{name}`")
            self.bind(export, exports[name], mapping, own)
        wanted = Substitution(self.work, mapping)
        for name, export in expected._exports.items():
            try:
                self.match(exports[name], wanted.item(export))
            except MismatchError as error:
                raise MismatchError(f"type mismatch in instance export `{name}`: {error}") from None

    def _component(self, actual: ComponentType, expected: ComponentType) -> None:
        mapping: dict[ResourceType, ResourceType] = {}
        imported, defined = frozenset(actual._imported), frozenset(expected._defined)
        for name, item in actual._imports.items():
            if name not in expected._imports:
                raise MismatchError(f"missing expected import `{name}`")
            self.bind(item, expected._imports[name], mapping, imported)
        given = Substitution(self.work, mapping)
        for name, item in actual._imports.items():
            self.match(expected._imports[name], given.item(item))
        exports = given.items(actual._exports)
        found: dict[ResourceType, ResourceType] = {}
        for name, item in expected._exports.items():
            if name not in exports:
                raise MismatchError(f"missing expected export `{name}`")
            self.bind(item, exports[name], found, defined)
        wanted = Substitution(self.work, found)
        for name, item in expected._exports.items():
            self.match(exports[name], wanted.item(item))


def match_modules(actual: ModuleType, expected: ModuleType, work: Work) -> None:
    """Raises `MismatchError` unless a module may be used where one of another type is expected."""
    work.spend(len(actual._imports) + len(expected._exports))
    for place, wanted in actual._imports.items():
        if place not in expected._imports:
            raise MismatchError(f"missing expected import {import_name(*place)}")
        match_core(expected._imports[place], wanted)
    for name, export in expected._exports.items():
        if name not in actual._exports:
            raise MismatchError(f"missing expected export `{printable(name)}`")
        match_core(actual._exports[name], export)


def match_core(actual: AsExternType, expected: AsExternType) -> None:
    """Raises `MismatchError` unless a core item may be imported as another (spec 3.3.9 "External Types")."""
    if type(actual) is not type(expected):
        raise MismatchError(f"expected {kind_of(expected)}, found {kind_of(actual)}")
    if isinstance(expected, MemoryType) and isinstance(actual, MemoryType):
        same = (actual.is_64, actual.is_shared, actual.page_size_log2)
        is_good = same == (expected.is_64, expected.is_shared, expected.page_size_log2)
        is_good = is_good and _fit(actual.limits, expected.limits)
    elif isinstance(expected, TableType) and isinstance(actual, TableType):
        is_good = (actual.element, actual.is_64) == (expected.element, expected.is_64)
        is_good = is_good and _fit(actual.limits, expected.limits)
    elif isinstance(expected, CoreFuncType):
        is_good = _same_number(actual, expected)
    else:
        is_good = actual == expected
    if not is_good:
        raise MismatchError(f"expected {kind_of(expected)} {expected}, found {actual}")


def _same_number(actual: Any, expected: CoreFuncType) -> bool:
    """Functions of defined types that differ in more than parameters and results are left to the engine's linking."""
    return bool(actual == expected)


def _fit(actual: Limits, expected: Limits) -> bool:
    if actual.min < expected.min:
        return False
    return expected.max is None or (actual.max is not None and actual.max <= expected.max)


def kind_of(ty: AsExternType) -> str:
    """What kind of core item has the type."""
    if isinstance(ty, CoreFuncType):
        return "func"
    if isinstance(ty, MemoryType):
        return "memory"
    if isinstance(ty, TableType):
        return "table"
    return "global" if isinstance(ty, GlobalType) else "tag"


def describe(item: Item) -> str:
    """A type in a message."""
    name = type(item).__name__.removesuffix("Type").lower()
    return "resource" if isinstance(item, ResourceType) else name
