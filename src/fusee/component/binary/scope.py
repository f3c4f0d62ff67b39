"""What is defined so far while a component, or the type of a component or instance, is validated."""

from typing import Any, Final

from fusee.component.binary.core import CoreTypes
from fusee.component.binary.reader import invalid
from fusee.component.items import ComponentInstanceType, ComponentType, FuncType
from fusee.component.names import Name, parse_name, unique_key
from fusee.component.program import COMPONENT as COMPONENTS
from fusee.component.program import (
    CORE_FUNC,
    CORE_GLOBAL,
    CORE_INSTANCE,
    CORE_MEMORY,
    CORE_MODULE,
    CORE_TABLE,
    CORE_TAG,
    Item,
    Step,
    TypeOf,
    sort_of,
)
from fusee.component.program import FUNC as FUNCS
from fusee.component.program import INSTANCE as INSTANCES
from fusee.component.program import TYPE as TYPES
from fusee.component.substitution import Substitution, Work
from fusee.component.types.composite import NAMED, ResultType
from fusee.component.types.resource import BorrowType, OwnType, ResourceType
from fusee.component.types.valtype import ValType

COMPONENT: Final = "component"
COMPONENT_TYPE: Final = "component type"
INSTANCE_TYPE: Final = "instance type"

MOST_DEPTH: Final = 50
"""How deep components, and their types, may be nested."""

_SPACES: Final = (
    CORE_FUNC, CORE_TABLE, CORE_MEMORY, CORE_GLOBAL, CORE_TAG, CORE_MODULE, CORE_INSTANCE,
    FUNCS, TYPES, COMPONENTS, INSTANCES,
)  # fmt: skip


class Names:
    """The imports or exports of a scope."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.items: dict[str, Item] = {}
        self.keys: dict[str, str] = {}
        self.resources: dict[str, ResourceType] = {}
        self.attributes: dict[str, dict[str, str]] = {}

    def add(self, name: str, item: Item, offset: int, attributes: dict[str, str] | None = None) -> None:
        """One more. Raises `ValidationError` for a name that is none, is there, or does not fit the item."""
        parsed = parse_name(name)
        if parsed is None:
            raise invalid(f"{self.what} name `{name}` is not valid", offset)
        key = unique_key(name)
        if key in self.keys:
            raise invalid(f"{self.what} name `{name}` conflicts with previous name `{self.keys[key]}`", offset)
        if parsed.resource:
            self._check_member(name, parsed, item, offset)
        if parsed.kind == "interface" and not isinstance(item, ComponentInstanceType | ComponentType):
            pass  # any sort may have such a name
        self.keys[key] = name
        self.items[name] = item
        if attributes:
            self.attributes[name] = attributes
        if isinstance(item, ResourceType) and parsed.kind == "plain":
            self.resources[name] = item

    def _check_member(self, name: str, parsed: Name, item: Item, offset: int) -> None:
        """Rules for names of a resource's functions (Binary, "Import and Export Definitions")."""
        resource = self.resources.get(parsed.resource)
        if not isinstance(item, FuncType):
            raise invalid(f"{self.what} name `{name}` is not valid: only functions have such names", offset)
        if resource is None:
            raise invalid(f"{self.what} name `{name}` is not valid: resource used in it does not exist", offset)
        if parsed.kind == "constructor":
            if item._is_async:  # nor has WIT such ones (WIT, "Item: resource")
                raise invalid(f"function `{name}` is a constructor, which cannot be `async`", offset)
            made = item._result
            if isinstance(made, ResultType):
                made = made._ok
            if not isinstance(made, OwnType) or made._ty != resource:
                raise invalid(f"function `{name}` should return `(own $T)` or `(result (own $T))`", offset)
        if parsed.kind == "method":
            first = item._params[0] if item._params else ("", None)
            if first[0] != "self":
                raise invalid(f"method `{name}` should have a first argument called `self`", offset)
            if not isinstance(first[1], BorrowType) or first[1]._ty != resource:
                raise invalid(f"method `{name}` should take a first argument of `(borrow $T)`", offset)


class Scope:
    """Index spaces (Explainer, "Index Spaces"), imports and exports."""

    def __init__(self, kind: str, work: Work) -> None:
        self.kind = kind
        self.work = work
        self.spaces: dict[str, list[Any]] = {sort: [] for sort in _SPACES}
        self.core_types = CoreTypes()
        self.imports = Names("import")
        self.exports = Names("export")
        self.imported: list[ResourceType] = []
        self.defined: list[ResourceType] = []
        self.own_resources: list[ResourceType] = []
        """Those of which the component knows the representation."""
        self.visible: dict[str, set[ValType | ResourceType]] = {"import": set(), "export": set()}
        """Types that have a name outside, for imports those that are imported, for exports all."""
        self.steps: list[Step] = []

    def at(self, sort: str, index: int, offset: int) -> Any:
        """An element of an index space. Raises `ValidationError` if there is none."""
        space = self.spaces[sort]
        if index >= len(space):
            raise invalid(f"unknown {sort} {index}: {sort} index out of bounds", offset)
        return space[index]

    def type_of(self, kind: type[Any], index: int, offset: int, what: str) -> Any:
        """A type of some kind."""
        found = self.at(TYPES, index, offset)
        if not isinstance(found, kind):
            raise invalid(f"type index {index} is not {what}", offset)
        return found

    def define(self, item: Item) -> None:
        """One more element of the index space of an item of that type."""
        self.spaces[sort_of(item)].append(item.item if isinstance(item, TypeOf) else item)

    def introduce(self, item: Item, resources: list[ResourceType], fresh: tuple[ResourceType, ...] = ()) -> Item:
        """An item of its own of a type: an instance has resources of its own, which are noted."""
        if isinstance(item, ComponentInstanceType) and item._resources:
            fresh = item._resources
        if not fresh:
            return item
        substitution = Substitution(self.work, {}, fresh)
        made: Item = substitution.item(item)
        if isinstance(made, ComponentInstanceType):
            attributes = made._attributes
            made = ComponentInstanceType._of(made._exports, ())
            made._attributes = attributes
        resources += substitution.made
        return made

    def show(self, item: Item, what: str, name: str, offset: int) -> None:
        """Types that an import or export uses must have names (Explainer, "External Visibility").

        Those in it have names from now on. What instance types declare is looked at where such an instance is imported
        or exported.
        """
        if self.kind == INSTANCE_TYPE:
            return
        hidden = self._hidden(item, self.visible[what])
        if hidden is not None:
            raise invalid(f"{what} `{name}`: the type is not valid to be used as {what}: {hidden} has no name", offset)
        self._add_visible(item, what)

    def _add_visible(self, item: Item, what: str) -> None:
        if isinstance(item, ResourceType | ValType):
            self.visible["export"].add(item)
            if what == "import":
                self.visible["import"].add(item)
        elif isinstance(item, ComponentInstanceType):
            self.work.spend(len(item._exports))
            for export in item._exports.values():
                self._add_visible(export, what)

    def _hidden(self, item: Item, visible: set[ValType | ResourceType]) -> str | None:
        """What has no name. What an instance exports may be used by what it exports behind it."""
        if isinstance(item, TypeOf):
            self.work.spend(len(visible))
            return self._hidden(item.item, set(visible))
        if isinstance(item, FuncType):
            self.work.spend(len(item._params))
            return next((found for ty in item._types() if (found := self._hidden_value(ty, True, visible))), None)
        if isinstance(item, ValType):
            return self._hidden_value(item, False, visible)
        if isinstance(item, ComponentInstanceType):
            self.work.spend(len(item._exports))
            for export in item._exports.values():
                found = self._hidden(export, visible)
                if found is not None:
                    return found
                if isinstance(export, ValType | ResourceType):
                    visible.add(export)
        return None

    def _hidden_value(self, ty: ValType, is_used: bool, visible: set[ValType | ResourceType]) -> str | None:
        """A part of a type that must have a name and has none; the type itself, too, if it is only used."""
        pending = [(ty, is_used)]
        seen: set[int] = set()
        while pending:
            ty, is_used = pending.pop()
            if id(ty) in seen:
                continue
            seen.add(id(ty))
            self.work.spend()
            if is_used and ty in visible:
                continue
            if is_used and isinstance(ty, NAMED):
                return type(ty).__name__.removesuffix("Type").lower()
            if isinstance(ty, OwnType | BorrowType) and ty._ty not in visible:
                return "a resource"
            pending += [(part, True) for part in ty._parts()]
        return None
