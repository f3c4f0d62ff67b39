"""What guests pay in fuel, to the last instruction."""

from typing import Any

import pytest

from fusee import Config, Engine, Func, FuncType, Store, Trap, TrapCode
from tests.api.guest import Guest

PLENTY = 1 << 40
_engines: list[Engine] = []


def metered() -> Engine:
    """One engine with fuel for all these tests."""
    if not _engines:
        config = Config()
        config.consume_fuel = True
        _engines.append(Engine(config))
    return _engines[0]


def cost(text: str, *params: Any, times: int = 1) -> int:
    """What the last of some calls of `f` takes."""
    g = Guest(text, store=Store(metered()))
    for _ in range(times):
        g.store.set_fuel(PLENTY)
        g.f(*params)
    return PLENTY - g.store.get_fuel()


def function(body: str, before: str = "", signature: str = "") -> str:
    return f'(module {before} (func (export "f") {signature} {body}))'


COUNTING = """(loop $again
  (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"""
"""Five instructions each time round."""

EXACT: dict[str, tuple[str, tuple[int, ...], int]] = {
    "nothing but the arrival": (function(""), (), 1),
    "what only says where others are": (function("(block (nop) (block))"), (), 1),
    "an empty loop before an arm that is not taken": (
        function("(loop) (if (local.get 0) (then (local.set 0 (i32.const 5))))", "", "(param i32)"), (0,), 3,
    ),
    "an empty loop before an arm that is taken": (
        function("(loop) (if (local.get 0) (then (local.set 0 (i32.const 5))))", "", "(param i32)"), (1,), 5,
    ),
    "a loop left in the middle": (
        function(
            """(block $out (loop $again
              (br_if $out (i32.eqz (local.get 0)))
              (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
              (br $again)))""",
            "",
            "(param i32)",
        ),
        (3,),
        1 + 3 * (3 + 5) + 3,
    ),
    "a loop whose arms go back": (
        function(
            """(loop $again
              (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
              (if (i32.and (local.get 0) (i32.const 1)) (then (drop (i64.const 1)) (br $again)))
              (if (local.get 0) (then (nop) (br $again))))""",
            "",
            "(param i32)",
        ),
        (4,),  # an odd number, an even one, an odd one, zero
        1 + 4 * (4 + 4) + 2 * 2 + 3 + 2,
    ),
    "a loop in a loop that both begin": (
        function(
            """(block $out (loop $outer (loop $inner
              (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
              (br_if $inner (i32.gt_s (local.get 0) (i32.const 2)))
              (br_if $out (i32.eqz (local.get 0)))
              (br $outer))))""",
            "",
            "(param i32)",
        ),
        (4,),
        1 + 4 * (4 + 4) + 3 * 3 + 2,
    ),
    "a line": (function("(drop (i32.add (i32.const 1) (i32.const 2)))"), (), 1 + 3),
    "a return": (function("(return (i32.const 4))", signature="(result i32)"), (), 1 + 1),
    "an arm that is taken": (function("(if (local.get 0) (then (drop (i32.const 1))))", "", "(param i32)"), (1,), 4),
    "an arm that is not": (function("(if (local.get 0) (then (drop (i32.const 1))))", "", "(param i32)"), (0,), 3),
    "the other arm": (
        function("(if (local.get 0) (then) (else (drop (i64.const 1)) (drop (i64.const 1))))", "", "(param i32)"),
        (0,),
        1 + 2 + 2,
    ),
    "behind an arm": (
        function("(if (local.get 0) (then (drop (i32.const 1)))) (drop (i32.const 1))", "", "(param i32)"),
        (0,),
        1 + 2 + 1,
    ),
    "behind an arm that leaves": (
        function(
            "(block $out (if (local.get 0) (then (br $out))) (drop (i32.const 1))) (drop (i32.const 1))",
            "",
            "(param i32)",
        ),
        (1,),
        1 + 2 + 1 + 1,
    ),
    "a loop": (function(COUNTING, "", "(param $n i32)"), (1000,), 1 + 5 * 1000),
    "behind a loop": (function(COUNTING + "(drop (i32.const 1))", "", "(param $n i32)"), (7,), 1 + 5 * 7 + 1),
    "a loop in a loop": (
        function(
            f"""(loop $outer (local.set $n (i32.const 10)) {COUNTING}
              (br_if $outer (local.tee $m (i32.sub (local.get $m) (i32.const 1)))))""",
            "",
            "(param $m i32) (local $n i32)",
        ),
        (20,),
        1 + 20 * (2 + 5 * 10 + 5),
    ),
    "a loop that is left in its middle": (
        function(
            """(block $out (loop $again
              (br_if $out (i32.eqz (local.get $n)))
              (local.set $n (i32.sub (local.get $n) (i32.const 1)))
              (br $again)))
            (drop (i32.const 1))""",
            "",
            "(param $n i32)",
        ),
        (5,),
        1 + 5 * (3 + 4 + 1) + 3 + 1,
    ),
    "a table of branches": (
        function(
            """(block $c (block $b (block $a (br_table $a $b $c (local.get 0)))
              (drop (i32.const 1)) (br $c)) (drop (i32.const 1)) (drop (i32.const 1)))""",
            "",
            "(param i32)",
        ),
        (1,),
        1 + 2 + 2,
    ),
    **{
        f"ways that cost differently, {number}": (
            function(
                """(block $out
                  (block $else (br_if $else (local.get 0)) (drop (i32.const 1)) (br $out))
                  (drop (i32.const 1)) (drop (i32.const 1)) (drop (i32.const 1)))
                (drop (i32.const 1))""",
                "",
                "(param i32)",
            ),
            (number,),
            1 + 2 + (3 if number else 2) + 1,
        )
        for number in (0, 1)
    },
    **{
        f"ways that meet where others leave, {number}": (
            function(
                """(block $out
                  (block $meet
                    (if (i32.and (local.get 0) (i32.const 1)) (then (br $meet)))
                    (br_if $out (i32.and (local.get 0) (i32.const 2)))
                    (br_if $meet (i32.and (local.get 0) (i32.const 4)))
                    (drop (i32.const 1)) (drop (i32.const 1)))
                  (drop (i32.const 1)))
                (nop)""",
                "",
                "(param i32)",
            ),
            (number,),
            1 + 4 + {1: 1 + 1, 2: 4, 4: 4 + 4 + 1, 0: 4 + 4 + 2 + 1}[number],
        )
        for number in (0, 1, 2, 4)
    },
    **{
        f"an arm without a cost, {number}": (
            function(
                """(block $out
                  (if (local.get 0)
                    (then)
                    (else (br_if $out (i32.eqz (local.get 0))) (drop (i32.const 1)) (drop (i32.const 1))))
                  (drop (i32.const 1)))""",
                "",
                "(param i32)",
            ),
            (number,),
            1 + 2 + (1 if number else 3),
        )
        for number in (0, 1)
    },
    **{
        f"cases, {number}": (
            function(
                """(block $d (block $c (block $b (block $a (br_table $a $b $b $c (local.get 0)))
                  (drop (i32.const 1)) (drop (i32.const 1)) (br $d))
                  (drop (i32.const 1)) (return))
                  (drop (i32.const 1)) (drop (i32.const 1)) (drop (i32.const 1)))
                (drop (i32.const 1))""",
                "",
                "(param i32)",
            ),
            (number,),
            1 + 2 + [3 + 1, 1, 1, 3 + 1, 3 + 1][number],
        )
        for number in range(5)
    },
    "a loop that other loops go back to": (
        function(
            """(loop $outer
              (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
              (block $skip
                (br_if $skip (i32.and (local.get 0) (i32.const 1)))
                (if (local.get 0) (then (br $outer)))
                (return))
              (br $outer))""",
            "",
            "(param i32)",
        ),
        (5,),
        1 + 5 * (4 + 4) + 2 * 1 + 3 * 2 + 2 * 1,
    ),
    "calls": (
        """(module (func $leaf (result i32) (i32.const 1))
          (func (export "f") (drop (i32.add (call $leaf) (call $leaf)))))""",
        (),
        1 + 3 + 2 * (1 + 1),
    ),
    "a recursion": (
        """(module (func $f (export "f") (param i32) (result i32)
          (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.const 0)))))""",
        (9,),
        9 * (1 + 2 + 6) + 1 + 2 + 1,
    ),
    "tail calls": (
        """(module (func $f (export "f") (param i32)
          (if (i32.eqz (local.get 0)) (then (return)))
          (return_call $f (i32.sub (local.get 0) (i32.const 1)))))""",
        (1000,),
        1000 * (1 + 3 + 4) + 1 + 3,
    ),
    "a call through a table": (
        """(module (table 1 funcref) (elem (i32.const 0) $leaf) (func $leaf)
          (func (export "f") (call_indirect (i32.const 0))))""",
        (),
        1 + 2 + 1,
    ),
    "memory.fill": (
        function("(memory.fill (i32.const 0) (i32.const 7) (local.get 0))", "(memory 20)", "(param i32)"),
        (1_000_000,),
        1 + 4 + 1_000_000,
    ),
    "memory.copy": (
        function("(memory.copy (i32.const 1) (i32.const 0) (local.get 0))", "(memory 2)", "(param i32)"),
        (999,),
        1 + 4 + 999,
    ),
    "memory.init": (
        function("(memory.init 0 (i32.const 1) (i32.const 0) (i32.const 3)) (data.drop 0)", '(memory 1) (data "abc")'),
        (),
        1 + 4 + 3 + 1,
    ),
    "memory.grow": (function("(drop (memory.grow (i32.const 3)))", "(memory 1)"), (), 1 + 2 + 3),
    "memory.grow in vain": (function("(drop (memory.grow (i32.const 3)))", "(memory 1 2)"), (), 1 + 2),
    "table.fill": (
        function("(table.fill (i32.const 0) (ref.null func) (i32.const 8))", "(table 9 funcref)"),
        (),
        1 + 4 + 8,
    ),
    "table.copy": (
        function("(table.copy (i32.const 1) (i32.const 0) (i32.const 8))", "(table 9 funcref)"),
        (),
        1 + 4 + 8,
    ),
    "table.init": (
        """(module (table 9 funcref) (elem func $f $f $f)
          (func $f (export "f") (table.init 0 (i32.const 2) (i32.const 1) (i32.const 2)) (elem.drop 0)))""",
        (),
        1 + 4 + 2 + 1,
    ),
    "table.grow": (function("(drop (table.grow (ref.null func) (i32.const 70)))", "(table 9 funcref)"), (), 1 + 3 + 70),
    "table.grow in vain": (
        function("(drop (table.grow (ref.null func) (i32.const 70)))", "(table 9 70 funcref)"),
        (),
        1 + 3,
    ),
    "vectors": (function("(drop (i32x4.add (v128.const i32x4 1 2 3 4) (i32x4.splat (i32.const 1))))"), (), 1 + 4),
    "arrays": (
        function(
            """(local.set $x (array.new_default $a (i32.const 100)))
            (array.copy $a $a (local.get $x) (i32.const 0) (local.get $x) (i32.const 0) (i32.const 90))
            (array.fill $a (local.get $x) (i32.const 0) (i32.const 1) (i32.const 50))
            (drop (array.new_fixed $a 3 (i32.const 1) (i32.const 2) (i32.const 3)))""",
            "(type $a (array (mut i32)))",
            "(local $x (ref null $a))",
        ),
        (),
        1 + (3 + 100) + (6 + 90) + (5 + 50) + 4,
    ),
    "an exception that is caught here": (
        function(
            "(block $h (try_table (catch_all $h) (throw $e)) (drop (i32.const 1))) (drop (i32.const 1))", "(tag $e)"
        ),
        (),
        1 + 2 + 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_exact_costs(name: str) -> None:
    text, params, expected = EXACT[name]
    assert cost(text, *params) == expected


@pytest.mark.parametrize("name", EXACT)
def test_just_enough_is_enough_and_one_less_is_not(name: str) -> None:
    text, params, expected = EXACT[name]
    g = Guest(text, store=Store(metered()))
    g.store.set_fuel(expected)
    g.f(*params)
    assert g.store.get_fuel() == 0
    g = Guest(text, store=Store(metered()))
    g.store.set_fuel(expected - 1)
    with pytest.raises(Trap) as caught:
        g.f(*params)
    assert caught.value.trap_code is TrapCode.OUT_OF_FUEL
    assert g.store.get_fuel() == 0


def test_a_line_that_cannot_be_paid_for_has_no_effect() -> None:
    stores = "".join(f"(i32.store8 (i32.const {at}) (i32.const 1))" for at in range(1000))
    g = Guest(f'(module (memory (export "m") 1) (func (export "f") {stores}))', store=Store(metered()))
    g.store.set_fuel(2999)
    with pytest.raises(Trap, match="all fuel consumed"):
        g.f()
    assert not any(g["m"].read(g.store, 0, 1000))
    g.store.set_fuel(3001)
    g.f()
    assert all(g["m"].read(g.store, 0, 1000))


@pytest.mark.parametrize(
    "instruction",
    [
        "memory.fill (i32.const 0) (i32.const 1) (i32.const 60000)",
        "memory.copy (i32.const 0) (i32.const 65536) (i32.const 60000)",
        "memory.init $passive (i32.const 0) (i32.const 0) (i32.const 4)",
    ],
)
def test_a_bulk_instruction_that_cannot_be_paid_for_has_no_effect(instruction: str) -> None:
    g = Guest(
        f"""(module (memory (export "m") 2) (data (i32.const 65536) "wxyz") (data $passive "abcd")
          (func (export "f") ({instruction})))""",
        store=Store(metered()),
    )
    g.store.set_fuel(8)
    with pytest.raises(Trap, match="all fuel consumed"):
        g.f()
    assert g["m"].read(g.store, 0, 4) == b"\0\0\0\0"


def test_what_a_trap_leaves_is_the_same_each_time() -> None:
    """The line in which something traps is paid for whole."""
    text = function("(drop (i32.div_u (i32.const 1) (local.get 0))) (drop (i32.const 1))", "", "(param i32)")
    g = Guest(text, store=Store(metered()))
    for _ in range(2):
        g.store.set_fuel(100)
        with pytest.raises(Trap, match="divide by zero"):
            g.f(0)
        assert g.store.get_fuel() == 100 - (1 + 3 + 1)


def test_fuel_that_a_host_function_sees_and_changes() -> None:
    store = Store(metered())
    seen: list[int] = []

    def look() -> None:
        seen.append(store.get_fuel())
        store.set_fuel(50)

    g = Guest(
        f"""(module (import "" "look" (func $look)) (func (export "f") (param $n i32)
          {COUNTING} (call $look) (local.set $n (i32.const 5)) {COUNTING}))""",
        [Func(store, FuncType([], []), look)],
        store,
    )
    store.set_fuel(1000)
    g.f(10)
    assert seen == [1000 - (1 + 5 * 10 + 1 + 2)]  # what stands in line with the call is paid for already
    assert store.get_fuel() == 50 - 5 * 5


def test_fuel_across_instances() -> None:
    """A store has one tank, whatever instances the guest calls."""
    store = Store(metered())
    inner = Guest(f'(module (func (export "run") (param $n i32) {COUNTING}))', store=store)
    outer = Guest(
        """(module (import "" "run" (func $run (param i32)))
          (func (export "f") (call $run (i32.const 100)) (call $run (i32.const 10))))""",
        [inner["run"]],
        store,
    )
    store.set_fuel(PLENTY)
    outer.f()
    assert PLENTY - store.get_fuel() == 1 + 4 + (1 + 5 * 100) + (1 + 5 * 10)


def test_the_last_of_the_fuel_across_instances() -> None:
    """Whichever instance has paid last has what is left; the other one, and a bulk instruction, get all of it."""
    store = Store(metered())
    seen: list[int] = []
    look = Func(store, FuncType([], []), lambda: seen.append(store.get_fuel()))
    inner = Guest('(module (import "" "look" (func $look)) (func (export "run") (call $look)))', [look], store)
    outer = Guest(
        """(module (import "" "run" (func $run)) (memory 1)
          (func (export "f") (call $run) (memory.fill (i32.const 0) (i32.const 1) (i32.const 300)) (call $run)))""",
        [inner["run"]],
        store,
    )
    exact = 1 + 6 + 300 + 2 * 2
    store.set_fuel(exact)
    outer.f()
    assert store.get_fuel() == 0
    assert seen == [300 + 2, 0]
    for fuel in (exact - 1, 7 + 2 + 300, 7 + 2 + 299, 8, 6):
        store.set_fuel(fuel)
        with pytest.raises(Trap) as caught:
            outer.f()
        assert caught.value.trap_code is TrapCode.OUT_OF_FUEL
        assert store.get_fuel() == 0
    store.set_fuel(exact)
    outer.f()
    assert store.get_fuel() == 0


PART = "(drop (i32.add (i32.const 1) (i32.const 2)))"  # costs 3


@pytest.mark.parametrize("is_thrown", [False, True])
def test_fuel_where_instances_come_for_it(is_thrown: bool) -> None:
    """One that a host function calls, or that catches what another throws, is handed none: it takes all there is."""
    store = Store(metered())
    thrower = f'(tag $e (export "e")) (func (export "work") {PART} {"(throw $e)" if is_thrown else ""})'
    inner = Guest(f"(module {thrower})", store=store)
    work = inner["work"] if is_thrown else Func(store, FuncType([], []), lambda: inner.work())
    outer = Guest(
        f"""(module (import "" "work" (func $work)) (import "" "e" (tag $e))
          (func $rest {PART})
          (func (export "f") (block $caught (try_table (catch $e $caught) (call $work))) (call $rest)))""",
        [work, inner["e"]],
        store,
    )
    store.set_fuel(PLENTY)
    outer.f()
    exact = PLENTY - store.get_fuel()
    assert exact == (1 + 3) + is_thrown + (1 + 3) + (1 + 3)  # `try_table`, both calls, and what is called
    for turn in (exact, exact - 1, exact, exact - 4, exact):
        store.set_fuel(turn)
        if turn == exact:
            outer.f()
        else:
            with pytest.raises(Trap, match="all fuel consumed"):
                outer.f()
        assert store.get_fuel() == 0


def test_fuel_that_is_set_while_another_instance_has_it() -> None:
    """Whatever had been left of the old does not come back."""
    store = Store(metered())
    refill = Func(store, FuncType([], []), lambda: store.set_fuel(5))
    inner = Guest(
        f'(module (import "" "" (func $refill)) (func (export "work") {PART} (call $refill)))', [refill], store
    )
    work = Func(store, FuncType([], []), lambda: inner.work())
    outer = Guest(
        f"""(module (import "" "" (func $work)) (func $rest {PART})
          (func (export "f") (call $work) (call $rest)) (func (export "g") (call $work) (call $rest) (call $rest)))""",
        [work],
        store,
    )
    store.set_fuel(PLENTY)
    outer.f()
    assert store.get_fuel() == 1
    store.set_fuel(PLENTY)
    with pytest.raises(Trap, match="all fuel consumed"):
        outer.g()
    assert store.get_fuel() == 0
