"""Accesses up to the last byte of a memory, and behind it: what traps, and what is stored by then, is counted here.

Not what the interpreter does is expected but what follows from addresses alone. Each way in which native code does
without a check has its shapes: what was checked before, accesses that are checked at once, and for many turns.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import pytest

import fusee.spec.opcodes  # noqa: F401  (fills the table)
from fusee import Config, Engine, Instance, Module, Store, Trap, TrapCode
from fusee.spec.op import Imm, Op, rows
from tests.native.parts import natively

WHOLE: Final = 1 << 32
STORES: Final = {
    1: "(i32.store8 {} (i32.const 0x{}))", 2: "(i32.store16 {} (i32.const 0x{}))", 4: "(i32.store {} (i32.const 0x{}))",
    8: "(i64.store {} (i64.const 0x{}))", 16: "(v128.store {} (v128.const i64x2 0x{} 0x{}))",
}  # fmt: skip


class At(NamedTuple):
    """A store; its address is so far above the local, or that often the local."""

    above: int = 0
    offset: int = 0
    times: int = 1

    def address(self, local: int) -> int:
        return (self.above + self.times * local) % WHOLE + self.offset

    def text(self, width: int, value: int) -> str:
        index = "(local.get 0)" if self.times == 1 else f"(i32.mul (local.get 0) (i32.const {self.times}))"
        if self.times == -1:
            index = f"(i32.sub (i32.const {self.above}) (local.get 0))"
        elif self.above:
            index = f"(i32.add {index} (i32.const {self.above}))"
        digits = f"{value:02x}" * min(width, 8)
        return STORES[width].format(f"$m offset={self.offset} {index}", digits, digits)


class Shape(NamedTuple):
    """What a function does, so often, each time with the local so much further."""

    steps: Sequence[At | str]  # stores, and other code
    turns: int = 1
    step: int = 0

    def stores(self, local: int) -> Iterator[tuple[int, int]]:
        """Addresses, and what is stored there."""
        for turn in range(self.turns):
            for value, one in enumerate(self.steps, 1):
                if isinstance(one, At):
                    yield one.address(local + turn * self.step), value

    def text(self, width: int) -> str:
        parts = (one if isinstance(one, str) else one.text(width, value) for value, one in enumerate(self.steps, 1))
        further = f"(local.set 0 (i32.add (local.get 0) (i32.const {self.step})))" * bool(self.step)
        if self.turns == 1:
            return f"{''.join(parts)} {further}"
        end = "(br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))"
        return f"(local.set 1 (i32.const {self.turns})) (loop {''.join(parts)} {further} {end})"


CALL: Final = "(call $nothing)"
GROW: Final = "(drop (memory.grow $m (i32.const 0)))"
CAUGHT: Final = "(block $b (try_table (catch_all $b) (call $throws)))"
OLDER: Final = "try (call $throws) catch_all end"
FURTHER: Final = (1, 4, 8, 15)
SHAPES: Final = {
    "again": [Shape((At(), between, At(0, more))) for between in (CALL, GROW, OLDER) for more in (0, *FURTHER)],
    "near": [Shape((At(first), CALL, At(second))) for first in (8, -4) for second in (4, 8, 9, -5, -4)],
    "longer": [Shape((At(0, 4), CALL, At(4, more), CALL, At(0, more + 4))) for more in (0, 1, 8)],
    "less": [Shape((At(-40_000), CALL, At(40_000, 0, -1))), Shape((At(0, 0, -1), CALL, At(0)))],
    "group": [Shape((At(), At(more), At(0, 1))) for more in (*FURTHER, -1, -4, -8)],
    "farther first": [Shape((At(0, more), At(4), At(1))) for more in FURTHER],
    "same index": [Shape((At(), At(0, more), At(0, 3))) for more in FURTHER],
    "two groups": [Shape((At(0, 28), "(block)", At(4), At(4, 4), At(4, 8), At(0, 4), At(0, 12)))],
    "group and call": [Shape((At(), At(4), At(8), CALL, At(12), At(4, 1)))],
    "turns": [Shape((At(),), turns, step) for step in (4, -1, 7) for turns in (16, 1024, 1025)],
    "far turns": [Shape((At(0, 8), At(-8)), turns, step) for step in (16, -300) for turns in (17, 50)],
    "multiples": [Shape((At(times=times),), 20, step) for times in (3, 4) for step in (4, -1)],
    "same place": [Shape((At(), At(0, 2)), 20)],
    "turns with calls": [Shape((At(), CALL, At(0, 4)), 20, step) for step in (4, -4)],
    "turns that catch": [Shape((At(), caught, At(0, 1)), 20, step) for caught in (CAUGHT, OLDER) for step in (4, -1)],
}  # fmt: skip
MEMORIES: Final = {
    "grows": ("(memory $m (export \"m\") 1 2)", 1 << 16),
    "fixed": ("(memory $m (export \"m\") 1 1)", 1 << 16),
    "bytes": ("(memory $m (export \"m\") 50011 60000 (pagesize 1))", 50_011),
    "second": ("(memory 2) (memory $m (export \"m\") 1)", 1 << 16),
}  # fmt: skip


def starts(shape: Shape, width: int, length: int) -> set[int]:
    """Locals with which the first store, the last one, the lowest or highest just is inside, or just not."""
    first = next(one for one in shape.steps if isinstance(one, At))
    stores = [(address + WHOLE // 2) % WHOLE - WHOLE // 2 for address, _ in shape.stores(0)]
    ends = {length - width - there for there in (stores[0], stores[-1], max(stores))} | {-min(stores)}
    return {(end + by) // first.times % WHOLE for end in ends for by in (-4, -1, 0, 1, 4)}


def stored(shape: Shape, width: int, length: int, local: int) -> tuple[bytes, bool]:
    """What is in the memory afterwards, and whether there was a trap."""
    memory = bytearray(length)
    for address, value in shape.stores(local):
        if address + width > length:
            return bytes(memory), True
        memory[address : address + width] = bytes([value]) * width
    return bytes(memory), False


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("kind", SHAPES)
def test_to_the_last_byte(kind: str, memory: str) -> None:
    declared, length = MEMORIES[memory]
    cases = [(shape, width) for shape in SHAPES[kind] for width in STORES]
    functions = "".join(
        f'(func (export "f{number}") (param i32) (local i32) {shape.text(width)})'
        for number, (shape, width) in enumerate(cases)
    )
    with natively("all") as part:
        config = Config()
        config.wasm_custom_page_sizes = True
        store = Store(Engine(config))
        text = f"(module {declared} (tag $e) (func $nothing) (func $throws (throw $e)) {functions})"
        exports: Any = Instance(store, Module(store.engine, text), []).exports(store)
    assert part.native == len(cases) + 2
    found = set()
    for number, (shape, width) in enumerate(cases):
        for local in sorted(starts(shape, width, length)):
            exports["m"].write(store, bytes(length))
            expected, traps = stored(shape, width, length, local)
            if traps:
                with pytest.raises(Trap) as caught:
                    exports[f"f{number}"](store, local - WHOLE if local >> 31 else local)
                assert caught.value.trap_code is TrapCode.MEMORY_OUT_OF_BOUNDS
            else:
                exports[f"f{number}"](store, local - WHOLE if local >> 31 else local)
            assert bytes(exports["m"].read(store)) == expected, (shape, width, local)
            found.add(traps)
    assert found == {False, True}


OPERANDS: Final = {
    "i32": "(i32.const 0)", "i64": "(i64.const 0)", "f32": "(f32.const 0)", "f64": "(f64.const 0)",
    "v128": "(v128.const i64x2 0 0)",
}  # fmt: skip
ACCESSES: Final = [row for row in rows() if Imm.MEMARG in row.immediates and ".wait" not in row.mnemonic]


def access(row: Op, number: int) -> str:
    """A function that does it once."""
    assert row.params is not None and row.results is not None
    align = f" align={row.width}" if "atomic" in row.mnemonic else ""
    lane = " 0" if Imm.LANE in row.immediates else ""
    operands = " ".join(OPERANDS[kind] for kind in row.params[1:])
    text = f"({row.mnemonic} offset={row.width}{align}{lane} (local.get 0) {operands})"
    return f'(func (export "f{number}") (param i32) {f"(drop {text})" if row.results else text})'


@pytest.mark.parametrize("declared", ["1 2", "1 1", "1 1 shared"])
def test_every_access_is_as_wide_as_it_is(declared: str) -> None:
    functions = "".join(access(row, number) for number, row in enumerate(ACCESSES))
    with natively("all") as part:
        config = Config()
        config.wasm_threads = True
        store = Store(Engine(config))
        module = Module(store.engine, f"(module (memory {declared}) {functions})")
        exports: Any = Instance(store, module, []).exports(store)
    assert part.native == len(ACCESSES)
    for number, row in enumerate(ACCESSES):
        last = (1 << 16) - 2 * row.width
        exports[f"f{number}"](store, last)
        for by in {row.width, 1 if "atomic" not in row.mnemonic else row.width}:
            with pytest.raises(Trap) as caught:
                exports[f"f{number}"](store, last + by)
            assert caught.value.trap_code is TrapCode.MEMORY_OUT_OF_BOUNDS, row.mnemonic
