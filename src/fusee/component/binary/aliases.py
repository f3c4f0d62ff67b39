"""Aliases (Binary, "Alias Definitions"): exports of instances, and what enclosing scopes have defined."""

from typing import Any, Final

from fusee.api.errors import MalformedError, UnsupportedError
from fusee.api.externtypes import GlobalType, MemoryType, TableType, TagType
from fusee.api.types import FuncType as CoreFuncType
from fusee.component.binary.reader import Reader, invalid
from fusee.component.binary.scope import COMPONENT as COMPONENT_SCOPE
from fusee.component.binary.scope import Scope
from fusee.component.items import ComponentInstanceType, ComponentType, FuncType
from fusee.component.program import (
    COMPONENT,
    CORE_FUNC,
    CORE_GLOBAL,
    CORE_INSTANCE,
    CORE_MEMORY,
    CORE_MODULE,
    CORE_SORTS,
    CORE_TABLE,
    CORE_TAG,
    CORE_TYPE,
    INSTANCE,
    SORTS,
    TYPE,
    VALUE,
    AliasCoreExport,
    AliasExport,
    AliasOuter,
    sort_of,
)
from fusee.component.types.resource import ResourceType
from fusee.component.types.valtype import HANDLE, ValType

_CORE_KINDS: Final[dict[str, type[Any]]] = {
    CORE_FUNC: CoreFuncType, CORE_TABLE: TableType, CORE_MEMORY: MemoryType, CORE_GLOBAL: GlobalType,
    CORE_TAG: TagType,
}  # fmt: skip


def decode_sort(reader: Reader) -> str:
    """A sort: the name of an index space."""
    start = reader.position
    code = reader.byte()
    found = CORE_SORTS.get(reader.byte()) if code == 0x00 else SORTS.get(code)
    if found is None:
        raise MalformedError("malformed sort", start)
    if found == VALUE:
        raise UnsupportedError("values of components are not supported", start)
    return found


def decode_alias(scopes: list[Scope], reader: Reader) -> None:
    """An alias in a component."""
    start = reader.position
    sort = decode_sort(reader)
    kind = reader.byte()
    scope = scopes[-1]
    if kind == 0x00:
        _export(scope, sort, reader, start)
    elif kind == 0x01:
        _core_export(scope, sort, reader, start)
    elif kind == 0x02:
        _outer(scopes, sort, reader, start)
    else:
        raise reader.malformed("malformed alias")


def decode_type_alias(decoder: Any, reader: Reader) -> None:
    """An alias in the type of a component or instance: of a type, or of an instance that it exports."""
    start = reader.position
    sort = decode_sort(reader)
    kind = reader.byte()
    if kind == 0x00 and sort in (TYPE, INSTANCE):
        _export(decoder.scope, sort, reader, start)
    elif kind == 0x02 and sort in (TYPE, CORE_TYPE):
        _outer(decoder.scopes, sort, reader, start)
    else:
        raise invalid("only types, and instances that are exported, can be aliased in a type", start)


def _export(scope: Scope, sort: str, reader: Reader, start: int) -> None:
    where = reader.position
    index = reader.u32()
    instance: ComponentInstanceType = scope.at(INSTANCE, index, where)
    name = reader.name()
    found = instance._exports.get(name)
    if found is None:
        raise invalid(f"instance {index} has no export named `{name}`", start)
    if sort_of(found) != sort:
        raise invalid(f"export `{name}` for instance {index} is not a {sort}", start)
    scope.define(found)
    if sort != TYPE and scope.kind == COMPONENT_SCOPE:
        scope.steps.append(AliasExport(sort, index, name))


def _core_export(scope: Scope, sort: str, reader: Reader, start: int) -> None:
    where = reader.position
    index = reader.u32()
    instance = scope.at(CORE_INSTANCE, index, where)
    name = reader.name()
    if sort not in _CORE_KINDS:
        raise invalid(f"a core instance cannot export a {sort}", start)
    found = instance.get(name)
    if found is None:
        raise invalid(f"core instance {index} has no export named `{name}`", start)
    if not isinstance(found, _CORE_KINDS[sort]):
        raise invalid(f"export `{name}` for core instance {index} is not a {sort}", start)
    scope.spaces[sort].append(found)
    scope.steps.append(AliasCoreExport(sort, index, name))


def _outer(scopes: list[Scope], sort: str, reader: Reader, start: int) -> None:
    count, index = reader.u32(), reader.u32()
    if count >= len(scopes):
        raise invalid(f"invalid outer alias count of {count}", start)
    scope, target = scopes[-1], scopes[-1 - count]
    if sort == CORE_TYPE:
        scope.core_types.types.append(target.core_types.at(index, start))
        return
    if sort not in (TYPE, CORE_MODULE, COMPONENT):
        raise invalid(f"a {sort} cannot be an outer alias", start)
    found = target.at(sort, index, start)
    crosses = any(passed.kind == COMPONENT_SCOPE for passed in scopes[len(scopes) - count :])
    if sort == TYPE and crosses and has_resources(found, scope):
        raise invalid("cannot alias outer type which transitively refers to resources not defined in it", start)
    scope.spaces[sort].append(found)
    if sort != TYPE:
        scope.steps.append(AliasOuter(sort, count, index))


def has_resources(item: Any, scope: Scope) -> bool:
    """Whether a type refers to resources that are not its own."""
    pending: list[tuple[Any, frozenset[ResourceType]]] = [(item, frozenset())]
    seen: set[int] = set()
    while pending:
        found, bound = pending.pop()
        scope.work.spend()
        found = getattr(found, "item", found)
        if isinstance(found, ResourceType):
            if found not in bound:
                return True
        elif isinstance(found, ValType):
            if found._flags & HANDLE and id(found) not in seen:
                seen.add(id(found))
                ty = getattr(found, "_ty", None)
                pending += [(ty, bound)] if ty is not None else []
                pending += [(part, bound) for part in found._parts()]
        elif isinstance(found, FuncType):
            pending += [(ty, bound) for ty in found._types()]
        elif isinstance(found, ComponentInstanceType):
            inner = bound | frozenset(found._resources)
            pending += [(export, inner) for export in found._exports.values()]
        elif isinstance(found, ComponentType):
            inner = bound | frozenset(found._imported) | frozenset(found._defined)
            pending += [(e, inner) for e in (*found._imports.values(), *found._exports.values())]
    return False
