"""Statements of random programs with objects: they change what there is, throw and catch."""

import random
from collections.abc import Callable
from typing import Final

from tests.fuzz.assemble import Attempt, Clause, End, Node, Open, Rethrow, To
from tests.fuzz.object_code import (
    BLOCK,
    BR_IF,
    CAREFUL,
    DROP,
    GET,
    IF,
    LENGTH,
    PARAMETERS,
    RESULTS,
    SET,
    Code,
    constant,
    gc,
    unpacked,
)
from tests.fuzz.object_types import NUMBERS, PACKED, Types
from tests.fuzz.object_values import Values
from tests.hostile.encoding import unsigned

TAGS: Final = (("i32",), ("any", "i64"), (), ("eq", "i32", "any"))  # what each carries
STATEMENTS: Final = 14  # of a function
MOST_NESTED: Final = 4
LOOP: Final = b"\x03"
THROW, THROW_REF = b"\x08", b"\x0a"
BUDGET: Final = b"\0"  # the global that counts down
COUNT_DOWN: Final = b"\x23" + BUDGET + constant(1) + b"\x6b\x24" + BUDGET + b"\x23" + BUDGET + constant(0) + b"\x48"
"""Gives whether nothing is left."""


class Statements(Values):
    """Of one function. With `is_mixed` exceptions are kept in locals, too, which the older form cannot."""

    def __init__(self, choice: random.Random, types: Types, index: int, *, is_mixed: bool) -> None:
        super().__init__(choice, types, index)
        self.is_mixed = is_mixed
        self.left = STATEMENTS
        self.depth = 0
        self.attempts: list[str] = []  # labels of those around that can be left
        self.caught: list[Rethrow] = []  # what the clauses around have caught
        self.counters = [self.locals.add("i32") for _ in range(MOST_NESTED + 1)]
        self.exceptions = [self.locals.add("exn") for _ in range(MOST_NESTED + 1)]
        self.kept = [self.locals.add("exn") for _ in range(2)]

    def all(self) -> Code:
        made: Code = []
        for _ in range(self.choice.randint(1, 5)):
            if self.left > 0:
                self.left -= 1
                made += self.choice.choice(self.makers())()
        return made

    def makers(self) -> list[Callable[[], Code]]:
        makers: list[Callable[[], Code]] = [self.set_local] * 4 + [self.set_field] * 3 + [self.set_element] * 3
        makers += [self.fill, self.copy, self.initialize, self.set_table, self.more_table, self.set_global, self.throw]
        makers += [self.drop_segment] * (self.choice.random() < 0.02)
        makers += [self.call_one] * (2 if self.index else 0) + [self.tail_call] * (3 * (self.index > 0))
        if self.depth < MOST_NESTED:
            makers += [self.attempt, self.attempt, self.branch, self.loop]
        makers += [self.leave] * bool(self.attempts) + [self.rethrow] * bool(self.caught)
        return makers + [self.throw_kept] * (2 * self.is_mixed)

    def inside(self) -> Code:
        self.depth += 1
        made = self.all()
        self.depth -= 1
        return made

    # What changes something

    def set_local(self) -> Code:
        number = self.choice.randrange(self.locals.used)
        return [*self.value(self.locals.kinds[number], 4), SET + unsigned(number)]

    def set_field(self) -> Code:
        fields = [(t, n) for t in self.types.structs for n, (_, is_mutable) in enumerate(t.fields) if is_mutable]
        if not fields:
            return self.set_local()
        type_, number = self.choice.choice(fields)
        value = self.value(unpacked(type_.fields[number][0]), 3)
        return [*self.certain(type_.kind, 2), *value, gc(5, type_.index, number)]

    def mutable_array(self) -> tuple[str, str] | None:
        """The kind of one, and of its elements."""
        found = [(t.kind, t.fields[0][0]) for t in self.types.arrays if t.fields[0][1]]
        return self.choice.choice(found) if found else None

    def set_element(self) -> Code:
        chosen = self.mutable_array()
        if chosen is None:
            return self.set_local()
        kind, element = chosen
        value = self.value(unpacked(element), 3)
        return [*self.certain(kind, 2), *self.array_index(1), *value, gc(0x0E, int(kind[1:]))]

    def part(self) -> tuple[Code, Code]:
        """Where a part of an array begins, and how long it is: mostly within it."""
        if self.choice.random() < CAREFUL:
            return [*self.value("i32", 1), constant(3), b"\x71"], [constant(self.choice.randrange(LENGTH - 3))]
        return [*self.value("i32", 0), constant(15), b"\x71"], [*self.value("i32", 0), constant(7), b"\x71"]

    def fill(self) -> Code:
        chosen = self.mutable_array()
        if chosen is None:
            return self.set_local()
        start, count = self.part()
        kind, element = chosen
        return [*self.certain(kind, 2), *start, *self.value(unpacked(element), 2), *count, gc(0x10, int(kind[1:]))]

    def copy(self) -> Code:
        """From an array to itself or another, whose elements may be of a narrower kind."""
        chosen = self.mutable_array()
        if chosen is None:
            return self.set_local()
        kind, element = chosen
        others = [t.kind for t in self.types.arrays if self.suits(t.fields[0][0], element)]
        other = self.choice.choice(others)
        start, count = self.part()
        both = [*self.certain(kind, 2), *start, *self.certain(other, 2), *self.part()[0], *count]
        return [*both, gc(0x11, int(kind[1:]), int(other[1:]))]

    def suits(self, element: str, wanted: str) -> bool:
        is_reference = element not in NUMBERS and element not in PACKED
        return element == wanted or (is_reference and self.types.is_within(element, wanted))

    def initialize(self) -> Code:
        chosen = self.mutable_array()
        segment = None if chosen is None else self.data_or_elements(unpacked(chosen[1]))
        if chosen is None or segment is None:
            return self.set_local()
        start, count = self.part()
        index = int(chosen[0][1:])
        return [*self.certain(chosen[0], 2), *start, *self.part()[0], *count, gc(0x12 + segment[0], index, segment[1])]

    def set_table(self) -> Code:
        return [*self.table_index(2), *self.value("any", 3), b"\x26\0"]

    def more_table(self) -> Code:
        """Copies, fills or initializes a part of the table, or lets it grow by one."""
        how = self.choice.randrange(5)
        three = [*self.table_index(1), constant(self.choice.randrange(3))]
        if how == 0:
            return [*self.table_index(1), *self.value("any", 2), constant(2), b"\xfc\x11\0"]
        if how == 1:
            return [*self.table_index(1), *three, b"\xfc\x0e\0\0"]
        if how == 2:
            start = constant(self.choice.randrange(4))
            return [*self.table_index(1), start, constant(3), b"\xfc\x0c" + unsigned(self.choice.randrange(2)) + b"\0"]
        if how == 3:
            return [*self.value("any", 2), constant(1), b"\xfc\x0f\0", SET + unsigned(len(PARAMETERS))]
        return [b"\xfc\x10\0", SET + unsigned(len(PARAMETERS))]

    def set_global(self) -> Code:
        number = self.choice.randrange(1 + len(self.types.kinds))
        kind = "any" if number == 0 else self.types.kinds[number - 1]
        return [*self.value(kind, 3), b"\x24" + unsigned(1 + number)]

    def drop_segment(self) -> Code:
        """What is made of it from then on traps, if it has any length."""
        return [b"\xfc" + self.choice.choice((b"\x09", b"\x0d")) + unsigned(self.choice.randrange(2))]

    # Control

    def condition(self) -> Code:
        return [*self.value("i32", 2), constant(3), b"\x71", constant(self.choice.randrange(4)), b"\x46"]

    def branch(self) -> Code:
        return [*self.condition(), Open(IF, self.label()), *self.inside(), b"\x05", *self.inside(), End()]

    def loop(self) -> Code:
        counter, out, label = unsigned(self.counters[self.depth]), self.label(), self.label()
        made: Code = [constant(self.choice.randint(1, 5)), SET + counter, Open(BLOCK, out), Open(LOOP, label)]
        made += [COUNT_DOWN, BR_IF, To(out)]
        made += self.inside()
        return [*made, GET + counter, constant(1), b"\x6b\x22" + counter, BR_IF, To(label), End(), End()]

    def call_one(self) -> Code:
        index = self.choice.randrange(self.index)
        made = [*self.arguments(3), *self.through(index, tail=False)]
        here = self.locals.of(RESULTS[index])
        return [*made, SET + unsigned(self.choice.choice(here)) if here else DROP]

    def tail_call(self) -> Code:
        same = [index for index in range(self.index) if RESULTS[index] == RESULTS[self.index]]
        if not same:
            return self.call_one()
        call = [*self.arguments(2), *self.through(self.choice.choice(same), tail=True)]
        return [*self.condition(), Open(IF, self.label()), *call, End()]

    # Exceptions

    def throw(self) -> Code:
        tag = self.choice.randrange(len(TAGS))
        values = [node for kind in TAGS[tag] for node in self.value(kind, 2)]
        return [*self.condition(), Open(IF, self.label()), *values, THROW + unsigned(tag), End()]

    def attempt(self) -> Code:
        """A block with clauses; it can be left by a branch from anywhere in it."""
        label = self.label()
        self.attempts.append(label)
        made = Attempt(label, self.inside())
        tags: list[int | None] = [*self.choice.sample(range(len(TAGS)), self.choice.randint(0, 3))]
        tags += [None] * (self.choice.random() < 0.5 or not tags)
        made.clauses += [self.clause(label, tag) for tag in tags]
        self.attempts.pop()
        return [made]

    def clause(self, label: str, tag: int | None) -> Clause:
        """With a reference to the exception, if something in it might throw that again."""
        exception = self.exceptions[self.depth] if self.choice.random() < 0.5 else None
        handler: Code = [self.take(kind) for kind in reversed(() if tag is None else TAGS[tag])]
        if exception is not None:
            if self.is_mixed and self.choice.random() < 0.7:
                handler += [GET + unsigned(exception) + SET + unsigned(self.choice.choice(self.kept))]
            self.caught.append(Rethrow(label, exception))
        handler += self.inside()
        if exception is not None:
            self.caught.pop()
        return Clause(tag, exception, handler)

    def take(self, kind: str) -> Node:
        return SET + unsigned(self.choice.choice(self.locals.of(kind)))

    def rethrow(self) -> Code:
        return [*self.condition(), Open(IF, self.label()), self.choice.choice(self.caught), End()]

    def throw_kept(self) -> Code:
        kept = GET + unsigned(self.choice.choice(self.kept))
        test = [kept, b"\xd1\x45", *self.condition(), b"\x71"] if self.careful() else self.condition()
        return [*test, Open(IF, self.label()), kept + THROW_REF, End()]

    def leave(self) -> Code:
        return [*self.condition(), BR_IF, To(self.choice.choice(self.attempts))]
