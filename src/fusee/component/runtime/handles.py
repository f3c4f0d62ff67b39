"""Handle tables of component instances, and what a store knows of resources (CanonicalABI, "Resource State")."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fusee.api.errors import Trap
from fusee.api.store import Store
from fusee.component.types.resource import ResourceType

if TYPE_CHECKING:
    from fusee.api.func import Func
    from fusee.component.asynchronous.tasks import Tasks
    from fusee.component.resources import ResourceAny
    from fusee.component.runtime.instance import ComponentInstance

T = TypeVar("T")
MOST_HANDLES: Final = (1 << 28) - 1


class Scope:
    """One call: the handles that are lent to it, and how many it has borrowed and must drop (CanonicalABI, "Task")."""

    __slots__ = ("borrowed", "given", "lenders")

    def __init__(self) -> None:
        self.lenders: list[Handle | ResourceAny] = []
        self.given: list[ResourceAny] = []
        self.borrowed = 0

    def lend(self, handle: "Handle | ResourceAny") -> None:
        """A handle is lent until the call ends."""
        handle._lends += 1
        self.lenders.append(handle)

    def end(self) -> None:
        """Return what was lent. What the host was given ends."""
        for handle in self.lenders:
            handle._lends -= 1
        for given in self.given:
            given._store = None
        self.lenders.clear()
        self.given.clear()


class Entry:
    """An element of a table."""

    __slots__ = ("_lends", "type")

    type: ResourceType | None
    """Of a handle to a resource; None for everything else."""

    def __init__(self) -> None:
        self.type = None
        self._lends = 0


class Handle(Entry):
    """A handle to a resource."""

    __slots__ = ("is_owned", "rep", "scope")

    type: ResourceType

    def __init__(self, ty: ResourceType, rep: int, is_owned: bool, scope: Scope | None) -> None:
        self.type = ty
        self.rep = rep
        self.is_owned = is_owned
        self.scope = scope
        self._lends = 0


class HandleTable:
    """What one component instance has handles to, by index; 0 is none of them."""

    __slots__ = ("_entries", "_free")

    def __init__(self) -> None:
        self._entries: list[Any] = [None]
        self._free: list[int] = []

    def add(self, handle: Any) -> int:
        """Its index: the one that became free last, or a new one."""
        if self._free:
            index = self._free.pop()
            self._entries[index] = handle
            return index
        if len(self._entries) > MOST_HANDLES:
            raise Trap("resource table has no free keys")
        self._entries.append(handle)
        return len(self._entries) - 1

    def get(self, index: int, ty: ResourceType) -> Handle:
        """The handle of a type at an index. Raises `Trap`."""
        found: Handle | None = self._entries[index] if index < len(self._entries) else None
        if found is None:
            raise Trap(f"unknown handle index {index}")
        if found.type is not ty and found.type != ty:
            raise Trap(f"handle index {index} used with the wrong type")
        return found

    def remove(self, index: int, ty: ResourceType) -> Handle:
        """Take the handle of a type at an index out of the table. Raises `Trap`, also if it is lent."""
        found = self.get(index, ty)
        if found._lends:
            raise Trap("cannot remove owned resource while borrowed")
        self._entries[index] = None
        self._free.append(index)
        return found

    def find(self, index: int, kind: type[T]) -> T:
        """What is at an index, of a class. Raises `Trap` if nothing is there, or something else."""
        found = self._entries[index] if index < len(self._entries) else None
        if found is None:
            raise Trap(f"unknown handle index {index}")
        if not isinstance(found, kind):
            raise Trap(f"handle index {index} used with the wrong type")
        return found

    def take(self, index: int, kind: type[T]) -> T:
        """The same, which is taken out of the table."""
        found = self.find(index, kind)
        self._entries[index] = None
        self._free.append(index)
        return found

    def __iter__(self) -> "Iterator[Any]":
        """What is in the table."""
        return (entry for entry in self._entries if entry is not None)

    def __len__(self) -> int:
        return len(self._entries) - 1 - len(self._free)


class StoreState:
    """What the components of a store have in common: how resources of the host are ended, and their tasks."""

    __slots__ = ("adapter_functions", "destructors", "tasks", "with_flags")

    def __init__(self) -> None:
        self.destructors: dict[ResourceType, Callable[[int, Any], None]] = {}
        self.adapter_functions: dict[str, Func] = {}
        """What adapters of all components call."""
        self.with_flags: list[ComponentInstance] = []
        """Those whose flags are in the store."""
        self.tasks: Tasks | None = None
        """Made with the first asynchronous component."""

    def close(self) -> None:
        """The store ends: so does what waits in it."""
        if self.tasks is not None:
            self.tasks.close()

    def forget(self) -> None:
        """What the store has kept for components is not there any more."""
        for instance in self.with_flags:
            instance.keep_flags()
        self.with_flags.clear()
        self.adapter_functions.clear()

    def destroy(self, ty: ResourceType, rep: int) -> None:
        """The host drops a resource: call its destructor, if it has one."""
        destructor = ty._destructor or self.destructors.get(ty)
        if destructor is not None:
            destructor(rep, None)


def state_of(store: Store) -> StoreState:
    """The state of a store's components."""
    state = store._components
    if state is None:
        state = store._components = StoreState()
    assert isinstance(state, StoreState)
    return state
