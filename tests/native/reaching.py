"""Random modules whose functions reach for the ends of their memories, in loops above all.

What native code leaves out of bounds checks is what these are about: addresses that go up and down by steps, groups of
them, what is known behind calls, growth and branches. Memories have addresses of 32 or 64 bits, pages of 64 KiB or a
byte, may be shared, imported, the same one twice, grow and never grow. Loops end: each has a counter that nothing else
writes, and calls only what was defined before and has none.
"""

import random
from typing import Final

from fusee.api.text import wat2wasm
from tests.native.reaching_ends import ENDS, Ends
from tests.native.reaching_statements import LOOPS, Maker
from tests.native.reaching_values import make_memory

FUNCTIONS: Final = 3
HELPERS: Final = """
  (tag $e (param i32))
  (global $g (export "g") (mut i32) (i32.const 8)) (global $w (export "w") (mut i64) (i64.const 16))
  (data $d "\\01\\82\\03\\84\\05\\06\\87\\08")
  (type $one (func (param i32) (result i32)))
  (table funcref (elem $same $grows $touches $host $tail $throws $same $tail))
  (func $same (param i32) (result i32) (i32.add (local.get 0) (i32.const 8)))
  (func $tail (param i32) (result i32)
    (return_call_indirect (type $one) (local.get 0) (i32.and (local.get 0) (i32.const 3))))
  (func $throws (param i32) (result i32)
    (if (i32.eq (i32.and (local.get 0) (i32.const 7)) (i32.const 3)) (then (throw $e (i32.const 40))))
    (local.get 0))
"""


def text_of(seed: int) -> str:
    """The module's text."""
    choice = random.Random(seed)
    memories = [make_memory(choice, number) for number in range(choice.choice([1, 1, 2, 3]))]
    last, is_imported = memories[-1], choice.random() < 0.2
    parts = ["(module", '(import "" "host" (func $host (param i32) (result i32)))']
    is_one = is_imported and choice.random() < 0.5  # the same memory, whatever it is called
    if is_one:
        memories = [memories[0]._replace(number=memory.number) for memory in memories]
        last = memories[-1]
    parts += [memory.text(is_imported, 0 if is_one else memory.number) for memory in memories]
    limit = 6 if last.page > 1 else 80_000
    index = "(i64.extend_i32_u (local.get 0))" if last.is_wide else "(local.get 0)"
    kind = last.kind
    parts.append(f"""{HELPERS}
  (func $grows (param i32) (result i32)
    (if (i32.and (i32.eq (i32.and (local.get 0) (i32.const 3)) (i32.const 1))
        ({kind}.lt_u (memory.size $m{last.number}) ({kind}.const {limit})))
      (then (drop (memory.grow $m{last.number} ({kind}.const 1)))))
    (i32.sub (local.get 0) (i32.const 4)))
  (func $touches (param i32) (result i32)
    (i32.load16_u $m{last.number} ({kind}.and {index} ({kind}.const 0xff8))))""")
    parts += [function(f"f{number}", Maker(choice, memories, number)) for number in range(FUNCTIONS)]
    parts += [function(f"e{number}", Ends(choice, memories, number)) for number in range(ENDS)]
    return "\n".join(parts) + ")"


def function(name: str, maker: Maker) -> str:
    locals_ = "(local $i i32) (local $j i32) (local $k i32) (local $l i64) (local $m i64) (local $sum i64)"
    counters = "".join(f"(local $n{loop} i32)" for loop in range(LOOPS))
    head = f'(func ${name} (export "{name}") (param $a i32) (param $b i32) (param $c i64) (result i64)'
    return f"{head} {locals_} (local $v v128) {counters} {maker.make()})"


def make_reaching(seed: int) -> bytes:
    """The module."""
    return bytes(wat2wasm(text_of(seed)))
