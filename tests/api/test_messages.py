"""What is put into messages: values of the embedder's and names of guests, whatever they are and have in them."""

from typing import Any

import pytest

from fusee import (
    ArgumentError,
    Func,
    FuncType,
    Instance,
    Limits,
    Linker,
    LinkError,
    Module,
    Store,
    Table,
    TableType,
    Tag,
    TagType,
    Trap,
    Val,
    ValidationError,
    ValType,
    WasmException,
    WasmtimeError,
    component,
)
from fusee.api.managed import shown
from fusee.api.printable import harmless
from fusee.component import Component
from tests.api.guest import Guest, engine

HOSTILE = "\\1b[2Ja\\0ab\\e2\\80\\ae"
LONG = "a" * 3000
SHOWN = "\\x1b[2Ja\\nb\\u202e"


class Mute:
    """It raises when it is to be shown."""

    def __repr__(self) -> str:
        raise KeyError("mute")


class Short(bytes):
    """It says that it is as long as a vector."""

    def __len__(self) -> int:
        return 16


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        ("a", "'a'"),
        (Mute(), "an object of the class Mute"),
        ([Mute()], "an object of the class list"),
        (10**5000, "an object of the class int"),
        (b"x" * (1 << 28), f"b'{'x' * 78}…"),
        ([7] * (1 << 24), f"[{'7, ' * 26}7…"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize("kind", ["funcref", "eqref", "exnref", "i32", "f32", "v128", "(ref extern)"])
@pytest.mark.parametrize("value", [Mute(), "x", Short(b"abc"), Val.i64(1)], ids=lambda value: type(value).__name__)
def test_values_of_another_class(kind: str, value: Any) -> None:
    guest = Guest(f'(module (func (export "f") (param {kind})))')
    if kind == "(ref extern)" and not isinstance(value, Val):
        value = None  # everything else is a reference to itself
    with pytest.raises(ArgumentError):
        guest.f(value)


def test_tables_of_impossible_sizes() -> None:
    element = ValType.externref()
    for limits, is_64 in ((Limits(1 << 64), True), (Limits(0, 1 << 64), True), (Limits(1 << 32), False)):
        with pytest.raises(WasmtimeError, match="table size is greater than its indices reach"):
            TableType(element, limits, is_64)
    assert Table(Store(engine()), TableType(element, Limits(3, (1 << 64) - 1), True), None).size is not None


def test_names_in_backtraces() -> None:
    guest = Guest(f'(module $"{HOSTILE}" (func $"{HOSTILE}" (export "f") unreachable))')
    with pytest.raises(Trap) as caught:
        guest.f()
    assert caught.value.message.splitlines()[1] == f"    0:     0x{_offset(caught.value)} - {SHOWN}!{SHOWN}"
    assert caught.value.frames[0].func_name == "\x1b[2Ja\nb\u202e"
    guest = Guest(f'(module (func ${"n" * 3000} (export "f") unreachable))')
    with pytest.raises(Trap) as caught:
        guest.f()
    assert f"!{'n' * 1000}…\n" in caught.value.message


def _offset(trap: Trap) -> str:
    return f"{trap.frames[0].module_offset:x}"


def test_names_of_imports() -> None:
    store = Store(engine())
    module = Module(engine(), f'(module (import "{HOSTILE}" "{HOSTILE}" (func)))')
    with pytest.raises(LinkError) as caught:
        Linker(engine()).instantiate(store, module)
    assert str(caught.value) == f"unknown import: `{SHOWN}::{SHOWN}` has not been defined"
    with pytest.raises(LinkError) as caught:
        Instance(store, module, [Func(store, FuncType([ValType.i32()], []), print)])
    assert str(caught.value).startswith(f"incompatible import type for `{SHOWN}::{SHOWN}`: ")


def test_names_and_values_of_exceptions() -> None:
    guest = Guest(f'(module (tag $"{HOSTILE}" (export "{HOSTILE}") (param externref)))')
    (tag,) = guest.instance.exports(guest.store).values()
    assert isinstance(tag, Tag)
    assert WasmException(tag, [Mute()]).message == f"uncaught exception: {SHOWN} (an object of the class Mute)"
    unnamed = Tag(guest.store, TagType(FuncType([ValType.i32()], [])))
    assert WasmException(unnamed, [3]).message.endswith(" (3)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'(component (core module $m (import "{HOSTILE}" "x" (func))) (core instance (instantiate $m)))',
         f"missing module instantiation argument named `{SHOWN}` (at offset 0x"),
        (f'(component (core module $m) (core instance (instantiate $m)) (alias core export 0 "{HOSTILE}" (core func)))',
         f"core instance 0 has no export named `{SHOWN}` (at offset 0x"),
        (f'(component (import "{HOSTILE}" (func)))', f"import name `{SHOWN}` is not valid (at offset 0x"),
        (f'(component (import "{LONG}-" (func)))', f"import name `{LONG[:987]}… (at offset 0x"),
    ],
)  # fmt: skip
def test_names_in_components_that_are_not_valid(text: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Component(engine(), text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("(module)", f"missing expected export `{SHOWN}`"),
        (f'(module (import "{HOSTILE}" "{HOSTILE}" (func)))', f"missing expected import `{SHOWN}::{SHOWN}`"),
    ],
)
def test_names_of_modules_that_components_import(given: str, message: str) -> None:
    linker = component.Linker(engine())
    with linker.root() as root:
        root.add_module("m", Module(engine(), given))
    wanted = Component(engine(), f'(component (import "m" (core module (export "{HOSTILE}" (func)))))')
    with pytest.raises(LinkError) as caught:
        linker.instantiate(Store(engine()), wanted)
    assert str(caught.value).endswith(message)


def test_text_for_terminals() -> None:
    assert harmless("a\n\tä\x1b[31m\r\x9b\u2066b") == "a\n\tä\\x1b[31m\\r\\x9b\\u2066b"
