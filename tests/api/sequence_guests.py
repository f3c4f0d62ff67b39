"""The modules that random sequences of API calls are made with."""

from typing import Final

EVERYTHING: Final = """(module $everything
  (type $pair (struct (field (mut i32)) (field (mut (ref null $pair))) (field (mut externref))))
  (type $row (array (mut i64)))
  (type $unary (func (param i32) (result i32)))
  (import "host" "number" (func $number (type $unary)))
  (import "host" "object" (func $object (param externref) (result externref)))
  (import "host" "tag" (tag $told (param i32)))
  (tag $own (export "own") (param i32 externref))
  (memory (export "memory") 1 4)
  (table $functions (export "functions") 4 8 funcref)
  (table $objects (export "objects") 2 9 externref)
  (table (export "pairs") 1 5 (ref null $pair))
  (global $count (export "count") (mut i64) (i64.const 7))
  (global (export "kept") (mut externref) (ref.null extern))
  (global (export "any") (mut anyref) (ref.i31 (i32.const 3)))
  (global (export "fixed") f32 (f32.const 0.5))
  (elem declare func $add $number)
  (elem (table $functions) (i32.const 0) func $double $number)
  (data $text "some text")
  (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func $double (export "double") (type $unary) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i64) (i64.load (local.get 0)))
  (func (export "store") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "copy") (param i32 i32 i32) (memory.init $text (local.get 0) (local.get 1) (local.get 2)))
  (func (export "drop") (data.drop $text))
  (func (export "grow objects") (param externref i32) (result i32)
    (table.grow $objects (local.get 0) (local.get 1)))
  (func (export "ask") (param i32) (result i32) (call $number (local.get 0)))
  (func (export "show") (param externref) (result externref) (call $object (local.get 0)))
  (func (export "indirect") (param i32 i32) (result i32)
    (call_indirect $functions (type $unary) (local.get 1) (local.get 0)))
  (func $deep (export "deep") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (call $number (i32.const 0)))
      (else (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))))
  (func (export "same") (param externref) (result externref) (local.get 0))
  (func (export "same any") (param anyref) (result anyref) (local.get 0))
  (func (export "same function") (param funcref) (result funcref) (local.get 0))
  (func (export "several") (param i64 f64) (result f64 i64 externref)
    (local.get 1) (local.get 0) (global.get 1))
  (func (export "new pair") (param i32 externref) (result (ref $pair))
    (struct.new $pair (local.get 0) (ref.null $pair) (local.get 1)))
  (func (export "new row") (param i32) (result (ref $row)) (array.new $row (i64.const 5) (local.get 0)))
  (func (export "number of") (param (ref null $pair)) (result i32) (struct.get $pair 0 (local.get 0)))
  (func (export "throw") (param i32 externref) (throw $own (local.get 0) (local.get 1)))
  (func (export "catch") (param i32) (result i32)
    (block $caught (result i32)
      (try_table (catch $told $caught) (return (call $number (local.get 0))))
      (unreachable)))
  (func (export "catch all") (param i32) (result i32)
    (block $caught
      (try_table (catch_all $caught) (return (call $number (local.get 0)))))
    (i32.const -1))
  (func (export "garbage") (param i32)
    (loop $again
      (drop (struct.new $pair (local.get 0) (ref.null $pair) (ref.null extern)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $again (i32.gt_s (local.get 0) (i32.const 0)))))
  (func (export "spin") (param i32)
    (loop $again
      (global.set $count (i64.add (global.get $count) (i64.const 1)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $again (i32.gt_s (local.get 0) (i32.const 0))))))"""

SHARING: Final = """(module $sharing
  (import "host" "memory" (memory 1 4))
  (import "host" "functions" (table 1 funcref))
  (import "host" "count" (global $count (mut i64)))
  (import "host" "number" (func $number (param i32) (result i32)))
  (export "number" (func $number))
  (export "functions" (table 0))
  (elem (i32.const 0) func $number)
  (data (i32.const 100) "written")
  (func (export "poke") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "tick") (result i64)
    (global.set $count (i64.add (global.get $count) (i64.const 1))) (global.get $count))
  (func (export "tail") (param i32) (result i32) (return_call $number (local.get 0))))"""

STARTING: Final = """(module $starting
  (import "host" "number" (func $number (param i32) (result i32)))
  (memory (export "memory") 1)
  (func $start (if (call $number (i32.const 1)) (then (unreachable))))
  (start $start))"""

THREADED: Final = """(module $threaded
  (import "host" "shared" (memory 1 4 shared))
  (func (export "add to") (param i32 i32) (result i32) (i32.atomic.rmw.add (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "wake") (param i32) (result i32) (memory.atomic.notify (local.get 0) (i32.const 1))))"""

PROGRAM: Final = """(module $program
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "exit") (param i32) (call $exit (local.get 0)))
  (func (export "random") (param i32 i32) (result i32) (call $random (local.get 0) (local.get 1)))
  (func (export "_start") (drop (call $sizes (i32.const 0) (i32.const 4)))))"""

WRONG: Final = '(module (func (export "f") (result i32) i64.const 1))'

TEXTS: Final = (EVERYTHING, EVERYTHING, EVERYTHING, SHARING, SHARING, STARTING, THREADED, PROGRAM, WRONG)
"""Those that more can be done with are there more than once."""
