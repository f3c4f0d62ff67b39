"""Fields and messages of `wasi:http`."""

from typing import Any

import pytest

from fusee import LimitError, Trap
from fusee.component.values import Variant
from fusee.wasi.p2.http.fields import Fields
from fusee.wasi.p2.http.requests import OutgoingRequest
from fusee.wasi.p2.streams import IoError
from tests.wasi import httpprogram
from tests.wasi.httpprogram import TYPES, call, ok
from tests.wasi.program import Program

program = httpprogram.program


def test_fields(program: Program) -> None:
    fields = ok(program, "[static]fields.from-list", [("A", b"1"), ("b", b"2"), ("a", b"3")])
    assert call(program, "[method]fields.get", fields, "a") == [b"1", b"3"]
    assert call(program, "[method]fields.get", fields, "no such") == []
    assert call(program, "[method]fields.has", fields, "B") is True
    ok(program, "[method]fields.append", fields, "c", b"")
    ok(program, "[method]fields.set", fields, "B", [b"x", b"y"])
    ok(program, "[method]fields.delete", fields, "a")
    assert call(program, "[method]fields.entries", fields) == [("c", b""), ("B", b"x"), ("B", b"y")]
    copy = call(program, "[method]fields.clone", fields)
    ok(program, "[method]fields.set", copy, "c", [])
    assert call(program, "[method]fields.has", copy, "c") is False
    assert call(program, "[method]fields.has", fields, "c") is True
    request = call(program, "[constructor]outgoing-request", fields)
    headers = call(program, "[method]outgoing-request.headers", request)
    for name, arguments in (("set", ("a", [])), ("append", ("a", b"")), ("delete", ("a",))):
        assert call(program, f"[method]fields.{name}", headers, *arguments) == Variant("immutable")


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("", b"", "invalid-syntax"),
        ("a b", b"", "invalid-syntax"),
        ("a:", b"", "invalid-syntax"),
        ("é", b"", "invalid-syntax"),
        ("a", b"x\r\nevil: 1", "invalid-syntax"),
        ("a", b"\0", "invalid-syntax"),
        ("a", b"x\x7f", "invalid-syntax"),
        ("Transfer-Encoding", b"chunked", "forbidden"),
        ("HOST", b"x", "forbidden"),
        ("connection", b"close", "forbidden"),
    ],
)
def test_fields_that_cannot_be_sent(program: Program, name: str, value: bytes, error: str) -> None:
    assert call(program, "[static]fields.from-list", [(name, value)]) == Variant(error)
    fields = call(program, "[constructor]fields")
    assert call(program, "[method]fields.append", fields, name, value) == Variant(error)
    assert call(program, "[method]fields.set", fields, name, [value]) == Variant(error)


def test_fields_are_limited(program: Program) -> None:
    fields = call(program, "[constructor]fields")
    with pytest.raises(LimitError, match="more than 131072 bytes"):
        call(program, "[method]fields.append", fields, "a", bytes([65]) * 200_000)


# Messages


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("method", (Variant("put"), Variant("other", "PURGE")), (Variant("other", "A B"), Variant("other", ""))),
        ("path-with-query", ("/a?b=%20", "*", "?x", None), ("/a b", "/#x", "a", "/é", "/\r\n", "/" + "x" * 70_000)),
        ("scheme", (Variant("HTTP"), Variant("other", "ws+x"), None), (Variant("other", "1x"), Variant("other", ":"))),
        (
            "authority",
            ("a.org", "a.org:80", "[::1]:8", None),
            ("", "a b", "a:x", "u@a", "a/b", ":80", "a:99999", "[::1]x"),
        ),
    ],
)
def test_parts_of_requests(program: Program, name: str, good: tuple[Any, ...], bad: tuple[Any, ...]) -> None:
    request = OutgoingRequest(Fields())
    setting = f"[method]outgoing-request.set-{name}"
    for value in good:
        assert program.ok(TYPES, setting, request, value) is None
        assert program.call(TYPES, f"[method]outgoing-request.{name}", request) == value
    for value in bad:
        assert program.error(TYPES, setting, request, value) is None


def test_responses_and_options(program: Program) -> None:
    response = call(program, "[constructor]outgoing-response", Fields())
    assert call(program, "[method]outgoing-response.status-code", response) == 200
    ok(program, "[method]outgoing-response.set-status-code", response, 404)
    assert call(program, "[method]outgoing-response.status-code", response) == 404
    for status in (0, 99, 1000, 65535):
        assert program.error(TYPES, "[method]outgoing-response.set-status-code", response, status) is None
    options = call(program, "[constructor]request-options")
    for name in ("connect-timeout", "first-byte-timeout", "between-bytes-timeout"):
        assert call(program, f"[method]request-options.{name}", options) is None
        ok(program, f"[method]request-options.set-{name}", options, 5)
        assert call(program, f"[method]request-options.{name}", options) == 5


def test_bodies_are_taken_once_and_finished(program: Program) -> None:
    fields = ok(program, "[static]fields.from-list", [("content-length", b"3")])
    request = OutgoingRequest(fields)
    body = ok(program, "[method]outgoing-request.body", request)
    assert program.error(TYPES, "[method]outgoing-request.body", request) is None
    stream = ok(program, "[method]outgoing-body.write", body)
    assert program.error(TYPES, "[method]outgoing-body.write", body) is None
    program.stream("blocking-write-and-flush", stream, b"ab")
    with pytest.raises(Trap, match="stream has not been dropped"):
        call(program, "[static]outgoing-body.finish", body, None)
    stream.close()
    assert call(program, "[static]outgoing-body.finish", body, None) == Variant("HTTP-request-body-size", 2)
    request.close()

    request = OutgoingRequest(fields)
    body = ok(program, "[method]outgoing-request.body", request)
    stream = ok(program, "[method]outgoing-body.write", body)
    program.stream("check-write", stream)
    error = program.stream_error("write", stream, b"four")
    assert call(program, "http-error-code", error) == Variant("HTTP-request-body-size", 4)
    assert call(program, "http-error-code", IoError.of(OSError(5, "x"))) is None
    for one in (stream, body, request):
        one.close()
