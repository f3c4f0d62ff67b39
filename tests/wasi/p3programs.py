"""Components of WASI 0.3: a clock, `cat`, a greeting, a copy of a file."""

import re

from fusee.wasi.p3 import cli, define, filesystem  # noqa: F401  # which fill the table
from tests.component.guests import LIBC

CODES = [
    "access",
    "already",
    "bad-descriptor",
    "busy",
    "deadlock",
    "quota",
    "exist",
    "file-too-large",
    "illegal-byte-sequence",
    "in-progress",
    "interrupted",
    "invalid",
    "io",
    "is-directory",
    "loop",
    "too-many-links",
    "message-size",
    "name-too-long",
    "no-device",
    "no-entry",
    "no-lock",
    "insufficient-memory",
    "insufficient-space",
    "not-directory",
    "not-empty",
    "not-recoverable",
    "unsupported",
    "no-tty",
    "no-such-device",
    "overflow",
    "not-permitted",
    "pipe",
    "read-only",
    "invalid-seek",
    "text-file-busy",
    "cross-device",
]
CASES = " ".join(f'(case "{code}")' for code in CODES)

CLOCK = """
  (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
    (export "now" (func (result u64))) (export "wait-for" (func async (param "how-long" u64)))))
  (core func $now (canon lower (func $clock "now")))
  (core func $wait (canon lower (func $clock "wait-for")))"""

STREAMS = """
  (import "wasi:cli/types@0.3.0" (instance $types
    (type $plain (enum "io" "illegal-byte-sequence" "pipe")) (export "error-code" (type (eq $plain)))))
  (alias export $types "error-code" (type $code))
  (import "wasi:cli/stdin@0.3.0" (instance $stdin
    (alias outer 1 $code (type $c')) (export "error-code" (type $c (eq $c')))
    (type $r (result (error $c))) (type $f (future $r)) (type $s (stream u8)) (type $t (tuple $s $f))
    (export "read-via-stream" (func (result $t)))))
  (import "wasi:cli/stdout@0.3.0" (instance $stdout
    (alias outer 1 $code (type $c')) (export "error-code" (type $c (eq $c')))
    (type $r (result (error $c))) (type $f (future $r)) (type $s (stream u8))
    (export "write-via-stream" (func (param "data" $s) (result $f)))))
  (type $outcome (result (error $code))) (type $future (future $outcome)) (type $bytes (stream u8))
  (core func $read (canon lower (func $stdin "read-via-stream") (memory $memory)))
  (core func $write (canon lower (func $stdout "write-via-stream") (memory $memory)))
  (core func $new (canon stream.new $bytes))
  (core func $put (canon stream.write $bytes (memory $memory)))
  (core func $drop (canon stream.drop-writable $bytes))
  (core func $outcome (canon future.read $future (memory $memory)))"""

FILES = f"""
  (import "wasi:filesystem/types@0.3.0" (instance $types
    (export "descriptor" (type $d (sub resource)))
    (type $e' (variant {CASES} (case "other" (option string)))) (export "error-code" (type $e (eq $e')))
    (type $p' (flags "symlink-follow")) (export "path-flags" (type $p (eq $p')))
    (type $o' (flags "create" "directory" "exclusive" "truncate")) (export "open-flags" (type $o (eq $o')))
    (type $f' (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync"
      "mutate-directory")) (export "descriptor-flags" (type $f (eq $f')))
    (type $r (result (error $e))) (type $u (future $r)) (type $s (stream u8)) (type $t (tuple $s $u))
    (export "[method]descriptor.open-at" (func async (param "self" (borrow $d)) (param "path-flags" $p)
      (param "path" string) (param "open-flags" $o) (param "flags" $f) (result (result (own $d) (error $e)))))
    (export "[method]descriptor.read-via-stream" (func (param "self" (borrow $d)) (param "offset" u64) (result $t)))
    (export "[method]descriptor.write-via-stream"
      (func (param "self" (borrow $d)) (param "data" $s) (param "offset" u64) (result $u)))))
  (alias export $types "descriptor" (type $d)) (alias export $types "error-code" (type $code))
  (import "wasi:filesystem/preopens@0.3.0" (instance $preopens
    (alias outer 1 $d (type $d')) (export "descriptor" (type $d (eq $d')))
    (export "get-directories" (func (result (list (tuple (own $d) string)))))))
  (type $outcome (result (error $code))) (type $future (future $outcome))
  (core func $directories (canon lower (func $preopens "get-directories") (memory $memory) (realloc $realloc)))
  (core func $open (canon lower (func $types "[method]descriptor.open-at") (memory $memory) (realloc $realloc)))
  (core func $read (canon lower (func $types "[method]descriptor.read-via-stream") (memory $memory)))
  (core func $write (canon lower (func $types "[method]descriptor.write-via-stream") (memory $memory)))
  (core func $outcome (canon future.read $future (memory $memory) (realloc $realloc)))"""


def program(definitions: str, core: str) -> str:
    """A component that exports `run: async func() -> u32`, the core function of that name."""
    names = re.findall(r'\(import "h" "([a-z]+)"', core)
    return f"""(component {LIBC.replace("1024", "4096")} {definitions}
      (core module $m (import "m" "memory" (memory 1)) {core})
      (core instance $i (instantiate $m (with "m" (instance $libc))
        (with "h" (instance {" ".join(f'(export "{name}" (func ${name}))' for name in names)}))))
      (func (export "run") async (result u32) (canon lift (core func $i "run"))))"""


WAITER = program(
    CLOCK,
    """(import "h" "now" (func $now (result i64))) (import "h" "wait" (func $wait (param i64)))
    (func (export "run") (result i32) (local $start i64)
      (local.set $start (call $now))
      (call $wait (i64.const 0))
      (call $wait (i64.const 20000000))
      (i64.ge_u (i64.sub (call $now) (local.get $start)) (i64.const 20000000)))""",
)
CAT = program(
    STREAMS,
    """(import "h" "read" (func $read (param i32))) (import "h" "write" (func $write (param i32) (result i32)))
    (import "h" "outcome" (func $outcome (param i32 i32) (result i32)))
    (func (export "run") (result i32)
      (call $read (i32.const 16))
      (drop (call $outcome (call $write (i32.load (i32.const 16))) (i32.const 32)))
      (i32.load8_u (i32.const 32)))""",
)
HELLO = program(
    STREAMS,
    """(import "h" "write" (func $write (param i32) (result i32))) (import "h" "new" (func $new (result i64)))
    (import "h" "put" (func $put (param i32 i32 i32) (result i32))) (import "h" "drop" (func $drop (param i32)))
    (data (i32.const 64) "hello, 0.3!")
    (func (export "run") (result i32) (local $ends i64) (local $writable i32) (local $done i32)
      (local.set $ends (call $new))
      (local.set $writable (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
      (drop (call $write (i32.wrap_i64 (local.get $ends))))
      (local.set $done (call $put (local.get $writable) (i32.const 64) (i32.const 11)))
      (call $drop (local.get $writable))
      (i32.shr_u (local.get $done) (i32.const 4)))""",
)
COPY = program(
    FILES,
    """(import "h" "directories" (func $directories (param i32)))
    (import "h" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
    (import "h" "read" (func $read (param i32 i64 i32)))
    (import "h" "write" (func $write (param i32 i32 i64) (result i32)))
    (import "h" "outcome" (func $outcome (param i32 i32) (result i32)))
    (data (i32.const 64) "in.txtout.txt")
    (func (export "run") (result i32) (local $directory i32)
      (call $directories (i32.const 8))
      (local.set $directory (i32.load (i32.load (i32.const 8))))
      (call $open (local.get $directory) (i32.const 0) (i32.const 64) (i32.const 6) (i32.const 0) (i32.const 1)
        (i32.const 128))
      (if (i32.load8_u (i32.const 128)) (then (return (i32.add (i32.const 100) (i32.load8_u (i32.const 132))))))
      (call $open (local.get $directory) (i32.const 0) (i32.const 70) (i32.const 7) (i32.const 1) (i32.const 2)
        (i32.const 160))
      (if (i32.load8_u (i32.const 160)) (then (return (i32.add (i32.const 200) (i32.load8_u (i32.const 164))))))
      (call $read (i32.load (i32.const 132)) (i64.const 2) (i32.const 192))
      (drop (call $outcome (call $write (i32.load (i32.const 164)) (i32.load (i32.const 192)) (i64.const 1))
        (i32.const 200)))
      (drop (call $outcome (i32.load (i32.const 196)) (i32.const 224)))
      (i32.or (i32.load8_u (i32.const 200)) (i32.load8_u (i32.const 224))))""",
)
