"""Types that are made of others, or of names (Explainer, "Type Definitions"): lists, records, variants, streams."""

from typing import Any, Final

from fusee.component.types.primitive import U8
from fusee.component.types.valtype import ASYNCHRONOUS, POINTER, NotMade, ValType, classes_of, intern


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

    def _classes(self) -> frozenset[Any]:
        return frozenset((bytes if isinstance(self._element, U8) else list,))

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
    _own_classes = (dict,)
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
    _own_classes = ("record",)  # any object with the attributes

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
    _own_classes = (tuple,)

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

    def _classes(self) -> frozenset[Any]:
        if self._is_tagged:
            return frozenset(("variant",))
        return frozenset().union(*(classes_of(payload) for _, payload in self._cases()))


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
    _own_classes = (str,)

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
    _own_classes = (set,)


NAMED: Final = (RecordType, VariantType, EnumType, FlagsType)
"""Kinds of types that must have names where they are imported or exported."""


class _Carrier(_Composite):
    """A stream or a future: an index of its readable end, whatever it carries."""

    __slots__ = ("_payload",)
    _own_classes = ("asynchronous",)
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


def is_tagged(cases: "tuple[tuple[str, ValType | None], ...]") -> bool:
    """Whether two cases have values of the same class, so that only a `Variant` says which is meant."""
    seen: set[Any] = set()
    for _, payload in cases:
        classes = classes_of(payload)
        if classes & seen:
            return True
        seen |= classes
    return False


def pair_of(ty: MapType) -> ValType:
    """The type of the pairs that a map is in memory."""
    made: ValType = intern(TupleType, (ty._key, ty._value))
    return made
