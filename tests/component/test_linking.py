"""Linking: names and versions, modules, components in components, calls back, and what is refused."""

from typing import Any

import pytest

from fusee import Engine, LimitError, LinkError, Module, Store, Trap, TrapCode, WasmtimeError
from fusee.component import (
    U8,
    U32,
    Component,
    ComponentInstanceType,
    FuncType,
    Linker,
    ListType,
    ModuleType,
)
from tests.component.guests import LIBC, World, echo
from tests.component.samples import LINKED, relay


@pytest.mark.parametrize("first", ["utf8", "utf16", "latin1+utf16"])
@pytest.mark.parametrize("second", ["utf8", "utf16", "latin1+utf16"])
def test_components_with_different_strings(first: str, second: str) -> None:
    world = World(relay("string", "i32 i32", first, second), echo=lambda store, text: text + "!")
    for text in ("", "plain", "größe", "€😀"):
        assert world.call("echo", text) == text + "!"


def test_values_between_components() -> None:
    ty = "(list (tuple u8 (option string) (result u64 (error f32))))"
    world = World(relay(ty, "i32 i32", "utf8", "utf16"), echo=lambda store, value: value[::-1])
    values = [(1, None, 5), (2, "two", 0.5), (3, "", 1 << 60)]
    assert world.call("echo", values) == values[::-1]


def test_modules_are_imported() -> None:
    engine = Engine()
    store, component, linker = Store(engine), Component(engine, LINKED), Linker(engine)
    good = '(module (memory (export "memory") 2) (func (export "f") (param i32) (result i32) (local.get 0)))'
    with linker.root() as root:
        root.add_module("lib", Module(engine, good))
    function = linker.instantiate(store, component).get_func(store, "twice")
    assert function is not None and function(store, 21) == 21
    for bad in ('(module (memory (export "memory") 1))', '(module (func (export "f")) (memory (export "memory") 1))'):
        linker.allow_shadowing = True
        with linker.root() as root:
            root.add_module("lib", Module(engine, bad))
        with pytest.raises(LinkError, match="imports module `lib`"):
            linker.instantiate(store, component)


LONG = "9" * 5000  # more digits than Python makes an int of
VERSIONED = """(component
  (import "a:b/c@{version}" (instance $i (export "f" (func (result u8)))))
  (core func $f (canon lower (func $i "f")))
  (core module $m (import "" "f" (func $f (result i32))) (func (export "f") (result i32) (call $f)))
  (core instance $m (instantiate $m (with "" (instance (export "f" (func $f))))))
  (func (export "f") (result u8) (canon lift (core func $m "f"))))"""


@pytest.mark.parametrize(
    ("wanted", "defined", "found"),
    [
        ("1.2.3", ["1.2.3", "1.9.0"], 0),
        ("1.2.3", ["1.0.0", "1.10.0", "1.9.9", "2.0.0"], 1),
        ("0.2.0", ["0.2.6", "0.3.0"], 0),
        ("0.2.6", ["0.2.0"], 0),
        ("0.2.0", ["0.3.0", "1.2.0"], None),
        ("0.0.1", ["0.0.2"], None),
        ("1.0.0-rc", ["1.0.0"], None),
        ("1.0.0", ["1.0.1-rc"], None),
        (f"1.{LONG}.0", ["2.0.0", "1.0.0", f"1.{LONG[:-1]}.0"], 2),
        ("1.0.0", [f"1.0.{LONG}8", "1.2.0", f"1.2.{LONG}9", f"1.2.{LONG}7"], 2),
        (f"{LONG}.0.0", ["1.0.0", f"{LONG}.1.0", f"{LONG}0.0.0"], 1),
        (f"0.0.{LONG}", ["0.0.1"], None),
    ],
    ids=range(12),
)
def test_versions(wanted: str, defined: list[str], found: int | None) -> None:
    engine = Engine()
    store, linker = Store(engine), Linker(engine)
    for number, version in enumerate(defined):
        with linker.root() as root, root.add_instance(f"a:b/c@{version}") as place:
            place.add_func("f", lambda store, number=number: number)
    component = Component(engine, VERSIONED.format(version=wanted))
    if found is None:
        with pytest.raises(LinkError, match="no implementation of it was found"):
            linker.instantiate(store, component)
        return
    function = linker.instantiate(store, component).get_func(store, "f")
    assert function is not None and function(store) == found


def test_what_is_missing_or_something_else() -> None:
    engine = Engine()
    store, component, linker = Store(engine), Component(engine, echo("u8", "i32")), Linker(engine)
    with pytest.raises(LinkError, match="imports function `echo`"):
        linker.instantiate(store, component)
    with linker.root() as root:
        root.add_instance("echo").close()
    with pytest.raises(LinkError, match="something else is defined"):
        linker.instantiate(store, component)
    with pytest.raises(WasmtimeError, match="defined twice"), linker.root() as root:
        root.add_func("echo", lambda store: None)
    traps = Linker(engine)
    traps.define_unknown_imports_as_traps(component)
    function = traps.instantiate(store, component).get_func(store, "echo")
    assert function is not None
    with pytest.raises(LinkError, match="unknown import: `echo`"):
        function(store, 1)


def test_a_function_of_another_type() -> None:
    engine = Engine()
    component = Component(engine, echo("u8", "i32"))
    for value, flat in (("u8", "i32"), ("u32", "i32"), ("u64", "i64")):
        linker, is_good = Linker(engine), value == "u8"
        other = Component(engine, echo(value, flat)).type.exports(engine)["echo"].ty
        assert isinstance(other, FuncType)
        with linker.root() as root:
            root.add_func("echo", lambda store, value: value, other)
        if is_good:
            assert linker.instantiate(Store(engine), component)
            continue
        with pytest.raises(LinkError, match="imports func `echo` with another type than it is defined with"):
            linker.instantiate(Store(engine), component)


def test_types_are_shown() -> None:
    engine = Engine()
    imports = Component(engine, LINKED).type.imports(engine)
    module = imports["lib"].ty
    assert isinstance(module, ModuleType)
    assert {item.name for item in module.exports(engine)} == {"memory", "f"}
    exports = Component(engine, VERSIONED.format(version="1.0.0")).type
    instance = exports.imports(engine)["a:b/c@1.0.0"].ty
    assert isinstance(instance, ComponentInstanceType)
    function = instance.exports(engine)["f"].ty
    assert isinstance(function, FuncType) and function.result == U8() and function.params == []
    numbers = Component(engine, echo("(list u32)", "i32 i32")).type.exports(engine)["echo"].ty
    assert isinstance(numbers, FuncType) and isinstance(numbers.result, ListType)
    assert numbers.result.element == U32() and numbers.params == [("value", numbers.result)]


def test_a_guest_is_not_entered_again() -> None:
    world: Any = None

    def again(store: Store, value: int) -> Any:
        with pytest.raises(Trap, match="cannot enter component instance"):
            world.call("echo", value)
        return value

    world = World(echo("u8", "i32"), echo=again)
    assert world.call("echo", 3) == world.call("echo", 3) == 3


def test_a_guest_that_trapped_is_not_entered_again() -> None:
    world = World('''(component
      (core module $m (func (export "f") unreachable) (func (export "g")))
      (core instance $i (instantiate $m))
      (func (export "f") (canon lift (core func $i "f")))
      (func (export "g") (canon lift (core func $i "g"))))''')  # fmt: skip
    assert world.call("g") is None
    with pytest.raises(Trap, match="unreachable"):
        world.call("f")
    with pytest.raises(Trap, match="cannot enter component instance") as caught:
        world.call("g")
    assert caught.value.trap_code is TrapCode.CANNOT_ENTER_COMPONENT


POST_RETURN = """(component
  (import "host" (func $host))
  (core func $host' (canon lower (func $host)))
  (core module $m
    (import "" "host" (func $host))
    (memory (export "memory") 1)
    (global $freed (mut i32) (i32.const 0))
    (data (i32.const 8) "\\10\\00\\00\\00\\03\\00\\00\\00abc")
    (func (export "text") (result i32) (i32.const 8))
    (func (export "free") (param i32) (global.set $freed (local.get 0)))
    (func (export "leave") (param i32) (call $host))
    (func (export "freed") (result i32) (global.get $freed)))
  (core instance $i (instantiate $m (with "" (instance (export "host" (func $host'))))))
  (alias core export $i "memory" (core memory $memory))
  (func (export "text") (result string)
    (canon lift (core func $i "text") (memory $memory) (post-return (core func $i "free"))))
  (func (export "bad") (result string)
    (canon lift (core func $i "text") (memory $memory) (post-return (core func $i "leave"))))
  (func (export "freed") (result u32) (canon lift (core func $i "freed"))))"""


def test_post_return() -> None:
    world = World(POST_RETURN, host=lambda store: None)
    assert world.call("text") == "abc"
    world.func("text").post_return(world.store)
    assert world.call("freed") == 8
    with pytest.raises(Trap, match="cannot leave component instance"):
        world.call("bad")


def test_post_return_calls_no_canonical_function() -> None:
    """CanonicalABI, `canon lift`: nothing may leave the component meanwhile."""
    text = """(component
      (core func $new (canon waitable-set.new))
      (core module $m (import "" "new" (func $new (result i32)))
        (func (export "f") (result i32) (i32.const 1)) (func (export "end") (param i32) (nop)))
      (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
      (func (export "f") (result u32) (canon lift (core func $i "f") (post-return (core func $i "end")))))"""
    assert World(text).call("f") == 1
    with pytest.raises(Trap, match="cannot leave component instance"):
        World(text.replace("(nop)", "(drop (call $new))")).call("f")


def test_exceptions_end_at_the_border() -> None:
    world = World('''(component
      (core module $m (tag $t) (func (export "f") (throw $t)))
      (core instance $i (instantiate $m))
      (func (export "f") (canon lift (core func $i "f"))))''')  # fmt: skip
    with pytest.raises(Trap, match="crosses the border"):
        world.call("f")


def nested(levels: int) -> str:
    """Each component instantiates the one in it twice."""
    text = "(component $c)"
    for _ in range(levels):
        text = f"(component $c {text} (instance (instantiate $c)) (instance (instantiate $c)))"
    return text


def test_the_number_of_instances_is_bounded() -> None:
    engine = Engine()
    component = Component(engine, nested(20))
    with pytest.raises(LimitError, match="may consist of"):
        Linker(engine).instantiate(Store(engine), component)
    Linker(engine).instantiate(Store(engine), Component(engine, nested(9)))


def test_serialized_components() -> None:
    engine = Engine()
    component = Component(engine, f"(component {LIBC})")
    again = Component.deserialize(engine, component.serialize())
    assert again.type.imports(engine) == {}
    with pytest.raises(WasmtimeError, match="not a serialized component"):
        Component.deserialize(engine, b"text")
    component.close()
    with pytest.raises(ValueError, match="already closed"):
        _ = component.type
