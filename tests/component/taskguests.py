"""Components that call each other asynchronously."""

from tests.component.adapterfuzz import Both
from tests.component.asyncguests import component

INNER = component(
    """
    (import "c" "return-string" (func $return (param i32 i32)))
    (import "c" "task.cancel" (func $cancel))
    (import "c" "backpressure.inc" (func $inc))
    (import "c" "backpressure.dec" (func $dec))
    (import "c" "set.new" (func $new (result i32)))
    (import "c" "yield" (func $yield (result i32)))
    (tag $thrown)
    (global $how (mut i32) (i32.const 0))
    (data (i32.const 16) "\\ff")
    (func (export "hold") (call $inc))
    (func (export "release") (call $dec))
    (func (export "at-once") (param i32 i32) (result i32) (call $return (local.get 0) (local.get 1)) (i32.const 0))
    (func (export "later") (param i32 i32) (drop (call $yield)) (call $return (local.get 0) (local.get 1)))
    (func (export "plain") (param i32 i32) (result i32)
      (drop (call $yield))
      (i32.store (i32.const 32) (local.get 0)) (i32.store (i32.const 36) (local.get 1)) (i32.const 32))
    (func (export "twice") (param i32 i32)
      (call $return (local.get 0) (local.get 1)) (call $return (local.get 0) (local.get 1)))
    (func (export "none") (param i32 i32))
    (func (export "wrong") (param i32 i32) (call $return (i32.const 16) (i32.const 1)))
    (func (export "throws") (param i32 i32) (throw $thrown))
    (; Waits for nothing until it is cancelled; says so, or returns if its text has three bytes. ;)
    (func (export "waits") (param i32 i32) (result i32)
      (global.set $how (local.get 1)) (i32.or (i32.const 2) (i32.shl (call $new) (i32.const 4))))
    (func (export "back") (param i32 i32 i32) (result i32)
      (if (i32.eq (global.get $how) (i32.const 3))
        (then (call $return (i32.const 40) (i32.const 2))) (else (call $cancel)))
      (i32.const 0))
    """,
    """
    hold | |
    release | |
    at-once | async (param "s" string) (result string) | async callback back
    later | async (param "s" string) (result string) | async
    plain | async (param "s" string) (result string) |
    twice | async (param "s" string) (result string) | async
    none | async (param "s" string) (result string) | async
    wrong | async (param "s" string) (result string) | async
    throws | async (param "s" string) (result string) | async
    waits | async (param "s" string) (result string) | async callback back
    """,
).replace("(component", "(component $inner", 1)

OUTER = component(
    """
    (import "c" "f-later" (func $f_later (param i32 i32 i32) (result i32)))
    (import "c" "f-now" (func $f_now (param i32 i32 i32)))
    (import "c" "hold" (func $hold))
    (import "c" "release" (func $release))
    (import "c" "set.new" (func $new (result i32)))
    (import "c" "set.wait" (func $wait (param i32 i32) (result i32)))
    (import "c" "set.drop" (func $drop_set (param i32)))
    (import "c" "join" (func $join (param i32 i32)))
    (import "c" "subtask.cancel" (func $cancel (param i32) (result i32)))
    (import "c" "subtask.drop" (func $drop (param i32)))
    (data (i32.const 256) "first")
    (data (i32.const 288) "other")
    (func $until_returned (param $state i32) (local $set i32) (local $task i32)
      (if (i32.eq (local.get $state) (i32.const 2)) (then (return)))
      (local.set $set (call $new))
      (call $join (local.tee $task (i32.shr_u (local.get $state) (i32.const 4))) (local.get $set))
      (loop $more
        (drop (call $wait (local.get $set) (i32.const 0)))
        (br_if $more (i32.lt_u (i32.load (i32.const 4)) (i32.const 2))))
      (call $join (local.get $task) (i32.const 0))
      (call $drop (local.get $task))
      (call $drop_set (local.get $set)))
    (func (export "call") (param $pointer i32) (param $length i32) (param $result i32) (result i32)
      (call $until_returned (call $f_later (local.get $pointer) (local.get $length) (local.get $result)))
      (local.get $result))
    (func (export "wait") (param $pointer i32) (param $length i32) (param $result i32) (result i32)
      (call $f_now (local.get $pointer) (local.get $length) (local.get $result))
      (local.get $result))
    (; The text is another one when the callee begins. ;)
    (func (export "held") (param $pointer i32) (param $length i32) (param $result i32) (result i32)
      (local $state i32)
      (call $hold)
      (local.set $state (call $f_later (local.get $pointer) (local.get $length) (local.get $result)))
      (if (i32.and (local.get $state) (i32.const 15)) (then (unreachable)))
      (memory.copy (i32.const 256) (i32.const 288) (i32.const 5))
      (call $release)
      (call $until_returned (local.get $state))
      (local.get $result))
    (; The state in which it was cancelled, and what is where the result would be. ;)
    (func $cancelled (param $state i32) (param $result i32) (result i32)
      (i32.store (local.get $result) (i32.const 7000))
      (local.set $state (i32.shr_u (local.get $state) (i32.const 4)))
      (i32.add (call $cancel (local.get $state)) (i32.load (local.get $result)))
      (call $drop (local.get $state)))
    (func (export "cancel-early") (param $pointer i32) (param $length i32) (param $result i32) (result i32)
      (call $hold)
      (call $cancelled (call $f_later (local.get $pointer) (local.get $length) (local.get $result)) (local.get $result))
      (call $release))
    (func (export "cancel") (param $pointer i32) (param $length i32) (param $result i32) (result i32)
      (call $f_later (local.get $pointer) (local.get $length) (local.get $result))
      (call $cancelled (local.get $result)))
    """,
    """
    call | async (param "pointer" u32) (param "length" u32) (param "result" u32) (result string) |
    wait | async (param "pointer" u32) (param "length" u32) (param "result" u32) (result string) |
    held | async (param "pointer" u32) (param "length" u32) (param "result" u32) (result string) |
    cancel-early | async (param "pointer" u32) (param "length" u32) (param "result" u32) (result u32) |
    cancel | async (param "pointer" u32) (param "length" u32) (param "result" u32) (result u32) |
    """,
    imports="""(import "f" (func $f async (param "s" string) (result string))) (import "hold" (func $hold))
      (import "release" (func $release))""",
    lowered="""
    f-later $f async (memory $memory) (realloc $realloc)
    f-now $f (memory $memory) (realloc $realloc)
    hold $hold
    release $release
    """,
).replace("(component", "(component $outer", 1)

FUNCTIONS = ("call", "wait", "held", "cancel-early", "cancel")


def text(name: str) -> str:
    """A component whose functions call one of the inner one's."""
    exports = " ".join(f'(export "{function}" (func $o "{function}"))' for function in FUNCTIONS)
    return f"""(component {INNER} {OUTER} (instance $i (instantiate $inner))
      (instance $o (instantiate $outer (with "f" (func $i "{name}")) (with "hold" (func $i "hold"))
        (with "release" (func $i "release")))) {exports})"""


def calls(name: str) -> Both:
    """The same, both ways."""
    return Both(text(name))


RESOURCES = """(component
  (component $inner
    (type $r' (resource (rep i32)))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (core func $drop (canon resource.drop $r'))
    (core func $yield (canon thread.yield))
    (core func $return (canon task.return (result u32)))
    (core func $return-own (canon task.return (result (own $r))))
    (core module $m (import "" "new" (func $new (param i32) (result i32)))
      (import "" "yield" (func $yield (result i32)))
      (import "" "return" (func $return (param i32))) (import "" "return-own" (func $return_own (param i32)))
      (func (export "make") (param i32) (call $return_own (call $new (local.get 0))))
      (func (export "look") (param i32 i32) (drop (call $yield)) (call $return (i32.add (local.get 0) (local.get 1)))))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "yield" (func $yield))
      (export "return" (func $return)) (export "return-own" (func $return-own))))))
    (func (export "make") async (param "n" u32) (result (own $r)) (canon lift (core func $i "make") async))
    (func (export "look") async (param "r" (borrow $r)) (param "n" u32) (result u32)
      (canon lift (core func $i "look") async)))
  (component $middle
    (import "i" (instance $i (export "r" (type $r (sub resource)))
      (export "look" (func async (param "r" (borrow $r)) (param "n" u32) (result u32)))))
    (alias export $i "r" (type $r))
    (core func $look (canon lower (func $i "look")))
    (core func $drop (canon resource.drop $r))
    (core func $return (canon task.return (result u32)))
    (core module $m (import "" "look" (func $look (param i32 i32) (result i32)))
      (import "" "drop" (func $drop (param i32))) (import "" "return" (func $return (param i32)))
      (func (export "look") (param i32 i32)
        (local.get 0) (call $look (local.get 0) (i32.const 100))
        (if (i32.eq (local.get 1) (i32.const 1)) (then (call $return (i32.const 1))))
        (local.set 1) (call $drop) (call $return (local.get 1))))
    (core instance $i (instantiate $m (with "" (instance (export "look" (func $look)) (export "drop" (func $drop))
      (export "return" (func $return))))))
    (func (export "look") async (param "r" (borrow $r)) (param "n" u32) (result u32)
      (canon lift (core func $i "look") async)))
  (component $outer
    (import "i" (instance $i (export "r" (type $r (sub resource)))
      (export "make" (func async (param "n" u32) (result (own $r))))))
    (alias export $i "r" (type $r))
    (import "look" (func $look async (param "r" (borrow $r)) (param "n" u32) (result u32)))
    (core module $l (memory (export "memory") 1))
    (core instance $l (instantiate $l))
    (alias core export $l "memory" (core memory $memory))
    (core func $make (canon lower (func $i "make")))
    (core func $look (canon lower (func $look) async (memory $memory)))
    (core func $drop (canon resource.drop $r))
    (core func $new (canon waitable-set.new)) (core func $join (canon waitable.join))
    (core func $wait (canon waitable-set.wait (memory $memory)))
    (core module $m (import "l" "memory" (memory 1)) (import "" "make" (func $make (param i32) (result i32)))
      (import "" "look" (func $look (param i32 i32 i32) (result i32))) (import "" "drop" (func $drop (param i32)))
      (import "" "new" (func $new (result i32))) (import "" "join" (func $join (param i32 i32)))
      (import "" "wait" (func $wait (param i32 i32) (result i32)))
      (func (export "run") (param $n i32) (result i32) (local $r i32) (local $set i32) (local $state i32)
        (local.set $r (call $make (i32.const 42)))
        (local.set $state (call $look (local.get $r) (local.get $n) (i32.const 16)))
        (if (i32.eq (local.get $n) (i32.const 2)) (then (call $drop (local.get $r))))
        (local.set $set (call $new))
        (call $join (i32.shr_u (local.get $state) (i32.const 4)) (local.get $set))
        (loop $more
          (drop (call $wait (local.get $set) (i32.const 0)))
          (br_if $more (i32.ne (i32.load (i32.const 4)) (i32.const 2))))
        (call $drop (local.get $r))
        (i32.load (i32.const 16))))
    (core instance $i (instantiate $m (with "l" (instance $l)) (with "" (instance (export "make" (func $make))
      (export "look" (func $look)) (export "drop" (func $drop)) (export "new" (func $new)) (export "join" (func $join))
      (export "wait" (func $wait))))))
    (func (export "run") async (param "n" u32) (result u32) (canon lift (core func $i "run"))))
  (instance $i (instantiate $inner))
  (instance $m (instantiate $middle (with "i" (instance $i))))
  (instance $o (instantiate $outer (with "i" (instance $i)) (with "look" (func $m "look"))))
  (export "run" (func $o "run")))"""

PLAIN = """(component
  (component $inner {libc}
    (core func $yield (canon backpressure.inc))
    (core module $m (import "l" "memory" (memory 1)) (data (i32.const 16) "text") (import "" "x" (func $x))
      (func (export "f") (param i32 i32) (result i32)
        (i32.store (i32.const 32) (i32.const 16)) (i32.store (i32.const 36) (local.get 1)) (i32.const 32))
      (func (export "after") (param i32)
        (i32.store8 (i32.load (local.get 0)) (i32.add (i32.const 1) (i32.load8_u (i32.load (local.get 0)))))))
    (core instance $i (instantiate $m (with "l" (instance $libc)) (with "" (instance (export "x" (func $yield))))))
    (func (export "f") (param "s" string) (result string) (canon lift (core func $i "f") (memory $memory)
      (realloc $realloc) (post-return (func $i "after")))))
  (component $outer {libc} (import "f" (func $f (param "s" string) (result string)))
    (core func $f (canon lower (func $f) (memory $memory) (realloc $realloc)))
    {more}
    (core module $m (import "l" "memory" (memory 1)) (import "" "f" (func $f (param i32 i32 i32)))
      (func (export "run") (param i32) (result i32)
        (call $f (i32.const 64) (local.get 0) (i32.const 96)) (i32.const 96)))
    (core instance $i (instantiate $m (with "l" (instance $libc)) (with "" (instance (export "f" (func $f))))))
    (func (export "run") (param "n" u32) (result string) (canon lift (core func $i "run") (memory $memory))))
  (instance $i (instantiate $inner)) (instance $o (instantiate $outer (with "f" (func $i "f"))))
  (export "run" (func $o "run")))"""
