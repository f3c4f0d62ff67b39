"""Instances of core modules and of components (Binary, "Instance Definitions")."""

from typing import Any

from fusee.component.binary.externs import check_attributes, decode_name, indexed_item
from fusee.component.binary.reader import Reader, invalid
from fusee.component.binary.scope import Names, Scope
from fusee.component.items import ComponentInstanceType, ComponentType, ModuleType
from fusee.component.match import Matcher, MismatchError, bind_types, match_core, paths_of
from fusee.component.names import parse_name
from fusee.component.program import (
    COMPONENT,
    CORE_FUNC,
    CORE_GLOBAL,
    CORE_INSTANCE,
    CORE_MEMORY,
    CORE_MODULE,
    CORE_TABLE,
    CORE_TAG,
    INSTANCE,
    TYPE,
    CoreExports,
    Exports,
    InstantiateComponent,
    InstantiateModule,
    Item,
)
from fusee.component.substitution import Substitution
from fusee.component.types.resource import ResourceType
from fusee.component.types.valtype import ValType


def decode_core_instance(scope: Scope, reader: Reader) -> None:
    """A core instance."""
    kind = reader.byte()
    if kind == 0x00:
        _instantiate_module(scope, reader)
    elif kind == 0x01:
        _core_exports(scope, reader)
    else:
        raise reader.malformed("malformed core instance")


def _instantiate_module(scope: Scope, reader: Reader) -> None:
    start = reader.position
    index = reader.u32()
    module: ModuleType = scope.at(CORE_MODULE, index, start)
    arguments: dict[str, int] = {}
    for _ in range(reader.count("arguments", 3)):
        where = reader.position
        name = reader.name()
        if reader.byte() != 0x12:
            raise reader.malformed("only instances are arguments of core modules")
        if name in arguments:
            raise invalid(f"duplicate module instantiation argument named `{name}`", where)
        arguments[name] = reader.u32()
        scope.at(CORE_INSTANCE, arguments[name], where)
    scope.work.spend(len(module._imports))
    for (owner, name), wanted in module._imports.items():
        if owner not in arguments:
            raise invalid(f"missing module instantiation argument named `{owner}`", start)
        found = scope.spaces[CORE_INSTANCE][arguments[owner]].get(name)
        if found is None:
            raise invalid(f"module instantiation argument `{owner}` does not export an item named `{name}`", start)
        try:
            match_core(found, wanted)
        except MismatchError as error:
            raise invalid(f"type mismatch for export `{name}` of `{owner}`: {error}", start) from None
    scope.steps.append(InstantiateModule(index, arguments))
    scope.spaces[CORE_INSTANCE].append(module._exports)


def _core_exports(scope: Scope, reader: Reader) -> None:
    exports: dict[str, tuple[str, int]] = {}
    types: dict[str, Any] = {}
    for _ in range(reader.count("exports", 3)):
        start = reader.position
        name = reader.name()
        if name in exports:
            raise invalid(f"duplicate instantiation export name `{name}` already defined", start)
        sort = decode_sort_of_core(reader)
        if sort not in (CORE_FUNC, CORE_TABLE, CORE_MEMORY, CORE_GLOBAL, CORE_TAG):
            raise invalid(f"a {sort} cannot be exported by a core instance", start)
        where = reader.position
        index = reader.u32()
        types[name] = scope.at(sort, index, where)
        exports[name] = sort, index
    scope.steps.append(CoreExports(exports))
    scope.spaces[CORE_INSTANCE].append(types)


def decode_sort_of_core(reader: Reader) -> str:
    """A core sort, which has one byte here."""
    from fusee.component.program import CORE_SORTS

    found = CORE_SORTS.get(reader.byte())
    if found is None:
        raise reader.malformed("malformed core sort")
    return found


def decode_instance(scope: Scope, reader: Reader) -> None:
    """An instance of a component, or one made of exports."""
    kind = reader.byte()
    if kind == 0x00:
        _instantiate_component(scope, reader)
    elif kind == 0x01:
        _exports(scope, reader)
    else:
        raise reader.malformed("malformed instance")


def _arguments(scope: Scope, reader: Reader) -> dict[str, tuple[Item, str, int]]:
    found: dict[str, tuple[Item, str, int]] = {}
    for _ in range(reader.count("arguments", 3)):
        where = reader.position
        name = reader.name()
        if name in found:
            raise invalid(f"instantiation argument `{name}` conflicts with previous argument `{name}`", where)
        found[name] = indexed_item(scope, reader)
    return found


def _instantiate_component(scope: Scope, reader: Reader) -> None:
    start = reader.position
    index = reader.u32()
    component: ComponentType = scope.at(COMPONENT, index, start)
    given = _arguments(scope, reader)
    mapping: dict[ResourceType, ResourceType] = {}
    value_types: dict[ValType, ValType] = {}
    matcher = Matcher(scope.work)
    imported = frozenset(component._imported)
    for name, item in component._imports.items():
        if name not in given:
            raise invalid(f"missing import named `{name}`", start)
        try:
            matcher.bind(item, given[name][0], mapping, imported)
            matcher.match(given[name][0], Substitution(scope.work, mapping).item(item))
            bind_types(item, given[name][0], value_types, scope.work)
        except MismatchError as error:
            raise invalid(f"type mismatch for import `{name}`: {error}", start) from None
    substitution = Substitution(scope.work, mapping, component._defined, value_types)
    made = ComponentInstanceType._of(substitution.items(component._exports), ())
    scope.defined += substitution.made
    arguments = {name: (sort, at) for name, (_, sort, at) in given.items() if sort != TYPE}
    types = {name: item for name, (item, sort, _) in given.items() if sort == TYPE}
    paths = paths_of(made, substitution.made, scope.work)
    scope.steps.append(InstantiateComponent(index, arguments, types, paths))
    scope.spaces[INSTANCE].append(made)


def _exports(scope: Scope, reader: Reader) -> None:
    names = Names("instance export")
    exports: dict[str, tuple[str, int]] = {}
    types: dict[str, Item] = {}
    for _ in range(reader.count("exports", 4)):
        start = reader.position
        name, attributes = decode_name(reader)
        item, sort, index = indexed_item(scope, reader)
        check_attributes(name, item, attributes, start)
        parsed = parse_name(name)
        if parsed is not None and parsed.resource:
            raise invalid(f"instance export `{name}`: resource used in it does not have a name in this context", start)
        names.add(name, item, start)
        if sort == TYPE:
            types[name] = item
        else:
            exports[name] = sort, index
    scope.steps.append(Exports(exports, types))
    scope.spaces[INSTANCE].append(ComponentInstanceType._of(names.items, ()))
