"""Reads the type of a function as WIT writes it (component-model/design/mvp/WIT.md), into types of components.

A function of this package states its type once, in these words. Only what WASI 0.2 and 0.3 need is read.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from fusee.component.items import FuncType
from fusee.component.types.composite import (
    EnumType,
    FlagsType,
    FutureType,
    ListType,
    OptionType,
    RecordType,
    ResultType,
    StreamType,
    TupleType,
    VariantType,
)
from fusee.component.types.primitive import S32, S64, U8, U16, U32, U64, Bool, String
from fusee.component.types.resource import BorrowType, OwnType, ResourceType
from fusee.component.types.valtype import ValType, intern

_TOKEN: Final = re.compile(r"\s*(->|[a-zA-Z0-9-]+|[<>(){},:_])")
_PRIMITIVES: Final[dict[str, type[ValType]]] = {
    "bool": Bool, "u8": U8, "u16": U16, "u32": U32, "s32": S32, "s64": S64, "u64": U64, "string": String,
}  # fmt: skip

Names = Mapping[str, ValType | ResourceType]
"""What the names of an interface stand for; a resource's alone is a handle that owns it."""


def read_type(text: str, names: Names) -> ValType:
    """The type that a text like `list<tuple<string, u8>>` or `record {seconds: u64}` stands for."""
    reader = _Reader(text, names)
    found = reader.type()
    reader.expect("")
    return found


def read_function(text: str, names: Names) -> tuple[str, list[tuple[str, ValType]], ValType | None]:
    """Name, parameters and result of a function like `read(len: u64) -> list<u8>`."""
    reader = _Reader(text, names)
    name = reader.next()
    reader.expect("(")
    params = list(reader.items(")", reader.field))
    result = reader.type() if reader.skip("->") else None
    reader.expect("")
    return name, params, result


def function_type(params: list[tuple[str, ValType]], result: ValType | None, is_async: bool) -> FuncType:
    """The type of a function."""
    return FuncType._of(tuple(params), result, is_async)


class _Reader:
    """Goes over the words of a text."""

    def __init__(self, text: str, names: Names) -> None:
        self.names = names
        self.words = [*_TOKEN.findall(text), ""]
        assert "".join(self.words) == re.sub(r"\s", "", text), text
        self.at = 0

    def next(self) -> str:
        self.at += 1
        return str(self.words[self.at - 1])

    def skip(self, word: str) -> bool:
        """Goes over a word if it comes next; whether it did."""
        found = bool(self.words[self.at] == word)
        self.at += found
        return found

    def expect(self, word: str) -> None:
        assert self.skip(word), f"expected {word!r} at {self.words[self.at :]}"

    def items(self, end: str, read: Callable[[], Any]) -> Iterator[Any]:
        """What is between commas."""
        while not self.skip(end):
            yield read()
            self.skip(",")

    def field(self) -> tuple[str, ValType]:
        name = self.next()
        self.expect(":")
        return name, self.type()

    def case(self) -> tuple[str, ValType | None]:
        name = self.next()
        payload = self.type() if self.skip("(") else None
        if payload is not None:
            self.expect(")")
        return name, payload

    def arguments(self) -> list[ValType | None]:
        """What is between angle brackets; `_` is nothing."""
        if not self.skip("<"):
            return []
        return list(self.items(">", lambda: None if self.skip("_") else self.type()))

    def resource(self) -> ResourceType:
        self.expect("<")
        found = self.names[self.next()]
        self.expect(">")
        assert isinstance(found, ResourceType)
        return found

    def type(self) -> ValType:
        word = self.next()
        if word in _PRIMITIVES:
            return _PRIMITIVES[word]()
        made = self.composite(word)
        if made is not None:
            return made
        found = self.names[word]
        if isinstance(found, ResourceType):
            owned: ValType = intern(OwnType, found)
            return owned
        return found

    def composite(self, word: str) -> ValType | None:
        """The type that a keyword begins."""
        made: ValType | None = None
        if word == "borrow":
            made = intern(BorrowType, self.resource())
        elif word == "list":
            made = intern(ListType, *self.arguments(), None)
        elif word == "option":
            made = intern(OptionType, *self.arguments())
        elif word in ("stream", "future"):
            made = intern(StreamType if word == "stream" else FutureType, *(self.arguments() or [None]))
        elif word == "tuple":
            made = intern(TupleType, tuple(self.arguments()))
        elif word == "result":
            made = intern(ResultType, *(*self.arguments(), None, None)[:2])
        elif word in ("record", "variant", "enum", "flags"):
            made = self.braced(word)
        return made

    def braced(self, word: str) -> ValType:
        self.expect("{")
        if word == "record":
            record: ValType = intern(RecordType, tuple(self.items("}", self.field)))
            return record
        if word == "variant":
            variant: ValType = intern(VariantType, tuple(self.items("}", self.case)))
            return variant
        names: ValType = intern(EnumType if word == "enum" else FlagsType, tuple(self.items("}", self.next)))
        return names
