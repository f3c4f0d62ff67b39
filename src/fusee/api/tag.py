"""`Tag`: what tells exceptions apart. Guests cannot throw or catch yet; the host can make tags and compare them."""

from fusee.api.managed import expect
from fusee.api.store import Store, Storelike, own, store_of
from fusee.api.types import TagType


class Tag:
    """An exception tag (spec 4.2.10), which is itself and equal to no other.

    A module that has or imports tags is refused with `UnsupportedError` when it is instantiated, until exceptions
    are supported.
    """

    __slots__ = ("_store", "_type")

    def __init__(self, store: Storelike, ty: TagType) -> None:
        """A new tag of the type `ty` in `store`. Raises `ArgumentError`."""
        expect(ty, TagType, "a TagType")
        self._store: Store = store_of(store)
        self._type = ty

    def type(self, store: Storelike) -> TagType:
        """Its `TagType`."""
        own(store, self._store)
        return self._type

    def eq(self, store: Storelike, other: "Tag") -> bool:
        """Whether `other` is the same tag. Raises `ArgumentError`."""
        own(store, self._store)
        expect(other, Tag, "a Tag")
        return self is other
