"""A component whose guest waits in place, with functions that may come to what waits and such that may not."""

from tests.component.asyncguests import component

GUEST = component(
    """
    (import "c" "wait" (func $wait (param i32) (result i32)))
    (import "c" "later" (func $later (param i32 i32) (result i32)))
    (import "c" "yield" (func $yield (result i32)))
    (import "c" "task.return" (func $return (param i32)))
    (type $step (func (param i32) (result i32)))
    (type $pair (func (param i32 i32) (result i32)))
    (table 4 funcref)
    (elem (i32.const 0) $waits $computes)

    (; Only computes: a linear congruential generator, run n times. ;)
    (func $mix (export "mix") (param $seed i32) (param $n i32) (result i32)
      (loop $again
        (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1103515245)) (i32.const 12345)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $seed))
    (func $computes (type $pair) (call $mix (local.get 0) (local.get 1)))
    (func $by-pair (export "by-pair") (type $pair)
      (call_indirect (type $pair) (local.get 0) (local.get 1) (i32.const 1)))
    (func $quotient (export "quotient") (param i32) (result i32) (i32.div_u (i32.const 100) (local.get 0)))

    (func $waits (type $step) (call $wait (local.get 0)))
    (func $by-step (export "by-step") (type $step) (call_indirect (type $step) (local.get 0) (i32.const 0)))
    (func $tail (export "tail") (type $step) (return_call $by-step (local.get 0)))
    (func $deep (export "deep") (param $depth i32) (param $n i32) (result i32)
      (if (result i32) (local.get $depth)
        (then (i32.add (call $quotient (i32.const 50))
                       (call $deep (i32.sub (local.get $depth) (i32.const 1)) (local.get $n))))
        (else (call $tail (local.get $n)))))

    (func (export "work") (param $n i32) (result i32)
      (i32.add (call $mix (i32.const 1) (i32.const 1000))
               (i32.add (call $deep (i32.const 5) (local.get $n)) (call $by-pair (local.get $n) (i32.const 100)))))
    (func (export "stackful") (param $n i32)
      (call $return (call $deep (i32.const 5) (local.get $n))))
    (func (export "divide") (param $n i32) (result i32) (call $quotient (call $waits (local.get $n))))
    (func (export "start") (param $n i32) (result i32) (call $later (local.get $n) (i32.const 64)))
    (func (export "turns") (param $n i32) (result i32) (local $sum i32)
      (loop $again
        (drop (call $yield))
        (local.set $sum (i32.add (local.get $sum) (call $mix (local.get $n) (i32.const 10))))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum))
    """,
    """
    mix | async (param "seed" u32) (param "n" u32) (result u32) |
    quotient | async (param "n" u32) (result u32) |
    work | async (param "n" u32) (result u32) |
    stackful | async (param "n" u32) (result u32) | async
    divide | async (param "n" u32) (result u32) |
    turns | async (param "n" u32) (result u32) |
    """,
    imports='(import "wait" (func $wait async (param "n" u32) (result u32)))',
    lowered="""
    wait $wait
    later $wait async (memory $memory)
    """,
)
