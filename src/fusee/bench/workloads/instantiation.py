"""Generates a module that is all start-up: thousands of globals, functions, table and memory segments.

Its `run` proves that they are there: it adds up the globals, what the functions in the table return, and the memory.
"""

import random
from collections.abc import Iterator

GLOBALS = 6000
FUNCTIONS = 3000
TABLE_SEGMENTS = 4000
MEMORY_SEGMENTS = 30000
# Each segment has a place of its own, so that none overwrites another.
TABLE_PLACE = 4
MEMORY_PLACE = 16
PAGES = MEMORY_SEGMENTS * MEMORY_PLACE // 65536 + 1

# How a global variable of each type is pushed as an i32.
AS_I32 = {"i32": "", "i64": "i32.wrap_i64", "f64": "i32.trunc_f64_s"}

RUN = f"""
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32) (local $at i32)
    (loop $again
      (local.set $sum (i32.mul (i32.add (local.get $sum) (call $sum_globals)) (i32.const 31)))
      (local.set $at (i32.const 0))
      (loop $entry
        (local.set $sum (call_indirect (type $step) (local.get $sum) (local.get $at)))
        (br_if $entry
          (i32.lt_u
            (local.tee $at (i32.add (local.get $at) (i32.const 1)))
            (i32.const {TABLE_SEGMENTS * TABLE_PLACE}))))
      (local.set $at (i32.const 0))
      (loop $word
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (i32.load (local.get $at))))
        (br_if $word
          (i32.lt_u
            (local.tee $at (i32.add (local.get $at) (i32.const 4)))
            (i32.const {MEMORY_SEGMENTS * MEMORY_PLACE}))))
      (br_if $again (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
    (local.get $sum))
"""


def generate() -> str:
    """The module in the text format; always the same."""
    dice = random.Random(4021)
    return "\n".join(["(module", *_definitions(dice), RUN, *_segments(dice), ")"])


def _definitions(dice: random.Random) -> Iterator[str]:
    yield "(type $step (func (param i32) (result i32)))"
    yield f"(memory {PAGES}) (table {TABLE_SEGMENTS * TABLE_PLACE} funcref)"
    types = [dice.choice(list(AS_I32)) for _ in range(GLOBALS)]
    for of in types:
        declared = of if dice.randrange(2) else f"(mut {of})"
        yield f"(global {declared} ({of}.const {dice.randrange(-(2**20), 2**20)}))"
    terms = (f"global.get {index} {AS_I32[of]} i32.add" for index, of in enumerate(types))
    yield f"(func $sum_globals (result i32) i32.const 0 {' '.join(terms)})"
    for index in range(FUNCTIONS):
        a, b, c = (dice.randrange(2**16) for _ in range(3))
        code = f"local.get 0 i32.const {a} i32.mul i32.const {b} i32.add i32.const {c} i32.xor"
        yield f"(func $f{index} (type $step) {code})"


def _segments(dice: random.Random) -> Iterator[str]:
    for index in range(TABLE_SEGMENTS):
        entries = " ".join(f"$f{dice.randrange(FUNCTIONS)}" for _ in range(TABLE_PLACE))
        yield f"(elem (i32.const {index * TABLE_PLACE}) func {entries})"
    for index in range(MEMORY_SEGMENTS):
        text = f"{index:x} tooth of the wheel"[: 1 + index * 7 % MEMORY_PLACE]
        yield f'(data (i32.const {index * MEMORY_PLACE}) "{text}")'
