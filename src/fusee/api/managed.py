"""What the handles of the public interface have in common."""

from typing import Any, NoReturn, Self


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


class ArgumentError(TypeError, AttributeError):
    """An argument is not of the type that is documented.

    wasmtime-py raises `TypeError` in some places and `AttributeError` in others; either catches this.
    """


def expect(value: object, kind: type | tuple[type, ...], name: str) -> None:
    """Raise `ArgumentError` unless `value` is of a kind; `name` is the kind with its article."""
    if not isinstance(value, kind):
        raise ArgumentError(f"expected {name}, not {value!r}")


def refuse_closed(*arguments: Any) -> NoReturn:
    """Say that something was used after its end, as wasmtime-py says it."""
    raise ValueError("already closed")
