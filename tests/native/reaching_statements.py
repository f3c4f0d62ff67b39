"""Statements of functions that reach for the ends of their memories (`tests.native.reaching`)."""

import random
from typing import Final

from tests.native.reaching_values import INTEGERS, STEPPING, WIDE, Memory, Values

LOOPS: Final = 3  # in each other
_TURNS: Final = (1, 2, 5, 15, 16, 17, 40, 250, 1023, 1024, 1025, 1500, 2100)
_MOST_TURNS: Final = 6_000  # of loops in each other
_STEPS: Final = (1, 2, 3, 4, 4, 8, 8, 16, 24, 64, 100, 256, 1024, 1028, 4096, 0x1_0000)


class Maker(Values):
    """Writes one function."""

    def __init__(self, choice: random.Random, memories: list[Memory], number: int) -> None:
        super().__init__(choice, memories)
        self.number = number
        self.open: list[str] = []  # blocks, innermost last
        self.turns = 1  # of all loops around
        self.labels = 0
        self.room = 32  # for statements

    def make(self) -> str:
        first = [f"(local.set {local} ({kind}.const 256))" for kind, names in STEPPING.items() for local in names]
        inside = "".join([*first, *(self.statement() for _ in range(7))])
        last = "(local.get $sum)"
        if self.number and self.chance(0.2):
            last = f"(return_call $f{self.choice.randrange(self.number)} {self.arguments()})"
        return inside + last

    def arguments(self) -> str:
        return f"{self.integer()} {self.integer()} {self.wide()}"

    def group(self) -> str:
        """Accesses that are near each other."""
        memory = self.choice.choice(self.memories)
        kind, local = memory.kind, self.choice.choice(STEPPING[memory.kind])
        found = []
        for _ in range(self.choice.randint(2, 6)):
            near = self.choice.choice([0, 0, 4, 8, -4, -8, 16, 1])
            way = self.choice.choice(["add", "sub"])
            found.append(self.access(memory, f"({kind}.{way} (local.get {local}) ({kind}.const {near}))"))
            if self.chance(0.15):
                found.append(self.set())
        return "".join(found)

    def statement(self) -> str:
        self.room -= 1
        if self.room < 0:
            return ""
        makers = [
            self.access, self.access, self.access, self.group, self.group, self.set, self.set, self.guarded,
            self.guarded, self.loop, self.loop, self.loop, self.leave, self.table, self.call, self.grow, self.bulk,
            self.attempt, self.early, self.choose,
        ]  # fmt: skip
        return self.choice.choice(makers)()

    def statements(self, most: int) -> str:
        return "".join(self.statement() for _ in range(self.choice.randint(1, most)))

    def set(self) -> str:
        if self.chance(0.2):
            return f"(global.set $g {self.integer()})(global.set $w {self.wide()})"
        memory = self.choice.choice(self.memories)
        kind, local = memory.kind, self.choice.choice(WIDE if memory.is_wide else INTEGERS)
        if local in STEPPING[kind] and not self.chance(self.boldness):
            return f"(local.set {local} {self.choice.choice([self.masked(memory), self.near(kind)])})"
        return f"(local.set {local} {self.value(kind)})"

    def guarded(self) -> str:
        """An access that is done if it is inside, or nearly so."""
        memory = self.choice.choice(self.memories)
        kind, local = memory.kind, self.choice.choice(STEPPING[memory.kind])
        less = self.choice.choice([16, 56, 4095, 128]) if not self.chance(0.1) else 0
        end = f"({kind}.sub {self.bytes_of(memory)} ({kind}.const {less}))"
        inside = f"({kind}.{self.choice.choice(['lt_u', 'lt_s', 'le_u'])} (local.get {local}) {end})"
        return f"(if {inside} (then {self.access(memory, f'(local.get {local})')}))"

    def choose(self) -> str:
        other = f"(else {self.statements(2)})" if self.chance(0.5) else ""
        return f"(if {self.condition()} (then {self.statements(2)}) {other})"

    def label(self, name: str) -> str:
        self.labels += 1
        return f"${name}{self.labels}"

    def leave(self) -> str:
        """A block, and branches to the ends of any around."""
        name = self.label("block")
        self.open.append(name)
        parts = [self.statements(2)]
        for _ in range(self.choice.randint(1, 2)):
            parts.append(f"(br_if {self.choice.choice(self.open)} {self.condition()}){self.statements(2)}")
        self.open.pop()
        return f"(block {name} {''.join(parts)})"

    def table(self) -> str:
        names = [self.label("block") for _ in range(3)]
        self.open += names
        before = self.statements(1)
        back = ""
        if self.loops and self.chance(0.5):
            back = f"(if {self.again()} (then (br_table {names[0]} {self.loops[-1]} {names[2]} {self.masked_small()})))"
        text = f"{before} {back} (br_table {' '.join(self.choice.choices(self.open, k=4))} {self.masked_small()})"
        for name in reversed(names):
            self.open.pop()
            text = f"(block {name} {text}) {self.statements(1)}"
        return text

    def masked_small(self) -> str:
        return f"(i32.and {self.integer(1)} (i32.const 7))"

    def early(self) -> str:
        return f"(if (i32.eq {self.integer()} (i32.const 12)) (then (return (local.get $sum))))"

    def again(self) -> str:
        """Whether a loop may go on, which has one turn less then."""
        counter = f"$n{len(self.loops) - 1}"
        return f"(i32.gt_s (local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1))) (i32.const 0))"

    def loop(self) -> str:
        if len(self.loops) == LOOPS:
            return self.access()
        possible = [turns for turns in _TURNS if turns * self.turns <= _MOST_TURNS]
        turns, name = self.choice.choice(possible), self.label("loop")
        counter, before = f"(local.set $n{len(self.loops)} (i32.const {turns}))", self.turns
        steps = [self.step(turns) for _ in range(self.choice.randint(1, 3))]
        self.loops.append(name)
        self.turns *= turns
        parts = [self.statement() for _ in range(self.choice.randint(1, 4))] + [step for _, step, _ in steps]
        self.choice.shuffle(parts)
        if self.chance(0.2):
            parts.insert(1, f"(if {self.condition()} (then (br_if {name} {self.again()})))")
        end = self.again()
        if self.chance(0.3):
            end = f"(i32.and {end} (i32.ne (local.get {self.choice.choice(INTEGERS)}) (i32.const 0)))"
        self.loops.pop()
        self.turns = before
        first, after = "".join(first for first, _, _ in steps), "".join(last for _, _, last in steps)
        return f"{first}{counter}(loop {name} {''.join(parts)} (br_if {name} {end})){after}"

    def step(self, turns: int) -> tuple[str, str, str]:
        """What gives a local its first value, what steps on, and what it is given behind the loop."""
        memory = self.choice.choice(self.memories)
        kind, local = memory.kind, self.choice.choice(STEPPING[memory.kind])
        step = self.choice.choice(_STEPS)
        if turns * step > memory.page * memory.least // 2 and self.chance(0.9):
            step = self.choice.choice([1, 4, 8])
        way = self.choice.choice(["add", "sub"])
        far = turns * step + self.choice.choice([0, 4, 16, -8, 100, 128, 256, 256, 1024, 4096])
        first = self.constant(kind)
        if way == "sub":
            first = f"({kind}.const {far})" if self.chance(0.8) else first
        elif self.chance(0.6):
            first = f"({kind}.sub {self.bytes_of(memory)} ({kind}.const {far}))"
        last = f"(local.set {local} {self.masked(memory)})" if self.chance(0.8) else ""
        stepping = f"(local.set {local} ({kind}.{way} (local.get {local}) ({kind}.const {step})))"
        return "" if self.chance(0.1) else f"(local.set {local} {first})", stepping, last

    # What may change memories

    def grow(self) -> str:
        memory = self.choice.choice(self.memories)
        kind, size = memory.kind, f"(memory.size $m{memory.number})"
        pages = self.choice.choice([0, 1, 1, 1 << 16]) if memory.page > 1 else self.choice.choice([1, 7, 100])
        text = f"(memory.grow $m{memory.number} ({kind}.const {pages}))"
        limit = 6 if memory.page > 1 else 80_000
        is_small = f"({kind}.lt_u {size} ({kind}.const {limit}))"
        grown = self.add(kind, f"(if (result {kind}) {is_small} (then {text}) (else {size}))")
        return f"(if {self.condition()} (then {grown}))" if self.chance(0.5) else grown

    def call(self) -> str:
        argument = self.integer()
        callees = ["$grows", "$touches", "$host", "$same", "$tail"]
        text = f"(call {self.choice.choice(callees)} {argument})"
        if self.chance(0.3):
            text = f"(call_indirect (param i32) (result i32) {argument} (i32.and {self.integer(1)} (i32.const 3)))"
        if self.number and not self.loops and self.chance(0.3):
            return self.add("i64", f"(call $f{self.choice.randrange(self.number)} {self.arguments()})")
        return self.add("i32", text) if self.chance(0.5) else f"(local.set {self.choice.choice(INTEGERS)} {text})"

    def attempt(self) -> str:
        """What throws is caught, with what it throws or without, in either form; a loop around may go on from there."""
        name, given = self.label("block"), self.choice.choice(INTEGERS)
        inside = f"{self.statements(2)}(local.set {given} (call $throws {self.integer()})){self.statements(1)}"
        if self.chance(0.4):
            return f"{self.older_attempt(name, given, inside)} "  # two of them may stand side by side
        if self.chance(0.4):
            return f"(block {name} (try_table (catch_all {name}) {inside})){self.back()}"
        caught = f"(block {name} (result i32) (try_table (catch $e {name}) {inside}) (i32.const 24))"
        return f"(local.set {given} {caught}){self.back()}"

    def older_attempt(self, name: str, given: str, inside: str) -> str:
        """With `try`, which is around another one that passes on what it catches, or hands it over."""
        caught, after = f"catch $e local.set {given}", self.access()
        way = self.choice.randrange(4)
        if way == 0:
            return f"try {name} try {inside} delegate {name} {caught} {after} {self.back()} end"
        if way == 1:
            return f"try try {name} {inside} {caught} {after} rethrow {name} end catch_all {self.access()} end"
        if way == 2:
            return f"try {name} {inside} catch_all {after} {self.back()} end"
        return f"try {name} {inside} {caught} {self.back()} catch_all {after} end"

    def back(self) -> str:
        """To the beginning of the loop around, perhaps."""
        if not self.loops or self.chance(0.5):
            return ""
        return f"(if {self.again()} (then (br_if {self.loops[-1]} {self.condition()})))"

    def bulk(self) -> str:
        memory, other = self.choice.choice(self.memories), self.choice.choice(self.memories)
        kind, way = memory.kind, self.choice.randrange(3)
        count = self.choice.choice([0, 1, 8, 100, 256])
        to = self.value(kind) if self.chance(self.boldness) else self.masked(memory)
        if way == 0:
            return f"(memory.fill $m{memory.number} {to} (local.get $i) ({kind}.const {count}))"
        if way == 1:
            return f"(memory.init $m{memory.number} $d {to} (i32.const {count & 7}) (i32.const {count & 7}))"
        length = "i64" if memory.is_wide and other.is_wide else "i32"
        return f"(memory.copy $m{memory.number} $m{other.number} {to} {self.masked(other)} ({length}.const {count}))"
