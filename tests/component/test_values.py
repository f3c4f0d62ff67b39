"""Values of all types: to a guest, to the host, and back, in each encoding of strings."""

import array
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Any

import pytest

from fusee import Trap, WasmtimeError
from fusee.component import Err, InvalidValueError, Record, Variant
from tests.component.guests import World, echo, lifting, named


def passes(text: str, values: Sequence[Any], expected: Sequence[Any] | None = None) -> World:
    """The host's function gets the values, and the caller gets them back."""
    seen: list[Any] = []

    def note(store: object, value: Any) -> Any:
        seen.append(value)
        return value

    world = World(text, echo=note)
    function = world.func("echo")
    wanted = values if expected is None else expected
    results = [function(world.store, value) for value in values]
    assert repr(results) == repr(seen)
    assert results == list(wanted)
    assert [type(result) for result in results] == [type(value) for value in wanted]
    return world


VALUES: list[tuple[str, str, list[Any]]] = [
    ("bool", "i32", [True, False]),
    ("u8", "i32", [0, 255]), ("s8", "i32", [-128, -1, 127]),
    ("u16", "i32", [0, 65535]), ("s16", "i32", [-32768, -1, 32767]),
    ("u32", "i32", [0, 0xFFFF_FFFF]), ("s32", "i32", [-(1 << 31), (1 << 31) - 1]),
    ("u64", "i64", [0, (1 << 64) - 1]), ("s64", "i64", [-(1 << 63), (1 << 63) - 1]),
    ("f32", "f32", [0.5, -inf, 1.401298464324817e-45]), ("f64", "f64", [0.1, inf, 5e-324]),
    ("char", "i32", ["a", "\ud7ff", "\U0010ffff"]),
    ("(tuple u8 s64 bool)", "i32 i64 i32", [(1, -2, True)]),
    ("(list u8)", "i32 i32", [b"", b"\0\xff" * 40_000]),
    ("(list s16)", "i32 i32", [[], [-1, 2, -32768]]),
    ("(list f64)", "i32 i32", [[0.25, inf]]),
    ("(list bool)", "i32 i32", [[True, False]]),
    ("(list char)", "i32 i32", [["ü", "€"]]),
    ("(list string)", "i32 i32", [["", "one", "zwölf"] * 50]),
    ("(list (list u32))", "i32 i32", [[[], [1], [2, 3]]]),
    ("(list (tuple u8 u16))", "i32 i32", [[(1, 2), (3, 4)]]),
    ("(option string)", "i32 i32 i32", [None, "", "some"]),
    ("(list (option u64))", "i32 i32", [[None, 5, None, 1 << 40]]),
    ("(option (option u8))", "i32 i32 i32",
     [Variant("none"), Variant("some", None), Variant("some", 7)]),
    ("(result string (error u32))", "i32 i32 i32", ["fine", 4]),
    ("(result)", "i32", [Variant("ok"), Variant("err")]),
    ("(result f64 (error u32))", "i32 i64", [1.5, 0xFFFF_FFFF]),
    ("(result f32 (error s8))", "i32 i32", [1.5, -3]),
    ("(list (result u64 (error u8)))", "i32 i32", [[Variant("ok", 1 << 50), Variant("err", 200)]]),
]  # fmt: skip


@pytest.mark.parametrize(("ty", "flat", "values"), VALUES)
def test_values_pass(ty: str, flat: str, values: list[Any]) -> None:
    passes(echo(ty, flat), values)


NAMED: list[tuple[str, str, list[Any]]] = [
    ('(record (field "a" u8) (field "b-c" string) (field "class" f32))', "i32 i32 i32 f32",
     [Record(**{"a": 1, "b-c": "two", "class": 0.5})]),
    ('(enum "red" "green")', "i32", ["red", "green"]),
    ('(flags "x" "y" "z")', "i32", [set(), {"x", "z"}]),
    ('(variant (case "none") (case "num" u64) (case "text" string))', "i32 i64 i32", [None, 1 << 60, "text"]),
    ('(variant (case "a" f32) (case "b" f64) (case "c" s32))', "i32 i64",
     [Variant("a", 0.5), Variant("b", 0.1), Variant("c", -7)]),
    ('(variant (case "a" (tuple u8 u8)) (case "b" (list u8)))', "i32 i32 i32", [(1, 2), b"xyz"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("ty", "definition", "values"),
    [
        ("(tuple u32)", "", [(7,), (0xFFFF_FFFF,)]), ("(tuple f64)", "", [(0.5,)]), ("(tuple u8)", "", [(1,), (2,)]),
        ("(tuple (tuple s16))", "", [((-3,),)]), ("(result)", "", [Variant("ok"), Variant("err")]),
        ("$t", '(record (field "a" u64))', [Record(a=1), Record(a=2)]),
        ("$t", '(record (field "a" f32))', [Record(a=1.5)]), ("$t", '(variant (case "a"))', [None, None]),
        ("$t", '(variant (case "a") (case "b"))', [Variant("b"), Variant("a")]),
        ("(tuple $t)", '(enum "a" "b")', [("b",), ("a",)]), ("(tuple $t)", '(flags "a" "b")', [({"b"},), (set(),)]),
    ],
)  # fmt: skip
def test_lists_of_what_lies_in_memory_as_a_number_does(ty: str, definition: str, values: list[Any]) -> None:
    definitions = definition and named(definition)
    passes(echo(f"(list {ty})", "i32 i32", definitions=definitions), [values, [], values * 40])
    passes(echo(f"(list {ty} 20)", "", definitions=definitions), [(values * 20)[:20]])
    passes(echo(f"(map u8 {ty})", "i32 i32", definitions=definitions), [dict(enumerate(values))])


@pytest.mark.parametrize(("definition", "flat", "values"), NAMED)
def test_named_types_pass(definition: str, flat: str, values: list[Any]) -> None:
    passes(echo("$t", flat, definitions=named(definition)), values)
    passes(echo("(list $t)", "i32 i32", definitions=named(definition)), [values * 3])
    passes(echo("(tuple u8 $t)", f"i32 {flat}", definitions=named(definition)), [(9, value) for value in values])


@pytest.mark.parametrize("names", [8, 9, 17, 32])
def test_flags_of_all_sizes(names: int) -> None:
    labels = " ".join(f'"f{i}"' for i in range(names))
    values = [{f"f{i}" for i in range(names)}, {f"f{names - 1}"}, set()]
    definitions = named(f"(flags {labels})")
    passes(echo("$t", "i32", definitions=definitions), values)
    passes(echo("(list $t)", "i32 i32", definitions=definitions), [values])


def test_variants_with_many_cases() -> None:
    cases = " ".join(f'(case "c{i}" u8)' for i in range(300))
    values = [Variant(f"c{i}", i % 256) for i in (0, 255, 256, 299)]
    definitions = named(f"(variant {cases})")
    passes(echo("$t", "i32 i32", definitions=definitions), values)
    passes(echo("(list $t)", "i32 i32", definitions=definitions), [values])


def test_long_tuples_are_read_in_parts() -> None:
    wide = tuple(range(60))
    passes(echo(f"(list (tuple {'u32 ' * 60}))", "i32 i32"), [[wide, wide[::-1]]])


def test_many_parameters_and_long_results_go_through_memory() -> None:
    ty = f"(tuple {'u32 ' * 16}string)"
    passes(echo(ty, ""), [(*range(16), "end")])


@pytest.mark.parametrize("encoding", ["utf8", "utf16", "latin1+utf16"])
def test_strings_in_all_encodings(encoding: str) -> None:
    texts = ["", "plain", "größe", "€ and 😀", "\0", "x" * 70_000, "😀" * 20_000]
    passes(echo("string", "i32 i32", encoding), texts)
    passes(echo("(list string)", "i32 i32", encoding), [texts])


def test_what_is_taken_besides() -> None:
    @dataclass
    class Point:
        x: int
        how_far: float

    definition = named('(record (field "x" s32) (field "how-far" f64))')
    expected = Record(x=1, how_far=2.0)
    world = World(echo("$t", "i32 f64", definitions=definition), echo=lambda store, value: value)
    assert world.call("echo", Point(1, 2)) == expected
    assert world.call("echo", expected).how_far == 2.0
    passes(echo("(list u8)", "i32 i32"), [bytearray(b"ab"), memoryview(b"cd"), [1, 2]], [b"ab", b"cd", b"\1\2"])
    passes(echo("(list u8)", "i32 i32"), [memoryview(b"abcd")[::-2]], [b"db"])
    passes(echo("(list u32)", "i32 i32"), [array.array("I", [1, 2]), (3, 4)], [[1, 2], [3, 4]])
    passes(echo("f64", "f64"), [3], [3.0])
    passes(echo("(option u8)", "i32 i32"), [Variant("some", 3), Variant("none")], [3, None])


def test_floats() -> None:
    passes(echo("f32", "f32"), [1e300, -3.45e38, 3.4028235677973362e38, 0.1],
           [inf, -inf, 3.4028234663852886e38, 0.10000000149011612])  # fmt: skip
    world = World(echo("f64", "f64"), echo=lambda store, value: value)
    assert isnan(world.call("echo", float("nan")))


@pytest.mark.parametrize(
    ("ty", "flat", "value", "kind", "message"),
    [
        ("u8", "i32", 256, ValueError, r"argument 1 \(value\): 256 is out of range for u8"),
        ("s8", "i32", -129, InvalidValueError, "out of range"),
        ("u32", "i32", -1, InvalidValueError, "out of range"),
        ("u64", "i64", 1 << 64, InvalidValueError, "out of range"),
        ("u32", "i32", 1.0, TypeError, "expected an int for u32, not 1.0"),
        ("bool", "i32", 1, TypeError, "expected a bool"),
        ("f32", "f32", "1", TypeError, "expected a float"),
        ("char", "i32", "ab", TypeError, "expected a str of length 1"),
        ("char", "i32", "\ud800", ValueError, "no Unicode scalar value"),
        ("string", "i32 i32", b"bytes", TypeError, "expected a str"),
        ("string", "i32 i32", "\udfff", ValueError, "lone surrogate"),
        ("(list u8)", "i32 i32", "text", TypeError, "expected bytes"),
        ("(list u8)", "i32 i32", [1, 256], ValueError, r"\[1\]: 256 is out of range"),
        ("(list u32)", "i32 i32", 5, TypeError, "expected a list"),
        ("(list u32)", "i32 i32", array.array("H", [1]), TypeError, "of the elements' format"),
        ("(list (tuple u8 string))", "i32 i32", [(1, "a"), (2, 3)], TypeError, r"\[1\]\[1\]: expected a str"),
        ("(tuple u8 u8)", "i32 i32", (1,), TypeError, "a tuple of length 2"),
        ("(tuple u8 u8)", "i32 i32", [1, 2], TypeError, "expected a tuple"),
        ("(list u8 2)", "i32 i32", b"abc", ValueError, "of length 3, not 2"),
        ("(map u8 u8)", "i32 i32", [(1, 2)], TypeError, "expected a dict"),
        ("(option u8)", "i32 i32", "x", ValueError, "not valid for this option"),
        ("(result)", "i32", None, TypeError, "expected a Variant"),
        ("(result)", "i32", Variant("bad"), ValueError, "no case of the result"),
        ("(option string)", "i32 i32 i32", Variant("some", 1), TypeError, "some: expected a str"),
    ],
)  # fmt: skip
def test_what_is_not_taken(ty: str, flat: str, value: Any, kind: type[Exception], message: str) -> None:
    world = World(echo(ty, flat), echo=lambda store, value: value)
    with pytest.raises(kind, match=message):
        world.call("echo", value)
    with pytest.raises(kind):  # the instance is as it was
        world.call("echo", value)
    giving = World(echo("(list u8)", "i32 i32"), echo=lambda store, value: 1.5)
    with pytest.raises(TypeError, match="result of `echo`: expected bytes"):
        giving.call("echo", b"")


@pytest.mark.parametrize(
    ("definition", "flat", "value", "kind", "message"),
    [
        ('(record (field "a" u8) (field "b" u8))', "i32 i32", Record(a=1), AttributeError, "with the field 'b'"),
        ('(record (field "a" u8) (field "b" u8))', "i32 i32", Record(a=1, b="x"), TypeError, r"\.b: expected an int"),
        ('(enum "a" "b")', "i32", "c", WasmtimeError, "'c' is no case of the enum"),
        ('(enum "a" "b")', "i32", 1, TypeError, "expected a str"),
        ('(flags "a" "b")', "i32", {"c"}, WasmtimeError, "'c' is none of the flags"),
        ('(flags "a" "b")', "i32", ["a"], TypeError, "expected a set of str"),
    ],
)
def test_what_named_types_do_not_take(
    definition: str, flat: str, value: Any, kind: type[Exception], message: str
) -> None:  # fmt: skip
    world = World(echo("$t", flat, definitions=named(definition)), echo=lambda store, value: value)
    with pytest.raises(kind, match=message):
        world.call("echo", value)


def test_hosts_raise_errors_of_results() -> None:
    def fail(store: object, value: object) -> Any:
        raise Err(4)

    world = World(echo("(result string (error u32))", "i32 i32 i32"), echo=fail)
    assert world.call("echo", "x") == 4


def test_hosts_raise_errors_where_there_is_no_result() -> None:
    def fail(store: object, value: object) -> Any:
        raise error

    world, error = World(echo("u8", "i32"), echo=fail), Err(4)
    with pytest.raises(Err) as caught:
        world.call("echo", 1)
    assert caught.value is error


def test_lists_that_no_memory_holds() -> None:
    """The length is looked at before what is in it: 2¹⁶ of 2¹⁶ bytes."""
    world = World(echo("(list (list u8 65536))", "i32 i32"), echo=lambda store, value: value)
    assert world.call("echo", [bytes(65536)]) == [bytes(65536)]
    with pytest.raises(Trap, match="realloc: the value is too large"):
        world.call("echo", [b""] * 65536)


def test_a_host_gives_something_where_there_is_no_result() -> None:
    text = lifting("u8", "i32")
    seen: list[int] = []
    World(text, echo=lambda store, value: seen.append(value)).call("f", 7)
    assert seen == [7]
    with pytest.raises(WasmtimeError, match="result of `echo`: expected None, not 7"):
        World(text, echo=lambda store, value: value).call("f", 7)


def test_a_host_function_that_is_exported_again() -> None:
    def fail(store: object) -> None:
        raise error

    text = '(component (import "f" (func $f)) (export "g" (func $f)))'
    assert World(text, f=lambda store: None).call("g") is None
    for error in (Trap("of the host's"), KeyError("x")):
        with pytest.raises(type(error)) as caught:
            World(text, f=fail).call("g")
        assert caught.value is error


def test_a_wrong_number_of_arguments() -> None:
    world = World(echo("u8", "i32"), echo=lambda store, value: value)
    for arguments in ((), (1, 2)):
        with pytest.raises(TypeError, match=f"given {len(arguments)}, expected 1"):
            world.call("echo", *arguments)
        with pytest.raises(TypeError, match=f"given {len(arguments)}, expected 1"):
            asyncio.run(world.func("echo").call_async(world.store, *arguments))
    assert world.call("echo", 1) == asyncio.run(world.func("echo").call_async(world.store, 1)) == 1


def test_what_a_host_raises_arrives() -> None:
    error = RuntimeError("no")

    def fail(store: object, value: object) -> Any:
        raise error

    world = World(echo("u8", "i32"), echo=fail)
    with pytest.raises(RuntimeError) as caught:
        world.call("echo", 1)
    assert caught.value is error
