"""Shuffles by constants: those that have an instruction of their own, their mirror images, neighbours, and others."""

import random
from typing import Any

import pytest

from fusee import Engine, Instance, Module, Store
from fusee.engine.isa.shuffles import BYTES, PATTERNS, halves

FIRST = bytes(range(0x40, 0x50))
SECOND = bytes(range(0x80, 0x90))
ZERO = bytes(BYTES)


def shuffled(places: tuple[int, ...], second: bytes = SECOND) -> bytes:
    return bytes((FIRST + second)[place] for place in places)


def swapped(places: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(place ^ BYTES for place in places)


def changed(places: tuple[int, ...], at: int) -> tuple[int, ...]:
    """With one other number."""
    return (*places[:at], (places[at] + 1) % 32, *places[at + 1 :])


RANDOM = random.Random(7)
CASES = [
    *PATTERNS.values(),
    *map(swapped, PATTERNS.values()),
    *(changed(places, RANDOM.randrange(BYTES)) for places in PATTERNS.values()),
    *(tuple(RANDOM.choices(range(32), k=BYTES)) for _ in range(40)),
    *(tuple(RANDOM.choices(range(16), k=BYTES)) for _ in range(20)),
    *(tuple(RANDOM.choices(range(16, 32), k=BYTES)) for _ in range(20)),
    tuple(range(16)),
    tuple(range(16, 32)),
]


def text(places: tuple[int, ...], *operands: str) -> str:
    return f"(i8x16.shuffle {' '.join(map(str, places))} {' '.join(operands)})"


def test_patterns_are_what_they_are_called() -> None:
    assert PATTERNS["i8x16_interleave_low"][:4] == (0, 16, 1, 17)
    assert PATTERNS["i32x4_interleave_high"] == (8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
    assert PATTERNS["i16x8_odd"][:4] == (2, 3, 6, 7) and PATTERNS["i8x16_even"][7:9] == (14, 16)
    assert PATTERNS["i8x16_concatenate_15"][:2] == (15, 16)
    assert len({halves(places) for places in PATTERNS.values()}) == len(PATTERNS)
    assert halves(tuple(range(16)))[0] == 0x0706_0504_0302_0100


@pytest.mark.parametrize("is_computed", [False, True], ids=["of locals", "of what is computed"])
def test_shuffles(is_computed: bool) -> None:
    first, second = "(local.get 0)", "(local.get 1)"
    if is_computed:
        first, second = f"(v128.not (v128.not {first}))", f"(v128.xor {second} (v128.const i64x2 0 0))"
    zero = "(v128.const i64x2 0 0)"
    functions = [
        f'(func (export "{number}") (param v128 v128) (result v128 v128 v128 v128)'
        f" {text(places, first, second)} {text(places, first, zero)} {text(places, zero, first)}"
        f" {text(places, second, second)})"
        for number, places in enumerate(CASES)
    ]
    store = Store(engine := Engine())
    exports: Any = Instance(store, Module(engine, f"(module {' '.join(functions)})"), []).exports(store)
    for number, places in enumerate(CASES):
        expected = (
            shuffled(places),
            shuffled(places, ZERO),
            bytes((ZERO + FIRST)[place] for place in places),
            bytes((SECOND + SECOND)[place] for place in places),
        )
        results = exports[str(number)](store, FIRST, SECOND)
        assert tuple(map(as_bytes, results)) == expected, places


def as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else int(str(value)).to_bytes(BYTES, "little")
