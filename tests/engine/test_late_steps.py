"""Loops whose last comparison comes before their last addition, and branches by the sign of a narrow number."""

from itertools import product

import pytest

from fusee import Config, Engine, Func, Instance, Module, Store

MASK = 0xFFFF_FFFF
NUMBERS = (0, 1, 2, 3, 15, 16, 17, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF0, MASK)
ROUNDS = 5
"""After so many a loop is left in any case."""


def compiled(text: str, metered: bool = False) -> tuple[Store, Func]:
    """The function `f` of a module."""
    config = Config()
    config.consume_fuel = metered
    store = Store(Engine(config))
    if metered:
        store.set_fuel(1 << 40)
    function = Instance(store, Module(store.engine, text), []).exports(store)["f"]
    assert isinstance(function, Func)
    return store, function


def signed(number: int) -> int:
    return number - (1 << 32) if number >> 31 else number


def late_loop(comparison: str, limit: int, addend: int, others: str) -> str:
    """`$i` is compared, then added to. `others` are further locals, so that those of the loop are in slots, too."""
    used = "".join(f"(local.set {name} (i32.add (local.get {name}) (local.get {name})))" for name in others.split())
    return f"""(module (func (export "f") (param $i i32) (result i32 i32 i32)
      (local $more i32) (local $rounds i32) {" ".join(f"(local {name} i32)" for name in others.split())}
      (loop $again
        {used * 3}
        (if (i32.eq (local.get $rounds) (i32.const {ROUNDS})) (then (local.set $i (i32.const 0)) (local.set $more
          (i32.const 7)) (return (local.get $i) (local.get $more) (local.get $rounds))))
        (local.set $rounds (i32.add (local.get $rounds) (i32.const 1)))
        (local.set $more (i32.{comparison} (local.get $i) (i32.const {signed(limit)})))
        (local.set $i (i32.add (local.get $i) (i32.const {addend})))
        (br_if $again (local.get $more)))
      (local.get $i) (local.get $more) (local.get $rounds)))"""


def expected(start: int, comparison: str, limit: int, addend: int) -> list[int]:
    """What it gives."""
    i, rounds = start, 0
    while True:
        if rounds == ROUNDS:
            return [0, 7, rounds]
        rounds += 1
        more = {"lt_u": i < limit, "gt_u": i > limit, "le_u": i <= limit, "ge_u": i >= limit}[comparison]
        i = (i + addend) & MASK
        if not more:
            return [signed(i), int(more), rounds]


@pytest.mark.parametrize("metered", [False, True])
@pytest.mark.parametrize("others", ["", "$a $b $c $d $e"])
@pytest.mark.parametrize("comparison", ["lt_u", "gt_u", "le_u", "ge_u"])
def test_the_answer_is_about_the_number_before_it_was_added_to(comparison: str, others: str, metered: bool) -> None:
    for limit, addend in product((1, 16, 0x8000_0000, MASK - 1), (16, -16, 1, 0x7FFF_FFFF)):
        store, function = compiled(late_loop(comparison, limit, addend, others), metered)
        for start in NUMBERS:
            assert function(store, signed(start)) == expected(start, comparison, limit, addend)


def test_what_the_answer_overwrites_is_not_compared() -> None:
    """The local that is added to is another one than the one compared, or the answer's own."""
    store, function = compiled("""(module (func (export "f") (param $i i32) (result i32 i32) (local $j i32)
      (loop $again
        (local.set $j (i32.lt_u (local.get $i) (i32.const 9)))
        (local.set $j (i32.add (local.get $j) (i32.const -1)))
        (br_if $again (local.get $j)))
      (local.get $i) (local.get $j)))""")
    assert function(store, 3) == [3, 0]


@pytest.mark.parametrize(("width", "bits"), [("8", 8), ("16", 16)])
@pytest.mark.parametrize("asked", ["lt_s 0", "ge_s 0", "gt_s -1", "le_s -1", "gt_s 0", "lt_s -1"])
@pytest.mark.parametrize("consumer", ["br_if", "if", "value"])
def test_the_sign_of_a_narrow_number(width: str, bits: int, asked: str, consumer: str) -> None:
    comparison, limit = asked.split()
    condition = f"(i32.{comparison} (i32.extend{width}_s (local.get 0)) (i32.const {limit}))"
    body = {
        "br_if": f"(block (br_if 0 {condition}) (return (i32.const 0))) (i32.const 1)",
        "if": f"(if (result i32) {condition} (then (i32.const 1)) (else (i32.const 0)))",
        "value": condition,
    }
    store, function = compiled(f"""(module (func (export "f") (param i32) (result i32) {body[consumer]}))""")
    for number in (0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x17F, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x8000_0000, MASK):
        narrow = number & ((1 << bits) - 1)
        value = narrow - (1 << bits) if narrow >> (bits - 1) else narrow
        answers = {"lt_s": value < int(limit), "ge_s": value >= int(limit), "gt_s": value > int(limit),
                   "le_s": value <= int(limit)}  # fmt: skip
        assert function(store, signed(number)) == answers[comparison]


@pytest.mark.parametrize("kind", ["i32", "i64"])
@pytest.mark.parametrize("consumer", ["br_if", "if"])
def test_a_tree_below_a_test_for_zero(kind: str, consumer: str) -> None:
    condition = f"({kind}.eqz ({kind}.and (local.get 0) ({kind}.const 12)))"
    body = {
        "br_if": f"(block (br_if 0 {condition}) (return (i32.const 0))) (i32.const 1)",
        "if": f"(if (result i32) {condition} (then (i32.const 1)) (else (i32.const 0)))",
    }
    store, function = compiled(f"""(module (func (export "f") (param {kind}) (result i32) {body[consumer]}))""")
    assert [function(store, number) for number in (0, 3, 4, 8, 15, 16, -1)] == [1, 1, 0, 0, 0, 1, 0]
