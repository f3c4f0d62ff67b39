"""What a store's objects know of stores. `Store` knows the objects, so these do not import it."""

from typing import TYPE_CHECKING, Any, Protocol

from fusee.api._objects import ObjectTable
from fusee.api.errors import StoreError
from fusee.api.hold import Hold
from fusee.api.managed import ArgumentError, refuse_closed, shown

if TYPE_CHECKING:
    from fusee.api.store import Store


class Storelike(Protocol):
    """A `Store`, the `Caller` that a host function is given, or a `StoreContext`."""

    @property
    def _context(self) -> "Store":
        """The store that is meant."""


def store_of(storelike: Any) -> "Store":
    """The store that the user means. Raises `ArgumentError` if it is none."""
    found: Any = getattr(storelike, "_context", None)
    if not isinstance(found, ObjectTable):  # which only stores are
        raise ArgumentError(f"expected a Store, not {shown(storelike)}")
    store: Store = found  # type: ignore[assignment]
    return store


def own(storelike: Storelike, store: "Store") -> "Store":
    """`store`, if that is the store which the user passed, and open."""
    if storelike is not store and store_of(storelike) is not store:
        raise StoreError("the object belongs to another store")
    if store._is_closed:
        refuse_closed()
    return store


def hold(storelike: Storelike, store: "Store") -> Hold:
    """`own`, for who reads the store's memory: it stays as long as a variable refers to what this gives."""
    if storelike is not store and store_of(storelike) is not store:
        raise StoreError("the object belongs to another store")
    return store._hold()
