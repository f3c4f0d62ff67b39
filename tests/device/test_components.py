"""Components on emulated devices: values of all types there and back, as Python's own implementation has them."""

import random
import struct
from typing import Any

import pytest

from fusee import wat2wasm
from fusee.component import FuncType, Variant
from tests.component.guests import LIBC, echo, lifting, named
from tests.component.samples import COUNTER
from tests.component.test_values import NAMED, VALUES
from tests.device.componentfuzz import check
from tests.device.components import App, DeviceTrap

TRIPLE = "arm64_32-apple-watchos"


def app_of(text: str, *functions: str) -> App:
    """An app that gives each function its argument back."""
    app = App(TRIPLE, text)
    for name in functions:
        ty: Any = app.component_type.type._imports[name]
        assert isinstance(ty, FuncType)
        assert app.define("", name, ty, lambda arguments: arguments[0])
    app.instantiate()
    return app


def passes(text: str, values: list[Any]) -> None:
    """The app's function is given the values, and the caller gets them back; nothing is left of them."""
    app = app_of(text, "echo")
    function = app.func("echo")
    assert [function(value) for value in values] == values
    assert app.close() == 0


@pytest.mark.parametrize(("ty", "flat", "values"), VALUES)
def test_values_pass(ty: str, flat: str, values: list[Any]) -> None:
    passes(echo(ty, flat), values)


@pytest.mark.parametrize(("definition", "flat", "values"), NAMED)
def test_named_types_pass(definition: str, flat: str, values: list[Any]) -> None:
    passes(echo("$t", flat, definitions=named(definition)), values)
    passes(echo("(list $t)", "i32 i32", definitions=named(definition)), [values * 3])


@pytest.mark.parametrize("seed", [*range(8), 39, 97])
def test_random_types_are_as_on_this_machine(seed: int) -> None:
    check(seed)


@pytest.mark.parametrize("encoding", ["utf8", "utf16", "latin1+utf16"])
def test_strings_in_all_encodings(encoding: str) -> None:
    texts = ["", "plain", "größe", "€ and 😀", "\0", "x" * 7_000, "😀" * 2_000]
    passes(echo("string", "i32 i32", encoding), texts)
    passes(echo("(list string)", "i32 i32", encoding), [texts])


def test_flags_and_cases_of_more_than_a_byte() -> None:
    labels = " ".join(f'"f{i}"' for i in range(32))
    passes(echo("(list $t)", "i32 i32", definitions=named(f"(flags {labels})")), [[{"f0", "f31"}, set()]])
    cases = " ".join(f'(case "c{i}" u8)' for i in range(300))
    values = [Variant(f"c{i}", i % 256) for i in (0, 255, 256, 299)]
    passes(echo("(list $t)", "i32 i32", definitions=named(f"(variant {cases})")), [values])


def test_many_parameters_and_long_results_go_through_memory() -> None:
    ty = f"(tuple {'u32 ' * 16}string)"
    passes(echo(ty, ""), [(*range(16), "end")])


# What the guest may do wrong.


NO_TEXT = b"\x00\xd8\x00\x00\xff\xfe\xc3\x28\xed\xa0\x80\xf4\x90\x80\x80\xc3"


@pytest.mark.parametrize(
    ("ty", "encoding", "values", "message"),
    [
        ("string", "utf8", (65530, 7), "out of bounds"), ("string", "utf8", (0xFFFF_FFFF, 1), "out of bounds"),
        ("string", "utf8", (20, 1), "invalid utf-8"), ("string", "utf8", (22, 2), "invalid utf-8"),
        ("string", "utf8", (24, 3), "invalid utf-8"), ("string", "utf8", (27, 4), "invalid utf-8"),
        ("string", "utf8", (31, 1), "invalid utf-8"), ("string", "utf16", (16, 2), "unpaired surrogate"),
        ("string", "utf16", (16, 1), "unpaired surrogate"), ("string", "utf16", (17, 1), "not aligned"),
        ("string", "utf16", (65530, 4), "out of bounds"), ("string", "utf16", (0, 1 << 31), "too long"),
        ("string", "latin1+utf16", (17, 1), "not aligned"),
        ("string", "latin1+utf16", (16, 1 << 31 | 1), "unpaired surrogate"),
        ("string", "latin1+utf16", (65530, 1 << 31 | 4), "out of bounds"),
        ("(list u32)", "utf8", (2, 1), "list pointer is not aligned"),
        ("(list u32)", "utf8", (65532, 2), "out of bounds"), ("(list u64)", "utf8", (0, 1 << 29), "too long"),
        ("(list char)", "utf8", (16, 1), "not a valid `char`"),
        ("(list (option u8))", "utf8", (20, 1), "invalid variant discriminant"),
    ],
)  # fmt: skip
def test_what_does_not_lift(ty: str, encoding: str, values: tuple[int, int], message: str) -> None:
    app = app_of(lifting(ty, "i32 i32", encoding, NO_TEXT), "echo")
    with pytest.raises(DeviceTrap, match=message):
        app.func("f")(*values)
    with pytest.raises(DeviceTrap, match="cannot enter"):
        app.func("f")(0, 0)
    app.close()


@pytest.mark.parametrize("value", [0xD800, 0xDFFF, 0x11_0000])
def test_what_is_no_char(value: int) -> None:
    app = app_of(lifting("char", "i32"), "echo")
    with pytest.raises(DeviceTrap, match="not a valid `char`"):
        app.func("f")(value)
    app.close()


def test_values_that_are_too_large_together() -> None:
    app = app_of(lifting("(list (list u8))", "i32 i32"), "echo")
    app.call("fusee_component_instance_set_most", app.instance, 1000)
    app.func("f")(1024, 10)
    with pytest.raises(DeviceTrap, match="more memory than the instance may use"):
        app.func("f")(1024, 100)
    app.close()


# What the app may do wrong.


def test_arguments_that_are_not_what_the_function_takes() -> None:
    app = app_of(echo("(list (tuple u8 string))", "i32 i32"), "echo")
    function = app.func("echo")
    place = app.call("fusee_component_instance_func", app.instance, 0, app.text("echo"))
    value, out = app.room(app.value_bytes), app.room(app.value_bytes)
    for kind in range(256):
        app.device.space.write(value, struct.pack("<B3xI", kind, 7) + b"\1" + bytes(app.value_bytes - 9))
        with pytest.raises(DeviceTrap, match="not of the expected type"):
            app.fail(app.call("fusee_component_call", place, value, 1, out))
    with pytest.raises(DeviceTrap, match="wrong number of arguments"):
        app.fail(app.call("fusee_component_call", place, value, 2, out))
    assert function([(1, "good as ever")]) == [(1, "good as ever")]
    assert app.close() == 0


def test_imports_that_are_not_defined() -> None:
    app = App(TRIPLE, echo("u8", "i32"))
    with pytest.raises(DeviceTrap, match="not defined: echo"):
        app.instantiate()
    ty: Any = app.component_type.type._imports["echo"]
    assert not app.define("", "ech", ty, lambda arguments: 0)
    assert not app.define("echo", "echo", ty, lambda arguments: 0)

    def stop(arguments: list[Any]) -> Any:
        raise DeviceTrap(f"no {arguments[0]} here")

    assert app.define("", "echo", ty, stop)
    app.instantiate()
    with pytest.raises(DeviceTrap, match="no 5 here"):
        app.func("echo")(5)
    assert app.close() == 0


def test_tables_of_any_bytes() -> None:
    """Each word of the tables is set to what it must not be: refused, or as good as before; never a crash."""
    good = app_of(echo("(list (tuple u8 string (option u16)))", "i32 i32"), "echo")
    (kept,) = struct.unpack_from("<I", good.tables, 8)
    chance = random.Random(5)
    refused = 0
    for place in range(0, kept, 4):
        for word in (0xFFFF_FFFF, chance.randrange(1 << 10)):
            bad = bytearray(good.tables)
            bad[place : place + 4] = word.to_bytes(4, "little")
            try:
                made = good.load(bytes(bad))
            except DeviceTrap:
                refused += 1
                continue
            good.call("fusee_component_delete", made)
    for size in range(0, len(good.tables), 7):
        with pytest.raises(DeviceTrap):
            good.load(good.tables[:size])
    assert refused > kept // 4
    assert good.close() == 0


# Resources.


def test_resources_of_the_component() -> None:
    app = App(TRIPLE, f'(component {COUNTER} (instance $c (instantiate $Counter)) (export "counters" (instance $c)))')
    app.instantiate()
    make = app.func("[constructor]counter", "counters")
    value, take = app.func("[method]counter.value", "counters"), app.func("[static]counter.take", "counters")
    first, second = make(3), make(4)
    assert value(first) == 103
    assert take(first) == 3
    for gone in (first, 0, 77):
        with pytest.raises(DeviceTrap, match="unknown handle"):
            value(gone)
    app.drop(second, "counter", "counters")
    with pytest.raises(DeviceTrap, match="unknown handle"):
        app.drop(second, "counter", "counters")
    assert app.func("ended", "counters")() == 34
    assert app.close() == 0


FILES = f"""(component
  (import "my:app/files@1.2.0" (instance $files
    (export "file" (type $file (sub resource)))
    (export "open" (func (param "name" string) (result (own $file))))
    (export "[method]file.size" (func (param "self" (borrow $file)) (result u64)))))
  (alias export $files "file" (type $file))
  {LIBC}
  (core func $open (canon lower (func $files "open") (memory $memory) (realloc $realloc)))
  (core func $size (canon lower (func $files "[method]file.size")))
  (core func $drop (canon resource.drop $file))
  (core module $m
    (import "f" "open" (func $open (param i32 i32) (result i32)))
    (import "f" "size" (func $size (param i32) (result i64)))
    (import "f" "drop" (func $drop (param i32)))
    (func (export "size") (param i32 i32) (result i64) (local $file i32) (local $size i64)
      (local.set $file (call $open (local.get 0) (local.get 1)))
      (local.set $size (call $size (local.get $file)))
      (call $drop (local.get $file))
      (local.get $size))
    (func (export "keep") (param i32) (result i64) (call $size (local.get 0)))
    (func (export "look") (param i32) (result i64) (local $size i64)
      (local.set $size (call $size (local.get 0)))
      (call $drop (local.get 0))
      (local.get $size)))
  (core instance $i (instantiate $m (with "f" (instance
    (export "open" (func $open)) (export "size" (func $size)) (export "drop" (func $drop))))))
  (func (export "size") (param "name" string) (result u64)
    (canon lift (core func $i "size") (memory $memory) (realloc $realloc)))
  (func (export "look") (param "f" (borrow $file)) (result u64) (canon lift (core func $i "look")))
  (func (export "keep") (param "f" (borrow $file)) (result u64) (canon lift (core func $i "keep"))))"""


def files(names: list[str], ended: list[int]) -> App:
    """An app with files, which are numbers of their names."""
    app = App(TRIPLE, FILES)
    items: Any = app.component_type.type._imports["my:app/files@1.2.0"]

    def open_file(arguments: list[Any]) -> int:
        names.append(arguments[0])
        return len(names)

    assert app.define("my:app/files@1", "open", items._exports["open"], open_file)
    size = items._exports["[method]file.size"]
    assert app.define("my:app/files@1.2.0", "[method]file.size", size, lambda given: len(names[given[0] - 1]))
    assert not app.define("my:app/files@1.2", "[method]file.size", size, lambda given: 0)
    assert app.define_resource("my:app/files@1", "file", ended.append)
    app.instantiate()
    return app


def test_resources_of_the_app() -> None:
    names: list[str] = []
    ended: list[int] = []
    app = files(names, ended)
    assert [app.func("size")(name) for name in ("a", "größe")] == [1, 5]
    assert ended == [1, 2]
    assert app.func("look")(2) == 5
    assert ended == [1, 2]  # what is lent is not ended
    with pytest.raises(DeviceTrap, match="borrow handles still remain"):
        app.func("keep")(1)
    assert app.close() == 0


def test_an_instance_is_not_entered_twice() -> None:
    app = App(TRIPLE, echo("u8", "i32"))
    ty: Any = app.component_type.type._imports["echo"]

    def again(arguments: list[Any]) -> Any:
        with pytest.raises(DeviceTrap, match="cannot enter"):
            app.func("echo")(1)
        app.call("fusee_component_instance_delete", app.instance)  # ends when it is left
        return arguments[0]

    assert app.define("", "echo", ty, again)
    app.instantiate()
    assert app.func("echo")(9) == 9
    app.instance = 0
    assert app.close() == 0


def test_the_binary_is_that_of_the_text() -> None:
    """A component may come as text or as bytes."""
    assert App(TRIPLE, bytes(wat2wasm(echo("u8", "i32")))).close() == 0
