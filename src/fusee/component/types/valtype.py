"""What all types of values have in common (Explainer, "Type Definitions").

Types that are equal are one object: they are made once and kept as long as somebody has them. So comparing two takes no
time, whatever they are made of, and what is compiled for a type is compiled once.
"""

from threading import Lock
from typing import Any, ClassVar, Final
from weakref import WeakValueDictionary

from fusee.api.errors import WasmtimeError
from fusee.api.managed import Managed

HANDLE: Final = 1
BORROW: Final = 2
ASYNCHRONOUS: Final = 4
POINTER: Final = 8
DISTINCT: Final = 16

_interned: "WeakValueDictionary[tuple[Any, ...], ValType]" = WeakValueDictionary()
_lock: Final = Lock()


class NotMade(Managed):
    """A class whose objects users are given and do not make, as in wasmtime-py."""

    __slots__ = ()

    def __init__(self) -> None:
        """Raises `WasmtimeError`."""
        raise WasmtimeError(f"Cannot directly construct a `{type(self).__name__}`")


class ValType(Managed):
    """The type of a value. Subclasses are the kinds of types; their attributes say what they are made of."""

    __slots__ = ("__weakref__", "_codecs", "_depth", "_flags", "_layout")

    _depth: int
    """How deep types are nested in it, itself included."""
    _flags: int
    """What is somewhere in it: `HANDLE`, `BORROW`, `ASYNCHRONOUS`, `POINTER`, `DISTINCT`."""
    _layout: Any
    """Its `layout.Layout`, made when it is first needed."""
    _codecs: dict[Any, Any]
    """What is compiled for it."""

    _own_flags: ClassVar[int] = 0
    _own_classes: ClassVar[tuple[Any, ...]] = ()
    """What Python values of it are: their class, or a word for all that are handled alike."""

    def _finish(self) -> None:
        """What follows from the parts."""
        parts = self._parts()
        self._depth = 1 + max((part._depth for part in parts), default=0)
        self._flags = self._own_flags
        for part in parts:
            self._flags |= part._flags
        self._layout = None
        self._codecs = {}

    def _parts(self) -> "tuple[ValType, ...]":
        """The types that it is made of."""
        return ()

    def _classes(self) -> frozenset[Any]:
        """What Python values of it are, to tell cases apart."""
        return frozenset(self._own_classes)


def intern(kind: "type[Any]", *parts: Any) -> Any:
    """The type of that kind with these parts, which `_set` takes; always the same object as long as it is in use."""
    key = (kind, *parts)
    with _lock:
        found = _interned.get(key)
        if found is None:
            found = object.__new__(kind)
            found._set(*parts)
            found._finish()
            _interned[key] = found
        return found


def classes_of(ty: ValType | None) -> frozenset[Any]:
    """What Python values of a type are, to tell cases apart; None is the type of a case without payload."""
    return frozenset((None,)) if ty is None else ty._classes()
