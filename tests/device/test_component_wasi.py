"""WASI 0.2 that the library gives to components on devices, by what the store has for preview 1."""

from typing import Any

import pytest

from fusee.component import Variant
from tests.component.guests import LIBC
from tests.device.commands import Command
from tests.device.components import DeviceTrap

_CORE = {
    "args": ("", "i32", "mem"), "env": ("", "i32", "mem"), "cwd": ("", "i32", "mem"), "exit": ("i32", "", ""),
    "stdin": ("", "i32", ""), "stdout": ("", "i32", ""), "now": ("", "i64", ""), "wall": ("", "i32", "mem"),
    "sleep": ("i64", "i32", ""), "random": ("i64", "i32", "mem"), "number": ("", "i64", ""),
    "write": ("i32 i32 i32", "i32", "mem"), "check": ("i32", "i32", "mem"), "subscribe": ("i32", "i32", ""),
    "read": ("i32 i64", "i32", "mem"), "why": ("i32", "i32", "mem"), "poll": ("i32 i32", "i32", "mem"),
    "drop": ("i32", "", ""), "ready": ("i32", "i32", ""),
}  # fmt: skip
"""Core functions of the imports: what they are given and give; `mem`: by a pointer."""


def _imports() -> str:
    found = []
    for name, (params, result, how) in _CORE.items():
        given = f"(param {params} i32)" if how else f"(param {params}) (result {result})"
        found.append(f'(import "w" "{name}" (func ${name} {given.replace("(result )", "")}))')
    return " ".join(found)


GUEST = f"""(component
  (import "wasi:cli/environment@0.2.3" (instance $environment
    (export "get-arguments" (func (result (list string))))
    (export "get-environment" (func (result (list (tuple string string)))))
    (export "initial-cwd" (func (result (option string))))))
  (import "wasi:cli/exit@0.2.3" (instance $exit (export "exit" (func (param "status" (result))))))
  (import "wasi:io/error@0.2.3" (instance $error (export "error" (type $e (sub resource)))
    (export "[method]error.to-debug-string" (func (param "self" (borrow $e)) (result string)))))
  (alias export $error "error" (type $error_type))
  (import "wasi:io/poll@0.2.3" (instance $poll (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.ready" (func (param "self" (borrow $p)) (result bool)))
    (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@0.2.3" (instance $streams
    (alias outer 1 $error_type (type $e')) (export "error" (type $e (eq $e')))
    (alias outer 1 $pollable (type $p'))
    (type $f' (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $f (eq $f'))) (export "pollable" (type $q (eq $p')))
    (export "input-stream" (type $i (sub resource))) (export "output-stream" (type $o (sub resource)))
    (export "[method]input-stream.blocking-read"
      (func (param "self" (borrow $i)) (param "len" u64) (result (result (list u8) (error $f)))))
    (export "[method]output-stream.check-write" (func (param "self" (borrow $o)) (result (result u64 (error $f)))))
    (export "[method]output-stream.subscribe" (func (param "self" (borrow $o)) (result (own $q))))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $o)) (param "contents" (list u8)) (result (result (error $f)))))))
  (alias export $streams "input-stream" (type $input)) (alias export $streams "output-stream" (type $output))
  (import "wasi:cli/stdin@0.2.3" (instance $stdin
    (alias outer 1 $input (type $i')) (export "input-stream" (type $i (eq $i')))
    (export "get-stdin" (func (result (own $i))))))
  (import "wasi:cli/stdout@0.2.3" (instance $stdout
    (alias outer 1 $output (type $o')) (export "output-stream" (type $o (eq $o')))
    (export "get-stdout" (func (result (own $o))))))
  (import "wasi:clocks/monotonic-clock@0.2.3" (instance $monotonic (export "now" (func (result u64)))
    (export "sleep-for" (func (param "when" u64) (result u32)))))
  (import "wasi:clocks/wall-clock@0.2.3" (instance $clock
    (type $d' (record (field "seconds" u64) (field "nanoseconds" u32))) (export "datetime" (type $d (eq $d')))
    (export "now" (func (result $d)))))
  (import "wasi:random/random@0.2.3" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-random-u64" (func (result u64)))))
  {LIBC}
  (core func $c.args (canon lower (func $environment "get-arguments") (memory $memory) (realloc $realloc)))
  (core func $c.env (canon lower (func $environment "get-environment") (memory $memory) (realloc $realloc)))
  (core func $c.cwd (canon lower (func $environment "initial-cwd") (memory $memory) (realloc $realloc)))
  (core func $c.exit (canon lower (func $exit "exit")))
  (core func $c.stdin (canon lower (func $stdin "get-stdin")))
  (core func $c.stdout (canon lower (func $stdout "get-stdout")))
  (core func $c.now (canon lower (func $monotonic "now")))
  (core func $c.wall (canon lower (func $clock "now") (memory $memory)))
  (core func $c.sleep (canon lower (func $monotonic "sleep-for")))
  (core func $c.random (canon lower (func $random "get-random-bytes") (memory $memory) (realloc $realloc)))
  (core func $c.number (canon lower (func $random "get-random-u64")))
  (core func $c.write
    (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory $memory)))
  (core func $c.check (canon lower (func $streams "[method]output-stream.check-write") (memory $memory)))
  (core func $c.subscribe (canon lower (func $streams "[method]output-stream.subscribe")))
  (core func $c.read
    (canon lower (func $streams "[method]input-stream.blocking-read") (memory $memory) (realloc $realloc)))
  (core func $c.why (canon lower (func $error "[method]error.to-debug-string") (memory $memory) (realloc $realloc)))
  (core func $c.poll (canon lower (func $poll "poll") (memory $memory) (realloc $realloc)))
  (core func $c.ready (canon lower (func $poll "[method]pollable.ready")))
  (core func $c.drop (canon resource.drop $output))
  (core module $m (import "m" "memory" (memory 1)) {_imports()}
    (func (export "args") (result i32) (call $args (i32.const 16)) (i32.const 16))
    (func (export "env") (result i32) (call $env (i32.const 16)) (i32.const 16))
    (func (export "cwd") (result i32) (call $cwd (i32.const 16)) (i32.const 16))
    (func (export "quit") (param i32) (call $exit (local.get 0)))
    (func (export "now") (result i64) (call $now))
    (func (export "wall") (result i32) (call $wall (i32.const 16)) (i32.const 16))
    (func (export "sleep") (param i64) (result i32) (call $sleep (local.get 0)))
    (func (export "random") (param i64) (result i32) (call $random (local.get 0) (i32.const 16)) (i32.const 16))
    (func (export "number") (result i64) (call $number))
    (func (export "say") (param i32 i32) (result i32) (local $out i32)
      (local.set $out (call $stdout))
      (call $write (local.get $out) (local.get 0) (local.get 1) (i32.const 16))
      (call $drop (local.get $out))
      (i32.const 16))
    (func (export "room") (result i32) (call $check (call $stdout) (i32.const 16)) (i32.const 16))
    (func (export "hear") (param i64) (result i32)
      (call $read (call $stdin) (local.get 0) (i32.const 16)) (i32.const 16))
    (func (export "why") (param i32) (result i32) (call $why (local.get 0) (i32.const 16)) (i32.const 16))
    (func (export "polled") (param $count i32) (result i32)
      (i32.store (i32.const 64) (call $subscribe (call $stdout)))
      (i32.store (i32.const 68) (call $subscribe (call $stdout)))
      (if (i32.eqz (call $ready (i32.load (i32.const 64)))) (then unreachable))
      (call $poll (i32.const 64) (local.get $count) (i32.const 16)) (i32.const 16)))
  (core instance $i (instantiate $m (with "m" (instance $libc))
    (with "w" (instance {" ".join(f'(export "{name}" (func $c.{name}))' for name in _CORE)}))))
  (func (export "args") (result (list string)) (canon lift (core func $i "args") (memory $memory)))
  (func (export "env") (result (list (tuple string string))) (canon lift (core func $i "env") (memory $memory)))
  (func (export "cwd") (result (option string)) (canon lift (core func $i "cwd") (memory $memory)))
  (func (export "quit") (param "status" u32) (canon lift (core func $i "quit")))
  (func (export "now") (result u64) (canon lift (core func $i "now")))
  (func (export "wall") (result (tuple u64 u32)) (canon lift (core func $i "wall") (memory $memory)))
  (func (export "sleep") (param "when" u64) (result u32) (canon lift (core func $i "sleep")))
  (func (export "random") (param "len" u64) (result (list u8)) (canon lift (core func $i "random") (memory $memory)))
  (func (export "number") (result u64) (canon lift (core func $i "number")))
  (func (export "say") (param "text" string) (result (result (error (tuple u8 u32))))
    (canon lift (core func $i "say") (memory $memory) (realloc $realloc)))
  (func (export "room") (result (result u64 (error u8))) (canon lift (core func $i "room") (memory $memory)))
  (func (export "hear") (param "len" u64) (result (result (list u8) (error u8)))
    (canon lift (core func $i "hear") (memory $memory)))
  (func (export "why") (param "error" u32) (result string) (canon lift (core func $i "why") (memory $memory)))
  (func (export "polled") (param "count" u32) (result (list u32))
    (canon lift (core func $i "polled") (memory $memory))))"""
"""Has functions of its own for those of WASI's; what they give is lifted as types of the same layout."""


def command(*arguments: str, environment: tuple[str, ...] = (), given: bytes = b"") -> Command:
    made = Command(GUEST, [*arguments], [*environment], given)
    made.instantiate()
    return made


def test_arguments_and_environment() -> None:
    app = command("app", "größe", "", environment=("HOME=/home", "EMPTY=", "PAIR=a=b", "BARE"))
    assert app.func("args")() == ["app", "größe", ""]
    assert app.func("env")() == [("HOME", "/home"), ("EMPTY", ""), ("PAIR", "a=b"), ("BARE", "")]
    assert app.func("cwd")() is None
    assert app.close() == 0


def test_no_arguments() -> None:
    app = command()
    assert (app.func("args")(), app.func("env")()) == ([], [])
    assert app.close() == 0


def test_clocks_and_random_numbers() -> None:
    app = command()
    assert (app.func("now")(), app.func("wall")()) == (2_000_000_007, (1, 7))
    assert app.func("random")(5) == bytes([0, 37, 74, 111, 148]) and app.func("random")(0) == b""
    assert app.func("number")() == int.from_bytes(bytes(i * 37 % 256 for i in range(8)), "little")
    assert app.func("polled")(2) == [0, 1]
    with pytest.raises(DeviceTrap, match="out of memory"):
        app.func("random")(1 << 40)
    app.close()


def test_standard_streams() -> None:
    app = command(given=b"abcdef")
    say, hear = app.func("say"), app.func("hear")
    assert app.func("room")() == Variant("ok", 65536)
    assert (say("hello "), say(""), say("€\n")) == (None, None, None)
    assert app.written == {1: "hello €\n".encode(), 2: b""}
    assert [hear(4), hear(0), hear(1 << 40), hear(1)] == [b"abcd", b"", b"ef", 1]
    app.errno = 29
    case, error = say("lost")
    assert (case, app.func("why")(error)) == (0, "error 29")
    assert hear(1) == 0
    assert app.close() == 0


@pytest.mark.parametrize("status", [0, 1])
def test_exit(status: int) -> None:
    app = command()
    with pytest.raises(SystemExit) as caught:
        app.func("quit")(status)
    assert caught.value.code == status
    app.close()


def test_what_the_library_has_not() -> None:
    """It traps when it is called; the app may define it, or what the library has, before or after."""
    app = command()
    with pytest.raises(DeviceTrap, match="not defined"):
        app.func("sleep")(1)
    app.close()
    app = Command(GUEST, [])
    clock: Any = app.component_type.type._imports["wasi:clocks/monotonic-clock@0.2.3"]
    for name in ("now", "sleep-for"):
        assert app.define("wasi:clocks/monotonic-clock@0.2", name, clock._exports[name], lambda given: 5)
    app.call("fusee_component_use_wasi", app.component)
    app.instantiate()
    assert (app.func("sleep")(1), app.func("now")()) == (5, 5)
    assert app.close() == 0


def test_imports_that_are_not_wasis() -> None:
    text = '(import "wasp:x/y@0.2.0" (instance $y (export "f" (func)))) (core func (canon lower (func $y "f")))'
    app = Command(f"(component {text})", [])
    with pytest.raises(DeviceTrap, match="not defined: wasp:x/y"):
        app.instantiate()
    app.close()


def test_a_store_without_configuration() -> None:
    app = command("app")
    app.call("fusee_store_set_wasi", app.store, 0)
    with pytest.raises(DeviceTrap, match="no WASI configuration"):
        app.func("args")()
    app.close()
