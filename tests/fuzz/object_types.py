"""The types of random programs with objects, and how they are written.

A *kind* is a string: a number's type, a storage type (`i8`, `i16`), an abstract reference (`any`, `eq`, `i31`,
`extern`, `exn`, `func`), or a type of the module's own, by its index (`t3`). References are nullable unless
said otherwise.
"""

import random
from dataclasses import dataclass
from typing import Final

from tests.hostile.encoding import signed, unsigned

NUMBERS: Final = {"i32": b"\x7f", "i64": b"\x7e", "f64": b"\x7c"}
PACKED: Final = {"i8": b"\x78", "i16": b"\x77"}
HEAPS: Final = {"any": b"\x6e", "eq": b"\x6d", "i31": b"\x6c", "extern": b"\x6f", "exn": b"\x69", "func": b"\x70"}
SIMPLE: Final = {**NUMBERS, **PACKED, **HEAPS}
MOST_DEEP: Final = 8


def heap(kind: str) -> bytes:
    """A kind as a heap type."""
    return HEAPS[kind] if kind in HEAPS else signed(int(kind[1:]))


def code(kind: str, *, is_nullable: bool = True) -> bytes:
    """A kind as a value or storage type."""
    if not is_nullable:
        return b"\x64" + heap(kind)
    return SIMPLE[kind] if kind in SIMPLE else b"\x63" + heap(kind)


@dataclass(frozen=True)
class Aggregate:
    """A structure type, or an array type, which has one field."""

    index: int
    parent: int | None
    is_array: bool
    fields: tuple[tuple[str, bool], ...]  # kind and whether it is mutable

    @property
    def kind(self) -> str:
        return f"t{self.index}"

    def encoded(self) -> bytes:
        fields = b"".join(code(kind) + bytes([is_mutable]) for kind, is_mutable in self.fields)
        body = b"\x5e" + fields if self.is_array else b"\x5f" + unsigned(len(self.fields)) + fields
        parents = b"\0" if self.parent is None else b"\1" + unsigned(self.parent)
        return b"\x50" + parents + body


class Types:
    """Structures in trees of subtypes, and arrays, all in one recursive group."""

    def __init__(self, choice: random.Random) -> None:
        count = choice.randint(3, 9)
        arrays = choice.randint(3, 7)
        self.all: list[Aggregate] = []
        self.kinds = [f"t{index}" for index in range(count + arrays)]
        shape = choice.choice(("deep", "wide"))
        for index in range(count):
            parent = self.parent_for(choice, index, shape)
            fields = () if parent is None else self.all[parent].fields
            fields += tuple(self.field(choice) for _ in range(choice.randint(0, 4)))
            self.all.append(Aggregate(index, parent, False, fields))
        for index in range(count, count + arrays):
            if index > count and choice.random() < 0.3:  # a subtype, of the same elements
                older = self.all[-1]
                self.all.append(Aggregate(index, older.index, True, older.fields))
            else:
                element = "any" if index == count else self.element(choice)
                self.all.append(Aggregate(index, None, True, ((element, choice.random() < 0.9),)))
        self.structs, self.arrays = self.all[:count], self.all[count:]

    def parent_for(self, choice: random.Random, index: int, shape: str) -> int | None:
        if index == 0 or choice.random() < 0.15:
            return None
        parent = index - 1 if shape == "deep" else choice.randrange(index)
        return parent if self.depth(parent) < MOST_DEEP else None

    def depth(self, index: int) -> int:
        parent = self.all[index].parent
        return 0 if parent is None else 1 + self.depth(parent)

    def field(self, choice: random.Random) -> tuple[str, bool]:
        return self.element(choice), choice.random() < 0.8

    def element(self, choice: random.Random) -> str:
        numbers = ("i8", "i16", "i32", "i64", "f64")
        return choice.choice(numbers if choice.random() < 0.5 else ("any", "eq", "i31", "extern", "func", *self.kinds))

    def of(self, kind: str) -> Aggregate:
        return self.all[int(kind[1:])]

    def is_within(self, kind: str, other: str) -> bool:
        """Whether one kind of references is a subtype of another."""
        if kind == other:
            return True
        if kind not in HEAPS:
            parent = self.of(kind).parent
            return other in ("any", "eq") or (parent is not None and self.is_within(f"t{parent}", other))
        return (kind, other) in (("i31", "eq"), ("i31", "any"), ("eq", "any"))

    def below(self, kind: str) -> list[str]:
        """The module's own kinds that are subtypes."""
        return [each for each in self.kinds if self.is_within(each, kind)]
