"""Imports and exports, and the types that they are given (Binary, "Import and Export Definitions")."""

from typing import Any

from fusee.api.errors import MalformedError, UnsupportedError
from fusee.component.binary.aliases import decode_sort
from fusee.component.binary.distinct import distinct
from fusee.component.binary.reader import Reader, invalid
from fusee.component.binary.scope import COMPONENT as COMPONENT_SCOPE
from fusee.component.binary.scope import Scope
from fusee.component.items import ComponentInstanceType, ComponentType, FuncType, ModuleType
from fusee.component.match import Matcher, MismatchError, paths_of
from fusee.component.names import parse_name
from fusee.component.program import COMPONENT, CORE_MODULE, FUNC, INSTANCE, TYPE, Export, Import, Item, TypeOf, sort_of
from fusee.component.types.resource import ResourceType
from fusee.component.types.valtype import ValType

_IMPLEMENTS = 0x00
_VERSION_SUFFIX = 0x01
_ATTRIBUTES = {_IMPLEMENTS: "implements", _VERSION_SUFFIX: "versionsuffix", 0x02: "external-id"}


def decode_name(reader: Reader) -> tuple[str, dict[str, str]]:
    """The name of an import or export, and its attributes."""
    start = reader.position
    kind = reader.byte()
    if kind > 0x02:
        raise MalformedError("malformed name of an import or export", start)
    name = reader.name()
    found: dict[str, str] = {}
    for _ in range(reader.count("attributes", 2) if kind == 0x02 else 0):
        where = reader.position
        code = reader.byte()
        if code not in _ATTRIBUTES:
            raise MalformedError("malformed attribute", where)
        if _ATTRIBUTES[code] in found:
            raise invalid(f"duplicate '{_ATTRIBUTES[code]}' option in name", where)
        if code == _VERSION_SUFFIX:  # it belongs to a canonical version, which no name has that is supported
            raise UnsupportedError("names with canonical versions are not supported", where)
        value = found[_ATTRIBUTES[code]] = reader.name()
        parsed = parse_name(value)
        if code == _IMPLEMENTS and (parsed is None or parsed.kind != "interface"):
            raise invalid(f"`{value}` is not a valid name of an interface: it must be an interface", where)
    return name, found


def check_attributes(name: str, item: Item, attributes: dict[str, str], offset: int) -> None:
    """Only instances that are called otherwise may be said to implement an interface."""
    parsed = parse_name(name)
    implements = "implements" in attributes
    if implements and not isinstance(item, ComponentInstanceType):
        raise invalid("only instances can have an `implements`", offset)
    if implements and parsed is not None and parsed.kind != "plain":
        raise invalid(f"name `{name}` is not valid with `implements`", offset)


def decode_extern_type(decoder: Any, reader: Reader) -> tuple[Item, bool]:
    """The type of an import or export, and whether it is a new resource."""
    scope: Scope = decoder.scope
    start = reader.position
    code = reader.byte()
    if code == 0x00:
        if reader.byte() != 0x11:
            raise reader.malformed("malformed type of an import or export")
        found = scope.core_types.at(reader.u32(), start)
        if not isinstance(found, ModuleType):
            raise invalid("core type index is not a module type", start)
        return found, False
    if code == 0x01:
        return scope.type_of(FuncType, reader.u32(), start, "a function type"), False
    if code == 0x02:
        raise UnsupportedError("values of components are not supported", start)
    if code == 0x03:
        return _type_bound(scope, reader)
    if code == 0x04:
        return scope.type_of(ComponentType, reader.u32(), start, "a component type"), False
    if code == 0x05:
        return scope.type_of(ComponentInstanceType, reader.u32(), start, "an instance type"), False
    raise MalformedError("malformed type of an import or export", start)


def _type_bound(scope: Scope, reader: Reader) -> tuple[Item, bool]:
    start = reader.position
    code = reader.byte()
    if code == 0x01:
        return ResourceType._fresh("resource"), True
    if code != 0x00:
        raise MalformedError("malformed bound of a type", start)
    found = scope.at(TYPE, reader.u32(), start)
    if isinstance(found, ValType | ResourceType):
        return distinct(found), False
    return TypeOf._of(found), False


def decode_import(decoder: Any, reader: Reader) -> None:
    """An import of a component, or of the type of one."""
    scope: Scope = decoder.scope
    start = reader.position
    name, attributes = decode_name(reader)
    item, is_new = decode_extern_type(decoder, reader)
    check_attributes(name, item, attributes, start)
    before = len(scope.imported)
    if is_new:
        assert isinstance(item, ResourceType)
        item._name = name
        scope.imported.append(item)
    else:
        item = scope.introduce(item, scope.imported)
    scope.show(item, "import", name, start)
    scope.imports.add(name, item, start, attributes)
    scope.define(item)
    if scope.kind == COMPONENT_SCOPE:
        paths = paths_of(item, scope.imported[before:], scope.work)
        scope.steps.append(Import(name, item, paths))


def decode_export_declaration(decoder: Any, reader: Reader) -> None:
    """An export in the type of a component or instance."""
    scope: Scope = decoder.scope
    start = reader.position
    name, attributes = decode_name(reader)
    item, is_new = decode_extern_type(decoder, reader)
    check_attributes(name, item, attributes, start)
    if is_new:
        assert isinstance(item, ResourceType)
        item._name = name
        scope.defined.append(item)
    else:
        item = scope.introduce(item, scope.defined)
    scope.show(item, "export", name, start)
    scope.exports.add(name, item, start, attributes)
    scope.define(item)


def decode_export(decoder: Any, reader: Reader) -> None:
    """An export of a component."""
    scope: Scope = decoder.scope
    start = reader.position
    name, attributes = decode_name(reader)
    item, sort, index = indexed_item(scope, reader)
    check_attributes(name, item, attributes, start)
    source = item
    flag = reader.byte()
    if flag > 1:
        raise reader.malformed("malformed type of an export")
    resources: list[ResourceType] = []
    item = _ascribed(decoder, item, reader, name, resources) if flag else distinct(item)
    scope.show(item, "export", name, start)
    scope.exports.add(name, item, start, attributes)
    scope.define(item)
    paths = paths_of(item, resources, scope.work)
    scope.steps.append(Export(name, sort, index, source, item, paths))


def _ascribed(decoder: Any, item: Item, reader: Reader, name: str, resources: list[ResourceType]) -> Item:
    """The type that is written down for an export, of which the actual one must be a subtype."""
    scope: Scope = decoder.scope
    start = reader.position
    wanted, is_new = decode_extern_type(decoder, reader)
    if is_new:
        if not isinstance(item, ResourceType):
            raise invalid("ascribed type of export is not compatible with item's type: expected a resource", start)
        assert isinstance(wanted, ResourceType)
        wanted._name = name
        resources.append(wanted)
    else:
        try:
            Matcher(scope.work).match(item, wanted)
        except MismatchError as error:
            message = f"ascribed type of export is not compatible with item's type: {error}"
            raise invalid(message, start) from None
        wanted = scope.introduce(wanted, resources)
    scope.defined += resources
    return wanted


def indexed_item(scope: Scope, reader: Reader) -> tuple[Item, str, int]:
    """An element of an index space: its type, sort and index."""
    start = reader.position
    sort = decode_sort(reader)
    if sort not in (CORE_MODULE, FUNC, TYPE, COMPONENT, INSTANCE):
        raise invalid(f"a {sort} cannot be used here", start)
    where = reader.position
    index = reader.u32()
    item = scope.at(sort, index, where)
    if sort == TYPE and not isinstance(item, ValType | ResourceType):
        item = TypeOf._of(item)
    assert sort_of(item) == sort
    return item, sort, index
