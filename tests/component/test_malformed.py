"""Bytes that mean nothing in a component (Binary), each beside a component that has others there."""

import pytest

from fusee import Engine, MalformedError
from fusee.component import Component
from tests.component.encoding import HEADER, name, section, types

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
