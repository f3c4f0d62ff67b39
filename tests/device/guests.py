"""The modules that the embedder in C is given, and as C."""

from fusee.api.text import wat2wasm
from tests.device.declaredguest import DECLARED

GUEST = """
(module
  (import "env" "twice" (func $twice (param i32) (result i32)))
  (func (export "quadruple") (param i32) (result i32) (call $twice (call $twice (local.get 0))))
  (func $divide (export "divide") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
  (func (export "through") (param i32) (result i32) (call $divide (local.get 0)))
  (memory (export "memory") 1 3)
  (data (i32.const 8) "Fusee"))
"""

REFERENCES = """
(module
  (import "env" "pass" (func $pass (param externref) (result externref)))
  (global $held (export "held") (mut externref) (ref.null extern))
  (table $things (export "things") 4 8 externref)
  (table $functions (export "functions") 2 funcref)
  (elem (table $functions) (i32.const 0) func $reverse)
  (func (export "hold") (param externref) (global.set $held (local.get 0)))
  (func (export "give") (result externref) (global.get $held))
  (func (export "through") (param externref) (result externref) (call $pass (local.get 0)))
  (func $reverse (export "reverse") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
    (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func $fail unreachable)
  (func (export "fail") (call $fail))
  (memory (export "memory") 1 2))
"""

VECTORS = """
(module
  (import "env" "swap" (func $swap (param v128 i32 v128) (result v128 i32 v128)))
  (func $add (export "add") (param v128 v128) (result v128) (i8x16.add (local.get 0) (local.get 1)))
  (func (export "through") (param v128 i32 v128) (result v128 i32 v128)
    (call $swap (local.get 0) (local.get 1) (local.get 2)))
  (func (export "many") (param v128 v128 v128 v128 v128 v128 v128 v128 v128) (result v128)
    (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7)
    (local.get 8) (call $add) (call $add) (call $add) (call $add) (call $add) (call $add) (call $add) (call $add))
  (global (export "held") (mut v128) (v128.const i64x2 1 2))
  (global (export "fixed") v128 (v128.const i64x2 3 -1))
  (func (export "near") (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))
"""

OLDER = """
(module
  (tag $t (param i32))
  (func (export "caught") (result i32) try (result i32) i32.const 7 throw $t catch $t i32.const 1 i32.add end))
"""
"""Exceptions in the form of before version 3.0 of the specification."""

SPIN = '(module (func (export "spin") (param i32) (result i32) (loop $again (br $again)) (unreachable)))'

THROWING = """
(module
  (import "env" "fail" (func $fail (result i32)))
  (tag $t (param i32))
  (func (export "throw") (result i32) (throw $t (i32.const 7)))
  (func (export "guarded") (result i32)
    (block $caught (return (try_table (result i32) (catch_all $caught) (call $fail))))
    (i32.const -1)))
"""
"""Throws what nobody catches, and catches whatever comes out of a call of the host."""

EXCEPTIONS = """
(module
  (import "env" "host" (tag $host (param i32 externref)))
  (import "env" "call" (func $call (param i32) (result i32)))
  (tag $beat (export "beat") (param i32 i64 f32 f64 v128 externref))
  (tag $mute)
  (global $kept (export "kept") (mut exnref) (ref.null exn))
  (func $throw (export "throw") (param i32 externref)
    (throw $beat (local.get 0) (i64.const -9223372036854775808) (f32.const 1.5) (f64.const -2.5)
      (v128.const i64x2 2 1) (local.get 1)))
  (func (export "guarded") (param i32) (result i32)
    (block $caught (result i32 externref)
      (return (try_table (result i32) (catch $host $caught) (call $call (local.get 0)))))
    (i32.add (ref.is_null) (i32.const 1000))
    (i32.add))
  (func (export "all") (param i32) (result i32)
    (block $caught (return (try_table (result i32) (catch_all $caught) (call $call (local.get 0)))))
    (i32.const -1))
  (func (export "plain") (param i32) (result i32) (call $call (local.get 0)))
  (func (export "stopped") (param i32) (result i32)
    (block $caught (drop (try_table (result i32) (catch_all $caught) (call $call (local.get 0)))))
    unreachable)
  (func (export "again") (param exnref) (result i32)
    (block $caught (result i32 i64 f32 f64 v128 externref)
      (try_table (catch $beat $caught) (throw_ref (local.get 0))) unreachable)
    drop drop drop drop drop)
  (func (export "reference") (param i32) (result exnref)
    (block $caught (result exnref)
      (try_table (catch_all_ref $caught) (call $throw (local.get 0) (ref.null extern))) unreachable)
    (global.set $kept) (global.get $kept))
  (func (export "silent") (throw $mute))
  (func (export "bottom") (param nullexternref)))
"""

OBJECTS = """
(module
  (type $point (sub (struct (field (mut i32)) (field (mut i8)) (field i64))))
  (type $named (sub final $point (struct (field (mut i32)) (field (mut i8)) (field i64) (field (mut anyref)))))
  (type $shorts (array (mut i16)))
  (type $points (array (mut (ref null $point))))
  (type $mixed (struct (field v128) (field (ref $point)) (field funcref) (field externref)))
  (type $no_object (func))
  (import "env" "pass" (func $pass (param anyref) (result anyref)))
  (global (export "kept") (mut structref) (ref.null struct))
  (table (export "places") 2 8 anyref)
  (func $make (export "make") (param i32) (result (ref $named))
    (struct.new $named (local.get 0) (i32.const 0xFFF0) (i64.extend_i32_s (i32.sub (i32.const 0) (local.get 0)))
      (ref.null none)))
  (func (export "sum") (param (ref null $point)) (result i32)
    (i32.add (struct.get $point 0 (local.get 0)) (struct.get_u $point 1 (local.get 0))))
  (func (export "through") (param anyref) (result anyref) (call $pass (local.get 0)))
  (func (export "outside") (param anyref) (result externref) (extern.convert_any (local.get 0)))
  (func (export "inside") (param externref) (result anyref) (any.convert_extern (local.get 0)))
  (func (export "length") (param arrayref) (result i32) (array.len (local.get 0)))
  (func (export "number") (param i31ref) (result i32) (i31.get_s (local.get 0)))
  (func (export "litter") (param i32)
    (loop $again
      (drop (call $make (local.get 0)))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
"""

SHARING = """
(module
  (import "env" "memory" (memory 1 4 shared))
  (func (export "wait") (param i32 i32 i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "notify") (param i32 i32 i64) (result i32) (memory.atomic.notify (local.get 0) (local.get 1)))
  (func (export "add") (param i32 i32 i64) (result i32) (i32.atomic.rmw.add (local.get 0) (local.get 1)))
  (func (export "grow") (param i32 i32 i64) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (param i32 i32 i64) (result i32) (memory.size))
  (func (export "load") (param i32 i32 i64) (result i32) (i32.load (local.get 0)))
  (func (export "follow") (param i32 i32 i64) (result i32)
    (drop (i32.atomic.rmw.add (i32.const 320) (i32.const 1)))
    (loop $again (br_if $again (i32.eqz (i32.atomic.load (local.get 1)))))
    (i32.load (local.get 0)))
  (func (export "outgrow") (param i32 i32 i64) (result i32)
    (drop (i32.atomic.rmw.add (i32.const 320) (i32.const 1)))
    (loop $again (br_if $again (i32.ne (memory.size) (local.get 1))))
    (i32.load (local.get 0)))
  (func (export "count") (param i32 i32 i64) (result i32)
    (loop $again
      (block $locked
        (loop $lock
          (br_if $locked (i32.eqz (i32.atomic.rmw.cmpxchg (local.get 0) (i32.const 0) (i32.const 1))))
          (drop (memory.atomic.wait32 (local.get 0) (i32.const 1) (i64.const -1)))
          (br $lock)))
      (i32.store offset=4 (local.get 0) (i32.add (i32.load offset=4 (local.get 0)) (i32.const 1)))
      (i32.atomic.store (local.get 0) (i32.const 0))
      (drop (memory.atomic.notify (local.get 0) (i32.const 1)))
      (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (i32.const 0)))
"""
"""`count` adds to a word under a lock that is the word before it. `follow` and `outgrow` say at 320 that they
have begun, and load what another thread then makes room for, once a word, or the memory's size, says so."""

SHARER = """
(module
  (memory (export "memory") 1 3 shared)
  (memory (export "own") 1 1)
  (func (export "wait") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
"""

MANY = 300

INTERRUPTED = f"""
(module
  (import "env" "look" (func $look))
  (type $unary (func (param i32) (result i32)))
  (memory 1 100)
  (func $leaf (type $unary) (i32.add (local.get 0) (i32.const 1)))
  (func $again (type $unary) (return_call $again (local.get 0)))
  {"".join(f"(func $f{number} (type $unary) (i32.add (local.get 0) (i32.const {number})))" for number in range(MANY))}
  (func (export "turn") (type $unary)
    (drop (memory.grow (i32.const 1)))
    (loop $again (br $again))
    (unreachable))
  (func (export "chase") (type $unary)
    (drop (memory.grow (i32.const 1)))
    (return_call $again (local.get 0)))
  (func (export "calls") (type $unary)
    (drop (memory.grow (i32.const 1)))
    (loop $again
      (local.set 0 (call_indirect (type $unary) (call $leaf (local.get 0)) (i32.const 1)))
      (br $again))
    (unreachable))
  (func (export "fill") (type $unary)
    (drop (memory.grow (i32.const 1)))
    (loop $again
      (memory.fill (i32.const 0) (local.get 0) (i32.shl (memory.size) (i32.const 16)))
      (br $again))
    (unreachable))
  (func (export "many") (type $unary)
    (drop (memory.grow (i32.const 1)))
    (loop $again
      {"".join(f"(drop (call $f{number} (local.get 0)))" for number in range(MANY))}
      (br_if $again (local.get 0)))
    (local.get 0))
  (func (export "outside") (type $unary)
    (call $look)
    (loop $again (br $again))
    (unreachable))
  (func (export "fresh") (type $unary)
    (call $look)
    (call_indirect (type $unary) (local.get 0) (i32.const 0)))
  (func (export "count") (type $unary) (local i32)
    (drop (memory.grow (i32.const 1)))
    (loop $again
      (local.set 1 (call $leaf (local.get 1)))
      (br_if $again (i32.lt_u (local.get 1) (local.get 0))))
    (local.get 1))
  (func (export "through") (type $unary) (call $look) (call $leaf (i32.sub (local.get 0) (i32.const 1))))
  (table (export "table") 2 funcref)
  (elem (i32.const 1) $leaf))
"""
"""What has no end grows the memory before, or calls the host: at that time something happens."""

STARTING = "(module (tag $early (param i32)) (func $start (throw $early (i32.const 6))) (start $start))"

HELLO = """
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "Hello, ")
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $args (i32.const 128) (i32.const 256)))
    (i32.store (i32.const 16) (i32.const 64))
    (i32.store (i32.const 20) (i32.const 7))
    (i32.store (i32.const 24) (i32.load (i32.const 132)))
    (i32.store (i32.const 28) (i32.const 5))
    (i32.store8 (i32.const 261) (i32.const 10))
    (i32.store (i32.const 32) (i32.const 261))
    (i32.store (i32.const 36) (i32.const 1))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 3) (i32.const 8)))
    (call $exit (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 8))))))
"""
"""Greets its second argument and exits with the numbers of arguments and of bytes written."""

GUESTS = (
    "GUEST", "REFERENCES", "VECTORS", "OLDER", "SPIN", "THROWING", "EXCEPTIONS", "OBJECTS", "SHARING", "SHARER",
    "STARTING", "HELLO", "INTERRUPTED",
)  # fmt: skip

EXPECTED = """\
Hello, plain
quadruple(20) = 80
trap: bad luck today <- 1
trap: integer divide by zero <- 2
trap: all fuel consumed <- 0
trap: interrupt <- 0
Hello, watch
exit status 15
refused: {refused}
trap: the wrong number of imports, or an import of another store
"""


def header() -> str:
    """`guests.h`"""
    lines = []
    for name in GUESTS:
        lines.append(as_c(name, wat2wasm(globals()[name])))
    lines.append(as_c("DECLARED", wat2wasm(DECLARED)))
    return "".join(lines)


def as_c(name: str, binary: bytes | bytearray) -> str:
    """A module as an array in C."""
    return f"static const unsigned char {name}[] = {{{','.join(map(str, bytes(binary)))}}};\n"
