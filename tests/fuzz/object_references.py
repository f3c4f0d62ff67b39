"""References in random programs with objects: where they come from, and what is read of what they refer to."""

import random

from tests.fuzz.assemble import End, Open, To
from tests.fuzz.object_code import (
    BLOCK,
    CAREFUL,
    ELSE,
    FUNCTIONS,
    GET,
    IF,
    LENGTH,
    TEE,
    Code,
    Locals,
    constant,
    gc,
    unpacked,
)
from tests.fuzz.object_types import NUMBERS, PACKED, Types, code, heap
from tests.hostile.encoding import unsigned


class References:
    """Writes the references of one function's expressions, and what is read of objects."""

    def __init__(self, choice: random.Random, types: Types, index: int) -> None:
        self.choice = choice
        self.types = types
        self.index = index
        self.locals = Locals(types)
        self.label_count = 0

    def label(self) -> str:
        self.label_count += 1
        return f"l{self.label_count}"

    def careful(self) -> bool:
        return self.choice.random() < CAREFUL

    def value(self, kind: str, depth: int) -> Code:
        """Something of a kind."""
        raise NotImplementedError

    def leaf(self, kind: str) -> Code:
        """Something of a kind, in an instruction or two."""
        raise NotImplementedError

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
