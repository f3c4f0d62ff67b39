"""Random modules that strain the translator: what waits, what is spilled, what must make way for what.

`programs` writes expressions, as compilers do. Here the operand stack itself is what is random: it grows by hundreds of
values of every kind before the first is consumed, blocks take some of it as parameters, branches carry several values,
calls have up to a thousand arguments and results, and locals change under the values that wait. Everything ends: loops
count down in locals of their own, and functions only call earlier ones. NaNs leave no trace of their bits.
"""

import random
from collections.abc import Callable, Sequence

from tests.fuzz.programs import CODES, LOADS, OPERATORS, STORES, TYPES, constant
from tests.hostile.encoding import (
    CODE,
    ELEMENT,
    EXPORT,
    FUNCREF,
    FUNCTION,
    GLOBAL,
    MEMORY,
    TABLE,
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

Types = tuple[str, ...]
Signature = tuple[Types, Types]

ADDRESS_MASK = 0xFFF8
MOST_TYPES = 1000  # parameters, or results
EACH_TYPE = 2  # locals that are no parameters
COUNTERS = 3
INDICES = {kind: number for number, kind in enumerate(TYPES)}
GLOBALS_EACH = 2

LOCAL_GET, LOCAL_SET, LOCAL_TEE = b"\x20", b"\x21", b"\x22"
SELECT, DROP, END, ELSE = b"\x1b", b"\x1a", b"\x0b", b"\x05"
BINARY: dict[str, list[tuple[bytes, Types]]] = {
    kind: [(code, operands) for code, operands, traps in OPERATORS[kind] if len(operands) == 2 and not traps]
    for kind in TYPES
}
TO_I64 = {"i32": b"\xac", "i64": b"", "f32": b"\xfc\x04", "f64": b"\xfc\x06"}  # NaN becomes 0
FLOAT_STORES = {"f32": b"\x38", "f64": b"\x39"}
FLOAT_EQUAL = {"f32": b"\x5b", "f64": b"\x61"}


class Label:
    """A block that is open: what a branch to it takes along, None for loops, and where its part of the stack begins."""

    def __init__(self, types: Types | None, base: int) -> None:
        self.types = types
        self.base = base


class Function:
    """Writes one function; `stack` has the types of what is on the operand stack."""

    def __init__(self, choice: random.Random, signatures: Sequence[Signature], index: int, types: "TypeTable") -> None:
        self.choice = choice
        self.signatures = signatures
        self.index = index
        self.types = types
        self.parameters, self.results = signatures[index]
        self.locals = (*self.parameters, *TYPES * EACH_TYPE, "i64", *["i32"] * COUNTERS)
        self.sum = len(self.locals) - COUNTERS - 1  # the local that what is thrown away goes into
        self.by_type = {kind: [i for i, k in enumerate(self.locals[: self.sum]) if k == kind] for kind in TYPES}
        self.free_counters = COUNTERS
        self.calls = 3
        self.budget = choice.choice([20, 60, 60, 150])
        self.code: list[bytes] = []
        self.stack: list[str] = []
        self.labels = [Label(self.results, 0)]
        self.is_dead = False
        self.actions: list[Callable[[], None]] = [
            self.pile, self.pile, self.apply, self.apply, self.apply, self.assign, self.assign, self.assign,
            self.throw_away, self.choose, self.store, self.set_global, self.call, self.call, self.block, self.decision,
            self.loop, self.branch_if, self.branch_if, self.leave_somehow, self.bulk, self.deep_pile,
        ]  # fmt: skip

    def make(self) -> bytes:
        """The instructions of the function."""
        self.run(12)
        self.finish(self.results)
        return b"".join(self.code)

    # --- the stack ------------------------------------------------------------------------------

    @property
    def available(self) -> int:
        """How many values this block may consume."""
        return len(self.stack) - self.labels[-1].base

    def emit(self, code: bytes, pops: int = 0, pushes: Sequence[str] = ()) -> None:
        self.code.append(code)
        if pops:
            del self.stack[-pops:]
        self.stack += pushes

    def local(self, kind: str) -> bytes:
        return unsigned(self.choice.choice(self.by_type[kind]))

    def leaf(self, kind: str) -> bytes:
        chance = self.choice.random()
        if chance < 0.65:
            return LOCAL_GET + self.local(kind)
        if chance < 0.9:
            return constant(self.choice, kind)
        return b"\x23" + unsigned(INDICES[kind] * GLOBALS_EACH + self.choice.randrange(GLOBALS_EACH))

    def expression(self, kind: str, depth: int) -> bytes:
        """Instructions that leave one value."""
        if depth == 0:
            return self.leaf(kind)
        chance = self.choice.random()
        if chance < 0.75:
            code, operands, traps = self.choice.choice(OPERATORS[kind])
            while traps and self.choice.random() < 0.95:
                code, operands, traps = self.choice.choice(OPERATORS[kind])
            return b"".join(self.expression(k, self.choice.randrange(depth)) for k in operands) + code
        if chance < 0.85 and kind in ("i32", "i64"):
            code, _ = self.choice.choice(LOADS[kind])
            return self.address(depth - 1) + code + b"\0" + unsigned(self.choice.choice([0, 1, 8, 100]))
        if chance < 0.9:
            return self.expression(kind, depth - 1) + LOCAL_TEE + self.local(kind)
        return self.expression(kind, depth - 1) + self.leaf(kind) + self.expression("i32", depth - 1) + SELECT

    def address(self, depth: int) -> bytes:
        return self.expression("i32", depth) + b"\x41" + signed(ADDRESS_MASK) + b"\x71"

    def push(self, kind: str, depth: int = 2) -> None:
        self.emit(self.expression(kind, self.choice.randint(0, depth)), 0, [kind])

    def has(self, types: Types) -> bool:
        """Whether these are the topmost values, and may be consumed."""
        return len(types) <= self.available and tuple(self.stack[len(self.stack) - len(types) :]) == types

    def arrange(self, types: Types) -> None:
        """Bring values of these types to the top."""
        if not self.has(types):
            depth = 2 if len(types) < 20 else 0
            for kind in types:
                self.push(kind, depth)

    def finish(self, types: Types) -> None:
        """Leave exactly these values in this block, and let what else is there count for something."""
        if self.is_dead:
            return
        base = self.labels[-1].base
        if tuple(self.stack[base:]) == types:
            return
        while self.available:
            if self.available >= 2 and self.stack[-1] == self.stack[-2] and self.choice.random() < 0.6:
                self.fold()
            else:
                self.sink()
        for kind in types:
            self.push(kind, 1 if len(types) < 20 else 0)

    def fold(self) -> None:
        """The two topmost values, which are of one type, become one."""
        kind = self.stack[-1]
        same = [code for code, operands in BINARY[kind] if operands == (kind, kind)]
        self.emit(self.choice.choice(same), 2, [kind])

    def sink(self) -> None:
        """The topmost value goes into the sum."""
        mix = LOCAL_GET + unsigned(self.sum) + b"\x42" + signed(13) + b"\x89\x85"
        self.emit(TO_I64[self.stack[-1]] + mix + LOCAL_SET + unsigned(self.sum), 1)

    # --- actions --------------------------------------------------------------------------------

    def run(self, most: int) -> None:
        """Some actions, up to one after which nothing can be reached."""
        for _ in range(self.choice.randint(1, most)):
            self.budget -= 1
            if self.is_dead or self.budget < 0:
                break
            self.choice.choice(self.actions)()

    def pile(self) -> None:
        for _ in range(self.choice.randint(1, 6)):
            self.push(self.choice.choice(TYPES))

    def deep_pile(self) -> None:
        """Many values that wait, often of one shape: then they are consumed from the top, while locals change."""
        if self.choice.random() < 0.7 or self.budget < 10:
            return
        count = self.choice.choice([10, 30, 70, 150, 300])
        kinds = self.choice.choices(TYPES, k=self.choice.randint(1, 4))
        before = len(self.stack)
        shapes = {kind: self.expression(kind, 2) for kind in kinds} if self.choice.random() < 0.5 else {}
        for _ in range(count):
            kind = self.choice.choice(kinds)
            self.emit(shapes.get(kind) or self.expression(kind, self.choice.randint(0, 2)), 0, [kind])
            if self.choice.random() < 0.03:
                self.assign()
        self.budget -= 10
        self.run(4)
        while not self.is_dead and len(self.stack) > before and self.available > 1:
            if self.choice.random() < 0.05:
                self.assign()
            elif self.stack[-1] == self.stack[-2]:
                self.fold()
            else:
                self.sink()

    def apply(self) -> None:
        """An operator on what is there."""
        if self.available >= 2:
            top = tuple(self.stack[-2:])
            fitting = [(code, kind) for kind in TYPES for code, operands in BINARY[kind] if operands == top]
            if fitting:
                code, kind = self.choice.choice(fitting)
                self.emit(code, 2, [kind])
                return
        if self.available:
            top = (self.stack[-1],)
            fitting = [
                (c, kind) for kind in TYPES for c, operands, traps in OPERATORS[kind] if operands == top and not traps
            ]
            code, kind = self.choice.choice(fitting)
            self.emit(code, 1, [kind])
        else:
            self.pile()

    def assign(self) -> None:
        if not self.available:
            self.push(self.choice.choice(TYPES))
        kind = self.stack[-1]
        if self.choice.random() < 0.6:
            self.emit(LOCAL_SET + self.local(kind), 1)
        else:
            self.emit(LOCAL_TEE + self.local(kind))

    def throw_away(self) -> None:
        if self.available:
            self.emit(DROP, 1)

    def choose(self) -> None:
        if self.available and self.choice.random() < 0.5:
            self.push(self.stack[-1])
        if self.available >= 2 and self.stack[-1] == self.stack[-2]:
            kind = self.stack[-1]
            self.push("i32")
            self.emit(SELECT, 3, [kind])

    def store(self) -> None:
        """Write to memory; floats only if they are no NaN."""
        kind = self.choice.choice(TYPES)
        value = self.expression(kind, 2)
        if kind in FLOAT_STORES:
            local = self.local(kind)
            equal = LOCAL_GET + local + LOCAL_GET + local + FLOAT_EQUAL[kind]
            code = FLOAT_STORES[kind]
            value += LOCAL_TEE + local + constant(self.choice, kind) + equal + SELECT
        else:
            code, _ = self.choice.choice(STORES[kind])
        self.emit(self.address(1) + value + code + b"\0" + unsigned(self.choice.choice([0, 3, 16])))

    def set_global(self) -> None:
        if not self.available:
            self.push(self.choice.choice(TYPES))
        kind = self.stack[-1]
        self.emit(b"\x24" + unsigned(INDICES[kind] * GLOBALS_EACH + self.choice.randrange(GLOBALS_EACH)), 1)

    def bulk(self) -> None:
        """Instructions that take their operands from consecutive slots."""
        small = b"\x41" + signed(63) + b"\x71"
        which = self.choice.randrange(3)
        if which == 0:
            self.emit(self.address(1) + self.expression("i32", 1) + self.expression("i32", 1) + small + b"\xfc\x0b\0")
        elif which == 1:
            self.emit(self.address(1) + self.address(1) + self.expression("i32", 1) + small + b"\xfc\x0a\0\0")
        else:
            self.emit(self.expression("i32", 1) + b"\x41\1\x71\x40\0", 0, ["i32"])

    def call(self) -> None:
        """Call an earlier function, directly, through the table or as the last thing that is done."""
        if not self.index or not self.calls or self.free_counters < COUNTERS - 1:
            return
        callee = self.choice.randrange(self.index)
        parameters, results = self.signatures[callee]
        self.calls -= 1
        self.arrange(parameters)
        kind = self.types.index((parameters, results))
        if self.choice.random() < 0.7:
            self.emit(b"\x10" + unsigned(callee), len(parameters), results)
        else:
            right = callee if self.choice.random() < 0.95 else 0
            table = b"\x41" + signed(right) + b"\x11" + unsigned(kind) + b"\0"
            self.emit(table, len(parameters), results)

    # --- blocks ---------------------------------------------------------------------------------

    def some_types(self, most: int = 4) -> Types:
        if self.choice.random() < 0.05:
            most = 24
        return tuple(self.choice.choices(TYPES, k=self.choice.randint(0, most)))

    def taken(self) -> Types:
        """The types of what a block takes as parameters."""
        count = self.choice.randint(0, min(self.available, 5))
        return tuple(self.stack[len(self.stack) - count :])

    def inside(self, types: Types | None, parameters: Types, results: Types) -> None:
        """The inside of a block, whose parameters are on the stack."""
        self.labels.append(Label(types, len(self.stack) - len(parameters)))
        self.run(5)
        self.finish(results)
        if self.is_dead:
            self.dead_code()
        label = self.labels.pop()
        del self.stack[label.base :]
        self.is_dead = False

    def dead_code(self) -> None:
        """Code that is never executed: it may pop anything."""
        some = [b"", b"\x41\1\x1a", b"\x6a\x1a", b"\x03\x40\x0c\0\x0b", b"\x02\x40\x41\1\x0d\0\x0b", b"\x1b\x1a", b"\0"]
        self.code.append(self.choice.choice(some))

    def block(self) -> None:
        parameters, results = self.taken(), self.some_types()
        self.code.append(b"\x02" + signed(self.types.index((parameters, results))))
        self.inside(results, parameters, results)
        self.emit(END, 0, results)

    def decision(self) -> None:
        """An `if`, sometimes without an `else`."""
        parameters = self.taken()
        results = parameters if self.choice.random() < 0.3 else self.some_types()
        self.code.append(self.expression("i32", 2) + b"\x04" + signed(self.types.index((parameters, results))))
        self.inside(results, parameters, results)
        if results != parameters or self.choice.random() < 0.5:
            self.code.append(ELSE)
            self.stack += parameters
            self.inside(results, parameters, results)
        self.emit(END, 0, results)

    def loop(self) -> None:
        """A loop that hands its parameters on to its next round."""
        if not self.free_counters:
            return
        self.free_counters -= 1
        counter = unsigned(self.sum + 1 + self.free_counters)
        parameters = self.taken()
        self.code.append(b"\x41" + signed(self.choice.randint(1, 4)) + LOCAL_SET + counter)
        self.code.append(b"\x03" + signed(self.types.index((parameters, parameters))))
        self.inside(None, parameters, parameters)
        self.code.append(LOCAL_GET + counter + b"\x41\x7f\x6a" + LOCAL_TEE + counter + b"\x0d\0")
        self.emit(END, 0, parameters)
        self.free_counters += 1

    def targets(self) -> list[int]:
        """The labels that may be branched to."""
        found = []
        for number, label in enumerate(reversed(self.labels)):
            if label.types is not None and (len(label.types) <= 24 or self.choice.random() < 0.2):
                found.append(number)
        return found

    def types_of(self, label: int) -> Types:
        types = self.labels[-1 - label].types
        assert types is not None
        return types

    def branch_if(self) -> None:
        targets = self.targets()
        if targets:
            label = self.choice.choice(targets)
            self.arrange(self.types_of(label))
            self.code.append(self.expression("i32", 2) + b"\x0d" + unsigned(label))

    def leave_somehow(self) -> None:
        """A branch, a table of branches, a return or a tail call, after which nothing can be reached."""
        if len(self.labels) == 1 or self.choice.random() < 0.5:
            return
        targets = self.targets()
        way = self.choice.randrange(4)
        if way == 0 and targets:
            label = self.choice.choice(targets)
            self.arrange(self.types_of(label))
            self.code.append(b"\x0c" + unsigned(label))
        elif way == 1 and targets:
            types = self.types_of(self.choice.choice(targets))
            same = [label for label in targets if self.types_of(label) == types]
            chosen = self.choice.choices(same, k=self.choice.randint(1, 6))
            self.arrange(types)
            self.code.append(self.expression("i32", 1) + b"\x41\7\x71\x0e" + vector(map(unsigned, chosen[1:])))
            self.code.append(unsigned(chosen[0]))
        elif way == 2 and self.index and self.signatures[self.index - 1][1] == self.results and self.calls:
            self.calls -= 1
            self.arrange(self.signatures[self.index - 1][0])
            self.code.append(b"\x12" + unsigned(self.index - 1))
        elif len(self.results) <= 24:
            self.arrange(self.results)
            self.code.append(b"\x0f")
        else:
            return
        self.is_dead = True


class TypeTable:
    """The module's function types, each once."""

    def __init__(self) -> None:
        self.found: dict[Signature, int] = {}

    def index(self, signature: Signature) -> int:
        return self.found.setdefault(signature, len(self.found))

    def encoded(self) -> list[bytes]:
        def codes(types: Types) -> bytes:
            return b"".join(CODES[kind] for kind in types)

        return [function_type(codes(parameters), codes(results)) for parameters, results in self.found]


def some_signature(choice: random.Random) -> Signature:
    """Few parameters and results mostly, many sometimes."""

    def types() -> Types:
        most = choice.choices([4, 30, 300, MOST_TYPES], weights=[80, 17, 2, 1])[0]
        return tuple(choice.choices(TYPES, k=choice.randint(most // 2 if most > 30 else 0, most)))

    return types(), types()


def make_stress(seed: int) -> bytes:
    """A module of a few functions, a memory, a table and some globals of each type, all of it exported."""
    choice = random.Random(seed)
    signatures = [some_signature(choice) for _ in range(choice.randint(1, 4))]
    if len(signatures) > 1 and choice.random() < 0.5:
        signatures[-1] = (signatures[-1][0], signatures[-2][1])  # which may tail-call the one before
    types = TypeTable()
    indices = [types.index(signature) for signature in signatures]
    bodies = []
    for index in range(len(signatures)):
        function = Function(choice, signatures, index, types)
        declared = [(1, CODES[kind]) for kind in function.locals[len(function.parameters) :]]
        bodies.append(body(function.make(), declared))
    kinds = [kind for kind in TYPES for _ in range(GLOBALS_EACH)]
    functions = [sized(b"f%d" % i) + b"\0" + unsigned(i) for i in range(len(signatures))]
    others = [sized(b"memory") + b"\2\0", *(sized(b"g%d" % i) + b"\3" + unsigned(i) for i in range(len(kinds)))]
    return module(
        section(TYPE, vector(types.encoded())),
        section(FUNCTION, vector(map(unsigned, indices))),
        section(TABLE, vector([FUNCREF + b"\0" + unsigned(len(signatures))])),
        section(MEMORY, vector([b"\1\2\3"])),
        section(GLOBAL, vector(CODES[kind] + b"\1" + constant(choice, kind) + END for kind in kinds)),
        section(EXPORT, vector(functions + others)),
        section(ELEMENT, vector([b"\0\x41\0\x0b" + vector(unsigned(i) for i in range(len(signatures)))])),
        section(CODE, vector(bodies)),
    )
