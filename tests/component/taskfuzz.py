"""`python -m tests.component.taskfuzz FIRST COUNT`: as `adapterfuzz`, of asynchronous calls and of streams.

A component calls another one, each side `async` or not, at once or late, with random values or random core values; or
it reads a stream of the other's, of random elements, in pieces.
"""

import sys
from collections.abc import Sequence
from typing import Final

from fusee.component.layout import MOST_FLAT_ASYNC_PARAMS, layout_of
from fusee.component.types.primitive import Char
from fusee.component.types.valtype import ValType
from tests.component.adapterfuzz import MOST_BYTES, Both, run
from tests.component.guests import LIBC
from tests.component.randomtypes import ENCODINGS, RandomTypes, flat_of
from tests.fuzz.seeds import first_and_count

_DATA: Final = 16
_LIFTS: Final = ("sync", "callback", "stackful")
_LATE: Final = ("", "yield", "full")
"""The callee returns at once, gives way first, or does not begin before another function of it has been called."""
_BUILTINS: Final = {
    "yield": ("thread.yield", "(result i32)"), "inc": ("backpressure.inc", ""), "dec": ("backpressure.dec", ""),
    "set": ("waitable-set.new", "(result i32)"), "join": ("waitable.join", "(param i32 i32)"),
    "wait": ("waitable-set.wait (memory $memory)", "(param i32 i32) (result i32)"),
    "drop": ("subtask.drop", "(param i32)"),
}  # fmt: skip
_WAIT: Final = """
  (if (i32.ne (i32.and (local.get $state) (i32.const 15)) (i32.const 2)) (then
    (local.set $set (call $set))
    (call $join (i32.shr_u (local.get $state) (i32.const 4)) (local.get $set))
    {now}
    (loop $more
      (drop (call $wait (local.get $set) (i32.const 0)))
      (br_if $more (i32.ne (i32.load (i32.const 4)) (i32.const 2))))
    (call $join (i32.load (i32.const 0)) (i32.const 0))
    (call $drop (i32.load (i32.const 0)))))"""
"""Until a subtask has returned."""


def _names(names: Sequence[str]) -> tuple[str, str, str]:
    """Canonical functions: definitions, what is given for imports, imports."""
    return (
        " ".join(f"(core func ${name} (canon {_BUILTINS[name][0]}))" for name in names),
        " ".join(f'(export "{name}" (func ${name}))' for name in names),
        " ".join(f'(import "host" "{name}" (func ${name} {_BUILTINS[name][1]}))' for name in names),
    )  # fmt: skip


def _data(data: bytes) -> str:
    return f'(data (i32.const {_DATA}) "{"".join(f"{chr(92)}{byte:02x}" for byte in data)}")'


def _options(types: RandomTypes) -> list[str]:
    """Of the inner component, and of the outer one."""
    return [f"(memory $memory) (realloc $realloc) string-encoding={types.chance.choice(ENCODINGS)}" for _ in range(2)]


class Tasks:
    """A type of values, and how two components call each other."""

    def __init__(self, types: RandomTypes, text: str, ty: ValType) -> None:
        chance = types.chance
        self.lift, self.late, self.is_lowered_async = chance.choice(_LIFTS), chance.choice(_LATE), chance.random() < 0.7
        if self.late == "full":
            self.is_lowered_async = True  # else nobody is there to say that it may begin
        self._definitions = " ".join(types.definitions)
        self._types = " ".join(f'(with "t{i}" (type $t{i}))' for i in range(len(types.definitions)))
        self._text = text
        self._size = layout_of(ty).size
        self._flat = flat_of(ty).split()
        self._options = _options(types)
        self._core = self._flat or ["i32"]
        self._gets = " ".join(f"(local.get {i})" for i in range(len(self._core)))
        self._room = f"(call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const {self._size}))"

    def both(self, data: bytes, arguments: Sequence[int], results: Sequence[int]) -> Both:
        """`f` of the outer one gives what it is given to the inner one, which gives it back, and shows that.

        If there are places of arguments or results, core values from places of the memory, which has data, are given.
        """
        ty, host = f'(param "value" {self._text}) (result {self._text})', ""
        shows = f'(param "values" (list {self._text}))'
        host = f'(import "echo" (func $echo {ty})) (import "show" (func $show {shows}))'
        inner, outer = self._inner(data, results, ty), self._outer(data, arguments, ty)
        return Both(f"""(component {self._definitions} {host}
          (component $inner {self._definitions} (import "echo" (func $echo {ty})) {LIBC} {inner})
          (component $outer {self._definitions} {host}
            (import "f" (func $f async {ty})) (import "go" (func $go)) {LIBC} {outer})
          (instance $i (instantiate $inner (with "echo" (func $echo)) {self._types}))
          (instance $o (instantiate $outer (with "f" (func $i "f")) (with "go" (func $i "go"))
            (with "echo" (func $echo)) (with "show" (func $show)) {self._types}))
          (alias export $o "f" (func $found))
          (export "f" (func $found)))""")

    def _values(self, places: Sequence[int]) -> str:
        if not self._flat:
            return f"(i32.const {places[0]})"
        return " ".join(f"({kind}.load (i32.const {at}))" for kind, at in zip(self._flat, places, strict=False))

    def _inner(self, data: bytes, results: Sequence[int], ty: str) -> str:
        params = f"(param {' '.join(self._core)})"
        lowered = f"{params[:-1]} i32)" if len(self._flat) != 1 else f"{params} (result {self._flat[0]})"
        given = self._values(results) if results else self._gets
        late = "(drop (call $yield))" if self.late == "yield" else ""
        returned = self._options[0].replace("(realloc $realloc)", "")
        options = {"sync": "", "callback": 'async (callback (core func $i "back"))', "stackful": "async"}[self.lift]
        body = f"{late} (call $return {given})"
        result = ""
        if self.lift == "callback":
            result, body = "(result i32)", f"{body} (i32.const 0)"
        elif self.lift == "sync" and len(self._flat) == 1:
            result = f"(result {self._flat[0]})"
            body = f"{late} {given if results else f'(call $echo {given})'}"
        elif self.lift == "sync":
            call = f"(call $echo {given} (local.get $at))" if not results else ""
            give = f"(i32.const {results[0]})" if results else "(local.get $at)"
            result, body = "(result i32)", f"(local $at i32) {late} (local.set $at {self._room}) {call} {give}"
        definitions, exports, imports = _names(["yield", "inc", "dec"])
        start = "(func $start (call $inc)) (start $start)" if self.late == "full" else ""
        return f"""{definitions}
          (core func $echoed (canon lower (func $echo) {self._options[0]}))
          (core func $return (canon task.return (result {self._text}) {returned}))
          (core module $m {imports}
            (import "libc" "memory" (memory 1)) (import "host" "echo" (func $echo {lowered}))
            (import "host" "return" (func $return {params}))
            (import "libc" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
            {_data(data)} {start}
            (func (export "go") (call $dec))
            (func (export "back") (param i32 i32 i32) (result i32) unreachable)
            (func (export "f") {params} {result} {body}))
          (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "host" (instance {exports}
            (export "echo" (func $echoed)) (export "return" (func $return))))))
          (func (export "f") async {ty} (canon lift (core func $i "f") {options} {self._options[0]}))
          (func (export "go") (canon lift (core func $i "go")))"""

    def _outer(self, data: bytes, arguments: Sequence[int], ty: str) -> str:
        params, is_direct = f"(param {' '.join(self._core)})", len(self._flat) == 1
        in_core = f"{params} (result {self._flat[0]})" if is_direct else f"{params[:-1]} i32)"
        given, prepare = self._values(arguments) if arguments else self._gets, ""
        lowered, show = in_core, f"(call $show {'(local.get $at)'} (i32.const 1))"
        if self.is_lowered_async:
            lowered = f"{params[:-1]} i32) (result i32)"
            if len(self._flat) > MOST_FLAT_ASYNC_PARAMS:
                lowered = "(param i32 i32) (result i32)"
                prepare = f"(local.set $from {self._room}) (call $echo {given} (local.get $from))"
                given = "(local.get $from)"
                if arguments:
                    prepare, given = "", f"(i32.const {arguments[0]})"
            now = "(call $go)" if self.late == "full" else ""
            call = f"(local.set $state (call $f {given} (local.get $at))) {_WAIT.format(now=now)}"
        elif is_direct:
            call, show = f"(drop (call $echo (call $f {given})))", ""
        else:
            call = f"(call $f {given} (local.get $at))"
        definitions, exports, imports = _names(["set", "wait", "join", "drop"])
        return f"""{definitions}
          (core func $echo (canon lower (func $echo) {self._options[1]}))
          (core func $show (canon lower (func $show) {self._options[1]}))
          (core func $go (canon lower (func $go)))
          (core func $f (canon lower (func $f) {"async" if self.is_lowered_async else ""} {self._options[1]}))
          (core module $m {imports}
            (import "libc" "memory" (memory 1)) (import "host" "echo" (func $echo {in_core}))
            (import "host" "show" (func $show (param i32 i32))) (import "host" "f" (func $f {lowered}))
            (import "host" "go" (func $go))
            (import "libc" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
            {_data(data)}
            (func (export "f") {params} (local $at i32) (local $from i32) (local $state i32) (local $set i32)
              (local.set $at {self._room}) {prepare} {call} {show}))
          (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "host" (instance {exports}
            (export "echo" (func $echo)) (export "show" (func $show)) (export "f" (func $f))
            (export "go" (func $go))))))
          (func (export "f") async (param "value" {self._text}) (canon lift (core func $i "f") {self._options[1]}))"""


def _writer(text: str, size: int, options: str, data: bytes, place: int | None, at_once: int) -> str:
    """Fields of a component that opens a stream, and writes to it so many elements at once, as often as it is asked."""
    found = (
        "(call $give (i32.const 8))"
        if place is None
        else f"""
      (i32.store (i32.const 8) (i32.const {place})) (i32.store (i32.const 12) (i32.const 4))"""
    )
    return f"""{LIBC} (type $s (stream {text}))
      (core func $new (canon stream.new $s)) (core func $close (canon stream.drop-writable $s))
      (core func $write (canon stream.write $s async {options}))
      (core func $give (canon lower (func $give) {options}))
      (core module $m (import "libc" "memory" (memory 1)) (import "host" "give" (func $give (param i32)))
        (import "host" "new" (func $new (result i64))) (import "host" "close" (func $close (param i32)))
        (import "host" "write" (func $write (param i32 i32 i32) (result i32)))
        (global $end (mut i32) (i32.const 0)) {_data(data)}
        (func (export "open") (result i32) (local $ends i64)
          {found}
          (local.set $ends (call $new))
          (global.set $end (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
          (i32.wrap_i64 (local.get $ends)))
        (func (export "next") (result i32) (local $state i32)
          (local.set $state (call $write (global.get $end) (i32.load (i32.const 8))
            (select (i32.const {at_once}) (i32.load (i32.const 12))
              (i32.lt_u (i32.const {at_once}) (i32.load (i32.const 12))))))
          (if (i32.eq (local.get $state) (i32.const -1)) (then unreachable))
          (local.set $state (i32.shr_u (local.get $state) (i32.const 4)))
          (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.mul (local.get $state) (i32.const {size}))))
          (i32.store (i32.const 12) (i32.sub (i32.load (i32.const 12)) (local.get $state)))
          (i32.load (i32.const 12))))
      (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "host" (instance
        (export "give" (func $give)) (export "new" (func $new)) (export "close" (func $close))
        (export "write" (func $write))))))
      (func (export "open") (result $s) (canon lift (core func $i "open")))
      (func (export "next") (result u32) (canon lift (core func $i "next")))"""


def _reader(text: str, size: int, options: str, piece: int) -> str:
    """Fields of one that reads from it, so many elements at a time, and shows them."""
    return f"""{LIBC} (type $s (stream {text}))
      (import "open" (func $open (result $s))) (import "next" (func $next (result u32)))
      (core func $open (canon lower (func $open))) (core func $next (canon lower (func $next)))
      (core func $show (canon lower (func $show) {options}))
      (core func $read (canon stream.read $s async {options}))
      (core func $set (canon waitable-set.new)) (core func $join (canon waitable.join))
      (core func $wait (canon waitable-set.wait (memory $memory)))
      (core module $m (import "host" "open" (func $open (result i32))) (import "host" "next" (func $next (result i32)))
        (import "host" "show" (func $show (param i32 i32))) (import "libc" "memory" (memory 1))
        (import "host" "read" (func $read (param i32 i32 i32) (result i32)))
        (import "host" "set" (func $set (result i32))) (import "host" "join" (func $join (param i32 i32)))
        (import "host" "wait" (func $wait (param i32 i32) (result i32)))
        (import "libc" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
        (func (export "f") (local $at i32) (local $end i32) (local $set i32) (local $left i32)
          (local.set $at (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const {3 * size})))
          (local.set $end (call $open)) (local.set $set (call $set))
          (call $join (local.get $end) (local.get $set))
          (loop $more
            (if (i32.ne (call $read (local.get $end) (local.get $at) (i32.const {piece})) (i32.const -1))
              (then unreachable))
            (local.set $left (call $next))
            (drop (call $wait (local.get $set) (i32.const 0)))
            (call $show (local.get $at) (i32.shr_u (i32.load (i32.const 4)) (i32.const 4)))
            (br_if $more (local.get $left)))))
      (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "host" (instance
        (export "open" (func $open)) (export "next" (func $next)) (export "show" (func $show))
        (export "read" (func $read)) (export "set" (func $set)) (export "join" (func $join))
        (export "wait" (func $wait))))))
      (func (export "f") async (canon lift (core func $i "f")))"""


def stream(types: RandomTypes, text: str, ty: ValType, data: bytes, place: int | None) -> Both:
    """`f` of the outer one shows what it reads of a stream, which the inner one writes in pieces.

    They are values that the host gives, or if there is a place, random bytes.
    """
    chance, size = types.chance, layout_of(ty).size
    definitions = " ".join(types.definitions)
    given = " ".join(f'(with "t{i}" (type $t{i}))' for i in range(len(types.definitions)))
    options = _options(types)
    at_once, piece = chance.choice((1, 2, 5)), chance.choice((1, 2, 3))
    values = f"(result (list {text}))"
    shows = f'(param "values" (list {text}))'
    inner = _writer(text, size, options[0], data, place, at_once)
    outer = _reader(text, size, options[1], piece)
    content = [types.value(ty) for _ in range(chance.randint(1, 7))]
    return Both(
        f"""(component {definitions} (import "give" (func $give {values})) (import "show" (func $show {shows}))
      (component $inner {definitions} (import "give" (func $give {values})) {inner})
      (component $outer {definitions} (import "show" (func $show {shows})) {outer})
      (instance $i (instantiate $inner (with "give" (func $give)) {given}))
      (instance $o (instantiate $outer (with "open" (func $i "open")) (with "next" (func $i "next"))
        (with "show" (func $show)) {given}))
      (alias export $o "f" (func $found)) (export "f" (func $found)))""",
        give=lambda store: content,
    )


def check(seed: int) -> list[str]:
    """What has happened. Raises `AssertionError` if the two ways do not agree."""
    types = RandomTypes(seed)
    chance = types.chance
    text, ty = types.type()
    while layout_of(ty).size > MOST_BYTES:
        text, ty = types.type()
    found = []
    for _ in range(3):
        found.append(Tasks(types, text, ty).both(b"", [], []).outcome("f", types.value(ty)))
        few = chance.choice((2, 20, 256))
        data = bytes(chance.choice((0, 0, 0, 1, 1, 2, 16, 65, chance.randrange(few))) for _ in range(300))
        places = [_DATA + chance.choice((4, 4, 4, 1)) * chance.randrange(60) for _ in range(16)]
        found.append(Tasks(types, text, ty).both(data, places, []).outcome("f", types.value(ty)))
        found.append(Tasks(types, text, ty).both(data, [], places).outcome("f", types.value(ty)))
    if isinstance(ty, Char):  # there are no streams of these yet
        return found
    found.append(stream(types, text, ty, data, None).outcome("f"))
    found.append(stream(types, text, ty, data, _DATA + 8 * chance.randrange(10)).outcome("f"))
    return found


if __name__ == "__main__":
    sys.exit(run(check, *first_and_count(__doc__)))
