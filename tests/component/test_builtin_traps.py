"""What canonical functions of asynchronous components trap for (CanonicalABI), each beside a guest that does right.

What lies in the way of who is wrong is in `test_canonical_streams`, `test_canonical_subtasks` and others.
"""

import pytest

from fusee import Trap
from tests.component.asyncguests import component
from tests.component.guests import World

RETURN = '(import "c" "task.return" (func $return (param i32))) (import "c" "task.cancel" (func $cancel))'
BACK = '(func (export "back") (param i32 i32 i32) (result i32) (i32.const 0))'
PRESSURE = '(import "c" "backpressure.inc" (func $inc)) (import "c" "backpressure.dec" (func $dec))'
STREAM = """
  (import "c" "stream.new" (func $new (result i64)))
  (import "c" "stream.read-async" (func $read (param i32 i32 i32) (result i32)))
  (import "c" "stream.write-async" (func $write (param i32 i32 i32) (result i32)))"""

CASES = {
    "where elements lie": (
        """(import "c" "future.new" (func $new (result i64)))
        (import "c" "future.read-async" (func $read (param i32 i32) (result i32)))
        (func (export "f") (drop (call $read (i32.wrap_i64 (call $new)) (i32.const 4))))""",
        "f | |", "const 4", "const 6", "read/write pointer not aligned",
    ),
    "what a component copies to itself": (
        f"""{STREAM} (func (export "f") (local $both i64)
          (local.set $both (call $new))
          (drop (call $read (i32.wrap_i64 (local.get $both)) (i32.const 64) (i32.const 1)))
          (drop (call $write (i32.wrap_i64 (i64.shr_u (local.get $both) (i64.const 32))) (i32.const 128)
            (i32.const 1))))""",
        "f | |", '"stream.', '"strings.', "intra-component future/stream with non-numeric payload",
    ),
    "the type of an end": (
        """(import "c" "stream.new" (func $new (result i64)))
        (import "c" "stream.read-async" (func $read (param i32 i32 i32) (result i32)))
        (func (export "f") (drop (call $read (i32.wrap_i64 (call $new)) (i32.const 64) (i32.const 1))))""",
        "f | |", "stream.new", "strings.new", "used with the wrong type",
    ),
    "the type of an end that is given": (
        """(import "c" "stream.new" (func $new (result i64)))
        (func (export "f") (result i32) (i32.wrap_i64 (call $new)))""",
        "f | (result (stream u8)) |", "stream.new", "strings.new", "used with the wrong type",
    ),
    "a task that was not cancelled": (
        f'{RETURN} {BACK} (func (export "f") (result i32) (call $return (i32.const 1)) (i32.const 0))',
        "f | async (result u32) | async callback back", "(call $return (i32.const 1))", "(call $cancel)",
        "`task.cancel` called by a task which has not been cancelled",
    ),
    "the result of a task": (
        f'{RETURN} {BACK} (func (export "f") (result i32) (call $return (i32.const 1)) (i32.const 0))',
        "f | async (result u32) | async callback back", "(result u32) |", "(result s32) |",
        "invalid `task.return` signature and/or options",
    ),
    "results of functions without `async`": (
        f'{RETURN} (func (export "f") (result i32) (nop) (i32.const 1))',
        "f | async (result u32) |", "(nop)", "(call $return (i32.const 1))",
        "`task.return` called by a task that was not lifted with `async`",
    ),
    "the end of functions without `async`": (
        f'{RETURN} (func (export "f") (result i32) (nop) (i32.const 1))',
        "f | async (result u32) |", "(nop)", "(call $cancel)",
        "`task.cancel` called by a task that was not lifted with `async`",
    ),
    "back pressure that is not there": (
        f'{PRESSURE} (func (export "f") (call $inc) (call $dec))', "f | |", "(call $inc)", "",
        "backpressure counter overflow",
    ),
    "too much back pressure": (
        f"""{PRESSURE} (func (export "f") (local $left i32) (local.set $left (i32.const 65535))
          (loop $more (call $inc) (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))""",
        "f | |", "65535", "65536", "backpressure counter overflow",
    ),
    "what a callback function says": (
        f'{RETURN} {BACK} (func (export "f") (result i32) (call $return (i32.const 1)) (i32.const 1))',
        "f | async (result u32) | async callback back", "(i32.const 1))", "(i32.const 3))",
        "unsupported callback code: 3",
    ),
    "where an event is written": (
        """(import "c" "wait-later" (func $wait (param i32 i32) (result i32)))
        (import "c" "set.new" (func $new (result i32))) (import "c" "join" (func $join (param i32 i32)))
        (import "c" "set.wait" (func $set_wait (param i32 i32) (result i32)))
        (func (export "f") (result i32) (local $set i32)
          (local.set $set (call $new))
          (call $join (i32.shr_u (call $wait (i32.const 1) (i32.const 64)) (i32.const 4)) (local.get $set))
          (call $set_wait (local.get $set) (i32.const 65528)))""",
        "f | async (result u32) |", "65528", "65532", "out of bounds",
    ),
    "who waits while a module begins": (
        f"""{PRESSURE} (import "c" "yield" (func $yield (result i32)))
        (func $start (call $inc) (call $dec)) (start $start) (func (export "f"))""",
        "f | |", "(call $inc) (call $dec)", "(drop (call $yield))",
        "cannot block a synchronous task before returning",
    ),
}  # fmt: skip
WAIT = '(import "wait" (func $wait async (param "n" u32) (result u32)))'


async def wait(store: object, number: int) -> int:
    return number


@pytest.mark.parametrize(("core", "exports", "right", "wrong", "message"), CASES.values(), ids=CASES)
def test_what_traps(core: str, exports: str, right: str, wrong: str, message: str) -> None:
    def call(core: str, exports: str) -> None:
        World(component(core, exports, WAIT, "wait-later $wait async (memory $memory)"), wait=wait).call("f")

    call(core, exports)
    assert right in core + exports
    with pytest.raises(Trap, match=message.replace("(", r"\(")):
        call(core.replace(right, wrong), exports.replace(right, wrong))


THREADS = """(component
  (core type $start (func (param i32)))
  (core module $tables (table (export "t") 4 funcref))
  (core instance $tables (instantiate $tables))
  (alias core export $tables "t" (core table $t))
  (core func $new (canon thread.new-indirect $start (core table $t)))
  (core func $later (canon thread.resume-later)) (core func $index (canon thread.index))
  (core func $suspend (canon thread.suspend))
  (core module $m
    (import "" "t" (table 4 funcref)) (import "" "new" (func $new (param i32 i32) (result i32)))
    (import "" "later" (func $later (param i32))) (import "" "index" (func $index (result i32)))
    (import "" "suspend" (func $suspend (result i32)))
    (global $main (mut i32) (i32.const 0))
    (func $goes (param i32)) (func $wakes (param i32) (call $later (global.get $main))) (func $other (param i64))
    (elem (i32.const 0) func $goes $wakes $other)
    (func (export "f") (local $made i32)
      (global.set $main (call $index))
      (call $later (call $new (i32.const 1) (i32.const 0)))
      (drop (call $suspend))))
  (core instance $i (instantiate $m (with "" (instance (export "t" (table $t)) (export "new" (func $new))
    (export "later" (func $later)) (export "index" (func $index)) (export "suspend" (func $suspend))))))
  (func (export "f") (canon lift (core func $i "f"))))"""


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("(call $later (call $new", "(call $later (call $index)) (call $later (call $new", "which is not suspended"),
        ("(call $new (i32.const 1)", "(call $new (i32.const 2)", "indirect call type mismatch"),
        ("(call $new (i32.const 1)", "(call $new (i32.const 3)", "undefined element: no function for a thread"),
        ("(call $new (i32.const 1)", "(call $new (i32.const 4)", "undefined element: no function for a thread"),
        ("(call $new (i32.const 1)", "(call $new (i32.const 0)", "cannot block a synchronous task before returning"),
    ],
    ids=["resumed", "type", "none", "outside", "deadlock"],
)  # fmt: skip
def test_threads(right: str, wrong: str, message: str) -> None:
    World(THREADS).call("f")
    assert THREADS.count(right) == 1
    with pytest.raises(Trap, match=message):
        World(THREADS.replace(right, wrong)).call("f")
