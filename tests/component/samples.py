"""Components that are more than one function: resources, components in components, what they share."""

from fusee import wat2wasm
from tests.component.guests import LIBC, echo, named

COUNTER = """(component $Counter
  (core module $state
    (global $ended (mut i32) (i32.const 0))
    (func (export "end") (param i32)
      (global.set $ended (i32.add (i32.mul (global.get $ended) (i32.const 10)) (local.get 0))))
    (func (export "ended") (result i32) (global.get $ended)))
  (core instance $s (instantiate $state))
  (type $counter' (resource (rep i32) (dtor (core func $s "end"))))
  (export $counter "counter" (type $counter'))
  (core func $new (canon resource.new $counter'))
  (core func $rep (canon resource.rep $counter'))
  (core func $drop (canon resource.drop $counter'))
  (core module $m
    (import "r" "new" (func $new (param i32) (result i32)))
    (import "r" "rep" (func $rep (param i32) (result i32)))
    (import "r" "drop" (func $drop (param i32)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "value") (param i32) (result i32) (i32.add (local.get 0) (i32.const 100)))
    (func (export "take") (param i32) (result i32) (local $found i32)
      (local.set $found (call $rep (local.get 0)))
      (call $drop (local.get 0))
      (local.get $found)))
  (core instance $i (instantiate $m (with "r" (instance
    (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop))))))
  (func (export "[constructor]counter") (param "start" u32) (result (own $counter)) (canon lift (core func $i "make")))
  (func (export "[method]counter.value") (param "self" (borrow $counter)) (result u32)
    (canon lift (core func $i "value")))
  (func (export "[static]counter.take") (param "it" (own $counter)) (result u32) (canon lift (core func $i "take")))
  (func (export "ended") (result u32) (canon lift (core func $s "ended"))))"""
"""A resource with a destructor, which writes down what has ended, one digit each."""

USER = """(component $User
  (import "counters" (instance $c
    (export "counter" (type $counter (sub resource)))
    (export "[constructor]counter" (func (param "start" u32) (result (own $counter))))
    (export "[method]counter.value" (func (param "self" (borrow $counter)) (result u32)))
    (export "[static]counter.take" (func (param "it" (own $counter)) (result u32)))))
  (alias export $c "counter" (type $counter))
  (core func $new (canon lower (func $c "[constructor]counter")))
  (core func $value (canon lower (func $c "[method]counter.value")))
  (core func $take (canon lower (func $c "[static]counter.take")))
  (core func $drop (canon resource.drop $counter))
  (core module $m
    (import "c" "new" (func $new (param i32) (result i32)))
    (import "c" "value" (func $value (param i32) (result i32)))
    (import "c" "take" (func $take (param i32) (result i32)))
    (import "c" "drop" (func $drop (param i32)))
    (func (export "sum") (param i32 i32) (result i32) (local $a i32) (local $b i32) (local $sum i32)
      (local.set $a (call $new (local.get 0)))
      (local.set $b (call $new (local.get 1)))
      (local.set $sum (i32.add (call $value (local.get $a)) (call $value (local.get $b))))
      (call $drop (local.get $a))
      (i32.add (local.get $sum) (call $take (local.get $b))))
    (func (export "after-drop") (result i32) (local $a i32)
      (local.set $a (call $new (i32.const 1)))
      (call $drop (local.get $a))
      (call $value (local.get $a)))
    (func (export "twice") (result i32) (local $a i32)
      (local.set $a (call $new (i32.const 1)))
      (drop (call $take (local.get $a)))
      (call $take (local.get $a)))
    (func (export "index") (param i32) (result i32) (call $value (local.get 0))))
  (core instance $i (instantiate $m (with "c" (instance
    (export "new" (func $new)) (export "value" (func $value)) (export "take" (func $take))
    (export "drop" (func $drop))))))
  (func (export "sum") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "sum")))
  (func (export "after-drop") (result u32) (canon lift (core func $i "after-drop")))
  (func (export "twice") (result u32) (canon lift (core func $i "twice")))
  (func (export "index") (param "i" u32) (result u32) (canon lift (core func $i "index"))))"""
"""Uses the counters of another component."""

COMPOSED = f"""(component
  {COUNTER}
  {USER}
  (instance $counter (instantiate $Counter))
  (instance $user (instantiate $User (with "counters" (instance $counter))))
  (export "counters" (instance $counter))
  (alias export $user "sum" (func $sum))
  (export "sum" (func $sum))
  (alias export $user "after-drop" (func $after))
  (export "after-drop" (func $after))
  (alias export $user "twice" (func $twice))
  (export "twice" (func $twice))
  (alias export $user "index" (func $index))
  (export "index" (func $index)))"""


CHAIN = f"""(component
  {COUNTER}
  (component $Lender
    (import "counters" (instance $c
      (export "counter" (type $counter (sub resource)))
      (export "[constructor]counter" (func (param "start" u32) (result (own $counter))))
      (export "[method]counter.value" (func (param "self" (borrow $counter)) (result u32)))))
    (alias export $c "counter" (type $counter))
    (core func $new (canon lower (func $c "[constructor]counter")))
    (core func $value (canon lower (func $c "[method]counter.value")))
    (core func $drop (canon resource.drop $counter))
    (core module $m
      (import "c" "new" (func $new (param i32) (result i32)))
      (import "c" "value" (func $value (param i32) (result i32)))
      (import "c" "drop" (func $drop (param i32)))
      (global $kept (mut i32) (i32.const 0))
      (func (export "give") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "look") (param i32) (result i32) (local $value i32)
        (local.set $value (call $value (local.get 0)))
        (call $drop (local.get 0))
        (local.get $value))
      (func (export "hold") (param i32) (result i32) (call $value (local.get 0)))
      (func (export "keep") (param i32) (global.set $kept (local.get 0)))
      (func (export "release") (call $drop (global.get $kept))))
    (core instance $i (instantiate $m (with "c" (instance
      (export "new" (func $new)) (export "value" (func $value)) (export "drop" (func $drop))))))
    (func (export "give") (param "n" u32) (result (own $counter)) (canon lift (core func $i "give")))
    (func (export "look") (param "it" (borrow $counter)) (result u32) (canon lift (core func $i "look")))
    (func (export "hold") (param "it" (borrow $counter)) (result u32) (canon lift (core func $i "hold")))
    (func (export "keep") (param "it" (own $counter)) (canon lift (core func $i "keep")))
    (func (export "release") (canon lift (core func $i "release"))))
  (instance $counter (instantiate $Counter))
  (instance $lender (instantiate $Lender (with "counters" (instance $counter))))
  (export $shown "counters" (instance $counter))
  (alias export $shown "counter" (type $shown_counter))
  {"".join(f'(alias export $lender "{name}" (func ${name}))' for name in ("give", "look", "hold", "keep", "release"))}
  (export "give" (func $give) (func (param "n" u32) (result (own $shown_counter))))
  (export "look" (func $look) (func (param "it" (borrow $shown_counter)) (result u32)))
  (export "hold" (func $hold) (func (param "it" (borrow $shown_counter)) (result u32)))
  (export "keep" (func $keep) (func (param "it" (own $shown_counter))))
  (export "release" (func $release)))"""
"""A second component has handles to resources of the first one, which the host is given and gives back."""


def relay(ty: str, flat: str, first: str, second: str) -> str:
    """A component that passes a value to the host through two components, whose strings have different encodings."""
    outer, inner = echo(ty, flat, first), echo(ty, flat, second)
    return f"""(component
      (import "echo" (func $host (param "value" {ty}) (result {ty})))
      (component $inner {inner.removeprefix("(component")}
      (component $outer {outer.removeprefix("(component")}
      (instance $i (instantiate $inner (with "echo" (func $host))))
      (instance $o (instantiate $outer (with "echo" (func $i "echo"))))
      (alias export $o "echo" (func $echo))
      (export "echo" (func $echo)))"""


LINKED = f"""(component
  (import "lib" (core module $lib (export "memory" (memory 1)) (export "f" (func (param i32) (result i32)))))
  (type $outer (record (field "a" u8)))
  (component $nested
    (alias outer 1 $outer (type $t))
    (export $shown "t" (type $t))
    (type (component (import "i" (instance (export "f" (func (param "x" u8)))))
      (export "g" (func (result (list (option (result u8)))))))))
  (instance (instantiate $nested))
  {LIBC}
  (core instance $i (instantiate $lib))
  (core func $f (alias core export $i "f"))
  (core instance $bag (export "g" (func $f)))
  (func (export "twice") (param "x" u32) (result u32) (canon lift (core func $bag "g"))))"""
"""Imports a core module; aliases of all kinds."""


def sources() -> list[bytes]:
    """All of them as binaries."""
    texts = [
        COMPOSED, LINKED, relay("string", "i32 i32", "utf16", "latin1+utf16"),
        echo("(list (tuple u8 string))", "i32 i32"),
        echo("$t", "i32 i64 i32", definitions=named('(variant (case "a") (case "b" u64) (case "c" string))')),
        echo("$t", "i32", definitions=named('(flags "a" "b")')), echo("$t", "i32", definitions=named('(enum "a" "b")')),
        echo("$t", "i32 f32", definitions=named('(record (field "a" char) (field "b" f32))')),
    ]  # fmt: skip
    return [bytes(wat2wasm(text)) for text in texts]


_THINGS = "make", "value", "half"

MUTUAL = f"""(component
  (core module $state
    (global $ended (mut i32) (i32.const 0))
    (func (export "end") (param i32)
      (global.set $ended (i32.add (i32.mul (global.get $ended) (i32.const 10)) (local.get 0))))
    (func (export "ended") (result i32) (global.get $ended))
    (func (export "half") (param i32) (result i32)
      (if (i32.and (local.get 0) (i32.const 1)) (then unreachable))
      (i32.shr_u (local.get 0) (i32.const 1))))
  (core instance $s (instantiate $state))
  (type $thing' (resource (rep i32) (dtor (core func $s "end"))))
  (core func $new (canon resource.new $thing'))
  (core module $m
    (import "r" "new" (func $new (param i32) (result i32)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "value") (param i32) (result i32) (i32.add (local.get 0) (i32.const 100))))
  (core instance $i (instantiate $m (with "r" (instance (export "new" (func $new))))))
  (func $make (param "n" u32) (result (own $thing')) (canon lift (core func $i "make")))
  (func $value (param "it" (borrow $thing')) (result u32) (canon lift (core func $i "value")))
  (func $half (param "n" u32) (result u32) (canon lift (core func $s "half")))
  (component $Inner
    (import "things" (instance $t
      (export "thing" (type $thing (sub resource)))
      (export "make" (func (param "n" u32) (result (own $thing))))
      (export "value" (func (param "it" (borrow $thing)) (result u32)))
      (export "half" (func (param "n" u32) (result u32)))))
    (alias export $t "thing" (type $thing))
    {"".join(f'(core func ${name} (canon lower (func $t "{name}")))' for name in _THINGS)}
    (core func $drop (canon resource.drop $thing))
    (core module $m
      {"".join(f'(import "t" "{name}" (func ${name} (param i32) (result i32)))' for name in _THINGS)}
      (import "t" "drop" (func $drop (param i32)))
      (global $seen (mut i32) (i32.const 0))
      (func $begin (global.set $seen (call $half (i32.const 84))))
      (start $begin)
      (func (export "seen") (result i32) (global.get $seen))
      (func (export "part") (param i32) (result i32) (call $half (local.get 0)))
      (func (export "use") (param i32) (result i32) (local $it i32) (local $value i32)
        (local.set $it (call $make (local.get 0)))
        (local.set $value (call $value (local.get $it)))
        (call $drop (local.get $it))
        (local.get $value)))
    (core instance $i (instantiate $m (with "t" (instance
      {"".join(f'(export "{name}" (func ${name}))' for name in (*_THINGS, "drop"))}))))
    (func (export "seen") (result u32) (canon lift (core func $i "seen")))
    (func (export "part") (param "n" u32) (result u32) (canon lift (core func $i "part")))
    (func (export "use") (param "n" u32) (result u32) (canon lift (core func $i "use"))))
  (instance $things (export "thing" (type $thing'))
    {"".join(f'(export "{name}" (func ${name}))' for name in _THINGS)})
  (instance $inner (instantiate $Inner (with "things" (instance $things))))
  {"".join(f'(alias export $inner "{name}" (func ${name}))' for name in ("seen", "part", "use"))}
  (core func $part_lowered (canon lower (func $part)))
  (core func $use_lowered (canon lower (func $use)))
  (core module $outer
    (import "i" "part" (func $part (param i32) (result i32)))
    (import "i" "use" (func $use (param i32) (result i32)))
    (func (export "quarter") (param i32) (result i32) (call $part (call $part (local.get 0))))
    (func (export "twice") (param i32) (result i32)
      (i32.add (call $use (local.get 0)) (call $use (i32.add (local.get 0) (i32.const 1))))))
  (core instance $o (instantiate $outer (with "i" (instance
    (export "part" (func $part_lowered)) (export "use" (func $use_lowered))))))
  (func (export "quarter") (param "n" u32) (result u32) (canon lift (core func $o "quarter")))
  (func (export "twice") (param "n" u32) (result u32) (canon lift (core func $o "twice")))
  (func (export "ended") (result u32) (canon lift (core func $s "ended")))
  {"".join(f'(export "{name}" (func ${name}))' for name in ("seen", "part", "use"))})"""
"""One that calls the component in it, which calls it, also while it is called itself, and before it is complete."""
