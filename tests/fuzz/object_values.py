"""Expressions of random programs with objects: code that leaves a value of a kind on the stack.

Who reads a reference mostly makes sure before that it is not null, and indices are mostly within arrays, so that
programs go on; some do not, and trap.
"""

import random
from collections.abc import Callable

from tests.fuzz.assemble import End, Open, To
from tests.fuzz.object_code import BLOCK, BR, GET, I32_BINARY, I64_BINARY, PARAMETERS, RESULTS, Code, constant, gc
from tests.fuzz.object_references import References
from tests.fuzz.object_types import NUMBERS, PACKED, Types, code, heap
from tests.hostile.encoding import signed, unsigned


class Values(References):
    """Writes the expressions of one function, which calls only those before it."""

    def __init__(self, choice: random.Random, types: Types, index: int) -> None:
        super().__init__(choice, types, index)
        self.abstract = {
            "any": (self.of_extern, self.global_any, self.element_of_table, self.some),
            "eq": (self.some, self.cast_value),
            "i31": (self.i31, self.cast_value),
            "extern": (self.of_any,),
            "func": (self.function,),
        }

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
