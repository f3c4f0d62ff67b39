"""The operand stack of a function that strains the translator, and expressions that put values onto it."""

import random
from collections.abc import Sequence

from tests.fuzz.programs import CODES, LOADS, OPERATORS, TYPES, constant
from tests.hostile.encoding import (
    function_type,
    signed,
    unsigned,
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


class Stack:
    """What is written of one function; `stack` has the types of what is on the operand stack."""

    def __init__(self, choice: random.Random, signatures: Sequence[Signature], index: int, types: TypeTable) -> None:
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
