"""Random programs that throw and catch, in the standard's form and the same ones in the older form.

A program is a tree of statements over two accumulators in locals. `Standard` writes it with `try_table` and exnref,
`Legacy` with `try`, `catch`, `delegate` and `rethrow`; both must give the same results, whoever runs them. Exceptions
pass through loops, blocks, calls and tail calls; clauses rethrow, branch out of the block, and throw themselves.
Everything ends, and nothing leaves the exported function, which catches all.
"""

import random
from collections.abc import Callable
from typing import Any

from tests.fuzz.exception_trees import EXNREF, FUNCTIONS, I32, I64, MOST_NESTED, TAGS, Maker, Statement
from tests.hostile.encoding import (
    CODE,
    EXPORT,
    FUNCTION,
    TAG,
    TYPE,
    body,
    function_type,
    module,
    section,
    signed,
    sized,
    unsigned,
    vector,
)  # fmt: skip

# Locals: two accumulators, which are the parameters; of each depth a counter and an exception; and scratch
X, Y = 0, 1
COUNTER = 2
EXCEPTION = COUNTER + MOST_NESTED
SCRATCH = EXCEPTION + MOST_NESTED
LOCALS = [(MOST_NESTED, I32), (MOST_NESTED, EXNREF), (1, I32), (1, I64)]

GET, SET, END = b"\x20", b"\x21", b"\x0b"
BLOCK, LOOP, IF, BR, BR_IF = b"\x02", b"\x03", b"\x04", b"\x0c", b"\x0d"
THROW, THROW_REF, TRY_TABLE = b"\x08", b"\x0a", b"\x1f"
TRY, CATCH, RETHROW, DELEGATE, CATCH_ALL = b"\x06", b"\x07", b"\x09", b"\x18", b"\x19"
PLAIN = b"\x40"


class Writer:
    """What both forms have in common. Labels are strings; None where nobody branches to."""

    def __init__(self, tail: bool) -> None:
        self.code = bytearray()
        self.labels: list[str | None] = []
        self.tail = tail

    def open(self, opcode: bytes, label: str | None = None, kind: bytes = PLAIN) -> None:
        self.code += opcode + kind
        self.labels.append(label)

    def end(self) -> None:
        self.code += END
        self.labels.pop()

    def to(self, label: str) -> bytes:
        return unsigned(self.labels[::-1].index(label))

    def all(self, statements: list[Statement]) -> None:
        for kind, *rest in statements:
            getattr(self, f"write_{kind}")(*rest)

    def write_mix(self, a: int, b: int) -> None:
        x, y = unsigned(X), unsigned(Y)
        self.code += GET + x + b"\x41" + signed(31) + b"\x6c\x41" + signed(a) + b"\x6a" + SET + x
        self.code += GET + y + GET + x + b"\xac\x85\x42" + signed(b) + b"\x7c" + SET + y

    def condition(self, rest: int) -> None:
        """Whether the first accumulator has this rest modulo 4."""
        self.code += GET + unsigned(X) + b"\x41\x03\x71\x41" + signed(rest) + b"\x46"

    def write_throw(self, tag: int, rest: int) -> None:
        self.condition(rest)
        self.open(IF)
        for kind in TAGS[tag]:
            self.code += GET + unsigned(X if bytes([kind]) == I32 else Y)
        self.code += THROW + unsigned(tag)
        self.end()

    def write_call(self, index: int) -> None:
        self.code += GET + unsigned(X) + GET + unsigned(Y) + b"\x10" + unsigned(index)
        self.code += GET + unsigned(X) + b"\x6a" + SET + unsigned(X)

    def write_loop(self, depth: int, count: int, inner: list[Statement]) -> None:
        counter = unsigned(COUNTER + depth)
        self.code += b"\x41" + signed(count) + SET + counter
        self.open(LOOP, f"loop{depth}")
        self.all(inner)
        self.code += GET + counter + b"\x41\x01\x6b\x22" + counter + BR_IF + self.to(f"loop{depth}")
        self.end()

    def write_leave(self, depth: int, rest: int) -> None:
        self.condition(rest)
        self.code += BR_IF + self.to(f"done{depth}")

    def take(self, tag: int | None) -> None:
        """Mix the values of a caught exception into the accumulators."""
        for kind in reversed(TAGS[tag] if tag is not None else b""):
            if bytes([kind]) == I32:
                self.code += GET + unsigned(X) + b"\x73" + SET + unsigned(X)
            else:
                self.code += GET + unsigned(Y) + b"\x7c" + SET + unsigned(Y)


class Standard(Writer):
    """With `try_table`; what a clause may rethrow is in a local."""

    def write_rethrow(self, depth: int, rest: int) -> None:
        self.condition(rest)
        self.open(IF)
        self.code += GET + unsigned(EXCEPTION + depth) + THROW_REF
        self.end()

    def write_attempt(self, depth: int, inner: list[Statement], clauses: list[Any]) -> None:
        self.open(BLOCK, f"done{depth}")
        self.guarded(depth, lambda: self.all(inner), clauses, f"done{depth}")
        self.end()

    def write_skip(self, depth: int, first: list[Statement], second: list[Statement], clauses: list[Any]) -> None:
        def write() -> None:
            self.all(first)
            self.try_table([b"\x03" + self.to(f"over{depth}")])
            self.all(second)
            self.end()

        self.open(BLOCK, f"skipped{depth}")
        self.open(BLOCK, f"over{depth}", EXNREF)
        self.guarded(depth, write, clauses, f"skipped{depth}")
        self.code += BR + self.to(f"skipped{depth}")
        self.end()
        self.code += THROW_REF
        self.end()

    def try_table(self, catches: list[bytes]) -> None:
        self.code += TRY_TABLE + PLAIN + vector(catches)
        self.labels.append(None)

    def guarded(self, depth: int, write: Callable[[], None], clauses: list[Any], done: str) -> None:
        """Blocks around the `try_table`, one for each clause, the first innermost; behind each is its clause's code."""
        names = [f"clause{depth}_{number}" for number in range(len(clauses))]
        for name, (tag, _) in zip(reversed(names), reversed(clauses), strict=True):
            self.open(BLOCK, name, unsigned(self.type_of(tag)))
        catches = [
            (b"\x03" if tag is None else b"\x01" + unsigned(tag)) + self.to(name)
            for name, (tag, _) in zip(names, clauses, strict=True)
        ]
        self.try_table(catches)
        write()
        self.end()
        for tag, handler in clauses:
            self.code += BR + self.to(done)
            self.end()
            self.code += SET + unsigned(EXCEPTION + depth)
            self.take(tag)
            self.all(handler)

    def type_of(self, tag: int | None) -> int:
        """The block type of what a clause catches: see `types`."""
        return 1 + len(TAGS) + (len(TAGS) if tag is None else tag)


class Legacy(Writer):
    """With `try`; a clause's label is that of its block."""

    def write_rethrow(self, depth: int, rest: int) -> None:
        self.condition(rest)
        self.open(IF)
        self.code += RETHROW + self.to(f"try{depth}")
        self.end()

    def write_attempt(self, depth: int, inner: list[Statement], clauses: list[Any]) -> None:
        self.open(BLOCK, f"done{depth}")
        self.open(TRY, f"try{depth}")
        self.all(inner)
        self.close(clauses)
        self.end()

    def write_skip(self, depth: int, first: list[Statement], second: list[Statement], clauses: list[Any]) -> None:
        self.open(TRY, f"try{depth}")
        self.all(first)
        self.open(TRY)
        self.all(second)
        self.labels.pop()
        self.code += DELEGATE + unsigned(1)
        self.close(clauses)

    def close(self, clauses: list[Any]) -> None:
        for tag, handler in clauses:
            self.code += CATCH_ALL if tag is None else CATCH + unsigned(tag)
            self.take(tag)
            self.all(handler)
        self.end()


def types() -> list[bytes]:
    """Functions first; then what tags carry, what their clauses get, and what those that catch all get."""
    carried = [function_type(values) for values in TAGS]
    return [function_type(I32 + I64, I32), *carried, *(function_type(b"", v + EXNREF) for v in (*TAGS, b""))]


def program(seed: int, form: type[Writer] = Standard) -> bytes:
    """A module whose `f` takes an i32 and an i64 and gives an i32."""
    source = random.Random(seed)
    bodies = []
    for index in range(FUNCTIONS):
        maker = Maker(source, index)
        writer = form(tail=source.random() < 0.3)
        statements = maker.statements()
        if index == FUNCTIONS - 1:
            statements = [("attempt", MOST_NESTED - 1, statements, [(None, [("mix", 7, 7)])])]
        writer.all(statements)
        if writer.tail and index and index < FUNCTIONS - 1:
            writer.code += GET + unsigned(X) + GET + unsigned(Y) + b"\x12" + unsigned(index - 1)
        else:
            writer.code += GET + unsigned(Y) + b"\xa7" + GET + unsigned(X) + b"\x73"
        bodies.append(body(bytes(writer.code), LOCALS))
    return module(
        section(TYPE, vector(types())),
        section(FUNCTION, vector([unsigned(0)] * FUNCTIONS)),
        section(TAG, vector([b"\0" + unsigned(1 + number) for number in range(len(TAGS))])),
        section(EXPORT, vector([sized(b"f") + b"\0" + unsigned(FUNCTIONS - 1)])),
        section(CODE, vector(bodies)),
    )
