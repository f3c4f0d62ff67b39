"""Expressions of random programs with objects: code that leaves a value of a kind on the stack.

Who reads a reference mostly makes sure before that it is not null, and indices are mostly within arrays, so that
programs go on; some do not, and trap.
"""

import random
from collections.abc import Callable
from typing import Final

from tests.fuzz.assemble import End, Node, Open, To
from tests.fuzz.object_types import NUMBERS, PACKED, Types, code, heap
from tests.hostile.encoding import signed, unsigned

Code = list[Node]

I32_BINARY: Final = (0x6A, 0x6B, 0x6C, 0x71, 0x72, 0x73, 0x74, 0x76, 0x77, 0x46, 0x48, 0x4D)
I64_BINARY: Final = (0x7C, 0x7D, 0x7E, 0x83, 0x84, 0x85, 0x86, 0x89)
GET, SET, TEE = b"\x20", b"\x21", b"\x22"
BLOCK, IF, ELSE, BR, BR_IF, END, DROP = b"\x02", b"\x04", b"\x05", b"\x0c", b"\x0d", b"\x0b", b"\x1a"
CAREFUL: Final = 0.997  # how often what might trap is avoided
LENGTH: Final = 8  # of arrays, at least, but for some
SEGMENT: Final = 12  # elements or words of a segment
FUNCTIONS: Final = 5
RESULTS: Final = ("i32", "any", "i64", "i32", "i32")  # of each function
PARAMETERS: Final = ("i32", "i64", "any", "eq")
TABLE: Final = 10  # its length, at the beginning


def constant(value: int) -> bytes:
    return b"\x41" + signed((value + (1 << 31)) % (1 << 32) - (1 << 31))


def gc(number: int, *immediates: int) -> bytes:
    return b"\xfb" + unsigned(number) + b"".join(map(unsigned, immediates))


class Locals:
    """A function's locals: some of each kind, which programs use, and scratch ones, which hold a value for a moment."""

    def __init__(self, types: Types) -> None:
        self.kinds = [*PARAMETERS, "i32", "i64", "f64", "any", "eq", "i31", "extern", *types.kinds]
        self.used = len(self.kinds)
        self.scratch = {kind: self.add(kind) for kind in ("i32", "any", *types.kinds)}

    def add(self, kind: str) -> int:
        self.kinds.append(kind)
        return len(self.kinds) - 1

    def of(self, kind: str) -> list[int]:
        return [index for index, each in enumerate(self.kinds[: self.used]) if each == kind]

    def declared(self) -> list[tuple[int, bytes]]:
        return [(1, code(kind)) for kind in self.kinds[len(PARAMETERS) :]]


class Values:
    """Writes the expressions of one function, which calls only those before it."""

    def __init__(self, choice: random.Random, types: Types, index: int) -> None:
        self.choice = choice
        self.types = types
        self.index = index
        self.locals = Locals(types)
        self.label_count = 0
        self.abstract = {
            "any": (self.of_extern, self.global_any, self.element_of_table, self.some),
            "eq": (self.some, self.cast_value),
            "i31": (self.i31, self.cast_value),
            "extern": (self.of_any,),
            "func": (self.function,),
        }

    def label(self) -> str:
        self.label_count += 1
        return f"l{self.label_count}"

    def careful(self) -> bool:
        return self.choice.random() < CAREFUL

    def value(self, kind: str, depth: int) -> Code:
        """Something of a kind."""
        here = self.locals.of(kind)
        if depth <= 0 or self.choice.random() < 0.15:
            if here and self.choice.random() < 0.7:
                return [GET + unsigned(self.choice.choice(here))]
            return self.leaf(kind)
        if kind in NUMBERS:
            return self.choice.choice(self.numeric(kind))(kind, depth - 1)
        makers: list[Callable[[str, int], Code]] = [self.choose, self.condition_of, *self.abstract.get(kind, ())]
        if kind not in self.abstract:
            makers += [self.new, self.new, self.cast_value]
        makers += [self.held] * 2 + [self.call] * (kind == "any")
        return self.choice.choice(makers)(kind, depth - 1)

    def leaf(self, kind: str) -> Code:
        if kind == "i32":
            return [constant(self.choice.choice((0, 1, -1, 7, 0x8000, 0x7FFF_FFFF, self.choice.getrandbits(32))))]
        if kind == "i64":
            return [b"\x42" + signed(self.choice.getrandbits(64) - (1 << 63))]
        if kind == "f64":
            return [constant(self.choice.getrandbits(32)), b"\xb7"]
        if kind == "i31" or (kind in ("any", "eq") and self.choice.random() < 0.5):
            return [constant(self.choice.getrandbits(32)), gc(0x1C)]
        if kind not in self.abstract and self.choice.random() < 0.7:
            return self.default(kind)
        return [b"\xd0" + heap(kind)]

    # Numbers

    def numeric(self, kind: str) -> list[Callable[[str, int], Code]]:
        makers: list[Callable[[str, int], Code]] = [self.held, self.held, self.choose, self.condition_of]
        if kind == "f64":
            return makers
        makers += [self.binary, self.binary, self.convert] + [self.call] * (self.index > 0)
        if kind == "i32":
            makers += [self.length, self.test, self.is_null, self.same, self.of_i31, self.branch_on_null]
            makers += [self.branch_on_cast] * 2
        return makers

    def binary(self, kind: str, depth: int) -> Code:
        operators = I32_BINARY if kind == "i32" else I64_BINARY
        return [*self.value(kind, depth), *self.value(kind, depth), bytes([self.choice.choice(operators)])]

    def convert(self, kind: str, depth: int) -> Code:
        if kind == "i32":
            return [*self.value("i64", depth), b"\xa7"]
        if self.choice.random() < 0.3:
            return [*self.value("f64", depth), b"\xbd"]
        return [*self.value("i32", depth), self.choice.choice((b"\xac", b"\xad"))]

    def length(self, kind: str, depth: int) -> Code:
        return [*self.certain(self.choice.choice(self.types.arrays).kind, depth), gc(0x0F)]

    def test(self, kind: str, depth: int) -> Code:
        of = self.choice.choice(("any", "eq", *self.types.kinds))
        is_wide = of in ("any", "eq")
        targets = [each for each in ("eq", "i31", *self.types.kinds) if is_wide or self.types.is_within(each, of)]
        return [*self.value(of, depth), gc(self.choice.choice((0x14, 0x15))) + heap(self.choice.choice(targets))]

    def is_null(self, kind: str, depth: int) -> Code:
        return [*self.value(self.choice.choice(("any", "extern", "i31", *self.types.kinds)), depth), b"\xd1"]

    def same(self, kind: str, depth: int) -> Code:
        kinds = ("eq", "i31", *self.types.kinds)
        return [*self.value(self.choice.choice(kinds), depth), *self.value(self.choice.choice(kinds), depth), b"\xd3"]

    def of_i31(self, kind: str, depth: int) -> Code:
        return [*self.certain("i31", depth), gc(self.choice.choice((0x1D, 0x1E)))]

    def branch_on_cast(self, kind: str, depth: int) -> Code:
        """If it is of a type, something of it; and otherwise whether it is null."""
        target = self.choice.choice(("i31", *self.types.kinds))
        out, miss, hit = self.label(), self.label(), self.label()
        flags = bytes([1 | self.choice.choice((0, 2))])
        made: Code = [Open(BLOCK, out, b"\x7f"), Open(BLOCK, miss, code("any")), Open(BLOCK, hit, code(target))]
        made += self.value("any", depth)
        types = heap("any") + heap(target)
        if self.choice.random() < 0.5:
            made += [gc(0x18) + flags, To(hit), types, BR, To(miss)]
        else:
            made += [gc(0x19) + flags, To(miss), types]
        made += [End(), *self.sure(target), *self.read(target), BR, To(out), End(), b"\xd1", End()]
        return made

    def branch_on_null(self, kind: str, depth: int) -> Code:
        """Something of a reference, or a number where there is none."""
        target = self.choice.choice(("i31", *self.types.kinds))
        out, none = self.label(), self.label()
        made: Code = [Open(BLOCK, out, b"\x7f"), Open(BLOCK, none), *self.value(target, depth), b"\xd5", To(none)]
        return [*made, *self.read(target), BR, To(out), End(), *self.value("i32", 0), End()]

    def read(self, target: str) -> Code:
        """An i32 of the reference on the stack, which is not null."""
        if target == "i31":
            return [gc(0x1D)]
        type_ = self.types.of(target)
        if type_.is_array:
            return [gc(0x0F)]
        for number, (kind, _) in enumerate(type_.fields):
            if kind in ("i32", *PACKED):
                return [self.getter(target, number)]
        tests = heap(self.choice.choice([each for each in self.types.kinds if self.types.is_within(each, target)]))
        return [gc(0x14) + tests]

    # References

    def some(self, kind: str, depth: int) -> Code:
        """Of a narrower kind."""
        return self.value(self.choice.choice(("i31", *self.types.kinds)), depth)

    def i31(self, kind: str, depth: int) -> Code:
        return [*self.value("i32", depth), gc(0x1C)]

    def of_extern(self, kind: str, depth: int) -> Code:
        return [*self.value("extern", depth), gc(0x1A)]

    def of_any(self, kind: str, depth: int) -> Code:
        return [*self.value("any", depth), gc(0x1B)]

    def function(self, kind: str, depth: int) -> Code:
        return [b"\xd2" + unsigned(self.choice.randrange(FUNCTIONS))]

    def global_any(self, kind: str, depth: int) -> Code:
        return [b"\x23" + unsigned(self.choice.randrange(1, 1 + len(self.types.kinds) + 1))]

    def element_of_table(self, kind: str, depth: int) -> Code:
        return [*self.table_index(depth), b"\x25\0"]

    def table_index(self, depth: int) -> Code:
        return [*self.value("i32", depth), constant(7), b"\x71"]

    def choose(self, kind: str, depth: int) -> Code:
        both = [*self.value(kind, depth), *self.value(kind, depth), *self.value("i32", depth)]
        return [*both, b"\x1c\1" + code(kind)]

    def condition_of(self, kind: str, depth: int) -> Code:
        condition, label = self.value("i32", depth), self.label()
        return [
            *condition, Open(IF, label, code(kind)),
            *self.value(kind, depth), ELSE, *self.value(kind, depth), End(),
        ]  # fmt: skip

    def cast_value(self, kind: str, depth: int) -> Code:
        if not self.careful():
            return [*self.value("any", depth), gc(0x17) + heap(kind)]
        scratch = unsigned(self.locals.scratch["any"])
        made = [*self.value("any", depth), TEE + scratch, gc(0x15) + heap(kind)]
        got = [GET + scratch, gc(0x17) + heap(kind)]
        return [*made, Open(IF, self.label(), code(kind)), *got, ELSE, *self.leaf(kind), End()]

    def new(self, kind: str, depth: int) -> Code:
        kind = self.choice.choice(self.types.below(kind))
        type_ = self.types.of(kind)
        if not type_.is_array:
            if self.choice.random() < 0.15:
                return [gc(1, type_.index)]
            fields = [self.value(unpacked(each), depth - 1) for each, _ in type_.fields]
            return [*(node for field in fields for node in field), gc(0, type_.index)]
        return self.new_array(type_.index, unpacked(type_.fields[0][0]), depth)

    def new_array(self, index: int, element: str, depth: int) -> Code:
        how = self.choice.random()
        if how < 0.3:
            count = self.choice.choice((LENGTH, LENGTH + 1, LENGTH + 3))
            first = self.value(element, depth - 1)
            rest = [node for _ in range(count - 1) for node in self.value(element, 0)]
            return [*first, *rest, gc(8, index, count)]
        if how < 0.65:
            segment = self.data_or_elements(element)
            if segment is not None:
                return [constant(self.choice.randrange(3)), constant(LENGTH), gc(9 + segment[0], index, segment[1])]
        if how < 0.85:
            return [*self.value(element, depth - 1), *self.new_length(depth), gc(6, index)]
        return [*self.new_length(depth), gc(7, index)]

    def new_length(self, depth: int) -> Code:
        if not self.careful():
            return [constant(self.choice.choice((0, 1, 2)))]
        if self.choice.random() < 0.03:
            return [constant(self.choice.choice((300, 2047, 2500, 9000)))]
        return [*self.value("i32", depth - 1), constant(15), b"\x71", constant(LENGTH), b"\x6a"]

    def data_or_elements(self, element: str) -> tuple[int, int] | None:
        """0 and a data segment, or 1 and an element segment that suits; None: there is none."""
        if element in NUMBERS:
            return (0, self.choice.randrange(2))
        if element == "any":
            return (1, self.choice.randrange(2))
        return (1, 1) if element in ("eq",) else None

    def default(self, kind: str) -> Code:
        index = int(kind[1:])
        return [constant(LENGTH), gc(7, index)] if self.types.of(kind).is_array else [gc(1, index)]

    def certain(self, kind: str, depth: int) -> Code:
        """A reference that is not null."""
        return [*self.value(kind, depth), *self.sure(kind)]

    def sure(self, kind: str) -> Code:
        """The reference on the stack, or a fresh one instead of null."""
        if not self.careful():
            return [b"\xd4"]
        label = self.label()
        fresh = [constant(5), gc(0x1C)] if kind == "i31" else self.default(kind)
        parameter = unsigned(self.block_types[kind])
        return [Open(BLOCK, label, parameter), b"\xd6", To(label), *fresh, End()]

    block_types: dict[str, int]  # by kind, the type of a block from a nullable reference to one that is not

    # Fields and elements

    def getter(self, kind: str, number: int) -> bytes:
        type_ = self.types.of(kind)
        base = 0x0B if type_.is_array else 2
        packed = type_.fields[number][0] in PACKED
        operator = base + (self.choice.choice((1, 2)) if packed else 0)
        return gc(operator, type_.index) if type_.is_array else gc(operator, type_.index, number)

    def held(self, kind: str, depth: int) -> Code:
        """What a field or an element holds; just a leaf if no type has such a one."""
        found = [(t, n) for t in self.types.all for n, (each, _) in enumerate(t.fields) if self.gives(each, kind)]
        if not found:
            return self.leaf(kind)
        type_, number = self.choice.choice(found)
        made = self.certain(type_.kind, depth)
        return [*made, *(self.array_index(depth) if type_.is_array else []), self.getter(type_.kind, number)]

    def gives(self, field: str, kind: str) -> bool:
        if kind in NUMBERS:
            return unpacked(field) == kind
        return field not in NUMBERS and field not in PACKED and self.types.is_within(field, kind)

    def array_index(self, depth: int) -> Code:
        if self.careful():
            return [*self.value("i32", min(depth, 1)), constant(LENGTH - 1), b"\x71"]
        return [*self.value("i32", 0), constant(31), b"\x71"]

    # Calls

    def call(self, kind: str, depth: int) -> Code:
        callees = [index for index in range(self.index) if RESULTS[index] == kind]
        if not callees:
            return self.leaf(kind)
        index = self.choice.choice(callees)
        return [*self.arguments(depth), *self.through(index, tail=False)]

    def arguments(self, depth: int) -> Code:
        return [node for kind in PARAMETERS for node in self.value(kind, min(depth, 2))]

    def through(self, index: int, *, tail: bool) -> Code:
        """A call of a function, directly or by reference."""
        if self.choice.random() < 0.6:
            return [bytes([0x12 if tail else 0x10]) + unsigned(index)]
        type_ = unsigned(self.function_types[RESULTS[index]])
        return [b"\xd2" + unsigned(index), bytes([0x15 if tail else 0x14]) + type_]

    function_types: dict[str, int]  # by the result's kind


def unpacked(kind: str) -> str:
    return "i32" if kind in PACKED else kind
