"""Putting actual resources in the place of abstract ones (Explainer, "Type Checking"), and what bounds such work."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fusee.api.errors import LimitError
from fusee.component.binary.distinct import distinct, rebuilt
from fusee.component.items import ComponentInstanceType, ComponentType, FuncType, ModuleType
from fusee.component.program import TypeOf
from fusee.component.types.resource import BorrowType, OwnType, ResourceType
from fusee.component.types.valtype import DISTINCT, HANDLE, ValType, intern

MOST_WORK: Final = 250_000
"""What tools make takes a few thousands."""

NO_TYPES: Final[Mapping[ValType, ValType]] = {}


class Work:
    """Bounds what is done for one component, however its types refer to each other."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_WORK

    def spend(self, amount: int = 1) -> None:
        """Raises `LimitError` when there has been too much."""
        self.left -= amount
        if self.left < 0:
            raise LimitError("the component's types are too large")


class Substitution:
    """Puts resources in the place of others, everywhere in a type, and distinct types of values in that of others.

    `fresh` resources are made when they are met.
    """

    def __init__(
        self, work: Work, mapping: dict[ResourceType, ResourceType], fresh: Iterable[ResourceType] = (),
        types: Mapping[ValType, ValType] = NO_TYPES,
    ) -> None:  # fmt: skip
        self.work = work
        self.mapping = mapping
        self.fresh = frozenset(fresh)
        self.types = types
        self._changing = HANDLE | DISTINCT if types else HANDLE
        self.made: list[ResourceType] = []
        self._done: dict[int, Any] = {}
        self._kept: list[object] = []  # so that no number in `_done` is used twice

    def resource(self, ty: ResourceType) -> ResourceType:
        """What stands for a resource."""
        found = self.mapping.get(ty)
        if found is None:
            if ty not in self.fresh:
                return ty
            found = self.mapping[ty] = ResourceType._fresh(ty._name)
            self.made.append(found)
        return found

    def item(self, item: Any) -> Any:
        """A type with all resources replaced."""
        if isinstance(item, ResourceType):
            return self.resource(item)
        if isinstance(item, ModuleType):
            return item
        if isinstance(item, ValType):
            if not item._flags & self._changing:
                return item
            if item in self.types:
                return self.types[item]
        done = self._done.get(id(item))
        if done is None:
            self.work.spend(3)
            self._kept.append(item)
            done = self._done[id(item)] = self.value(item) if isinstance(item, ValType) else self._other(item)
        return done

    def value(self, ty: ValType) -> ValType:
        """A type of values that may have something in it that is replaced."""
        if isinstance(ty, OwnType | BorrowType):
            return intern(type(ty), self.resource(ty._ty))  # type: ignore[no-any-return]
        self.work.spend(len(ty._parts()))
        made = rebuilt(ty, self.item)
        origin = getattr(ty, "_origin", None)
        if origin is None:
            return made  # type: ignore[no-any-return]
        return ty if made is origin else distinct(made)

    def _other(self, item: Any) -> Any:
        if isinstance(item, TypeOf):
            return TypeOf._of(self.item(item.item))
        if isinstance(item, FuncType):
            self.work.spend(len(item._params))
            params = tuple((name, self.item(ty)) for name, ty in item._params)
            return FuncType._of(params, item._result and self.item(item._result), item._is_async)
        if isinstance(item, ComponentInstanceType):
            instance = ComponentInstanceType._of(self.items(item._exports), item._resources)
            instance._attributes = item._attributes
            return instance
        assert isinstance(item, ComponentType)
        imports, exports = self.items(item._imports), self.items(item._exports)
        component = ComponentType._of(imports, exports, item._imported, item._defined)
        component._import_attributes, component._attributes = item._import_attributes, item._attributes
        return component

    def items(self, items: Mapping[str, Any]) -> dict[str, Any]:
        """All of them replaced."""
        self.work.spend(len(items))
        return {name: self.item(item) for name, item in items.items()}
