"""Asynchronous components for tests: each is one core module with the canonical functions that it names."""

import re

from tests.component.guests import LIBC

_BUILTINS = {
    "task.return": "task.return (result u32)",
    "return-stream": "task.return (result $bytes)",
    "return-future": "task.return (result $number)",
    "return-string": "task.return (result string) (memory $memory)",
    "task.cancel": "task.cancel",
    "context.get": "context.get i32 0",
    "context.set": "context.set i32 0",
    "set.new": "waitable-set.new",
    "set.wait": "waitable-set.wait (memory $memory)",
    "set.poll": "waitable-set.poll (memory $memory)",
    "set.drop": "waitable-set.drop",
    "join": "waitable.join",
    "subtask.cancel": "subtask.cancel",
    "subtask.cancel-async": "subtask.cancel async",
    "subtask.drop": "subtask.drop",
    "backpressure.inc": "backpressure.inc",
    "backpressure.dec": "backpressure.dec",
    "yield": "thread.yield",
    "stream.new": "stream.new $bytes",
    "stream.read": "stream.read $bytes (memory $memory)",
    "stream.read-async": "stream.read $bytes async (memory $memory)",
    "stream.cancel-read": "stream.cancel-read $bytes",
    "stream.cancel-read-async": "stream.cancel-read $bytes async",
    "stream.write": "stream.write $bytes (memory $memory)",
    "stream.write-async": "stream.write $bytes async (memory $memory)",
    "stream.cancel-write": "stream.cancel-write $bytes",
    "stream.cancel-write-async": "stream.cancel-write $bytes async",
    "stream.drop-readable": "stream.drop-readable $bytes",
    "stream.drop-writable": "stream.drop-writable $bytes",
    "future.new": "future.new $number",
    "future.read": "future.read $number (memory $memory)",
    "future.read-async": "future.read $number async (memory $memory)",
    "future.write": "future.write $number (memory $memory)",
    "future.write-async": "future.write $number async (memory $memory)",
    "future.cancel-read": "future.cancel-read $number",
    "future.cancel-write": "future.cancel-write $number",
    "future.drop-readable": "future.drop-readable $number",
    "future.drop-writable": "future.drop-writable $number",
    "strings.new": "stream.new $strings",
    "strings.read": "stream.read $strings (memory $memory) (realloc $realloc)",
    "strings.read-async": "stream.read $strings async (memory $memory) (realloc $realloc)",
    "strings.write-async": "stream.write $strings async (memory $memory)",
    "strings.drop-readable": "stream.drop-readable $strings",
    "error.new": "error-context.new (memory $memory)",
    "error.message": "error-context.debug-message (memory $memory) (realloc $realloc)",
    "error.drop": "error-context.drop",
}
"""By the name in the module `c`."""


def component(core: str, exports: str, imports: str = "", lowered: str = "") -> str:
    """A component around the functions of a core module, which imports what it names of the module `c`.

    `exports` has a line for each function: its name, its type, and options of `canon lift` beside the memory. `lowered`
    has a line for each import that is lowered: the name in `c`, the function, and the options.
    """
    used = dict.fromkeys(re.findall(r'\(import "c" "([a-z.-]+)"', core))
    definitions, given = [], []
    for line in filter(None, map(str.strip, lowered.splitlines())):
        name, function, options = (line + " ").split(" ", 2)
        definitions.append(f"(core func $c.{name} (canon lower (func {function}) {options}))")
        used[name] = None
    for name in used:
        if name in _BUILTINS:
            definitions.append(f"(core func $c.{name} (canon {_BUILTINS[name]}))")
        given.append(f'(export "{name}" (func $c.{name}))')
    lifts = []
    for line in filter(None, map(str.strip, exports.splitlines())):
        name, ty, options = map(str.strip, line.split("|"))
        options = re.sub(r"callback (\S+)", r'(callback (core func $main "\1"))', options)
        lifts.append(f"""(func (export "{name}") {ty} (canon lift (core func $main "{name}") {options}
          (memory $memory) (realloc (core func $libc "realloc"))))""")
    return f"""(component
      (type $bytes (stream u8)) (type $number (future u32)) (type $strings (stream string))
      {imports}
      {LIBC}
      {" ".join(definitions)}
      (core module $main_module (import "m" "memory" (memory 1)) {core})
      (core instance $main (instantiate $main_module (with "m" (instance $libc))
        (with "c" (instance {" ".join(given)}))))
      {" ".join(lifts)})"""


WAITING = component(
    """
    (import "c" "wait" (func $wait (param i32) (result i32)))
    (import "c" "wait-here" (func $wait_here (param i32) (result i32)))
    (import "c" "wait-later" (func $wait_later (param i32 i32) (result i32)))
    (import "c" "task.return" (func $return (param i32)))
    (import "c" "task.cancel" (func $cancel))
    (import "c" "context.get" (func $get (result i32)))
    (import "c" "context.set" (func $set (param i32)))
    (import "c" "set.new" (func $new (result i32)))
    (import "c" "set.wait" (func $set_wait (param i32 i32) (result i32)))
    (import "c" "set.drop" (func $drop_set (param i32)))
    (import "c" "join" (func $join (param i32 i32)))
    (import "c" "subtask.drop" (func $drop_task (param i32)))
    (import "c" "subtask.cancel" (func $cancel_task (param i32) (result i32)))
    (import "c" "backpressure.inc" (func $inc))
    (import "c" "backpressure.dec" (func $dec))
    (import "c" "yield" (func $yield (result i32)))
    (global $results (mut i32) (i32.const 64))

    (; Calls `wait`, and says what its callback waits for. The context is where the result will be. ;)
    (func (export "by-callback") (param $n i32) (result i32) (local $state i32) (local $set i32)
      (call $set (global.get $results))
      (global.set $results (i32.add (global.get $results) (i32.const 4)))
      (local.set $state (call $wait_later (local.get $n) (call $get)))
      (if (i32.eq (local.get $state) (i32.const 2))
        (then (call $return (i32.load (call $get))) (return (i32.const 0))))
      (local.set $set (call $new))
      (call $join (i32.shr_u (local.get $state) (i32.const 4)) (local.get $set))
      (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4))))
    (func (export "called-back") (param $event i32) (param $index i32) (param $payload i32) (result i32)
      (if (i32.eq (local.get $event) (i32.const 6)) (then (call $cancel) (return (i32.const 0))))
      (if (i32.ne (local.get $event) (i32.const 1)) (then unreachable))
      (if (i32.ne (local.get $payload) (i32.const 2)) (then unreachable))
      (call $join (local.get $index) (i32.const 0))
      (call $drop_task (local.get $index))
      (call $return (i32.load (call $get)))
      (i32.const 0))

    (; Wait in the middle of a function: locals and operands are kept. ;)
    (func $deep (param $depth i32) (param $n i32) (result i32)
      (if (result i32) (local.get $depth)
        (then (i32.add (local.get $depth) (call $deep (i32.sub (local.get $depth) (i32.const 1)) (local.get $n))))
        (else (call $wait_here (local.get $n)))))
    (func (export "in-place") (param $n i32) (result i32)
      (i32.add (i32.mul (local.get $n) (i32.const 1000)) (call $deep (i32.const 10) (local.get $n))))
    (func (export "stackful") (param $n i32)
      (call $return (i32.add (i32.mul (local.get $n) (i32.const 1000)) (call $deep (i32.const 10) (local.get $n)))))
    (func (export "at-once") (param $n i32) (result i32) (call $wait (local.get $n)))
    (func (export "never") (result i32) (call $set_wait (call $new) (i32.const 0)))
    (func (export "hold") (call $inc))
    (func (export "release") (call $dec))
    (func (export "spin") (param $n i32) (result i32) (local $count i32)
      (loop $again
        (drop (call $yield))
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $count) (local.get $n))))
      (local.get $count))
    (; Calls `wait`, cancels that, and gives the state in which it ended. ;)
    (func (export "cancel-one") (param $n i32) (result i32) (local $task i32) (local $state i32)
      (local.set $task (i32.shr_u (call $wait_later (local.get $n) (i32.const 32)) (i32.const 4)))
      (local.set $state (call $cancel_task (local.get $task)))
      (call $drop_task (local.get $task))
      (local.get $state))
    """,
    """
    by-callback | async (param "n" u32) (result u32) | async callback called-back
    in-place | async (param "n" u32) (result u32) |
    stackful | async (param "n" u32) (result u32) | async
    at-once | (param "n" u32) (result u32) |
    never | async (result u32) |
    hold | |
    release | |
    spin | async (param "n" u32) (result u32) |
    cancel-one | async (param "n" u32) (result u32) |
    """,
    imports='(import "wait" (func $wait async (param "n" u32) (result u32)))',
    lowered="""
    wait $wait
    wait-here $wait
    wait-later $wait async (memory $memory)
    """,
)
"""Waits for a function of the host's in each way."""

CARRYING = component(
    """
    (import "c" "task.return" (func $return (param i32)))
    (import "c" "return-stream" (func $return_stream (param i32)))
    (import "c" "return-future" (func $return_future (param i32)))
    (import "c" "stream.new" (func $new (result i64)))
    (import "c" "stream.read" (func $read (param i32 i32 i32) (result i32)))
    (import "c" "stream.write" (func $write (param i32 i32 i32) (result i32)))
    (import "c" "stream.drop-readable" (func $drop_readable (param i32)))
    (import "c" "stream.drop-writable" (func $drop_writable (param i32)))
    (import "c" "future.new" (func $new_future (result i64)))
    (import "c" "future.read" (func $read_future (param i32 i32) (result i32)))
    (import "c" "future.write" (func $write_future (param i32 i32) (result i32)))
    (import "c" "future.drop-readable" (func $drop_future (param i32)))
    (import "c" "future.drop-writable" (func $drop_writable_future (param i32)))
    (import "c" "strings.read" (func $read_strings (param i32 i32 i32) (result i32)))
    (import "c" "strings.drop-readable" (func $drop_strings (param i32)))
    (import "c" "error.new" (func $new_error (param i32 i32) (result i32)))
    (import "c" "error.message" (func $message (param i32 i32)))
    (import "c" "error.drop" (func $drop_error (param i32)))

    (; The sum of all bytes, which are read three at a time. ;)
    (func (export "sum") (param $stream i32) (result i32)
      (local $got i32) (local $i i32) (local $sum i32)
      (loop $more
        (local.set $got (call $read (local.get $stream) (i32.const 16) (i32.const 3)))
        (local.set $i (i32.shr_u (local.get $got) (i32.const 4)))
        (block $done (loop $next
          (br_if $done (i32.eqz (local.get $i)))
          (local.set $i (i32.sub (local.get $i) (i32.const 1)))
          (local.set $sum (i32.add (local.get $sum) (i32.load8_u offset=16 (local.get $i))))
          (br $next)))
        (br_if $more (i32.eqz (i32.and (local.get $got) (i32.const 15)))))
      (call $drop_readable (local.get $stream))
      (local.get $sum))
    (; A stream of the numbers below n, until nobody reads any more. ;)
    (func (export "count") (param $n i32) (local $ends i64) (local $writable i32) (local $i i32)
      (local.set $ends (call $new))
      (local.set $writable (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
      (call $return_stream (i32.wrap_i64 (local.get $ends)))
      (block $done (loop $next
        (br_if $done (i32.eq (local.get $i) (local.get $n)))
        (i32.store8 (i32.const 32) (local.get $i))
        (br_if $done (i32.and (i32.const 15) (call $write (local.get $writable) (i32.const 32) (i32.const 1))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
      (call $drop_writable (local.get $writable)))
    (func (export "first") (param $stream i32) (result i32)
      (drop (call $read (local.get $stream) (i32.const 48) (i32.const 1)))
      (call $drop_readable (local.get $stream))
      (i32.load8_u (i32.const 48)))
    (func (export "twice") (param $future i32) (local $ends i64) (local $writable i32)
      (local.set $ends (call $new_future))
      (local.set $writable (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
      (call $return_future (i32.wrap_i64 (local.get $ends)))
      (drop (call $read_future (local.get $future) (i32.const 64)))
      (call $drop_future (local.get $future))
      (i32.store (i32.const 64) (i32.mul (i32.const 2) (i32.load (i32.const 64))))
      (drop (call $write_future (local.get $writable) (i32.const 64)))
      (call $drop_writable_future (local.get $writable)))
    (func (export "letters") (param $stream i32) (result i32) (local $got i32) (local $sum i32)
      (loop $more
        (local.set $got (call $read_strings (local.get $stream) (i32.const 80) (i32.const 1)))
        (if (i32.shr_u (local.get $got) (i32.const 4))
          (then (local.set $sum (i32.add (local.get $sum) (i32.load (i32.const 84))))))
        (br_if $more (i32.eqz (i32.and (local.get $got) (i32.const 15)))))
      (call $drop_strings (local.get $stream))
      (local.get $sum))
    (func (export "pass") (param $stream i32) (result i32) (local.get $stream))
    (data (i32.const 96) "what is wrong")
    (func (export "complain") (result i32) (call $new_error (i32.const 96) (i32.const 13)))
    (func (export "length-of") (param $error i32) (result i32)
      (call $message (local.get $error) (i32.const 128))
      (call $drop_error (local.get $error))
      (i32.load (i32.const 132)))
    """,
    """
    sum | async (param "s" (stream u8)) (result u32) |
    count | async (param "n" u32) (result (stream u8)) | async
    first | async (param "s" (stream u8)) (result u32) |
    twice | async (param "f" (future u32)) (result (future u32)) | async
    letters | async (param "s" (stream string)) (result u32) |
    pass | (param "s" (stream u8)) (result (stream u8)) |
    complain | (result error-context) |
    length-of | (param "e" error-context) (result u32) |
    """,
)
"""Streams, futures and error contexts from and to the host."""
