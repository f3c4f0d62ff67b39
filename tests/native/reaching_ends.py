"""Short functions that go to the very end of a memory, or to its beginning from below.

In the larger ones of `tests.native.reaching` an access is seldom inside by no byte too many: what they reach for
depends on loops, and most of them trap sooner. Here a local is so many bytes before the end as an argument says, from
call to call another number; then accesses are near it, and what makes them be checked again, or not, is between them.
"""

import random
from typing import Final

from tests.native.reaching_statements import Maker
from tests.native.reaching_values import INTEGERS, STEPPING, WIDE, Memory

ENDS: Final = 4  # functions
END_CALLS: Final = tuple((near, near * 5 & 7, near << 2) for near in (0, 1, 3, 4, 7, 8, 11, 12, 15, 16, 20, 24, 32, 48))
_BEFORE: Final = (0, 4, 8, 12, 16, 24, 40)  # bytes more than the argument says
_NEAR: Final = (0, 0, 0, 1, 4, -1, -4, -8, -16, 8)
_OFFSETS: Final = (0, 0, 0, 0, 1, 4, 8)
_TURNS: Final = (2, 3, 20)


class Ends(Maker):
    """Writes one function."""

    def __init__(self, choice: random.Random, memories: list[Memory], number: int) -> None:
        super().__init__(choice, memories, number)
        self.room, self.boldness = 12, 0.0
        plain = [memory for memory in memories if not (memory.is_wide or memory.is_shared)]
        self.memory = choice.choice(plain if plain and self.chance(0.8) else memories)
        self.local = choice.choice(STEPPING[self.memory.kind])

    def make(self) -> str:
        parts = "".join(self.statement() for _ in range(self.choice.randint(3, 6)))
        last = "(local.get $sum)"
        if self.number and self.chance(0.3):
            last = f"(return_call $e{self.choice.randrange(self.number)} {self.arguments()})"
        return f"{self.begin()}{self.near_access()}{parts}{self.near_access()}{last}"

    def begin(self) -> str:
        kind = self.memory.kind
        near = "(local.get $a)" if kind == "i32" else "(i64.extend_i32_u (local.get $a))"
        end = self.bytes_of(self.memory) if self.chance(0.9) else f"({kind}.const 0)"
        far = [f"({kind}.add {near} ({kind}.const {self.choice.choice(_BEFORE)}))" for _ in STEPPING[kind]]
        pairs = zip(STEPPING[kind], far, strict=True)
        return "".join(f"(local.set {local} ({kind}.sub {end} {before}))" for local, before in pairs)

    def step_to(self, value: str) -> str:
        return f"(local.set {self.local} {value})"

    def statement(self) -> str:
        self.room -= 1
        if self.room < 0:
            return self.near_access()
        makers = [
            self.near_access, self.near_access, self.near_access, self.between, self.between, self.between, self.move,
            self.leave, self.choose, self.turn, self.attempt, self.end_loop, self.copied,
        ]  # fmt: skip
        return self.choice.choice(makers)()

    def near_access(self) -> str:
        kind, by = self.memory.kind, self.choice.choice(_NEAR)
        memory, local = self.memory, f"(local.get {self.local})"
        if self.chance(0.1):  # one that is as long, perhaps, and has the same addresses
            memory = self.choice.choice([other for other in self.memories if other.kind == kind])
        index = local
        if by:
            way, count = self.choice.choice([("add", by), ("sub", -by)])
            index = f"({kind}.{way} {local} ({kind}.const {count}))"
        return self.access(memory, index, self.choice.choice(_OFFSETS))

    def between(self) -> str:
        """What LLVM knows no length behind, and what leaves it alone."""
        memory = f"$m{self.memory.number}"
        makers = [
            f"(drop (memory.grow {memory} ({self.memory.kind}.const 0)))", "(drop (call $host (i32.const 8)))",
            "(drop (call $same (i32.const 8)))", "(drop (call $grows (i32.const 1)))", self.grow(), self.call(),
            self.bulk(), f"(memory.fill {memory} (local.get {self.local}) (i32.const 7) ({self.memory.kind}.const 1))",
        ]  # fmt: skip
        return self.choice.choice(makers)

    def move(self) -> str:
        """The local is another one, or a little further."""
        kind = self.memory.kind
        by = self.choice.choice([1, 4, 8, -4, -8, -16])
        if self.chance(0.15):
            return self.step_to(f"(local.get {self.choice.choice(WIDE if kind == 'i64' else INTEGERS)})")
        further = self.step_to(f"({kind}.add (local.get {self.local}) ({kind}.const {by}))")
        return f"(if {self.condition()} (then {further}))" if self.chance(0.4) else further

    def copied(self) -> str:
        """Another local goes on from here."""
        before, kind = self.local, self.memory.kind
        self.local = self.choice.choice(STEPPING[kind])
        by = self.choice.choice([0, 4, 8, -4])
        return self.step_to(f"({kind}.add (local.get {before}) ({kind}.const {by}))")

    def turn(self) -> str:
        """A block that is left before its access, or behind it."""
        name = self.label("block")
        parts = [self.near_access(), f"(br_if {name} {self.condition()})", self.statement()]
        self.choice.shuffle(parts)
        return f"(block {name} {''.join(parts)})"

    def end_loop(self) -> str:
        """One that goes on from turn to turn: its last one ends at the memory's end, or nearly so."""
        if self.loops:
            return self.near_access()
        turns, name, kind = self.choice.choice(_TURNS), self.label("loop"), self.memory.kind
        by = self.choice.choice([1, 4, 8, 16, -4, -8])
        first = f"({kind}.sub (local.get {self.local}) ({kind}.const {(turns - 1) * by}))"
        before = self.step_to(first) if self.chance(0.8) else ""
        further = self.step_to(f"({kind}.add (local.get {self.local}) ({kind}.const {by}))")
        self.loops.append(name)
        parts = [self.near_access() for _ in range(self.choice.randint(1, 3))] + [further]
        parts += [self.statement()] * self.chance(0.5)
        self.choice.shuffle(parts)
        end = self.again()
        self.loops.pop()
        return f"{before}(local.set $n0 (i32.const {turns}))(loop {name} {''.join(parts)} (br_if {name} {end}))"
