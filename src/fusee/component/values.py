"""Python values for what has no class of its own in Python: records, variants, and the error of a result."""

from dataclasses import dataclass
from typing import Any

from fusee.api.errors import WasmtimeError


class Record:
    """The fields of a record, as attributes. Whoever makes one sets them.

    A field's name is as in WIT, with hyphens, as in wasmtime-py: `getattr(value, "file-size")`. An underscore stands
    for a hyphen, too: `value.file_size`.
    """

    def __init__(self, **fields: Any) -> None:
        """A record with these fields; in their names underscores stand for hyphens."""
        for name, value in fields.items():
            self.__dict__[name.replace("_", "-")] = value

    def __getattr__(self, name: str) -> Any:
        """Only asked for what is not there under its own name."""
        try:
            return self.__dict__[name.replace("_", "-")]
        except KeyError:
            raise AttributeError(f"the record has no field {name!r}; it has {', '.join(self.__dict__)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        hyphenated = name.replace("_", "-")
        self.__dict__[hyphenated if hyphenated in self.__dict__ else name] = value

    def __eq__(self, other: object) -> bool:
        """Whether all fields are equal; `other` may be of another class, as a `dataclass`."""
        missing = object()
        return all(getattr(other, name, missing) == value for name, value in self.__dict__.items())

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"Record({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"


@dataclass
class Variant:
    """A case of a variant: `tag` is its name, and `payload` its value, None for cases without one."""

    tag: str
    payload: Any = None


class AsyncValue:
    """What a stream, a future or an error context is: base of their classes."""

    __slots__ = ()


class ErrorContextValue(AsyncValue):
    """An `error-context`: a message for whoever looks for a fault. Not in wasmtime-py."""

    __slots__ = ("debug_message",)

    def __init__(self, debug_message: str) -> None:
        """`debug_message` is a str that programs should not depend on."""
        self.debug_message = debug_message

    def __repr__(self) -> str:
        return f"ErrorContextValue({self.debug_message!r})"


class Err(Exception):
    """Raised by a host function whose type gives a `result`: the guest gets its error case. Not in wasmtime-py."""

    def __init__(self, payload: Any = None) -> None:
        """`payload` is a value of the result's error type, None if it has none."""
        super().__init__(payload)
        self.payload = payload


class InvalidValueError(WasmtimeError, ValueError):
    """A value of the right class that its type does not have: an int out of range, a name of no case or flag."""
