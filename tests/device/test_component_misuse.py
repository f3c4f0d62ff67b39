"""Wrong handles, functions and values of other types, no memory: what components on a device are refused."""

from pathlib import Path
from typing import Any

import pytest

from fusee.spec.wasi import FILE_ERROR_CODES
from tests.component.guests import LIBC
from tests.device import filesguest
from tests.device.commands import Command
from tests.device.components import DeviceTrap
from tests.device.guestcalls import FOLLOW, Relay

guest = filesguest.guest
root = filesguest.root


def test_handles_of_another_kind_or_none(guest: Relay) -> None:
    with pytest.raises(DeviceTrap, match="unknown handle index"):
        guest.file("stat", 77)
    other = Relay(None)
    with pytest.raises(DeviceTrap, match="handle index used with the wrong type"):
        other.stream("input-stream.read", other.plain("cli/stdout", "get-stdout"), 1)
    assert other.close() == 0


def test_too_many_zeroes_at_once_are_a_trap(guest: Relay) -> None:
    stream = guest.file("write-via-stream", guest.open("file", flags=("write",)), 0)
    with pytest.raises(DeviceTrap, match="not of the expected type"):
        guest.stream("output-stream.write-zeroes", stream, 1 << 40)


@pytest.mark.parametrize("param", ["u64", "(tuple u32 u32)", "string", "(list u16)"])
def test_functions_of_other_types_are_not_given(param: str) -> None:
    """What a component says that a function takes, the library looks at: it must not take a number for a list."""
    core, given = (
        ("i64", "(i64.const 0x400000001000)") if param == "u64" else ("i32 i32", "(i32.const 0) (i32.const 0)")
    )
    app = Command(
        f"""(component
      (import "wasi:io/streams@0.2.0" (instance $s (export "output-stream" (type $o (sub resource)))
        (export "[method]output-stream.write"
          (func (param "self" (borrow $o)) (param "contents" {param}) (result (result))))))
      (core module $memory (memory (export "memory") 1))
      (core instance $m (instantiate $memory)) (alias core export $m "memory" (core memory $mem))
      (core func $f (canon lower (func $s "[method]output-stream.write") (memory $mem)))
      (core module $c (import "w" "f" (func $f (param i32 {core}) (result i32)))
        (func (export "run") (drop (call $f (i32.const 0) {given}))))
      (core instance $i (instantiate $c (with "w" (instance (export "f" (func $f))))))
      (func (export "run") (canon lift (core func $i "run"))))""",
        [],
    )
    app.instantiate()
    with pytest.raises(DeviceTrap, match="not defined"):
        app.func("run")()
    assert app.close() == 0


@pytest.mark.parametrize("element", ["u32", "u64", "string", "(tuple u32 u32)"])
def test_lists_of_other_types_are_not_taken(element: str) -> None:
    app = Command(
        f"""(component
      (import "wasi:io/poll@0.2.0" (instance $p
        (export "poll" (func (param "in" (list {element})) (result (list u32))))))
      {LIBC}
      (core func $f (canon lower (func $p "poll") (memory $memory) (realloc $realloc)))
      (core module $c (import "w" "f" (func $f (param i32 i32 i32)))
        (func (export "run") (call $f (i32.const 0) (i32.const 9) (i32.const 128))))
      (core instance $i (instantiate $c (with "w" (instance (export "f" (func $f))))))
      (func (export "run") (canon lift (core func $i "run"))))""",
        [],
    )
    app.instantiate()
    with pytest.raises(DeviceTrap, match="not defined"):
        app.func("run")()
    assert app.close() == 0


@pytest.mark.parametrize(
    ("payload", "flat"),
    [("u64", "i64"), ("f64", "f64"), ("string", "i32 i32"), ("(tuple u64 u64)", "i64 i64"), ("$a-record", "i32 i64"),
     ("(list u64)", "i32 i32"), ("", "")],
)  # fmt: skip
def test_times_of_other_types_are_none(root: Path, payload: str, flat: str) -> None:
    """A component may call anything a time: no number is taken for an address."""
    times = f"(i32.const 2) {' '.join(f'({kind}.const 80)' for kind in flat.split())}"
    codes = " ".join(f'"{code}"' for code in FILE_ERROR_CODES)
    app = Command(
        f"""(component
      (import "wasi:filesystem/types@0.2.0" (instance $t
        (export "descriptor" (type $d (sub resource)))
        (type $a-record-inner (record (field "seconds" u32) (field "nanoseconds" u64)))
        (export "a-record" (type $a-record (eq $a-record-inner)))
        (type $time-inner (variant (case "no-change") (case "now") (case "timestamp" {payload})))
        (export "new-timestamp" (type $time (eq $time-inner)))
        (type $codes (enum {codes}))
        (export "error-code" (type $code (eq $codes)))
        (export "[method]descriptor.set-times" (func (param "self" (borrow $d)) (param "a" $time) (param "m" $time)
          (result (result (error $code)))))))
      (alias export $t "descriptor" (type $descriptor))
      (import "wasi:filesystem/preopens@0.2.0" (instance $p
        (alias outer 1 $descriptor (type $outer)) (export "descriptor" (type $d (eq $outer)))
        (export "get-directories" (func (result (list (tuple (own $d) string)))))))
      {LIBC}
      (core func $set (canon lower (func $t "[method]descriptor.set-times") (memory $memory) (realloc $realloc)))
      (core func $get (canon lower (func $p "get-directories") (memory $memory) (realloc $realloc)))
      (core module $c (import "w" "memory" (memory 1)) (import "w" "get" (func $get (param i32)))
        (import "w" "set" (func $set (param i32 i32 {flat} i32 {flat} i32)))
        (func (export "run") (result i32)
          (call $get (i32.const 16))
          (call $set (i32.load (i32.load (i32.const 16))) {times} {times} (i32.const 32))
          (i32.load8_u (i32.add (i32.const 32) (i32.load8_u (i32.const 32))))))
      (core instance $i (instantiate $c (with "w" (instance
        (export "memory" (memory $memory)) (export "get" (func $get)) (export "set" (func $set))))))
      (func (export "run") (result u32) (canon lift (core func $i "run"))))""",
        ["app"],
        folders={"/": root},
    )
    app.instantiate()
    assert app.func("run")() == FILE_ERROR_CODES.index("invalid")
    assert app.close() == 0


@pytest.mark.parametrize("name", ["stat-at", "open-at", "read-directory"])
def test_without_memory(root: Path, name: str) -> None:
    """The first, second … allocation of a call fails: a typed error, and nothing is lost."""
    rest: dict[str, tuple[Any, ...]] = {
        "stat-at": (FOLLOW, "file"), "open-at": (FOLLOW, "file", set(), {"read"}), "read-directory": (),
    }  # fmt: skip
    number = 0
    left = 0
    while left <= 0:
        guest = Relay(root)
        number += 1
        guest.device.allocations_left = number
        try:
            found = guest.file(name, guest.roots[0], *rest[name])
        except DeviceTrap as trap:
            found = str(trap)
        left, guest.device.allocations_left = guest.device.allocations_left, 0
        assert left > 0 or found in ("insufficient-memory", "out of memory")
        assert guest.close() == 0
    assert number > 4


# What there is not


def test_sockets_are_not_supported() -> None:
    guest = Relay(None)
    assert isinstance(guest.plain("sockets/instance-network", "instance-network"), int)
    assert guest.close() == 0
