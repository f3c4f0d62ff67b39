"""Rules that a component must keep (Explainer, Binary): beside each one that breaks a rule stands one that does not."""

import pytest

from fusee import Engine, MalformedError, ValidationError
from fusee.component import Component
from tests.component.encoding import HEADER, name, section, types

INSTANCE = '(component $c (import "x" (func $x)) (export "y" (func $x))) (import "x" (func $f))'
CORE = """(core module $m (memory (export "m") 1)
    (func (export "f") (param i32 i32)) (func (export "g") (param i32 i32 i32 i32) (result i32) (i32.const 0))
    (func (export "h")))
  (core instance $i (instantiate $m)) (alias core export $i "m" (core memory $m))
  (alias core export $i "f" (core func $f)) (alias core export $i "g" (core func $g))
  (alias core export $i "h" (core func $h))"""
RESOURCE = "(type $r (resource (rep i32)))"

RULES = {
    "an export of an instance that it has": (
        f'{INSTANCE} (instance $i (instantiate $c (with "x" (func $f)))) (alias export $i "y" (func))',
        'export $i "y"', 'export $i "z"', "instance 0 has no export named `z`",
    ),
    "an export of a core instance that it has": (
        f'{CORE} (alias core export $i "f" (core func))', '$i "f" (core func))', '$i "z" (core func))',
        "core instance 0 has no export named `z`",
    ),
    "an outer component": (
        "(type $t u8) (component (alias outer 1 0 (type)))", "outer 1", "outer 2",
        "invalid outer alias count of 2",
    ),
    "an outer scope of a module type": (
        "(core type (func)) (core type (module (alias outer 1 0 (type))))", "outer 1", "outer 2",
        "invalid outer alias count of 2",
    ),
    "one export of a module type by each name": (
        '(core type (module (type (func)) (export "a" (func (type 0))) (export "b" (func (type 0)))))', '"b"', '"a"',
        "duplicate export name `a` already defined",
    ),
    "one import by each name": (
        '(import "a" (func)) (import "b" (func))', '"b"', '"a"', "import name `a` conflicts with previous name `a`",
    ),
    "one import by each name, however it is written": (
        '(import "a-b" (func)) (import "a-c" (func))', '"a-c"', '"A-b"',
        "import name `A-b` conflicts with previous name `a-b`",
    ),
    "a kind of type where it is wanted": (
        '(type $t (func)) (import "f" (func (type $t)))', "(type $t (func))", "(type $t u8)",
        "type index 0 is not a function type",
    ),
    "a resource where one is wanted": (
        f"{RESOURCE} (type $u u8) (type (own $r))", "(own $r)", "(own $u)", "type index 1 is not a resource type",
    ),
    "results are owned": (
        f"{RESOURCE} (type (func (result (own $r))))", "(own $r)", "(borrow $r)",
        "function result cannot contain a `borrow` type",
    ),
    "streams are owned": (
        f"{RESOURCE} (type $o (own $r)) (type (stream $o))", "(own $r)", "(borrow $r)",
        "`stream` type cannot contain a `borrow` type",
    ),
    "futures are owned": (
        f"{RESOURCE} (type $o (own $r)) (type (future $o))", "(own $r)", "(borrow $r)",
        "`future` type cannot contain a `borrow` type",
    ),
    "representations of resources": (
        RESOURCE, "i32", "i64", "resources can only be represented by `i32`",
    ),
    "a memory for parameters that lie in it": (
        f'{CORE} (func (param "s" string) (canon lift (core func $f) (memory $m) (realloc $g)))',
        "(memory $m) (realloc $g)", "", "canonical option `memory` is required",
    ),
    "an allocator for parameters that lie in memory": (
        f'{CORE} (func (param "s" string) (canon lift (core func $f) (memory $m) (realloc $g)))',
        "(memory $m) (realloc $g)", "(memory $m)", "canonical option `realloc` is required",
    ),
    "a memory for an allocator": (
        f"{CORE} (func (canon lift (core func $h) (memory $m) (realloc $g)))", "(memory $m) (realloc", "(realloc",
        "canonical option `memory` is required with `realloc`",
    ),
    "a memory for imports whose values lie in it": (
        '(core module $m (memory (export "m") 1)) (core instance $i (instantiate $m))'
        '(alias core export $i "m" (core memory $m)) (import "f" (func $f (param "s" string)))'
        "(core func (canon lower (func $f) (memory $m)))",
        "$f) (memory $m)", "$f)", "canonical option `memory` is required",
    ),
    "a memory for what streams carry": (
        f"{CORE} (type $s (stream u8)) (core func (canon stream.read $s (memory $m)))", "$s (memory $m)", "$s",
        "canonical option `memory` is required",
    ),
    "a memory for results of tasks": (
        f"{CORE} (core func (canon task.return (result string) (memory $m)))", "string) (memory $m)", "string)",
        "canonical option `memory` is required",
    ),
    "pages of modules' memories": (
        '(core type (module (export "m" (memory 65536))))', "65536", "65537", "memory size must be at most 65536 pages",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "right", "wrong", "message"), RULES.values(), ids=RULES)
def test_rules(text: str, right: str, wrong: str, message: str) -> None:
    assert Component(Engine(), f"(component {text})")
    assert text.count(right) == 1
    with pytest.raises(ValidationError) as caught:
        Component(Engine(), f"(component {text.replace(right, wrong)})")
    assert message in caught.value.message
    assert caught.value.offset is not None


MODULE_TYPE = b"\x50\1\0" + name("a") + name("b")
"""Of a module with one import, whose type follows."""

MALFORMED = {
    "section": (section(11, b"\0"), b"\x0b", b"\x0d", "malformed section id 13"),
    "sort": (section(3, b"\1\x60\0\0") + section(6, b"\1\0\x10\2\0\0"), b"\0\x10\2", b"\x06\x10\2", "malformed sort"),
    "core sort": (
        section(7, b"\1\x3f\x7f\0") + section(8, b"\1\3\0") + section(2, b"\1\1\1" + name("a") + b"\0\0"), b"a\0\0",
        b"a\x09\0", "malformed core sort",
    ),
    "core type": (section(3, b"\1\x60\0\0"), b"\x60", b"\x61", "malformed core type"),
    "kind of an import": (section(3, b"\1" + MODULE_TYPE + b"\3\x7f\0"), b"\3\x7f", b"\5\x7f", "malformed import kind"),
    "limits": (section(3, b"\1" + MODULE_TYPE + b"\2\0\1"), b"\2\0\1", b"\2\x10\1", "malformed limits flags"),
    "payload": (types([b"\x71\1" + name("a") + b"\0\0"])[8:], b"a\0", b"a\2", "malformed optional type"),
    "refinement": (types([b"\x71\1" + name("a") + b"\0\0"])[8:], b"a\0\0", b"a\0\1", "zero byte expected"),
    "type": (types([b"\x7d"])[8:], b"\x7d", b"\x62", "malformed type 0x62"),
    "bound": (section(10, b"\1\0" + name("a") + b"\3\1"), b"\3\1", b"\3\2", "malformed bound of a type"),
    "name": (section(10, b"\1\0" + name("a") + b"\3\1"), b"a\3", b"\xff\3", "malformed UTF-8 encoding"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "right", "wrong", "message"), MALFORMED.values(), ids=MALFORMED)
def test_bytes_that_mean_nothing(content: bytes, right: bytes, wrong: bytes, message: str) -> None:
    assert Component(Engine(), HEADER + content)
    assert content.count(right) == 1
    with pytest.raises(MalformedError) as caught:
        Component(Engine(), HEADER + content.replace(right, wrong))
    assert caught.value.message == message
    assert caught.value.offset is not None
