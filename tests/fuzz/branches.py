"""Random functions that are mostly branches: what is paid for in fuel depends on where these may go.

Blocks, arms and loops within one another, left in every way and for every place outside; little is executed between.
Which way is taken is what a random number says, in a local that changes all the time. A loop counts down in a local of
its own, and is left at zero; so everything ends. What has happened is in memory, whatever stops a function.
"""

import random
from collections.abc import Iterator
from itertools import count

from tests.hostile.encoding import (
    CODE,
    EXPORT,
    FUNCTION,
    MEMORY,
    TYPE,
    body,
    function_type,
    module,
    section,
    signed,
    sized,
    unsigned,
    vector,
)

FUNCTIONS = 3
DEEPEST = 6
MOST_TURNS = 3
MOST_INSTRUCTIONS = 250  # of a function, about
I32, VOID = b"\x7f", b"\x40"
NUMBER = b"\0"  # the local, which is the parameter

END, ELSE, DROP, NOP, RETURN, UNREACHABLE = b"\x0b", b"\x05", b"\x1a", b"\x01", b"\x0f", b"\0"
GET, SET, TEE, CONST = b"\x20", b"\x21", b"\x22", b"\x41"
EQZ, ADD, SUB, MUL, SHIFT, AND = b"\x45", b"\x6a", b"\x6b", b"\x6c", b"\x76", b"\x71"


class Function:
    """One being written. `labels` has for each open block, from outside, whether branches take a value; None: none."""

    def __init__(self, choice: random.Random, callees: int) -> None:
        self.choice = choice
        self.callees = callees
        self.labels: list[bool | None] = [True]
        self.counters = 0
        self.left = MOST_INSTRUCTIONS

    def code(self) -> bytes:
        return b"".join(self.statement() for _ in range(10)) + GET + NUMBER

    def several(self) -> bytes:
        """Statements, of which only the last may be one after which nothing is reached."""
        made = b"".join(self.statement() for _ in range(self.choice.randrange(4)))
        return made + (self.leave() if self.choice.random() < 0.25 else b"")

    def statement(self) -> bytes:
        self.left -= 1
        makers = [self.change, self.change, self.store, self.little, self.maybe_leave, self.maybe_leave, self.call]
        if len(self.labels) < DEEPEST and self.left > 0:
            makers += [self.block, self.block, self.value, self.arms, self.arms, self.loop]
        return self.choice.choice(makers)()

    def change(self) -> bytes:
        """The number is another."""
        factor = signed(self.choice.choice([1103515245, -1640531535]))
        return GET + NUMBER + CONST + factor + MUL + CONST + signed(12345) + ADD + SET + NUMBER

    def store(self) -> bytes:
        address = self.choice.randrange(100)
        return CONST + signed(address) + GET + NUMBER + b"\x3a\0\0"

    def little(self) -> bytes:
        return self.choice.choice([NOP, CONST + b"\0" + DROP, b"", b"\x02" + VOID + END, b"\x03" + VOID + END])

    def call(self) -> bytes:
        if self.callees == 0 or len(self.labels) > 2:
            return self.change()
        return GET + NUMBER + b"\x10" + unsigned(self.choice.randrange(self.callees)) + SET + NUMBER

    def bit(self, width: int = 1) -> bytes:
        """A random number of so many bits, mostly."""
        shift = CONST + signed(self.choice.randrange(8, 28)) + SHIFT
        return GET + NUMBER + shift + CONST + signed((1 << width) - 1) + AND

    def within(self, takes_value: bool | None) -> bytes:
        self.labels.append(takes_value)
        made = self.several()
        self.labels.pop()
        return made

    def block(self) -> bytes:
        return b"\x02" + VOID + self.within(False) + END

    def value(self) -> bytes:
        return b"\x02" + I32 + self.within(True) + GET + NUMBER + END + SET + NUMBER

    def arms(self) -> bytes:
        made = self.bit() + b"\x04" + VOID + self.within(False)
        return made + (ELSE + self.within(False) if self.choice.random() < 0.6 else b"") + END

    def loop(self) -> bytes:
        self.counters += 1
        counter = unsigned(self.counters)
        turns = CONST + signed(self.choice.randrange(1, MOST_TURNS + 1)) + SET + counter
        less = GET + counter + CONST + b"\x01" + SUB
        if self.choice.random() < 0.4:  # nothing in it goes back
            return turns + b"\x03" + VOID + self.within(None) + less + TEE + counter + b"\x0d\0" + END
        self.labels.append(False)
        inner = self.within(False)
        self.labels.pop()
        back = self.choice.choice([b"", b"\x0c\0", self.bit() + b"\x0d\0"])
        begin = GET + counter + EQZ + b"\x0d\x01" + less + SET + counter
        return turns + b"\x02" + VOID + b"\x03" + VOID + begin + inner + back + END + END

    def depths(self, takes_value: bool) -> list[int]:
        """The labels to which a branch takes a value, or none."""
        return [depth for depth, takes in enumerate(reversed(self.labels)) if takes is takes_value]

    def depth(self) -> int:
        return self.choice.choice([*self.depths(True), *self.depths(False)])

    def leave(self) -> bytes:
        """Go elsewhere, in any case."""
        made = self.jump()
        stop = UNREACHABLE if self.choice.random() < 0.2 else made
        return self.choice.choice([made, made, made, GET + NUMBER + RETURN, stop, self.table(), self.table()])

    def jump(self) -> bytes:
        depth = self.depth()
        return self.carried(depth) + b"\x0c" + unsigned(depth)

    def table(self) -> bytes:
        depths = self.depths(self.choice.random() < 0.3) or self.depths(True)
        chosen = [self.choice.choice(depths) for _ in range(self.choice.choice([1, 2, 2, 3, 4, 9]))]
        *cases, default = map(unsigned, chosen)
        return self.carried(depths[0]) + self.bit(2) + b"\x0e" + vector(cases) + default

    def maybe_leave(self) -> bytes:
        depth = self.depth()
        carried = self.carried(depth)
        return carried + self.bit() + b"\x0d" + unsigned(depth) + (DROP if carried else b"")

    def carried(self, depth: int) -> bytes:
        return GET + NUMBER if self.labels[-1 - depth] else b""


def _functions(choice: random.Random) -> Iterator[bytes]:
    for number in count():
        function = Function(choice, number)
        code = function.code()
        yield body(code, [(function.counters, I32)])


def make_branches(seed: int) -> bytes:
    """The module of a seed."""
    choice = random.Random(f"branches {seed}")
    codes = [code for code, _ in zip(_functions(choice), range(FUNCTIONS), strict=False)]
    names = [sized(b"f%d" % number) + b"\0" + unsigned(number) for number in range(FUNCTIONS)]
    return module(
        section(TYPE, vector([function_type(I32, I32)])),
        section(FUNCTION, vector([b"\0"] * FUNCTIONS)),
        section(MEMORY, vector([b"\0\x01"])),
        section(EXPORT, vector([*names, sized(b"memory") + b"\x02\0"])),
        section(CODE, vector(codes)),
    )
