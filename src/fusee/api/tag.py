"""`Tag`: what tells exceptions apart (spec 4.2.10)."""

import ctypes
from typing import TYPE_CHECKING, Any

from fusee.api.externtypes import TagType
from fusee.api.managed import Unique, expect
from fusee.api.storelike import Storelike, own, store_of

if TYPE_CHECKING:
    from fusee.api.store import Store


class Tag(Unique):
    """An exception tag, the guest's or the host's, which is itself and equal to no other.

    All methods raise `StoreError` for another store, `ValueError` for a closed one.
    """

    __slots__ = ("__weakref__", "_address", "_store", "_type")

    def __init__(self, store: Storelike, ty: TagType) -> None:
        """A new tag of the type `ty` in `store`. Raises `ArgumentError`."""
        expect(ty, TagType, "a TagType")
        self._store: Store = store_of(store)
        self._type: TagType | None = ty
        owner = self._store
        module, index = owner._place_of_type(ty.functype)
        self._address: int = owner._alone(owner._native.new_tag, owner._address, module, index)
        owner._tags[self._address] = ty

    @classmethod
    def _from_address(cls, store: "Store", address: int) -> "Tag":
        """The tag that the engine has at `address`."""
        self = object.__new__(cls)
        self._store = store
        self._address = address
        self._type = None
        return self

    def _tag_type(self) -> TagType:
        if self._type is None:
            self._type = self._store._tag_type(self._address)
        return self._type

    def _name(self) -> str | None:
        """What the module calls it that defines it, or else one that imports it; None without a name or a store."""
        store = self._store
        words: Any = (ctypes.c_uint64 * 2)()
        with store._lock:
            if store._is_closed:
                return None
            store._alone(store._native.tag_name, store._address, self._address, words)
            return store._native.space.read(words[0], words[1]).decode(errors="replace") if words[1] else None

    def type(self, store: Storelike) -> TagType:
        """Its `TagType`."""
        own(store, self._store)
        return self._tag_type()

    def eq(self, store: Storelike, other: "Tag") -> bool:
        """Whether `other` is the same tag. Raises `ArgumentError`."""
        own(store, self._store)
        expect(other, Tag, "a Tag")
        return self == other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tag) and self._address == other._address and self._store is other._store

    def __hash__(self) -> int:
        return hash(self._address)

    def __repr__(self) -> str:
        return f"<Tag {' '.join(map(str, self._tag_type().functype.params))}>"
