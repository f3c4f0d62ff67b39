"""Bytes that mean nothing in a component (Binary), or nothing that is right or supported, and that no text gives.

Each is beside a component that has others there, at the same place. `wasm-tools` takes and refuses the same.
"""

import pytest

from fusee import Engine, FuseeError, MalformedError, UnsupportedError, ValidationError
from fusee.component import Component
from tests.component.encoding import HEADER, name, section, types
from tests.component.mutate import accepts

MODULE_TYPE = b"\x50\1\0" + name("a") + name("b")
"""Of a module with one import, whose type follows."""
MEMORY64 = section(3, b"\1" + MODULE_TYPE + b"\2\4\x81" + b"\x80" * 8 + b"\0")
U8 = types([b"\x7d"])[8:]
ALIAS = U8 + section(6, b"\1\3\2\0\0")
INSTANCE = section(7, b"\1\x3f\x7f\0") + section(8, b"\1\3\0") + section(2, b"\1\1\1" + name("a") + b"\0\0")
"""A core instance that exports a function: it drops a resource."""
TAKER = INSTANCE + section(1, b"\0asm\1\0\0\0") + section(2, b"\1\0\0\1" + name("b") + b"\x12\0")
FUNC = section(7, b"\1\x40\0\1\0") + section(10, b"\1\0" + name("f") + b"\1\0")
EXPORTED = section(3, b"\1\x50\0") + section(10, b"\1\0" + name("m") + b"\0\x11\0")
IN_TYPE = U8 + section(7, b"\1\x42\1\2\3\2\1\0")
NAMED = section(7, b"\1\x42\0") + section(10, b"\1\2" + name("i") + b"\1\2" + name("x") + b"\5\0")

MALFORMED = {
    "section": (section(11, b"\0"), b"\x0b", b"\x0d", "malformed section id 13", 0),
    "sort": (
        section(3, b"\1\x60\0\0") + section(6, b"\1\0\x10\2\0\0"), b"\0\x10\2", b"\x06\x10\2", "malformed sort", 0,
    ),
    "core sort": (INSTANCE, b"a\0\0", b"a\x09\0", "malformed core sort", 1),
    "core type": (section(3, b"\1\x60\0\0"), b"\x60", b"\x61", "malformed core type", 0),
    "kind of an import": (
        section(3, b"\1" + MODULE_TYPE + b"\3\x7f\0"), b"\3\x7f", b"\5\x7f", "malformed import kind", 0,
    ),
    "limits": (section(3, b"\1" + MODULE_TYPE + b"\2\0\1"), b"\2\0\1", b"\2\x10\1", "malformed limits flags", 1),
    "a long number": (MEMORY64, b"\x80\0", b"\x80\x80", "integer representation too long", -8),
    "a large number": (MEMORY64, b"\x80\0", b"\x80\2", "integer too large", -8),
    "core value type": (section(3, b"\1" + MODULE_TYPE + b"\3\x7f\0"), b"\x7f", b"\x7a", "malformed value type", 0),
    "elements of tables": (
        section(3, b"\1" + MODULE_TYPE + b"\1\x70\0\1"), b"\x70", b"\x7f", "malformed reference type", 0,
    ),
    "declaration of modules": (
        section(3, b"\1\x50\1\1\x60\0\0"), b"\x50\1\1", b"\x50\1\4", "malformed declaration of a module type", 2,
    ),
    "declaration": (types([b"\x42\1\1\x7d"])[8:], b"\1\1\x7d", b"\1\5\x7d", "malformed declaration of a type", 1),
    "imports of instances": (
        types([b"\x41\1\3\0" + name("a") + b"\3\1"])[8:], b"\x41", b"\x42", "malformed declaration of a type", 2,
    ),
    "core module": (
        section(1, b"\0asm\1\0\0\0"), b"m\1\0\0", b"m\x0d\0\1",
        "a core module is expected here: unknown binary version", 1,
    ),
    "alias": (ALIAS, b"\3\2\0\0", b"\3\3\0\0", "malformed alias", 1),
    "core instance": (INSTANCE, b"\1\1\1\1a", b"\1\2\1\1a", "malformed core instance", 1),
    "argument of modules": (TAKER, b"\x12", b"\x11", "only instances are arguments of core modules", 0),
    "instance": (section(5, b"\1\1\0"), b"\1\1\0", b"\1\2\0", "malformed instance", 1),
    "canonical function": (
        FUNC + section(8, b"\1\1\0\0\0"), b"\1\1\0\0\0", b"\1\1\1\0\0", "malformed canonical function", 2,
    ),
    "canonical option": (
        FUNC + section(8, b"\1\1\0\0\1\0"), b"\1\1\0\0\1\0", b"\1\1\0\0\1\x0a", "malformed canonical option 0xa", 5,
    ),
    "payload": (types([b"\x71\1" + name("a") + b"\0\0"])[8:], b"a\0", b"a\2", "malformed optional type", 1),
    "refinement": (types([b"\x71\1" + name("a") + b"\0\0"])[8:], b"a\0\0", b"a\0\1", "zero byte expected", 2),
    "type": (types([b"\x7d"])[8:], b"\x7d", b"\x62", "malformed type 0x62", 0),
    "value type": (types([b"\x70\x7d"])[8:], b"\x7d", b"\x62", "malformed value type 0x62", 0),
    "destructor": (types([b"\x3f\x7f\0"])[8:], b"\x7f\0", b"\x7f\2", "malformed destructor", 1),
    "results": (types([b"\x40\0\1\0"])[8:], b"\0\1\0", b"\0\1\1", "malformed results of a function", 2),
    "bound": (section(10, b"\1\0" + name("a") + b"\3\1"), b"\3\1", b"\3\2", "malformed bound of a type", 1),
    "name": (section(10, b"\1\0" + name("a") + b"\3\1"), b"a\3", b"\xff\3", "malformed UTF-8 encoding", 0),
    "kind of a name": (FUNC, b"\0\1f", b"\3\1f", "malformed name of an import or export", 0),
    "attribute": (NAMED, b"\2\1x", b"\3\1x", "malformed attribute", 0),
    "type of an import": (FUNC, b"f\1", b"f\6", "malformed type of an import or export", 1),
    "core type of an import": (EXPORTED, b"\x11", b"\x10", "malformed type of an import or export", 0),
    "type of an export": (
        FUNC + section(11, b"\1\0" + name("g") + b"\1\0\0"), b"g\1\0\0", b"g\1\0\2", "malformed type of an export", 3,
    ),
}  # fmt: skip

INVALID = {
    "core exports": (
        INSTANCE + section(6, b"\1\0\0\1\0" + name("a")), b"\0\0\1\0\1a", b"\0\x10\1\0\1a",
        "a core instance cannot export a core type", 0,
    ),
    "outer functions": (ALIAS, b"\3\2\0\0", b"\1\2\0\0", "a func cannot be an outer alias", 0),
    "aliases in types": (
        IN_TYPE, b"\3\2\1\0", b"\1\2\1\0", "only types, and instances that are exported, can be aliased in a type", 0,
    ),
    "exports of core instances": (INSTANCE, b"a\0\0", b"a\x12\0", "a core instance cannot be exported by a core", -1),
    "exports": (
        INSTANCE + EXPORTED + section(11, b"\1\0" + name("g") + b"\0\x11\0\0"), b"g\0\x11", b"g\0\x12",
        "a core instance cannot be used here", 1,
    ),
    "core types of imports": (
        section(3, b"\2\x50\0\x60\0\0") + section(10, b"\1\0" + name("m") + b"\0\x11\0"), b"\x11\0", b"\x11\1",
        "core type index is not a module type", -1,
    ),
    "attributes": (
        section(7, b"\1\x42\0") + section(10, b"\1\2" + name("i") + b"\2\2\1x\0\5a:b/c" + b"\5\0"), b"\0\5a:b/c",
        b"\2\5a:b/c", "duplicate 'external-id' option in name", 0,
    ),
}  # fmt: skip

UNSUPPORTED = {
    "values": (ALIAS, b"\3\2\0\0", b"\2\2\0\0", "values of components are not supported", 0),
    "values of imports": (FUNC, b"f\1", b"f\2", "values of components are not supported", 1),
    "canonical versions": (NAMED, b"\2\1x", b"\1\1x", "names with canonical versions are not supported", 0),
    "references in module types": (
        section(3, b"\1" + MODULE_TYPE + b"\3\x63\x70\0"), b"\x63\x70", b"\x63\0",
        "references to defined types are not supported in the types of components", 0,
    ),
    "definitions of values": (section(11, b"\0"), b"\x0b\1", b"\x0c\1", "values and start functions of components", 0),
}  # fmt: skip

KINDS = {MalformedError: MALFORMED, ValidationError: INVALID, UnsupportedError: UNSUPPORTED}
CASES = [pytest.param(*case, kind, id=what) for kind, cases in KINDS.items() for what, case in cases.items()]


@pytest.mark.parametrize(("content", "right", "wrong", "message", "offset", "kind"), CASES)
def test_bytes_that_mean_nothing(
    content: bytes, right: bytes, wrong: bytes, message: str, offset: int, kind: type[FuseeError]
) -> None:
    """`offset` counts from where the bytes are that are wrong."""
    assert Component(Engine(), HEADER + content)
    assert accepts(HEADER + content)
    assert content.count(right) == 1 and len(right) == len(wrong)
    changed = HEADER + content.replace(right, wrong)
    with pytest.raises(kind) as caught:
        Component(Engine(), changed)
    assert message in caught.value.message
    assert caught.value.offset == len(HEADER) + content.index(right) + offset
    assert kind is UnsupportedError or not accepts(changed)
