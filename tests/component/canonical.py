"""A guest that calls canonical functions of asynchronous components, one after the other, as a test says."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from fusee import Trap
from tests.component.asyncguests import component
from tests.component.guests import World

BLOCKED = 0xFFFF_FFFF
COMPLETED, DROPPED, CANCELLED = range(3)
SUBTASK, STREAM_READ, STREAM_WRITE, FUTURE_READ, FUTURE_WRITE = range(1, 6)

_AT_ONCE = """
  new stream.new -> i64; read stream.read-async i32 i32 i32 -> i32; write stream.write-async i32 i32 i32 -> i32
  cancel-read stream.cancel-read-async i32 -> i32; cancel-write stream.cancel-write-async i32 -> i32
  cancel-write-here stream.cancel-write i32 -> i32
  drop-readable stream.drop-readable i32; drop-writable stream.drop-writable i32
  new-future future.new -> i64; read-future future.read-async i32 i32 -> i32
  write-future future.write-async i32 i32 -> i32; cancel-read-future future.cancel-read i32 -> i32
  cancel-write-future future.cancel-write i32 -> i32; drop-future future.drop-readable i32
  drop-writable-future future.drop-writable i32
  new-set set.new -> i32; poll set.poll i32 i32 -> i32; drop-set set.drop i32; join join i32 i32
  cancel subtask.cancel-async i32 -> i32; drop-subtask subtask.drop i32
  start start i32 i32 -> i32
"""
_IN_PLACE = """
  read-here stream.read i32 i32 i32 -> i32; write-here stream.write i32 i32 i32 -> i32
  wait set.wait i32 i32 -> i32; cancel-here subtask.cancel i32 -> i32
"""


def _guest(imports: str, lowered: str) -> str:
    core, exports = [], []
    for part, ty in ((_AT_ONCE, ""), (_IN_PLACE, "async")):
        for line in filter(None, map(str.strip, re.split("[;\n]", part))):
            (name, imported, *params), _, result = (found.split() for found in line.partition("->"))
            given = f"(result {result[0]})" if result else ""
            taken = "".join(f"(local.get {number})" for number in range(len(params)))
            core.append(f"""(import "c" "{imported}" (func ${name} (param {" ".join(params)}) {given}))""")
            core.append(f"""@(func (export "{name}") (param {" ".join(params)}) {given} (call ${name} {taken}))""")
            shown = "".join(f'(param "p{number}" u32)' for number in range(len(params)))
            exports.append(f"{name} | {ty} {shown} {given.replace(' i', ' u')} |")
    core.sort(key=lambda line: line.startswith("@"))
    text = (
        "\n".join(line.removeprefix("@") for line in core)
        + """
      (func (export "peek") (param i32) (result i32) (i32.load (local.get 0)))
      (func (export "poke") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
      (func (export "give") (param i32) (result i32) (local.get 0))"""
    )
    more = """
      peek | (param "p" u32) (result u32) |
      poke | (param "p" u32) (param "v" u32) |
      give | (param "s" u32) (result (stream u8)) |"""
    return component(text, "\n".join(exports) + more, imports, lowered)


GUEST = _guest(
    '(import "start" (func $start async (param "n" u32) (result u32)))', "start $start async (memory $memory)"
)


SLOW = component(
    """
    (import "c" "task.return" (func $return (param i32)))
    (import "c" "task.cancel" (func $cancel))
    (import "c" "backpressure.inc" (func $inc))
    (import "c" "backpressure.dec" (func $dec))
    (global $answer (mut i32) (i32.const 0))
    (global $seen (mut i32) (i32.const 0))
    (func (export "work") (param i32) (result i32) (i32.const 1))
    (func (export "again") (param $event i32) (param i32 i32) (result i32)
      (if (i32.eq (local.get $event) (i32.const 6))
        (then (global.set $seen (i32.add (global.get $seen) (i32.const 1)))))
      (if (i32.eqz (global.get $answer)) (then (return (i32.const 1))))
      (if (i32.eq (global.get $answer) (i32.const 99)) (then (call $cancel)) (else (call $return (global.get $answer))))
      (i32.const 0))
    (func (export "seen") (result i32) (global.get $seen))
    (func (export "finish") (param i32) (global.set $answer (local.get 0)))
    (func (export "hold") (call $inc))
    (func (export "release") (call $dec))
    """,
    """
    work | async (param "n" u32) (result u32) | async callback again
    seen | (result u32) |
    finish | (param "n" u32) |
    hold | |
    release | |
    """,
)
"""Goes on, even if it is cancelled, until it is told what to give; 99: that it was cancelled."""


def together() -> str:
    lifted = re.findall(r'\(func \(export "([a-z-]+)"\)[^$]*\(canon lift', GUEST)
    names = {"slow": ["seen", "finish", "hold", "release"], "guest": lifted}
    exports = [f'(export "{name}" (func ${owner} "{name}"))' for owner, found in names.items() for name in found]
    return f"""(component
      (component $Slow {SLOW.removeprefix("(component")} (component $Guest {GUEST.removeprefix("(component")}
      (instance $slow (instantiate $Slow))
      (instance $guest (instantiate $Guest (with "start" (func $slow "work"))))
      {" ".join(exports)})"""


class Script:
    """A guest that does one thing after the other."""

    def __init__(self, start: Callable[..., Any] = lambda store, number: number, text: str = GUEST) -> None:
        self.world = World(text, start=start)

    def __call__(self, name: str, *arguments: int) -> Any:
        return self.world.call(name, *arguments)

    def pair(self, name: str = "new") -> tuple[int, int]:
        """Indices of both ends."""
        found = self(name)
        return found & 0xFFFF_FFFF, found >> 32

    def set_of(self, *members: int) -> int:
        """A new set with these in it."""
        found: int = self("new-set")
        for member in members:
            self("join", member, found)
        return found

    def event(self, waited: int) -> tuple[int, int, int]:
        """What `poll` says: code, index, payload."""
        return self("poll", waited, 8), self("peek", 8), self("peek", 12)

    def trap(self, message: str, name: str, *arguments: int) -> None:
        """That it traps, and that nobody enters the instance again."""
        with pytest.raises(Trap, match=message):
            self(name, *arguments)
        with pytest.raises(Trap, match="cannot enter"):
            self("new-set")


def copied(count: int, result: int = COMPLETED) -> int:
    return count << 4 | result
