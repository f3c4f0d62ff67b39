"""Handles in calls from component to component: what is lent, and how long."""

from typing import Any

import pytest

from fusee import Trap
from tests.component.adapterfuzz import Both, through_python, with_adapters
from tests.component.samples import CHAIN, COMPOSED, COUNTER


def test_handles_go_from_table_to_table() -> None:
    both = Both(COMPOSED)
    assert both.outcome("sum", 3, 4).startswith("211; 211")
    for name, args in (("after-drop", ()), ("twice", ()), ("index", (0,)), ("index", (7,))):
        assert both.outcome(name, *args).startswith("trap unknown handle index")


def test_borrows_are_lent_as_long_as_a_call_lasts() -> None:
    def told(way: Any) -> list[Any]:
        both = Both(CHAIN)
        with way():
            instance, store = both.instantiate([])
        names = ("give", "look", "keep", "release", "hold")
        give, look, keep, release, hold = (instance.get_func(store, name) for name in names)
        assert give and look and keep and release and hold
        first, second = give(store, 5), give(store, 6)
        found: list[Any] = [look(store, first), look(store, second), keep(store, second), release(store)]
        with pytest.raises(Trap) as caught:
            hold(store, first)
        return [*found, caught.value.message]

    assert told(with_adapters) == told(through_python) == [
        105, 106, None, None, "borrow handles still remain at the end of the call",
    ]  # fmt: skip


def test_what_is_lent_cannot_be_given_away_in_the_same_call() -> None:
    inner = """
      (type $r' (resource (rep i32)))
      (export $r "r" (type $r'))
      (core func $new (canon resource.new $r'))
      (core module $m (import "" "new" (func $new (param i32) (result i32)))
        (func (export "make") (result i32) (call $new (i32.const 7)))
        (func (export "both") (param i32 i32)) (func (export "add") (param i32 i32) (result i32)
          (i32.add (local.get 0) (local.get 1))))
      (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
      (func (export "make") (result (own $r)) (canon lift (core func $i "make")))
      (func (export "add") (param "a" (borrow $r)) (param "b" (borrow $r)) (result u32)
        (canon lift (core func $i "add")))
      (func (export "both") (param "a" (borrow $r)) (param "b" (own $r)) (canon lift (core func $i "both")))"""
    outer = """
      (import "i" (instance $i (export "r" (type $r (sub resource)))
        (export "make" (func (result (own $r))))
        (export "add" (func (param "a" (borrow $r)) (param "b" (borrow $r)) (result u32)))
        (export "both" (func (param "a" (borrow $r)) (param "b" (own $r))))))
      (core func $make (canon lower (func $i "make")))
      (core func $add (canon lower (func $i "add")))
      (core func $both (canon lower (func $i "both")))
      (core module $m (import "" "make" (func $make (result i32)))
        (import "" "add" (func $add (param i32 i32) (result i32))) (import "" "both" (func $both (param i32 i32)))
        (func (export "add") (result i32) (local $h i32)
          (local.set $h (call $make)) (call $add (local.get $h) (local.get $h)))
        (func (export "both") (result i32) (local $h i32)
          (local.set $h (call $make)) (call $both (local.get $h) (local.get $h)) (i32.const 0)))
      (core instance $m (instantiate $m (with "" (instance
        (export "make" (func $make)) (export "add" (func $add)) (export "both" (func $both))))))
      (func (export "add") (result u32) (canon lift (core func $m "add")))
      (func (export "both") (result u32) (canon lift (core func $m "both")))"""
    both = Both(f"""(component (component $inner {inner}) (component $outer {outer})
      (instance $i (instantiate $inner)) (instance $o (instantiate $outer (with "i" (instance $i))))
      (export "add" (func $o "add")) (export "both" (func $o "both")))""")
    assert both.outcome("add").startswith("14; 14")
    assert both.outcome("both").startswith("trap cannot remove owned resource while borrowed")


def test_a_component_drops_what_it_has_lent_to_one_in_it() -> None:
    """The inner one calls the outer one while it has the handle."""
    text = """(component
      (core module $t (table (export "t") 1 funcref)
        (func (export "f") (call_indirect (param i32) (i32.const 1) (i32.const 0))))
      (core instance $t (instantiate $t))
      (func $f (canon lift (core func $t "f")))
      (component $inner
        (import "f" (func $f))
        (type $r' (resource (rep i32)))
        (export $r "r" (type $r'))
        (core func $new (canon resource.new $r'))
        (core func $f' (canon lower (func $f)))
        (core module $m (import "" "new" (func $new (param i32) (result i32))) (import "" "f" (func $f))
          (func (export "make") (result i32) (call $new (i32.const 7)))
          (func (export "use") (param i32) (call $f)))
        (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "f" (func $f'))))))
        (func (export "make") (result (own $r)) (canon lift (core func $i "make")))
        (func (export "use") (param "a" (borrow $r)) (canon lift (core func $i "use"))))
      (instance $i (instantiate $inner (with "f" (func $f))))
      (alias export $i "r" (type $r))
      (core func $make (canon lower (func $i "make")))
      (core func $use (canon lower (func $i "use")))
      (core func $drop (canon resource.drop $r))
      (core module $m (import "" "make" (func $make (result i32))) (import "" "use" (func $use (param i32)))
        (import "" "drop" (func $drop (param i32))) (import "t" "t" (table 1 funcref))
        (elem (i32.const 0) func $drop)
        (func (export "run") (call $use (call $make))))
      (core instance $m (instantiate $m (with "t" (instance $t)) (with "" (instance
        (export "make" (func $make)) (export "use" (func $use)) (export "drop" (func $drop))))))
      (func (export "run") (canon lift (core func $m "run"))))"""
    assert Both(text).outcome("run").startswith("trap cannot remove owned resource while borrowed")


def test_what_a_component_has_borrowed_from_another_it_must_drop() -> None:
    text = f"""(component {COUNTER}
      (component $Keeper
        (import "counters" (instance $c (export "counter" (type $counter (sub resource)))))
        (alias export $c "counter" (type $counter)) (core func $drop (canon resource.drop $counter))
        (core module $m (import "" "drop" (func $drop (param i32)))
          (func (export "look") (param i32) (call $drop (local.get 0))) (func (export "keep") (param i32)))
        (core instance $i (instantiate $m (with "" (instance (export "drop" (func $drop))))))
        (func (export "look") (param "it" (borrow $counter)) (canon lift (core func $i "look")))
        (func (export "keep") (param "it" (borrow $counter)) (canon lift (core func $i "keep"))))
      (component $User
        (import "counters" (instance $c (export "counter" (type $counter (sub resource)))
          (export "[constructor]counter" (func (param "start" u32) (result (own $counter))))))
        (alias export $c "counter" (type $counter))
        (import "look" (func $look (param "it" (borrow $counter))))
        (import "keep" (func $keep (param "it" (borrow $counter))))
        (core func $new (canon lower (func $c "[constructor]counter")))
        (core func $look' (canon lower (func $look))) (core func $keep' (canon lower (func $keep)))
        (core module $m (import "" "new" (func $new (param i32) (result i32)))
          (import "" "look" (func $look (param i32))) (import "" "keep" (func $keep (param i32)))
          (func (export "look") (call $look (call $new (i32.const 1))))
          (func (export "keep") (call $keep (call $new (i32.const 1)))))
        (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))
          (export "look" (func $look')) (export "keep" (func $keep'))))))
        (func (export "look") (canon lift (core func $i "look")))
        (func (export "keep") (canon lift (core func $i "keep"))))
      (instance $c (instantiate $Counter))
      (instance $k (instantiate $Keeper (with "counters" (instance $c))))
      (instance $u (instantiate $User (with "counters" (instance $c)) (with "look" (func $k "look"))
        (with "keep" (func $k "keep"))))
      (export "look" (func $u "look")) (export "keep" (func $u "keep")))"""
    both = Both(text)
    assert both.outcome("look").startswith("None; None")
    assert both.outcome("keep").startswith("trap borrow handles still remain at the end of the call")
