"""Handles to resources, as the host has them: of its own, and of guests."""

from typing import TYPE_CHECKING

from fusee.api.errors import Trap, WasmtimeError
from fusee.api.managed import Unique
from fusee.api.store import Store
from fusee.api.storelike import Storelike, store_of
from fusee.component.traps import leave_component
from fusee.component.types.resource import ResourceType, number_of
from fusee.component.types.valtype import NotMade

if TYPE_CHECKING:
    from fusee.component.runtime.handles import Scope


class ResourceAny(Unique, NotMade):
    """A handle to a resource of any type, the host's or a guest's.

    An owned one ends when it is passed on to a parameter `own<R>`, or with `drop`, which calls the destructor. A
    borrowed one that a host function has been given ends with the call.
    """

    __slots__ = ("__weakref__", "_is_owned", "_lends", "_rep", "_scope", "_store", "_type")

    _type: ResourceType
    _rep: int
    _is_owned: bool
    _store: Store | None
    _lends: int
    _scope: "Scope | None"

    @classmethod
    def _of(
        cls, store: Store, ty: ResourceType, rep: int, is_owned: bool, scope: "Scope | None" = None
    ) -> "ResourceAny":  # fmt: skip
        made = cls.__new__(cls)
        made._store, made._type, made._rep, made._is_owned, made._scope = store, ty, rep, is_owned, scope
        made._lends = 0
        return made

    @property
    def type(self) -> ResourceType:
        """The `ResourceType`."""
        return self._type

    @property
    def owned(self) -> bool:
        """Whether it owns the resource; if not, it is borrowed."""
        return self._is_owned

    @property
    def rep(self) -> int:
        """The number that the host has for its resource, an int. Not in wasmtime-py.

        Raises `WasmtimeError` for a guest's resource, and if the handle has ended.
        """
        if self._type._host is None:
            raise WasmtimeError("not a resource of the host's")
        self._alive()
        return self._rep

    def drop(self, store: Storelike) -> None:
        """End it, and call the resource's destructor if it is owned.

        Raises `WasmtimeError` if it has ended or is lent to a call; what the destructor raises.
        """
        from fusee.component.runtime.handles import state_of

        owner = self._alive(store)
        if self._lends:
            raise WasmtimeError("cannot drop a resource that is lent to a call")
        self._store = None
        if self._is_owned:
            try:
                state_of(owner).destroy(self._type, self._rep)
            except Trap as trap:
                leave_component(trap)
                raise

    def to_host(self, store: Storelike) -> "ResourceHost":
        """The same handle as one of the host's; an owned one ends with that.

        Raises `WasmtimeError` if the resource is a guest's, or the handle has ended or is lent.
        """
        self._alive(store)
        if self._type._host is None:
            raise WasmtimeError("the resource is not of the host's")
        if self._is_owned:
            self._take(store)
        return ResourceHost._of(self._rep, self._type._host, self._is_owned)

    def _alive(self, store: Storelike | None = None) -> Store:
        """The store that it belongs to."""
        if self._store is None:
            raise WasmtimeError("the handle has ended")
        if store is not None and store_of(store) is not self._store:
            raise WasmtimeError("the handle belongs to another store")
        return self._store

    def _take(self, store: Storelike) -> int:
        """What the resource is to its owner; the handle, an owned one, ends."""
        self._alive(store)
        if not self._is_owned:
            raise WasmtimeError("a borrowed handle cannot be given away")
        if self._lends:
            raise WasmtimeError("cannot give away a resource that is lent to a call")
        self._store = None
        return self._rep

    def __repr__(self) -> str:
        return f"<{'own' if self._is_owned else 'borrow'} {self._type!r}>"


class ResourceHost(Unique, NotMade):
    """A handle to a resource of the host's: a number that the host knows it by, and the number of its type."""

    __slots__ = ("__weakref__", "_is_owned", "_is_used", "_rep", "_type")

    _rep: int
    _type: int
    _is_owned: bool
    _is_used: bool

    @classmethod
    def _of(cls, rep: int, ty: int, is_owned: bool) -> "ResourceHost":
        made = cls.__new__(cls)
        made._rep, made._type, made._is_owned, made._is_used = rep, ty, is_owned, False
        return made

    @classmethod
    def own(cls, rep: int, ty: int) -> "ResourceHost":
        """An owned handle to the resource `rep`, an int of 32 bits, of the type `ResourceType.host(ty)`.

        Raises `ArgumentError` unless both are ints; `WasmtimeError` if one does not fit 32 bits.
        """
        return cls._of(number_of(rep), number_of(ty), True)

    @classmethod
    def borrow(cls, rep: int, ty: int) -> "ResourceHost":
        """A borrowed one. Raises what `own` does."""
        return cls._of(number_of(rep), number_of(ty), False)

    @property
    def rep(self) -> int:
        """The number that the host knows the resource by."""
        return self._rep

    @property
    def type(self) -> int:
        """The number of the type."""
        return self._type

    @property
    def owned(self) -> bool:
        """Whether it owns the resource."""
        return self._is_owned

    def to_any(self, store: Storelike) -> ResourceAny:
        """The same handle as a `ResourceAny`; an owned one can be made into one once.

        Raises `WasmtimeError` the second time.
        """
        owner = store_of(store)
        if self._is_owned:
            if self._is_used:
                raise WasmtimeError("the handle has ended")
            self._is_used = True
        return ResourceAny._of(owner, ResourceType.host(self._type), self._rep, self._is_owned)

    def __repr__(self) -> str:
        return f"<{'own' if self._is_owned else 'borrow'} host resource {self._type}: {self._rep}>"
