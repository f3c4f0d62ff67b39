"""Random modules that compute: expressions over locals, with loops, branches, calls and memory in between.

Where `smith` covers the binary format, these are made to mislead a translator that keeps values in registers:
locals change between their reads, values wait on the stack across blocks and calls, results go to where operands
came from. They always end: loops count down in locals that nothing else writes, and functions only call earlier
ones. NaNs leave no trace of their bits, which the specification leaves open.
"""

import random
import struct

import fusee.spec.opcodes  # noqa: F401  (fills the table)
from fusee.spec.op import NO_FEATURE, Imm, rows
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

CODES = {"i32": b"\x7f", "i64": b"\x7e", "f32": b"\x7d", "f64": b"\x7c", "v128": b"\x7b"}
TYPES = ("i32", "i64", "f32", "f64")
ADDRESS_MASK = 0xFFF8
SHOWS_NAN_BITS = ("reinterpret", "copysign")

# Local 0 … 7 of each function: parameters first, then two more of each type, then counters.
PARAMETERS = ("i32", "i64", "f32", "f64")
COUNTERS = 3
LOCALS = (*PARAMETERS, *PARAMETERS, *("i32",) * COUNTERS)


def opcode_bytes(code: int) -> bytes:
    """How an opcode of the table is written in a module."""
    return bytes([code]) if code < 0x100 else bytes([code >> 12]) + unsigned(code & 0xFFF)


OPERATORS: dict[str, list[tuple[bytes, tuple[str, ...], bool]]] = {kind: [] for kind in TYPES}
LOADS: dict[str, list[tuple[bytes, int]]] = {kind: [] for kind in TYPES}
STORES: dict[str, list[tuple[bytes, int]]] = {"i32": [], "i64": []}
for _row in rows():
    _code = opcode_bytes(_row.code)
    if _row.feature != NO_FEATURE or _row.params is None or _row.results is None:
        continue
    if not _row.immediates and len(_row.results) == 1 and set(_row.params + _row.results) <= set(TYPES):
        if not any(word in _row.mnemonic for word in SHOWS_NAN_BITS) and _row.params:
            OPERATORS[_row.results[0]].append((_code, _row.params, _row.traps))
    elif _row.immediates == (Imm.MEMARG,) and _row.width and ".load" in _row.mnemonic and _row.results[0] in TYPES:
        LOADS[_row.results[0]].append((_code, _row.width))
    elif _row.immediates == (Imm.MEMARG,) and ".store" in _row.mnemonic and _row.params[1] in STORES:
        STORES[_row.params[1]].append((_code, _row.width))


def constant(choice: random.Random, kind: str) -> bytes:
    """A constant of a type, often one of those at which something changes."""
    if kind in ("i32", "i64"):
        bits = 32 if kind == "i32" else 64
        least = -(2 ** (bits - 1))
        any_bits = choice.getrandbits(bits) + least
        value = choice.choice([0, 1, -1, 2, 7, 255, -128, least, -1 - least, any_bits])
        return (b"\x41" if kind == "i32" else b"\x42") + signed(value)
    number = choice.choice([0.0, -0.0, 1.0, -1.5, 0.1, 1e9, -1e19, float("inf"), choice.uniform(-9, 9)])
    return b"\x43" + struct.pack("<f", number) if kind == "f32" else b"\x44" + struct.pack("<d", number)


class FunctionMaker:
    """Writes the body of one function.

    `labels` are the result types of the blocks around, innermost last; None is a loop, to which nothing may jump.
    """

    types: tuple[str, ...] = TYPES
    parameters: tuple[str, ...] = PARAMETERS
    operators = OPERATORS
    loads = LOADS
    stores = STORES

    def __init__(self, choice: random.Random, index: int) -> None:
        self.choice = choice
        self.index = index
        self.result = self.types[index % len(self.types)]
        self.labels: list[tuple[str, ...] | None] = [(self.result,)]
        self.variables = (*self.parameters, *self.parameters)
        self.free_counters = COUNTERS
        self.budget = 300

    def make(self) -> bytes:
        """The instructions of the function."""
        return b"".join(self.statement() for _ in range(8)) + self.expression(self.result, 4)

    def local(self, kind: str) -> bytes:
        return unsigned(self.choice.choice([i for i, k in enumerate(self.variables) if k == kind]))

    def constant(self, kind: str) -> bytes:
        return constant(self.choice, kind)

    def expression(self, kind: str, depth: int) -> bytes:
        """Instructions that leave one value."""
        self.budget -= 1
        if depth == 0 or self.budget < 0:
            return self.constant(kind) if self.choice.random() < 0.3 else b"\x20" + self.local(kind)
        makers = [
            self.operator, self.operator, self.operator, self.operator, self.tee, self.load, self.choose, self.block,
            self.decision, self.call, self.call_indirect, self.global_value, self.leaf, self.leaf,
        ]  # fmt: skip
        return self.choice.choice(makers)(kind, depth - 1)

    def leaf(self, kind: str, depth: int) -> bytes:
        return self.expression(kind, 0)

    def operator(self, kind: str, depth: int) -> bytes:
        code, operands, traps = self.choice.choice(self.operators[kind])
        while traps and self.choice.random() < 0.9:
            code, operands, traps = self.choice.choice(self.operators[kind])
        return b"".join(self.expression(operand, depth) for operand in operands) + code

    def tee(self, kind: str, depth: int) -> bytes:
        return self.expression(kind, depth) + b"\x22" + self.local(kind)

    def address(self, depth: int) -> bytes:
        return self.expression("i32", depth) + b"\x41" + signed(ADDRESS_MASK) + b"\x71"

    def load(self, kind: str, depth: int) -> bytes:
        if kind in ("f32", "f64"):  # what integers left in memory may be a NaN
            whole = "i32" if kind == "f32" else "i64"
            return self.expression(whole, depth) + (b"\xb2" if kind == "f32" else b"\xb9")
        code, _ = self.choice.choice(self.loads[kind])
        return self.address(depth) + code + b"\0" + unsigned(self.choice.choice([0, 1, 8, 100]))

    def choose(self, kind: str, depth: int) -> bytes:
        return self.expression(kind, depth) + self.expression(kind, depth) + self.expression("i32", depth) + b"\x1b"

    def block(self, kind: str, depth: int) -> bytes:
        """A block with a value, which may leave early with another."""
        self.labels.append((kind,))
        code = self.statements(2)
        if self.choice.random() < 0.5:
            code += self.expression(kind, depth) + self.expression("i32", depth) + b"\x0d\0\x1a"
        code += self.expression(kind, depth)
        self.labels.pop()
        return b"\x02" + CODES[kind] + code + b"\x0b"

    def decision(self, kind: str, depth: int) -> bytes:
        """An `if` with a value."""
        condition = self.expression("i32", depth)
        self.labels.append((kind,))
        code = condition + b"\x04" + CODES[kind] + self.expression(kind, depth) + b"\x05" + self.expression(kind, depth)
        self.labels.pop()
        return code + b"\x0b"

    def arguments(self, depth: int) -> bytes:
        return b"".join(self.expression(kind, min(depth, 1)) for kind in self.parameters)

    def call(self, kind: str, depth: int) -> bytes:
        """A call of an earlier function with this result, if there is one."""
        found = [index for index in range(self.index) if kind == self.types[index % len(self.types)]]
        if not found or self.choice.random() < 0.5:
            return self.expression(kind, depth)
        return self.arguments(depth) + b"\x10" + unsigned(self.choice.choice(found))

    def call_indirect(self, kind: str, depth: int) -> bytes:
        """The same through the table; one time in some, of the wrong type."""
        found = [index for index in range(self.index) if kind == self.types[index % len(self.types)]]
        if not found or self.choice.random() < 0.7:
            return self.expression(kind, depth)
        index = self.choice.choice(found) if self.choice.random() < 0.95 else 0
        return self.arguments(depth) + b"\x41" + signed(index) + b"\x11" + unsigned(self.types.index(kind)) + b"\0"

    def global_value(self, kind: str, depth: int) -> bytes:
        return b"\x23" + unsigned(self.types.index(kind))

    def statements(self, most: int) -> bytes:
        return b"".join(self.statement() for _ in range(self.choice.randint(0, most)))

    def statement(self) -> bytes:
        """Instructions that leave nothing."""
        self.budget -= 1
        if self.budget < 0:
            return b""
        makers = [self.assign, self.assign, self.assign, self.swap, self.store, self.loop, self.branch, self.table,
                  self.set_global, self.early_return, self.multiple, self.jump]  # fmt: skip
        return self.choice.choice(makers)()

    def assign(self) -> bytes:
        kind = self.choice.choice(self.types)
        return self.expression(kind, 3) + b"\x21" + self.local(kind)

    def swap(self) -> bytes:
        """Two locals change places through the stack."""
        kind = self.choice.choice(self.types)
        first, second = self.local(kind), self.local(kind)
        return b"\x20" + first + b"\x20" + second + b"\x21" + first + b"\x21" + second

    def store(self) -> bytes:
        kind = self.choice.choice(list(self.stores))
        code, _ = self.choice.choice(self.stores[kind])
        return self.address(2) + self.expression(kind, 2) + code + b"\0" + unsigned(self.choice.choice([0, 3, 16]))

    def loop(self) -> bytes:
        """A few rounds; the counter belongs to this loop alone."""
        if self.free_counters == 0:
            return b""
        self.free_counters -= 1
        counter = unsigned(len(self.variables) + self.free_counters)
        rounds = b"\x41" + signed(self.choice.randint(1, 5)) + b"\x21" + counter
        self.labels.append(None)
        again = b"\x20" + counter + b"\x41\x7f\x6a\x22" + counter + b"\x0d\0"
        code = rounds + b"\x03\x40" + self.statements(3) + again + b"\x0b"
        self.labels.pop()
        self.free_counters += 1
        return code

    def branch(self) -> bytes:
        """A block left early, or not."""
        self.labels.append(())
        code = b"\x02\x40" + self.statements(2) + self.expression("i32", 2) + b"\x0d\0" + self.statements(2) + b"\x0b"
        self.labels.pop()
        return code

    def jump(self) -> bytes:
        """Perhaps to the end of any block around, or out of the function, with the values it wants."""
        depths = [depth for depth, kinds in enumerate(reversed(self.labels)) if kinds is not None]
        depth = self.choice.choice(depths)
        kinds = self.labels[-1 - depth] or ()
        values = b"".join(self.expression(kind, 2) for kind in kinds)
        return values + self.expression("i32", 2) + b"\x0d" + unsigned(depth) + b"\x1a" * len(kinds)

    def table(self) -> bytes:
        """Three blocks, one in the other, and a jump out of one of them."""
        self.labels += [(), (), ()]
        code = b"\x02\x40\x02\x40\x02\x40" + self.expression("i32", 2) + b"\x41\3\x71\x0e\2\0\1\2\x0b"
        for _ in range(2):
            self.labels.pop()
            code += self.statements(1) + b"\x0b"
        self.labels.pop()
        return code

    def set_global(self) -> bytes:
        kind = self.choice.choice(self.types)
        return self.expression(kind, 2) + b"\x24" + unsigned(self.types.index(kind))

    def early_return(self) -> bytes:
        condition = self.expression("i32", 2)
        self.labels.append(())
        code = condition + b"\x04\x40" + self.expression(self.result, 2) + b"\x0f\x0b"
        self.labels.pop()
        return code

    def multiple(self) -> bytes:
        """A block that takes an i32 and an f64 and gives them back in the other order."""
        code = self.expression("i32", 2) + self.expression("f64", 2)
        inner = b"\x21\x03\x21\x00\x20\x03\x20\x00"
        return code + b"\x02" + signed(len(self.types)) + inner + b"\x0b\x21\x00\x21\x03"


def make_program(
    seed: int, functions: int = 6, maker: type[FunctionMaker] = FunctionMaker, memory: bytes = b"\1\2\2",
    exports_memory: bool = True,
) -> bytes:  # fmt: skip
    """A module of functions that call earlier ones, a memory of these limits, a table and a global of each type."""
    choice = random.Random(seed)
    makers = [maker(choice, index) for index in range(functions)]
    parameters = b"".join(CODES[kind] for kind in PARAMETERS)
    types = [function_type(parameters, CODES[kind]) for kind in TYPES]
    types.append(function_type(CODES["i32"] + CODES["f64"], CODES["f64"] + CODES["i32"]))
    more_locals = [(1, CODES[kind]) for kind in LOCALS[len(PARAMETERS) :]]
    zeros = {"i32": b"\x41\0", "i64": b"\x42\0", "f32": b"\x43" + bytes(4), "f64": b"\x44" + bytes(8)}
    return module(
        section(TYPE, vector(types)),
        section(FUNCTION, vector(unsigned(index % len(TYPES)) for index in range(functions))),
        section(TABLE, vector([FUNCREF + b"\0" + unsigned(functions)])),
        section(MEMORY, vector([memory])),
        section(GLOBAL, vector(CODES[kind] + b"\1" + zeros[kind] + b"\x0b" for kind in TYPES)),
        section(EXPORT, vector(
            [sized(b"f%d" % i) + b"\0" + unsigned(i) for i in range(functions)]
            + [sized(b"memory") + b"\2\0"] * exports_memory
            + [sized(b"g%d" % i) + b"\3" + unsigned(i) for i in range(len(TYPES))]
        )),
        section(ELEMENT, vector([b"\0\x41\0\x0b" + vector(unsigned(i) for i in range(functions))])),
        section(CODE, vector(body(one.make(), more_locals) for one in makers)),
    )  # fmt: skip
