"""Random modules that strain the translator: what waits, what is spilled, what must make way for what.

`programs` writes expressions, as compilers do. Here the operand stack itself is what is random: it grows by hundreds of
values of every kind before the first is consumed, blocks take some of it as parameters, branches carry several values,
calls have up to a thousand arguments and results, and locals change under the values that wait. Everything ends: loops
count down in locals of their own, and functions only call earlier ones. NaNs leave no trace of their bits.
"""

import random
from collections.abc import Sequence

from tests.fuzz.programs import CODES, TYPES, constant
from tests.fuzz.stress_stack import (
    ELSE,
    END,
    GLOBALS_EACH,
    LOCAL_GET,
    LOCAL_SET,
    LOCAL_TEE,
    MOST_TYPES,
    Label,
    Signature,
    Types,
    TypeTable,
)
from tests.fuzz.stress_values import Values
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
    module,
    section,
    signed,
    sized,
    unsigned,
    vector,
)


class Function(Values):
    """Writes one function."""

    def __init__(self, choice: random.Random, signatures: Sequence[Signature], index: int, types: TypeTable) -> None:
        super().__init__(choice, signatures, index, types)
        self.actions = [
            self.pile, self.pile, self.apply, self.apply, self.apply, self.assign, self.assign, self.assign,
            self.throw_away, self.choose, self.store, self.set_global, self.call, self.call, self.block, self.decision,
            self.loop, self.branch_if, self.branch_if, self.leave_somehow, self.bulk, self.deep_pile,
        ]  # fmt: skip

    def make(self) -> bytes:
        """The instructions of the function."""
        self.run(12)
        self.finish(self.results)
        return b"".join(self.code)

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
