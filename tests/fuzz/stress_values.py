"""What is done with the values on the operand stack of a function that strains the translator."""

from collections.abc import Callable

from tests.fuzz.programs import OPERATORS, STORES, TYPES, constant
from tests.fuzz.stress_stack import (
    BINARY,
    COUNTERS,
    DROP,
    FLOAT_EQUAL,
    FLOAT_STORES,
    GLOBALS_EACH,
    INDICES,
    LOCAL_GET,
    LOCAL_SET,
    LOCAL_TEE,
    SELECT,
    Stack,
)
from tests.hostile.encoding import (
    signed,
    unsigned,
)


class Values(Stack):
    """Piles values up, and consumes them."""

    actions: list[Callable[[], None]]
    """What happens, at random; each as often as it is named."""

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
