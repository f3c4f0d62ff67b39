"""The types of the component model (Explainer, "Type Definitions"), as validation makes them and users read them.

Value types that are equal are one object: they are made once and kept as long as somebody has them. So comparing two
takes no time, whatever they are made of, and what is compiled for a type is compiled once.
"""

from collections.abc import Callable
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


class _Primitive(ValType):
    """A type without parts; all objects of the class are equal."""

    __slots__ = ()

    def __init__(self) -> None:
        """The type."""
        self._finish()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Bool(_Primitive):
    """`bool`: True or False."""

    __slots__ = ()


class S8(_Primitive):
    """`s8`: an int."""

    __slots__ = ()


class U8(_Primitive):
    """`u8`: an int; a list of them is bytes."""

    __slots__ = ()


class S16(_Primitive):
    """`s16`: an int."""

    __slots__ = ()


class U16(_Primitive):
    """`u16`: an int."""

    __slots__ = ()


class S32(_Primitive):
    """`s32`: an int."""

    __slots__ = ()


class U32(_Primitive):
    """`u32`: an int."""

    __slots__ = ()


class S64(_Primitive):
    """`s64`: an int."""

    __slots__ = ()


class U64(_Primitive):
    """`u64`: an int."""

    __slots__ = ()


class F32(_Primitive):
    """`f32`: a float; what is passed is rounded to single precision."""

    __slots__ = ()


class F64(_Primitive):
    """`f64`: a float."""

    __slots__ = ()


class Char(_Primitive):
    """`char`: a str of one Unicode scalar value."""

    __slots__ = ()


class String(_Primitive):
    """`string`: a str."""

    __slots__ = ()
    _own_flags = POINTER


class ErrorContext(_Primitive):
    """`error-context`: an `ErrorContextValue`."""

    __slots__ = ()
    _own_flags = ASYNCHRONOUS


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


class _Composite(NotMade, ValType):
    """A type that is made of others, or of names."""

    __slots__ = ("_origin",)

    _origin: "ValType | None"
    """What it is equal to, if it is `distinct`."""

    def _finish(self) -> None:
        super()._finish()
        self._origin = None


class ListType(_Composite):
    """`list<T>`, or with a `length` `list<T, N>`."""

    __slots__ = ("_element", "_length")

    def _set(self, element: ValType, length: int | None) -> None:
        self._element = element
        self._length = length

    def _finish(self) -> None:
        super()._finish()
        if self._length is None:
            self._flags |= POINTER

    def _parts(self) -> tuple[ValType, ...]:
        return (self._element,)

    @property
    def element(self) -> ValType:
        """The `ValType` of the elements."""
        return self._element

    @property
    def length(self) -> int | None:
        """How many elements each list has; None if that is not fixed. Not in wasmtime-py."""
        return self._length


class MapType(_Composite):
    """`map<K, V>`: a list of pairs in memory, a dict in Python. Not in wasmtime-py."""

    __slots__ = ("_key", "_value")
    _own_flags = POINTER

    def _set(self, key: ValType, value: ValType) -> None:
        self._key = key
        self._value = value

    def _parts(self) -> tuple[ValType, ...]:
        return (self._key, self._value)

    @property
    def key(self) -> ValType:
        """The `ValType` of the keys."""
        return self._key

    @property
    def value(self) -> ValType:
        """The `ValType` of the values."""
        return self._value


class RecordType(_Composite):
    """`record`."""

    __slots__ = ("_fields",)

    def _set(self, fields: tuple[tuple[str, ValType], ...]) -> None:
        self._fields = fields

    def _parts(self) -> tuple[ValType, ...]:
        return tuple(part for _, part in self._fields)

    @property
    def fields(self) -> list[tuple[str, ValType]]:
        """Name and `ValType` of each field, a list."""
        return list(self._fields)


class TupleType(_Composite):
    """`tuple`."""

    __slots__ = ("_elements",)

    def _set(self, elements: tuple[ValType, ...]) -> None:
        self._elements = elements

    def _parts(self) -> tuple[ValType, ...]:
        return self._elements

    @property
    def elements(self) -> list[ValType]:
        """The `ValType` of each element, a list."""
        return list(self._elements)


class VariantLikeType(_Composite):
    """What has cases: a variant, an option or a result.

    A value is the payload itself where the class of a Python value tells the case, and a `Variant` where it does not.
    """

    __slots__ = ("_is_tagged",)

    _is_tagged: bool
    """Whether values are `Variant`s."""

    def _cases(self) -> tuple[tuple[str, ValType | None], ...]:
        """Name and payload of each case."""
        raise NotImplementedError

    def _parts(self) -> tuple[ValType, ...]:
        return tuple(part for _, part in self._cases() if part is not None)


class VariantType(VariantLikeType):
    """`variant`."""

    __slots__ = ("_all_cases",)

    def _set(self, cases: tuple[tuple[str, ValType | None], ...]) -> None:
        self._all_cases = cases
        self._is_tagged = is_tagged(cases)

    def _cases(self) -> tuple[tuple[str, ValType | None], ...]:
        return self._all_cases

    @property
    def cases(self) -> list[tuple[str, ValType | None]]:
        """Name and payload of each case, a list; the payload is a `ValType` or None."""
        return list(self._all_cases)


class OptionType(VariantLikeType):
    """`option<T>`."""

    __slots__ = ("_payload",)

    def _set(self, payload: ValType) -> None:
        self._payload = payload
        self._is_tagged = is_tagged(self._cases())

    def _cases(self) -> tuple[tuple[str, ValType | None], ...]:
        return ("none", None), ("some", self._payload)

    @property
    def payload(self) -> ValType:
        """The `ValType` of what may be there."""
        return self._payload


class ResultType(VariantLikeType):
    """`result<T, E>`."""

    __slots__ = ("_err", "_ok")

    def _set(self, ok: ValType | None, err: ValType | None) -> None:
        self._ok = ok
        self._err = err
        self._is_tagged = is_tagged(self._cases())

    def _cases(self) -> tuple[tuple[str, ValType | None], ...]:
        return ("ok", self._ok), ("err", self._err)

    @property
    def ok(self) -> ValType | None:
        """The `ValType` of the value; None if there is none."""
        return self._ok

    @property
    def err(self) -> ValType | None:
        """The `ValType` of the error; None if there is none."""
        return self._err


class _Named(_Composite):
    """What is made of names alone."""

    __slots__ = ("_names",)

    def _set(self, names: tuple[str, ...]) -> None:
        self._names = names

    @property
    def names(self) -> list[str]:
        """The names, a list of str."""
        return list(self._names)


class EnumType(_Named):
    """`enum`."""

    __slots__ = ()

    @property
    def names_count(self) -> int:
        """How many names there are."""
        return len(self._names)

    def name(self, n: int) -> str | None:
        """The name at position `n`, an int from 0 on; None if there are not so many."""
        return self._names[n] if 0 <= n < len(self._names) else None


class FlagsType(_Named):
    """`flags`."""

    __slots__ = ()


NAMED: Final = (RecordType, VariantType, EnumType, FlagsType)
"""Kinds of types that must have names where they are imported or exported."""


class _Carrier(_Composite):
    """A stream or a future: an index of its readable end, whatever it carries."""

    __slots__ = ("_payload",)
    _own_flags = ASYNCHRONOUS

    def _set(self, payload: ValType | None) -> None:
        self._payload = payload

    def _finish(self) -> None:
        super()._finish()
        self._flags &= ~POINTER

    def _parts(self) -> tuple[ValType, ...]:
        return () if self._payload is None else (self._payload,)

    @property
    def payload(self) -> ValType | None:
        """The `ValType` of what it carries; None if it carries nothing."""
        return self._payload


class StreamType(_Carrier):
    """`stream<T>`: a `StreamReader`."""

    __slots__ = ()


class FutureType(_Carrier):
    """`future<T>`: a `FutureReader`."""

    __slots__ = ()


class ResourceType(NotMade):
    """A resource, which handles refer to. Each instance of a component has its own of those that it defines."""

    __slots__ = ("__weakref__", "_destructor", "_host", "_impl", "_name")

    _host: int | None
    _name: str
    _destructor: "Callable[[int, Any], None] | None"
    """What ends a resource, given its number and the component instance that drops it, or None."""
    _impl: object
    """The component instance that defines it, at run time; None for the host."""

    @classmethod
    def host(cls, val: int) -> "ResourceType":
        """A resource of the host's; all that are made with the same number, an int, are equal."""
        made = cls._fresh(f"host resource {val}")
        made._host = val
        return made

    @classmethod
    def _fresh(cls, name: str) -> "ResourceType":
        """A resource that no other one is equal to."""
        made = cls.__new__(cls)
        made._host = made._destructor = made._impl = None
        made._name = name
        return made

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, ResourceType) and self._host is not None and self._host == other._host

    def __hash__(self) -> int:
        return hash(self._host) if self._host is not None else object.__hash__(self)

    def __repr__(self) -> str:
        return f"<ResourceType {self._name}>"


class HandleType(ValType):
    """`own<R>` or `borrow<R>`."""

    __slots__ = ("_ty",)

    def _set(self, ty: ResourceType) -> None:
        self._ty = ty

    def __init__(self, ty: ResourceType) -> None:
        """A handle to the `ResourceType` `ty`."""
        self._set(ty)
        self._finish()

    @property
    def ty(self) -> ResourceType:
        """The `ResourceType` that it refers to."""
        return self._ty

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, HandleType) and type(self) is type(other) and self._ty == other._ty)

    def __hash__(self) -> int:
        return hash((type(self), self._ty))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._ty!r})"


class OwnType(HandleType):
    """`own<R>`: a `ResourceAny` that is `owned`."""

    __slots__ = ()
    _own_flags = HANDLE


class BorrowType(HandleType):
    """`borrow<R>`: a `ResourceAny` that is not `owned`, and good as long as the call lasts."""

    __slots__ = ()
    _own_flags = HANDLE | BORROW


_CLASSES: Final[dict[type[ValType], tuple[Any, ...]]] = {
    Bool: (bool,),
    **dict.fromkeys((S8, U8, S16, U16, S32, U32, S64, U64), (int,)),
    **dict.fromkeys((F32, F64), (float,)),
    **dict.fromkeys((Char, String, EnumType), (str,)),
    RecordType: ("record",),  # any object with the attributes
    TupleType: (tuple,),
    MapType: (dict,),
    FlagsType: (set,),
    **dict.fromkeys((OwnType, BorrowType), ("resource",)),
    **dict.fromkeys((StreamType, FutureType, ErrorContext), ("asynchronous",)),
}


def classes_of(ty: ValType | None) -> frozenset[Any]:
    """What Python values of a type are, to tell cases apart; None is the type of a case without payload."""
    if ty is None:
        return frozenset((None,))
    if isinstance(ty, ListType):
        return frozenset((bytes if isinstance(ty._element, U8) else list,))
    if isinstance(ty, VariantLikeType):
        if ty._is_tagged:
            return frozenset(("variant",))
        return frozenset().union(*(classes_of(payload) for _, payload in ty._cases()))
    return frozenset(_CLASSES[type(ty)])


def is_tagged(cases: "tuple[tuple[str, ValType | None], ...]") -> bool:
    """Whether two cases have values of the same class, so that only a `Variant` says which is meant."""
    seen: set[Any] = set()
    for _, payload in cases:
        classes = classes_of(payload)
        if classes & seen:
            return True
        seen |= classes
    return False
