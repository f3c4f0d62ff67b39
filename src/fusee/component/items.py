"""The types of what components import and export but values: functions, modules, instances, components."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fusee.component.types.resource import ResourceType
from fusee.component.types.valtype import NotMade, ValType

if TYPE_CHECKING:
    from fusee.api.engine import Engine
    from fusee.api.externtypes import AsExternType, ExportType, ImportType

Attributes = dict[str, dict[str, str]]
"""By names of imports or exports, what is said of them beside."""


class FuncType(NotMade):
    """The type of a function."""

    __slots__ = ("__weakref__", "_is_async", "_params", "_result")

    _params: tuple[tuple[str, ValType], ...]
    _result: ValType | None
    _is_async: bool

    @classmethod
    def _of(cls, params: tuple[tuple[str, ValType], ...], result: ValType | None, is_async: bool) -> "FuncType":
        made = cls.__new__(cls)
        made._params, made._result, made._is_async = params, result, is_async
        return made

    @property
    def params(self) -> list[tuple[str, ValType]]:
        """Name and `ValType` of each parameter, a list."""
        return list(self._params)

    @property
    def result(self) -> ValType | None:
        """The `ValType` of the result; None if there is none."""
        return self._result

    def _types(self) -> Iterator[ValType]:
        yield from (ty for _, ty in self._params)
        if self._result is not None:
            yield self._result

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FuncType) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return self._params, self._result, self._is_async


class ModuleType(NotMade):
    """The type of a core module: what it imports and exports."""

    __slots__ = ("_exports", "_imports")

    _imports: "dict[tuple[str, str], AsExternType]"
    _exports: "dict[str, AsExternType]"

    @classmethod
    def _of(
        cls, imports: "dict[tuple[str, str], AsExternType]", exports: "dict[str, AsExternType]"
    ) -> "ModuleType":  # fmt: skip
        made = cls.__new__(cls)
        made._imports, made._exports = imports, exports
        return made

    def imports(self, engine: "Engine") -> "list[ImportType]":
        """A list of `fusee.ImportType`s."""
        from fusee.api.externtypes import ImportType

        return [ImportType(module, name, ty) for (module, name), ty in self._imports.items()]

    def exports(self, engine: "Engine") -> "list[ExportType]":
        """A list of `fusee.ExportType`s."""
        from fusee.api.externtypes import ExportType

        return [ExportType(name, ty) for name, ty in self._exports.items()]


class ComponentInstanceType(NotMade):
    """The type of an instance of a component: what it exports.

    `_resources` are those resources that are its own: another instance of the type has others.
    """

    __slots__ = ("_attributes", "_depth", "_exports", "_resources")

    _exports: "dict[str, Any]"
    _resources: tuple[ResourceType, ...]
    _depth: int
    _attributes: Attributes

    @classmethod
    def _of(
        cls, exports: "dict[str, Any]", resources: tuple[ResourceType, ...]
    ) -> "ComponentInstanceType":  # fmt: skip
        made = cls.__new__(cls)
        made._exports, made._resources, made._attributes = exports, resources, {}
        made._depth = 1 + depth_of(exports)
        return made

    def exports(self, engine: "Engine") -> "dict[str, ComponentExtern]":
        """Each export by its name, a dict of `ComponentExtern`s."""
        return externs(self._exports, self._attributes)


class ComponentType(NotMade):
    """The type of a component: what it imports and exports.

    `_imported` are the resources that its imports stand for, `_defined` those of which each instance has its own.
    """

    __slots__ = ("_attributes", "_defined", "_depth", "_exports", "_import_attributes", "_imported", "_imports")

    _imports: "dict[str, Any]"
    _exports: "dict[str, Any]"
    _depth: int
    _attributes: Attributes
    _import_attributes: Attributes
    _imported: tuple[ResourceType, ...]
    _defined: tuple[ResourceType, ...]

    @classmethod
    def _of(
        cls,
        imports: "dict[str, Any]",
        exports: "dict[str, Any]",
        imported: tuple[ResourceType, ...],
        defined: tuple[ResourceType, ...],
    ) -> "ComponentType":
        made = cls.__new__(cls)
        made._imports, made._exports, made._imported, made._defined = imports, exports, imported, defined
        made._depth = 1 + max(depth_of(imports), depth_of(exports))
        made._attributes, made._import_attributes = {}, {}
        return made

    def imports(self, engine: "Engine") -> "dict[str, ComponentExtern]":
        """Each import by its name, a dict of `ComponentExtern`s."""
        return externs(self._imports, self._import_attributes)

    def exports(self, engine: "Engine") -> "dict[str, ComponentExtern]":
        """Each export by its name, a dict of `ComponentExtern`s."""
        return externs(self._exports, self._attributes)


class ComponentExtern(NotMade):
    """What a component or an instance imports or exports."""

    __slots__ = ("_attributes", "_ty")

    _ty: "ComponentItem"
    _attributes: "dict[str, str]"

    @classmethod
    def _of(cls, ty: "ComponentItem", attributes: "dict[str, str]") -> "ComponentExtern":
        made = cls.__new__(cls)
        made._ty, made._attributes = ty, attributes
        return made

    @property
    def ty(self) -> "ComponentItem":
        """Its type. Of what is imported or exported as a type, that type."""
        return self._ty

    @property
    def implements(self) -> str | None:
        """The interface that an instance of another name is said to implement, a str, or None."""
        return self._attributes.get("implements")

    def is_implements(self, s: str) -> bool:
        """Whether that is the interface `s`."""
        return self.implements == s

    @property
    def external_id(self) -> str | None:
        """A name for it outside of components, a str, or None."""
        return self._attributes.get("external-id")


def externs(items: "dict[str, Any]", attributes: Attributes) -> "dict[str, ComponentExtern]":
    """Items as users see them."""
    return {name: ComponentExtern._of(shown(item), attributes.get(name, {})) for name, item in items.items()}


def depth_of(items: "dict[str, Any]") -> int:
    """How deep instances and components are nested in items."""
    return max((getattr(getattr(item, "item", item), "_depth", 0) for item in items.values()
                if not isinstance(item, ValType)), default=0)  # fmt: skip


def shown(item: Any) -> "ComponentItem":
    """An item as users see it: a type that is imported or exported is that type."""
    found: ComponentItem = getattr(item, "item", item)
    return found


ComponentItem = ComponentType | ModuleType | ComponentInstanceType | ResourceType | ValType | FuncType
