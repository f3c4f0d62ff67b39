"""Constants of loops that are too wide for cells are written once, before the loop (`translate.hoist`)."""

import random

import pytest

from fusee import Config, Engine, Instance, Module, Store
from fusee.disasm.listing import show_function
from fusee.engine.translate.state import MOST_HOISTED

MASK = (1 << 64) - 1


def wide_numbers(count: int, seed: int = 1) -> list[int]:
    chosen = random.Random(seed)
    return [chosen.getrandbits(64) | 1 << 62 for _ in range(count)]


def mix(constants: list[int]) -> str:
    """WebAssembly that changes $h by each of the constants."""
    return "".join(
        f"""(local.set $h (i64.rotl
          (i64.mul (i64.xor (local.get $h) (i64.const {c})) (i64.const 0x100000001b3)) (i64.const 7)))"""
        for c in constants
    )


def mixed(h: int, constants: list[int]) -> int:
    """What that gives."""
    for c in constants:
        h = (h ^ c) * 0x100000001B3 & MASK
        h = (h << 7 | h >> 57) & MASK
    return h


def run(text: str, argument: int, metered: bool = False) -> int:
    config = Config()
    config.consume_fuel = metered
    store = Store(Engine(config))
    if metered:
        store.set_fuel(1 << 40)
    exports = Instance(store, Module(store.engine, text), []).exports(store)
    result: int = exports["f"](store, argument)  # type: ignore[operator]
    return result & MASK


def loop(name: str, counter: str, turns: int, body: str) -> str:
    return f"""(local.set {counter} (i32.const {turns})) (loop {name} {body}
      (br_if {name} (local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1)))))"""


@pytest.mark.parametrize("metered", [False, True])
@pytest.mark.parametrize("count", [1, 3, MOST_HOISTED - 1, MOST_HOISTED, MOST_HOISTED + 1, 3 * MOST_HOISTED])
def test_a_loop(count: int, metered: bool) -> None:
    """With as many constants as there is room for, and with more."""
    constants = wide_numbers(count)
    text = f"""(module (func (export "f") (param $h i64) (result i64) (local $i i32)
      {loop("$l", "$i", 5, mix(constants))} (local.get $h)))"""
    assert run(text, 77, metered) == mixed(77, constants * 5)


def test_two_loops_and_what_is_around_them() -> None:
    """The same constants before, in and behind loops, and another loop that uses only some of them."""
    constants = wide_numbers(6)
    text = f"""(module (func (export "f") (param $h i64) (result i64) (local $i i32)
      {mix(constants)} {loop("$l", "$i", 3, mix(constants[:4]))} {mix(constants)}
      (if (i64.ne (local.get $h) (i64.const 5)) (then {loop("$m", "$i", 2, mix(constants[2:]))}))
      {mix(constants)} (local.get $h)))"""
    expected = mixed(9, constants + constants[:4] * 3 + constants + constants[2:] * 2 + constants)
    assert run(text, 9) == expected


def test_loops_in_loops() -> None:
    """They are written before the outermost one, whatever that is left and entered by."""
    constants = wide_numbers(5)
    inner = loop("$in", "$j", 3, mix(constants[1:3]))
    text = f"""(module (func (export "f") (param $h i64) (result i64) (local $i i32) (local $j i32)
      (block $out {
        loop(
            "$l",
            "$i",
            4,
            f'''{mix(constants[:2])}
        (if (i32.eq (local.get $i) (i32.const 2)) (then {inner})
          (else {mix(constants[3:])} (br_if $out (i32.eqz (local.get $i)))))''',
        )
    })
      (local.get $h)))"""
    expected = 3
    for i in (4, 3, 2, 1):
        expected = mixed(expected, constants[:2] + (constants[1:3] * 3 if i == 2 else constants[3:]))
    assert run(text, 3) == expected


def test_calls_in_loops_lose_pins() -> None:
    """A callee that has constants, too, and calls itself."""
    constants, others = wide_numbers(4), wide_numbers(4, seed=2)
    text = f"""(module
      (func $g (param $h i64) (param $n i32) (result i64) (local $i i32)
        {loop("$l", "$i", 2, mix(others))}
        (if (local.get $n) (then (local.set $h (call $g (local.get $h) (i32.sub (local.get $n) (i32.const 1))))))
        {loop("$m", "$i", 2, mix(others[2:]))} (local.get $h))
      (func (export "f") (param $h i64) (result i64) (local $i i32) (local $j i32)
        {
        loop(
            "$l",
            "$i",
            3,
            f'''{mix(constants)} (local.set $h (call $g (local.get $h) (local.get $i)))
          {loop("$q", "$j", 4, mix(constants[:1]))}''',
        )
    } (local.get $h)))"""

    def g(h: int, n: int) -> int:
        h = mixed(h, others * 2)
        return mixed(g(h, n - 1) if n else h, others[2:] * 2)

    expected = 1
    for i in (3, 2, 1):
        expected = mixed(g(mixed(expected, constants), i), constants[:1] * 4)
    assert run(text, 1) == expected


def test_operands_that_wait_while_a_loop_begins() -> None:
    constants = wide_numbers(3)
    text = f"""(module (func (export "f") (param $h i64) (result i64) (local $i i32)
      (i64.add (i64.xor (local.get $h) (i64.const {constants[0]}))
        (block (result i64) {loop("$l", "$i", 3, mix(constants))} (local.get $h)))))"""
    assert run(text, 11) == ((11 ^ constants[0]) + mixed(11, constants * 3)) & MASK


def test_a_loop_that_nobody_reaches() -> None:
    """Its constants are counted with the others, and never written."""
    constants = wide_numbers(4)
    text = f"""(module (func (export "f") (param $h i64) (result i64) (local $i i32)
      (block $b (br $b) {loop("$l", "$i", 3, mix(constants[:3]))})
      {loop("$m", "$i", 2, mix(constants[1:]))} (local.get $h)))"""
    assert run(text, 5) == mixed(5, constants[1:] * 2)


def test_vectors_and_rethrown_exceptions_have_slots_of_two_kinds() -> None:
    """Locals, what clauses keep, and constants follow each other in the frame."""
    constants = wide_numbers(3)
    text = f"""(module (tag $t (param i64)) (func (export "f") (param $h i64) (result i64)
      (local $v v128) (local $i i32) (local $w v128)
      (local.set $v (i64x2.splat (i64.const 1)))
      {
        loop(
            "$l",
            "$i",
            3,
            f'''
        (block $caught (result i64)
          (try_table (catch $t $caught) {mix(constants)} (throw $t (local.get $h))) (unreachable))
        (local.set $h)
        (local.set $w (i64x2.add (local.get $w) (local.get $v)))''',
        )
    }
      (i64.add (local.get $h) (i64x2.extract_lane 1 (local.get $w)))))"""
    assert run(text, 5) == (mixed(5, constants * 3) + 3) & MASK


def test_the_bytecode_of_a_loop_has_no_wide_constant() -> None:
    """All are before the first label; in a function without loops they are where they are used."""
    constants = wide_numbers(4)
    text = f"""(module (func (param $h i64) (result i64) (local $i i32)
      {loop("$l", "$i", 3, mix(constants))} (local.get $h))
      (func (param $h i64) (result i64) {mix(constants)} (local.get $h)))"""
    module = Module(Engine(), text)
    before, after = "\n".join(show_function(module, 0)).split("L1:")
    assert before.count("mov64") == 5 and "mov64" not in after
    assert "\n".join(show_function(module, 1)).count("mov64") == 8


def test_what_is_seldom_executed_stays_where_it_is() -> None:
    """In a block within the loop: unless the loop itself has the constant, too."""
    first, second = wide_numbers(2)
    text = f"""(module (func (export "f") (param $h i64) (result i64) (local $i i32)
      {
        loop(
            "$l",
            "$i",
            5,
            f'''(local.set $h (i64.add (local.get $h) (i64.const {first})))
        (if (i64.lt_u (local.get $h) (i64.const 9)) (then {mix([first, second])}))''',
        )
    } (local.get $h)))"""
    before, after = "\n".join(show_function(Module(Engine(), text), 0)).split("L1:")
    assert before.count("mov64") == 1 and after.count("mov64") == 3
    h = 1
    for _ in range(5):
        h = (h + first) & MASK
        h = mixed(h, [first, second]) if h < 9 else h
    assert run(text, 1) == h
