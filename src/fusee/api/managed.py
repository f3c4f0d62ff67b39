"""What the handles of the public interface have in common."""

from collections.abc import Iterable, Iterator
from operator import index
from os import PathLike
from typing import Any, Final, NoReturn, Self, SupportsIndex, TypeVar

_Item = TypeVar("_Item")
_MOST_SHOWN: Final = 80
"""Characters of a value in a message."""


class Managed:
    """Something that can be ended by hand, with `close()` or at the end of a `with` block.

    What is dropped ends by itself, too. Types, values and errors hold nothing: to close one does nothing.
    """

    __slots__ = ()

    def close(self) -> None:
        """End it now. A second time does nothing; any other use raises `ValueError`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Unique:
    """Something that belongs to an engine or a store: a copy of it is itself, and it is not pickled.

    Two objects for one thing of the engine would end it twice. Subclasses can be referred to weakly, too.
    """

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"cannot pickle '{type(self).__name__}' object: it belongs to this process")


class ArgumentError(TypeError, AttributeError):
    """An argument is not of the type that is documented.

    wasmtime-py raises `TypeError` in some places and `AttributeError` in others; either catches this.
    """


def shown(value: object) -> str:
    """A value for a message: the start of it if it is long, its class if it cannot say what it is."""
    try:
        if isinstance(value, str | bytes | bytearray | list | tuple):  # all of it may be larger than memory is
            value = value[: _MOST_SHOWN + 1]
        text = repr(value)
    except Exception:  # whatever the object's own code raises, or an int of too many digits
        return f"an object of the class {type(value).__name__}"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def expect(value: object, kind: type | tuple[type, ...], name: str) -> None:
    """Raise `ArgumentError` unless `value` is of a kind; `name` is the kind with its article."""
    if not isinstance(value, kind):
        raise ArgumentError(f"expected {name}, not {shown(value)}")


def expect_path(value: object) -> None:
    """Raise `ArgumentError` unless `value` is the path of a file: what `open` takes but numbers of open files."""
    expect(value, (str, bytes, PathLike), "a path")


def iterable_of(value: "Iterable[_Item]", name: str) -> "Iterator[_Item]":
    """What there is in `value`, in turn. Raises `ArgumentError` if it cannot be iterated over."""
    try:
        return iter(value)
    except TypeError:
        raise ArgumentError(f"expected {name}, not {shown(value)}") from None


def integer_of(value: SupportsIndex) -> int:
    """The int that `value` is or stands for, as numbers of NumPy do. Raises `ArgumentError`."""
    try:
        return index(value)
    except TypeError:
        raise ArgumentError(f"expected an int, not {shown(value)}") from None


def bytes_of(value: object) -> memoryview:
    """The bytes of a buffer, of whatever shape and elements, in place if they lie in one piece; or of ints, in order.

    Raises `ArgumentError`; `ValueError` for an int that is no byte.
    """
    try:
        buffer = memoryview(value)  # type: ignore[arg-type]
    except TypeError:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise ArgumentError(f"expected bytes, not {shown(value)}") from None
        return memoryview(bytes(value))
    try:
        return buffer.cast("B")
    except TypeError:  # it is empty, or in pieces, or its format is not one of C's own
        return memoryview(buffer.tobytes())


def refuse_closed(*arguments: Any) -> NoReturn:
    """Say that something was used after its end, as wasmtime-py says it."""
    raise ValueError("already closed")
