"""Components composed of several on emulated devices: they call each other, as they do on this machine."""

import random
import struct
from typing import Any

import pytest

from fusee import Trap
from fusee.component import FuncType
from tests.component.guests import World
from tests.component.samples import CHAIN, COMPOSED, MUTUAL, relay
from tests.device.components import App, DeviceTrap

TRIPLE = "arm64_32-apple-watchos"


def made(text: str) -> App:
    app = App(TRIPLE, text)
    app.instantiate()
    return app


def test_a_resource_of_one_is_used_by_the_other() -> None:
    app, world = made(COMPOSED), World(COMPOSED)
    for a, b in ((3, 4), (0, 9)):
        assert app.func("sum")(a, b) == world.call("sum", a, b)
    assert app.func("ended", "counters")() == 3409  # as its destructor has seen them: what is taken is dropped, too
    assert app.close() == 0


@pytest.mark.parametrize(("name", "arguments"), [("after-drop", ()), ("twice", ()), ("index", (0,)), ("index", (7,))])
def test_handles_that_the_other_has_not(name: str, arguments: tuple[int, ...]) -> None:
    app = made(COMPOSED)
    with pytest.raises(DeviceTrap, match="unknown handle"):
        app.func(name)(*arguments)
    with pytest.raises(DeviceTrap, match="cannot enter"):
        app.func("sum")(1, 2)
    app.close()


def test_handles_that_go_round() -> None:
    """From the first component to the second, to the app, and back."""
    app = made(CHAIN)
    value, ended = app.func("[method]counter.value", "counters"), app.func("ended", "counters")
    first, second = app.func("give")(5), app.func("[constructor]counter", "counters")(6)
    assert [value(first), value(second), app.func("look")(first), app.func("look")(second)] == [105, 106, 105, 106]
    app.func("keep")(second)
    for number in (second, second + 1):  # the second component has it now; nobody has ever had the other one
        for refused in (value, app.func("look"), app.func("keep")):
            with pytest.raises(DeviceTrap, match="unknown handle"):
                refused(number)
        with pytest.raises(DeviceTrap, match="unknown handle"):
            app.drop(number, "counter", "counters")
    assert ended() == 0
    app.func("release")()
    assert ended() == 6
    app.drop(first, "counter", "counters")
    assert ended() == 65
    assert app.close() == 0


def test_a_borrow_that_is_held_at_the_end_of_a_call() -> None:
    app = made(CHAIN)
    with pytest.raises(DeviceTrap, match="borrow handles still remain"):
        app.func("hold")(app.func("give")(1))
    app.close()


def test_components_that_call_each_other() -> None:
    app, world = made(MUTUAL), World(MUTUAL)
    calls: list[tuple[str, list[int]]] = [
        ("seen", []), ("use", [3]), ("twice", [5]), ("ended", []), ("part", [8]), ("quarter", [12]), ("twice", [1]),
        ("ended", []),
    ]  # fmt: skip
    assert [app.func(name)(*given) for name, given in calls] == [world.call(name, *given) for name, given in calls]
    assert app.close() == 0


@pytest.mark.parametrize(("name", "number"), [("part", 1), ("quarter", 2)])
def test_neither_is_entered_after_a_trap_of_one(name: str, number: int) -> None:
    app, world = made(MUTUAL), World(MUTUAL)
    with pytest.raises(DeviceTrap, match="unreachable"):
        app.func(name)(number)
    with pytest.raises(Trap, match="unreachable"):
        world.call(name, number)
    for other in ("seen", "ended"):
        with pytest.raises(DeviceTrap, match="cannot enter"):
            app.func(other)()
        with pytest.raises(Trap, match="cannot enter"):
            world.call(other)
    app.close()


FAIL = '(func (export "fail") unreachable) '
LIFTED = '(func (export "{0}") (result u32) (canon lift (core func ${1} "{0}")))'
OUTER_FAILS = MUTUAL.replace(
    '(func (export "quarter") (param i32)', FAIL + '(func (export "quarter") (param i32)'
).replace(
    '(export "seen" (func $seen))',
    '(export "seen" (func $seen)) (func (export "fail") (canon lift (core func $o "fail")))',
)
INNER_FAILS = (
    MUTUAL.replace('(func (export "seen") (result i32)', FAIL + '(func (export "seen") (result i32)')
    .replace(
        LIFTED.format("seen", "i"),
        LIFTED.format("seen", "i") + ' (func (export "fail") (canon lift (core func $i "fail")))',
    )
    .replace(
        '(export "seen" (func $seen))',
        '(alias export $inner "fail" (func $fail)) (export "fail" (func $fail))(export "seen" (func $seen))',
    )
)


@pytest.mark.parametrize("text", [OUTER_FAILS, INNER_FAILS], ids=["outer", "inner"])
def test_neither_is_entered_after_a_trap_without_the_other(text: str) -> None:
    """A call of the app's enters the component that it calls, and those around it."""
    app, world = made(text), World(text)
    for _ in range(2):  # none of them is entered for good
        assert (app.func("use")(3), world.call("use", 3)) == (103, 103)
    with pytest.raises(DeviceTrap, match="unreachable"):
        app.func("fail")()
    with pytest.raises(Trap, match="unreachable"):
        world.call("fail")
    for name, arguments in (("seen", ()), ("ended", ()), ("use", (3,)), ("quarter", (8,))):
        with pytest.raises(DeviceTrap, match="cannot enter"):
            app.func(name)(*arguments)
        with pytest.raises(Trap, match="cannot enter"):
            world.call(name, *arguments)
    app.close()


@pytest.mark.parametrize("encodings", [("utf8", "utf16"), ("latin1+utf16", "utf8"), ("utf16", "latin1+utf16")])
def test_values_go_through_two_components(encodings: tuple[str, str]) -> None:
    ty, values = "(list (tuple u8 string))", [[], [(1, "größe")], [(n, "€😀" * n) for n in range(40)]]
    app = App(TRIPLE, relay(ty, "i32 i32", *encodings))
    host_type: Any = app.component_type.type._imports["echo"]
    assert isinstance(host_type, FuncType)
    assert app.define("", "echo", host_type, lambda given: given[0])
    app.instantiate()
    assert [app.func("echo")(value) for value in values] == values
    assert app.close() == 0


def test_what_the_app_refuses_goes_through_both() -> None:
    app = App(TRIPLE, relay("u8", "i32", "utf8", "utf8"))
    host_type: Any = app.component_type.type._imports["echo"]
    with pytest.raises(DeviceTrap, match="not defined: echo"):
        app.instantiate()

    def stop(arguments: list[Any]) -> Any:
        with pytest.raises(DeviceTrap, match="cannot enter"):
            app.func("echo")(1)
        raise DeviceTrap(f"no {arguments[0]} here")

    assert app.define("", "echo", host_type, stop)
    app.instantiate()
    with pytest.raises(DeviceTrap, match="no 5 here"):
        app.func("echo")(5)
    assert app.close() == 0


def test_an_instance_that_is_deleted_while_both_are_at_work() -> None:
    app = App(TRIPLE, relay("u8", "i32", "utf8", "utf8"))
    host_type: Any = app.component_type.type._imports["echo"]

    def end(arguments: list[Any]) -> Any:
        app.call("fusee_component_instance_delete", app.instance)
        return arguments[0]

    assert app.define("", "echo", host_type, end)
    app.instantiate()
    assert app.func("echo")(9) == 9
    app.instance = 0
    assert app.close() == 0


@pytest.mark.parametrize("text", [COMPOSED, MUTUAL], ids=["composed", "mutual"])
def test_tables_of_any_bytes(text: str) -> None:
    """Words are set to what they must not be: refused, or made alive; never a crash."""
    good = made(text)
    (kept,) = struct.unpack_from("<I", good.tables, 8)
    chance = random.Random(11)
    refused = 0
    places = [*range(0, kept, 4), *chance.sample(range(kept, len(good.tables) - 4), 60)]
    for place in places:
        word = chance.choice((0xFFFF_FFFF, chance.randrange(8), chance.randrange(1 << 10)))
        bad = bytearray(good.tables)
        bad[place : place + 4] = word.to_bytes(4, "little")
        try:
            component = good.load(bytes(bad))
        except DeviceTrap:
            refused += 1
            continue
        instance = good.call("fusee_component_instance_new", component, 0)
        if instance:
            good.call("fusee_component_instance_delete", instance)
        good.call("fusee_component_delete", component)
    assert refused > len(places) // 4
    assert good.close() == 0
