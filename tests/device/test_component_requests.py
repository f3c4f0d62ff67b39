"""What the app gives as a request to `wasi:http/incoming-handler`, and what is none."""

from contextlib import suppress
from random import Random

import pytest

from fusee.component.values import Variant
from fusee.spec.http import MAX_FIELDS_BYTES
from fusee.wasi.p2.http.requests import method_named
from tests.device import handlerrelay
from tests.device.apphttp import Exchange
from tests.device.components import DeviceTrap
from tests.device.handlerrelay import WRONG, HandlerRelay

guest = handlerrelay.guest

URLS = {
    b"/": (None, None, "/"), b"": (None, None, None), b"*": (None, None, "*"), b"/a?b": (None, None, "/a?b"),
    b"http://a": (Variant("HTTP"), "a", None), b"https://[::1]:8?x": (Variant("HTTPS"), "[::1]:8", "?x"),
    b"http://a/http://b": (Variant("HTTP"), "a", "/http://b"),
}  # fmt: skip


@pytest.mark.parametrize("url", URLS)
def test_urls(guest: HandlerRelay, url: bytes) -> None:
    guest.ask(url=url)
    request, _ = guest.given
    names = "scheme", "authority", "path-with-query"
    assert tuple(guest.types(f"incoming-request.{name}", request) for name in names) == URLS[url]


@pytest.mark.parametrize("name", ["GET", "HEAD", "PATCH", "get", "Get", "GETS", "PURGE", "GE", "P-1"])
def test_methods(guest: HandlerRelay, name: str) -> None:
    guest.ask(name.encode())
    assert guest.types("incoming-request.method", guest.given[0]) == method_named(name)


REFUSED = {
    "method": (b"A B", b"/", []), "no method": (b"", b"/", []), "url": (b"GET", b"a", []),
    "no host": (b"GET", b"http://", []), "no host of https": (b"GET", b"https://", []),
    "no host but a path": (b"GET", b"http:///", []), "port": (b"GET", b"http://a:x/", []),
    "scheme": (b"GET", b"httpx://a/", []), "user": (b"GET", b"http://a@b/", []), "line": (b"GET", b"/\r\n", []),
    "half": (b"GET", b"https:/a", []), "name": (b"GET", b"/", [(b"a b", b"")]),
    "value": (b"GET", b"/", [(b"a", b"1"), (b"b", b"x\r\ny: z")]), "long": (b"GET", b"/" + b"x" * 70_000, []),
    "fields": (b"GET", b"/", [(b"a", b"x" * MAX_FIELDS_BYTES)]),
    "sum of fields": (b"GET", b"/", [(b"a", b"x" * (MAX_FIELDS_BYTES // 2))] * 2),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_request(guest: HandlerRelay, name: str) -> None:
    with pytest.raises(DeviceTrap, match=WRONG):
        guest.ask(*REFUSED[name])
    assert guest.http.asked == ["close"]
    guest.ask()
    assert guest.types("incoming-request.method", guest.given[0]) == Variant("get")


def test_requests_with_null_pointers(guest: HandlerRelay) -> None:
    """Of these, too, the app is told that they are over."""
    name = guest.put(b"GET")
    for count, words in enumerate(((0, 3, name, 3, 0, 0), (name, 3, 0, 0, 0, 0), (name, 3, name, 3, 0, 1), ())):
        head = guest.put(b"".join(word.to_bytes(guest.width, "little") for word in words)) if words else 0
        with pytest.raises(DeviceTrap, match=WRONG):
            guest.ask_at(head, Exchange("", "", [], 0, ()))
        assert guest.http.asked == ["close"] * (count + 1)


@pytest.mark.parametrize("seed", range(3))
def test_random_requests(guest: HandlerRelay, seed: int) -> None:
    """A request or a trap, whatever they are."""
    random = Random(seed)
    pieces = (b"http", b"s", b":", b"//", b"a.org", b"[", b"]", b"/", b"?", b"#", b"*", b"@", b"80", b"\0", b"\xff")
    for _ in range(60):
        url = b"".join(random.choices(pieces, k=random.randrange(8)))
        fields = [(random.choice((b"a", b"", b"TE")), random.randbytes(random.randrange(3))) for _ in range(3)]
        with suppress(DeviceTrap):
            guest.ask(random.choice((b"GET", b"x", b"")), url, fields[: random.randrange(4)])
            request, outparam = guest.given
            path = guest.types("incoming-request.path-with-query", request)
            assert path is None or url.endswith(path.encode())
            guest.drop(request, "incoming-request")
            guest.drop(outparam, "response-outparam")
    assert guest.http.asked.count("close") == 60
