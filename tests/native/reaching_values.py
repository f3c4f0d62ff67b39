"""Values, indices and accesses in modules that reach for the ends of their memories (`tests.native.reaching`)."""

import random
from typing import Final, NamedTuple

import fusee.spec.opcodes  # noqa: F401  (fills the table)
from fusee.spec.op import Imm, Op, rows

_OFFSETS: Final = (0, 0, 0, 1, 4, 8, 16, 40)
_LONG: Final = (100, 4095, 0x7FF8, 0xFFF0, 0xFFFF)
_FAR: Final = (0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF0, 0xFFFF_FFFF)
_FARTHER: Final = (1 << 32, (1 << 63) - 8, 1 << 63, (1 << 64) - 8, (1 << 64) - 1)
_EDGES: Final = (0, 1, -1, -8, 1 << 31, (1 << 31) - 4, -(1 << 31))
_WIDE_EDGES: Final = (*_EDGES, 1 << 32, (1 << 32) - 8, -(1 << 32), (1 << 63) - 1, -(1 << 63))
STEPPING: Final = {"i32": ("$i", "$j", "$k"), "i64": ("$l", "$m")}  # locals
INTEGERS: Final = (*STEPPING["i32"], "$a", "$b")
WIDE: Final = (*STEPPING["i64"], "$c")
TO_SUM: Final = {
    "i32": "(i64.extend_i32_u {})", "i64": "{}", "f32": "(i64.extend_i32_u (i32.reinterpret_f32 {}))",
    "f64": "(i64.reinterpret_f64 {})", "v128": "(i64x2.extract_lane 1 (local.tee $v (v128.xor (local.get $v) {})))",
}  # fmt: skip
VALUES: Final = {
    "i32": "(i32.wrap_i64 (local.get $sum))", "i64": "(local.get $sum)",
    "f32": "(f32.reinterpret_i32 (local.get $i))", "f64": "(f64.reinterpret_i64 (local.get $sum))",
    "v128": "(local.get $v)",
}  # fmt: skip
_ACCESSES: Final = [row for row in rows() if Imm.MEMARG in row.immediates]
_PLAIN: Final = [row for row in _ACCESSES if "atomic" not in row.mnemonic]
_ATOMIC: Final = [row for row in _ACCESSES if "atomic" in row.mnemonic]


class Memory(NamedTuple):
    """What a module says of one."""

    number: int
    is_wide: bool
    is_shared: bool
    page: int
    least: int
    most: int

    @property
    def kind(self) -> str:
        return "i64" if self.is_wide else "i32"

    def text(self, is_imported: bool, given: int) -> str:
        """If it is imported, `given` is the number of that which is given for it."""
        most = "" if self.most < 0 else f" {self.most}"
        size = "" if self.page > 1 else " (pagesize 1)"
        limits = f"{' i64' * self.is_wide} {self.least}{most}{' shared' * self.is_shared}{size}"
        what = f'(import "" "memory{given}")' if is_imported else f'(export "memory{self.number}")'
        return f"(memory $m{self.number} {what}{limits})"


def make_memory(choice: random.Random, number: int) -> Memory:
    is_wide, is_shared = choice.random() < 0.25, choice.random() < 0.2
    page = 1 if choice.random() < 0.25 else 1 << 16
    few = [0, 1, 100] if page == 1 else [0]
    many = [4097, 4104, 65_535, 65_537, 70_001] if page == 1 else [1, 1, 2]
    least = choice.choice(few if choice.random() < 0.03 else many)
    most = least + choice.choice([0, 1, 3])
    return Memory(number, is_wide, is_shared, page, least, most if is_shared or choice.random() < 0.7 else -1)


class Values:
    """Writes what a function computes with."""

    def __init__(self, choice: random.Random, memories: list[Memory]) -> None:
        self.choice = choice
        self.memories = memories
        self.loops: list[str] = []
        self.boldness = choice.choice([0.0, 0.01, 0.1])  # how likely an access may go anywhere

    def chance(self, probability: float) -> bool:
        return self.choice.random() < probability

    def constant(self, kind: str) -> str:
        some = _EDGES if kind == "i32" else _WIDE_EDGES
        value = self.choice.choice(some) if self.chance(self.boldness) else self.choice.choice([0, 4, 8, 100, 0xFF00])
        return f"({kind}.const {value})"

    def integer(self, depth: int = 2) -> str:
        """An i32."""
        local = f"(local.get {self.choice.choice(INTEGERS)})"
        if depth == 0 or self.chance(0.4):
            return local if self.chance(0.8) else self.constant("i32")
        one, other = self.integer(depth - 1), self.integer(depth - 1)
        near = f"(i32.const {self.choice.choice([1, 4, 8, 12, 64, -4, -8])})"
        makers = [
            f"(i32.add {one} {near})", f"(i32.add {near} {one})", f"(i32.sub {one} {near})", f"(i32.add {one} {other})",
            f"(i32.sub {near} {one})", f"(i32.shl {one} (i32.const {self.choice.choice([1, 2, 3, 33])}))",
            f"(i32.mul {one} (i32.const {self.choice.choice([2, 3, 12, -4])}))", f"(i32.and {one} (i32.const 0xfff8))",
            f"(select {one} {other} {self.condition()})", "(global.get $g)", f"(call $same {one})",
            f"(if (result i32) {self.condition()} (then {one}) (else {other}))", f"(i32.wrap_i64 {self.wide(0)})",
            f"(i32.load16_u $m0 {self.masked(self.memories[0])})",
        ]  # fmt: skip
        return self.choice.choice(makers)

    def wide(self, depth: int = 2) -> str:
        """An i64."""
        local = f"(local.get {self.choice.choice(WIDE)})"
        if depth == 0 or self.chance(0.4):
            return local if self.chance(0.8) else self.constant("i64")
        one, near = self.wide(depth - 1), f"(i64.const {self.choice.choice([1, 4, 8, 64, -4, -8])})"
        makers = [
            f"(i64.add {one} {near})", f"(i64.sub {one} {near})", f"(i64.add {one} {self.wide(depth - 1)})",
            f"(i64.shl {one} (i64.const 3))", f"(i64.extend_i32_u {self.integer(1)})", "(global.get $w)",
            f"(i64.extend_i32_s {self.integer(1)})", f"(i64.and {one} (i64.const 0xfff8))",
        ]  # fmt: skip
        return self.choice.choice(makers)

    def value(self, kind: str) -> str:
        return self.integer() if kind == "i32" else self.wide()

    def masked(self, memory: Memory) -> str:
        """An index that mostly is inside."""
        kind = memory.kind
        most = 0xFF8 if memory.page == 1 else 0x7FF8
        mask = 0xFFF8 if self.chance(self.boldness) else self.choice.choice([most, 0x3F8])
        return f"({kind}.and {self.integer(0) if kind == 'i32' else self.wide(0)} ({kind}.const {mask}))"

    def bytes_of(self, memory: Memory) -> str:
        size = f"(memory.size $m{memory.number})"
        return size if memory.page == 1 else f"({memory.kind}.mul {size} ({memory.kind}.const {memory.page}))"

    def condition(self) -> str:
        local = f"(local.get {self.choice.choice(INTEGERS)})"
        if self.chance(0.3):
            return f"(i32.lt_u {local} (i32.const {self.choice.choice([64, 1000, 0xFFF0, 0x1_0000])}))"
        mask = self.choice.choice([1, 3, 7, 63, 255])
        return f"(i32.eq (i32.and {local} (i32.const {mask})) (i32.const {self.choice.randint(0, mask)}))"

    # Accesses

    def access(self, memory: Memory | None = None, index: str = "", offset: int | None = None) -> str:
        memory = memory or self.choice.choice(self.memories)
        row = self.choice.choice(_ATOMIC if self.chance(0.4 if memory.is_shared else 0.05) else _PLAIN)
        kind, is_bold = memory.kind, self.chance(self.boldness)
        if not index:
            index = self.value(kind) if is_bold else self.near(kind) if self.loops else self.masked(memory)
        if offset is None:
            offset = self.choice.choice(_LONG if self.chance(0.02) else _OFFSETS)
        if is_bold and self.chance(0.2):
            offset = self.choice.choice((*_FAR, *_FARTHER) if memory.is_wide else _FAR)
        if "atomic" in row.mnemonic and self.chance(0.9):
            offset &= -8
            index = f"({kind}.and {index} ({kind}.const -8))"
        return self.operation(row, memory, index, offset)

    def operation(self, row: Op, memory: Memory, index: str, offset: int) -> str:
        assert row.params is not None and row.results is not None
        operands = [VALUES[kind] for kind in row.params[1:]]
        if ".wait" in row.mnemonic:
            operands[-1] = "(i64.const 0)"
        lane = f" {self.choice.randrange(16 // row.width)}" if Imm.LANE in row.immediates else ""
        align = f" align={row.width}" if "atomic" in row.mnemonic else ""
        text = f"({row.mnemonic} $m{memory.number} offset={offset}{align}{lane} {index} {' '.join(operands)})"
        return self.add(row.results[0], text) if row.results else text

    def add(self, kind: str, text: str) -> str:
        """A value to what the function gives."""
        return f"(local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 7)) {TO_SUM[kind].format(text)}))"

    def near(self, kind: str) -> str:
        """An index that goes on from turn to turn, if it does not stay."""
        local = f"(local.get {self.choice.choice(STEPPING[kind])})"
        way, by = self.choice.choice(["add", "add", "sub"]), self.choice.choice([0, 0, 1, 4, 8, -4, 16])
        if self.chance(0.1) and kind == "i32":
            return f"(i32.{way} {local} {self.integer(0)})"
        return f"({kind}.{way} {local} ({kind}.const {by}))" if by else local
