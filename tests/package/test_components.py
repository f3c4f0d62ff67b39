"""Components that are split for devices, those that cannot be, and what is in the tables."""

import struct
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from fusee import Engine, wat2wasm
from fusee.cli.split import _split, split_components
from fusee.component import Component
from fusee.engine.capi.component.format import MAGIC, MOST_DEPTH, MOST_PARTS, Owner, Step
from fusee.package.components.flatten import flatten
from fusee.package.components.plan import NotForDevices, Plan, Whole
from fusee.package.components.table import track, write_table
from tests.component.guests import echo, named
from tests.component.samples import COMPOSED, COUNTER, LINKED
from tests.device.greeter import GREETER


def whole_of(text: str) -> Whole:
    """What is left of a component."""
    return flatten(Component(Engine(), text)._program)


def plan_of(text: str) -> Plan:
    """The same of one that is not composed."""
    (part,) = whole_of(text).parts
    return part


BUILTIN = "(component (core func (canon thread.index)))"


def refusals() -> Iterator[tuple[str, str]]:
    """Components that cannot be split, and what is said of them."""
    one = "(component $c (core module $m) (core instance (instantiate $m)))"
    yield f"(component {one} {'(instance (instantiate $c))' * (MOST_PARTS + 1)})", f"more than {MOST_PARTS} components"
    yield LINKED, "imports `lib`, which is a module"
    yield '(component (import "f" (func $f)) (export "g" (func $f)))', "export `g` is a function that it imports"
    yield BUILTIN, "uses `thread.index`, for what waits for something else than a call"
    yield "(component (type $s (stream u8)) (core func (canon stream.new $s)))", "uses `stream.new`"
    yield (
        '(component (type $s (stream u8)) (import "f" (func $f (param "s" $s))) (core func (canon lower (func $f))))',
        "values of the type StreamType",
    )
    nested = "u8"
    for _ in range(MOST_DEPTH):
        nested = f"(list {nested})"
    yield echo(nested, "i32 i32"), f"more than {MOST_DEPTH} deep"
    bomb = "(component $c0)"
    for level in range(1, 13):
        once = f"(instance (instantiate $c{level - 1}))"
        bomb += f"(component $c{level} (alias outer 1 $c{level - 1} (component $c{level - 1})) {once} {once})"
    yield f"(component {bomb} (instance (instantiate $c12)))", "more than 3000 components"


@pytest.mark.parametrize(("text", "message"), [*refusals()])
def test_what_cannot_be_split(text: str, message: str) -> None:
    with pytest.raises(NotForDevices, match=message):
        write_table(whole_of(text))


def test_what_the_command_says(tmp_path: Path) -> None:
    (tmp_path / "two.wasm").write_bytes(wat2wasm(BUILTIN))
    (tmp_path / "my app.wasm").write_bytes(wat2wasm(GREETER))
    (tmp_path / "module.wasm").write_bytes(wat2wasm("(module)"))
    found, error = _split(str(tmp_path / "two.wasm"))
    assert found is None and error.startswith("this component cannot be split for a device: it uses `thread.index`")
    found, error = _split(str(tmp_path / "module.wasm"))
    assert found is None and "a core module" in error
    found, error = _split(str(tmp_path / "none.wasm"))
    assert found is None and "No such file" in error
    found, error = _split(str(tmp_path / "my app.wasm"))
    assert found is not None and (found.name, error) == ("my_app", "")
    assert found.write(tmp_path / "library").read_bytes() == found.tables
    assert "#define MY_APP_GREETER_MOOD_GLAD 0" in (tmp_path / "library" / "include" / "my_app.h").read_text()


@pytest.mark.parametrize("names", [("fusee.wasm",), ("a.wasm", "a.wasm")])
def test_headers_of_one_name(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).write_bytes(wat2wasm("(component)"))
    with pytest.raises(click.UsageError, match="there is another header"):
        split_components([str(tmp_path / name) for name in names])


def test_the_steps_of_a_component_as_tools_make_it() -> None:
    whole = whole_of(GREETER)
    (plan,) = whole.parts
    assert [Step(step[0]).name for step in plan.steps] == [
        "MODULE", "EXPORT", "MODULE", "EXPORT", "LOWER", "EXPORT", "MODULE",
        "EXPORT", "EXPORT", "EXPORT", "EXPORT", "EXPORT",
    ]  # fmt: skip
    assert [str(name) for name, _ in plan.imports] == ["my:app/log@0.1.3 write"]
    assert [str(name) for name, _ in plan.exports] == ["my:app/greeter@0.1.0 describe", "posts", "fail"]
    tables = write_table(whole)
    magic, size, kept = struct.unpack_from("<3I", tables)
    assert (magic, size) == (MAGIC, len(tables))
    assert tables[kept:] == b"".join(plan.modules)
    assert write_table(whole_of(GREETER)) == tables


def test_a_component_inside_another_one_has_its_resources() -> None:
    whole = whole_of(f'(component {COUNTER} (instance $c (instantiate $Counter)) (export "counters" (instance $c)))')
    assert [(str(one.name), one.owner) for one in whole.resources] == [("counters counter", whole.parts[0])]


def test_parts_of_a_component_that_is_composed() -> None:
    whole = whole_of(COMPOSED)
    first, second = whole.parts
    assert [str(name) for name, _ in first.exports if name.name] == [
        "counters [constructor]counter", "counters [method]counter.value", "counters [static]counter.take",
        "counters ended",
    ]  # fmt: skip
    assert {number: lifted.part for number, lifted in second.links.items()} == {0: first, 1: first, 2: first}
    assert [str(name) for name, _ in second.exports] == ["sum", "after-drop", "twice", "index"]
    tables = write_table(whole)
    files, links = struct.unpack_from("<8x2I", tables, 12 + 8 * 8), struct.unpack_from("<2I", tables, 12 + 8 * 10)
    assert (files[1], links[1]) == (2, 3)
    resources = struct.unpack_from("<2I", tables, 12 + 8 * 7)
    assert struct.unpack_from("<I", tables, resources[0] + 20) == (Owner.PART,)


def test_types_are_written_once() -> None:
    text = echo("$t", "i32 i32 i32 i32", definitions=named('(record (field "a" string) (field "b" string))'))
    (types,) = struct.unpack_from("<I", write_table(whole_of(text)), 16)
    assert types == 3  # string, the record, and the record of all parameters


@pytest.mark.parametrize(
    ("interface", "compatible"),
    [
        ("a:b/c@1.2.3", "a:b/c@1"), ("a:b/c@0.2.6", "a:b/c@0.2"), ("a:b/c@0.0.7", "a:b/c@0.0.7"),
        ("a:b/c@12.0.1+build", "a:b/c@12"), ("a:b/c@1.0.0-rc.1", "a:b/c@1.0.0-rc.1"), ("a:b/c", "a:b/c"), ("", ""),
    ],
)  # fmt: skip
def test_versions_that_do_as_well(interface: str, compatible: str) -> None:
    assert interface[: track(interface)] == compatible
