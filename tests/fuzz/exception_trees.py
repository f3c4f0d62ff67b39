"""Trees of statements that throw and catch, over two accumulators."""

import random
from collections.abc import Callable
from typing import Any

I32, I64, EXNREF = b"\x7f", b"\x7e", b"\x69"
TAGS = (I32, I64 + I32, b"", I32 + I32 + I64)  # the values of each tag
FUNCTIONS = 5
STATEMENTS = 40  # of a function
MOST_NESTED = 6
Statement = tuple[Any, ...]


class Maker:
    """Makes the statements of one function, which calls only the functions before it."""

    def __init__(self, source: random.Random, index: int) -> None:
        self.random = source
        self.index = index
        self.left = STATEMENTS
        self.depth = 0
        self.blocks: list[int] = []  # depths of those around that can be left
        self.caught: list[int] = []  # depths of the clauses around

    def statements(self) -> list[Statement]:
        return [self.statement() for _ in range(self.random.randint(1, 4)) if self.left > 0]

    def statement(self) -> Statement:
        self.left -= 1
        makers: list[Callable[[], Statement]] = [self.mix, self.throw, self.throw]
        makers += [self.call] * (2 if self.index else 0)
        makers += [self.attempt, self.attempt, self.attempt, self.skip, self.loop] if self.depth < MOST_NESTED else []
        makers += [self.leave] * bool(self.blocks) + [self.rethrow] * bool(self.caught)
        return self.random.choice(makers)()

    def inside(self) -> list[Statement]:
        self.depth += 1
        made = self.statements()
        self.depth -= 1
        return made

    def mix(self) -> Statement:
        return "mix", self.random.randint(-50, 50), self.random.randint(1, 1 << 40)

    def throw(self) -> Statement:
        return "throw", self.random.randrange(len(TAGS)), self.random.randint(0, 3)

    def call(self) -> Statement:
        return "call", self.random.randrange(self.index)

    def loop(self) -> Statement:
        return "loop", self.depth, self.random.randint(1, 4), self.inside()

    def leave(self) -> Statement:
        return "leave", self.random.choice(self.blocks), self.random.randint(0, 3)

    def rethrow(self) -> Statement:
        return "rethrow", self.random.choice(self.caught), self.random.randint(0, 3)

    def attempt(self) -> Statement:
        """A block with clauses, which can be left by a branch from both."""
        depth = self.depth
        self.blocks.append(depth)
        made = "attempt", depth, self.inside(), self.clauses(depth)
        self.blocks.pop()
        return made

    def skip(self) -> Statement:
        """What its second part throws is not for its own clauses, but for those around."""
        depth = self.depth
        return "skip", depth, self.inside(), self.inside(), self.clauses(depth)

    def clauses(self, depth: int) -> list[tuple[int | None, list[Statement]]]:
        tags: list[int | None] = [*self.random.sample(range(len(TAGS)), self.random.randint(0, 3))]
        tags += [None] * (self.random.random() < 0.4 or not tags)
        self.caught.append(depth)
        made = [(tag, self.inside()) for tag in tags]
        self.caught.pop()
        return made
