"""Fields and parts of messages of `wasi:http` on a device, as they are on this machine."""

from random import Random
from typing import Final

import pytest

from fusee.component.values import Variant
from fusee.spec.http import FORBIDDEN, MAX_FIELDS_BYTES
from tests.device import httpguests
from tests.device.components import DeviceTrap
from tests.device.httpguests import here
from tests.device.httprelay import TYPES, HttpRelay
from tests.wasi.program import Program

guest = httpguests.guest
program = httpguests.program
FIELDS: Final = [
    ("a", b"1"), ("A-b", b""), ("x", bytes([9, 32, 126, 128, 255])), ("", b""), ("a b", b""), ("a:", b""), ("é", b""),
    ("a", b"x\r\nevil: 1"), ("a", b"\0"), ("a", b"x\x7f"), ("HOST", b"x"), ("connections", b"close"),
    *((name.title(), b"x") for name in sorted(FORBIDDEN)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), FIELDS)
def test_fields_are_what_they_are_here(guest: HttpRelay, program: Program, name: str, value: bytes) -> None:
    expected, found = here(program, "[static]fields.from-list", [(name, value)]), guest.fields((name, value))
    if isinstance(expected, Variant):
        assert found == expected
    else:
        assert guest.types("fields.entries", found) == here(program, "[method]fields.entries", expected)
    made, fields = here(program, "[constructor]fields"), guest.types("[constructor]fields")
    for function, arguments in (("append", (name, value)), ("set", (name, [value, b"2"])), ("delete", (name,))):
        expected = here(program, f"[method]fields.{function}", made, *arguments)
        assert guest.types(f"fields.{function}", fields, *arguments) == expected
        assert guest.types("fields.entries", fields) == here(program, "[method]fields.entries", made)


def test_fields(guest: HttpRelay) -> None:
    fields = guest.fields(("A", b"1"), ("b", b"2"), ("a", b"3"))
    assert guest.types("fields.get", fields, "a") == [b"1", b"3"]
    assert guest.types("fields.get", fields, "no such") == []
    assert [guest.types("fields.has", fields, name) for name in ("B", "c")] == [True, False]
    copy = guest.types("fields.clone", fields)
    assert guest.types("fields.append", fields, "c", b"") is None
    assert guest.types("fields.set", fields, "B", [b"x", b"y"]) is None
    assert guest.types("fields.delete", fields, "a") is None
    assert guest.types("fields.entries", fields) == [("c", b""), ("B", b"x"), ("B", b"y")]
    assert guest.types("fields.entries", copy) == [("A", b"1"), ("b", b"2"), ("a", b"3")]
    headers = guest.types("outgoing-request.headers", guest.types("[constructor]outgoing-request", fields))
    for name, arguments in (("set", ("a", [])), ("append", ("a", b"")), ("delete", ("a",))):
        assert guest.types(f"fields.{name}", headers, *arguments) == Variant("immutable")
    assert guest.types("fields.append", guest.types("fields.clone", headers), "d", b"") is None


PARTS: Final = {
    "method": (Variant("put"), Variant("other", "PURGE"), Variant("other", "A B"), Variant("other", "")),
    "path-with-query": ("/a?b=%20", "*", "?x", None, "", "/a b", "/#x", "a", "/é", "/\r\n", "/" + "x" * 70_000, "**"),
    "scheme": (Variant("HTTP"), Variant("other", "ws+x"), None, Variant("other", "1x"), Variant("other", ":")),
    "authority": (
        "a.org", "a.org:80", "[::1]:8", None, "", "a b", "a:x", "u@a", "a/b", ":80", "a:99999", "a:65536", "a:65535",
        "a:", "a:1:2", "[::1", "[::1]x", "[]", "a%20b", "@", "a]", "[::1]", "[::1]:", "[:@]", "[::1][::2]", "a[::1]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_parts_of_requests_are_what_they_are_here(guest: HttpRelay, program: Program, name: str) -> None:
    made = here(program, "[constructor]outgoing-request", here(program, "[constructor]fields"))
    request = guest.types("[constructor]outgoing-request", guest.fields())
    for value in PARTS[name]:
        expected = program.call(TYPES, f"[method]outgoing-request.set-{name}", made, value)
        assert guest.plain(TYPES, f"outgoing-request.set-{name}", request, value) == expected, value
        expected = here(program, f"[method]outgoing-request.{name}", made)
        assert guest.types(f"outgoing-request.{name}", request) == expected


LETTERS: Final = "aZk09-_.~!$&'()*+,;=:@%/?#|`^ \t\r\n\0\x7f\x80é\u212a\uff0f\U0001f4a9\"\\<>{}"
"""Without brackets: which addresses of IPv6 there are, is not looked at on devices."""


@pytest.mark.parametrize("seed", range(3))
def test_random_texts_are_what_they_are_here(guest: HttpRelay, program: Program, seed: int) -> None:
    random = Random(seed)

    def text() -> str:
        start = random.choice(("", "", "/", "?", "a", "a.org:", "http", "keep-alive", "TE"))
        return start + "".join(random.choices(LETTERS[: random.choice((9, 24, 60))], k=random.randrange(4)))

    made, fields = here(program, "[constructor]fields"), guest.fields()
    message = here(program, "[constructor]outgoing-request", here(program, "[constructor]fields"))
    request = guest.types("[constructor]outgoing-request", guest.fields())
    for _ in range(100):
        name, value = text(), text().encode(random.choice(("utf-8", "utf-16-le")))
        for function, arguments in (
            ("append", (name, value)), ("delete", (text(),)), ("get", (text(),)), ("has", (name,)),
        ):  # fmt: skip
            expected = here(program, f"[method]fields.{function}", made, *arguments)
            assert guest.types(f"fields.{function}", fields, *arguments) == expected, (function, arguments)
        for part, wanted in (
            ("method", Variant("other", text())), ("scheme", Variant("other", text())),
            ("path-with-query", text()), ("authority", text()),
        ):  # fmt: skip
            expected = program.call(TYPES, f"[method]outgoing-request.set-{part}", message, wanted)
            assert guest.plain(TYPES, f"outgoing-request.set-{part}", request, wanted) == expected, (part, wanted)
    assert guest.types("fields.entries", fields) == here(program, "[method]fields.entries", made)


def test_a_sign_that_becomes_a_letter_is_none(guest: HttpRelay, program: Program) -> None:
    """The small letter of the sign for Kelvin is `k`."""
    made = here(program, "[static]fields.from-list", [("k", b"1")])
    assert guest.types("fields.has", guest.fields(("k", b"1")), "\u212a") is False
    assert here(program, "[method]fields.has", made, "\u212a") is False
    assert here(program, "[method]fields.has", made, "K") is True


def test_responses_and_options(guest: HttpRelay) -> None:
    response = guest.types("[constructor]outgoing-response", guest.fields())
    assert guest.types("outgoing-response.status-code", response) == 200
    results = [guest.plain(TYPES, "outgoing-response.set-status-code", response, code).tag for code in (99, 404, 1000)]
    assert (results, guest.types("outgoing-response.status-code", response)) == (["err", "ok", "err"], 404)
    options = guest.types("[constructor]request-options")
    for name in ("connect-timeout", "first-byte-timeout", "between-bytes-timeout"):
        assert guest.types(f"request-options.{name}", options) is None
        assert guest.plain(TYPES, f"request-options.set-{name}", options, 5).tag == "ok"
        assert guest.types(f"request-options.{name}", options) == 5
        assert guest.plain(TYPES, f"request-options.set-{name}", options, None).tag == "ok"
        assert guest.types(f"request-options.{name}", options) is None


@pytest.mark.parametrize("size", [MAX_FIELDS_BYTES - 1, MAX_FIELDS_BYTES])
def test_fields_are_limited(size: int) -> None:
    guest = HttpRelay()
    fields = guest.types("[constructor]fields")
    if size < MAX_FIELDS_BYTES:
        assert guest.types("fields.append", fields, "a", b"x" * size) is None
    else:
        with pytest.raises(DeviceTrap, match="out of memory"):
            guest.types("fields.append", fields, "a", b"x" * size)
    assert guest.close() == 0


def test_fields_of_which_none_are_left(guest: HttpRelay) -> None:
    request = guest.types("[constructor]outgoing-request", emptied(guest))
    guest.types("outgoing-request.set-authority", request, "a.org")
    body = guest.types("outgoing-request.body", request)
    guest.handle(request)
    assert guest.types("outgoing-body.finish", body, emptied(guest)) is None
    assert (guest.http.exchanges[7].fields, guest.http.exchanges[7].trailers) == ([], [])


def emptied(guest: HttpRelay) -> int:
    fields: int = guest.fields(("a", b"b"))
    guest.types("fields.delete", fields, "A")
    return fields
