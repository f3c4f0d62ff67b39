"""HTTP of an app on an emulated device (`fusee_http_t`): it sends requests with Python's client, or answers itself."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Final
from urllib.parse import urlsplit

from fusee.spec.http import ERROR_CODES
from tests.device.appdevice import AppDevice

_A: Final = "address"
FUNCTIONS: Final = {
    "send": ((_A, _A), "u32"), "write": (("u32", _A, "usize"), "u32"), "finish": (("u32", _A, "usize"), "u32"),
    "response": (("u32", _A, _A), "u32"), "read": (("u32", _A, "usize", _A), "u32"), "trailers": (("u32", _A), "u32"),
    "ready": (("u32", "u32"), "u32"), "close": (("u32",), None), "answer": (("u32", "u32", _A), "u32"),
}  # fmt: skip
"""In the order of `fusee_http_t`, without the environment."""
ERRORS: Final = {name: number for number, name in enumerate(ERROR_CODES, 1)}
Pairs = list[tuple[bytes, bytes]]


@dataclass
class Exchange:
    """A request as the app knows it, and its response."""

    method: str
    url: str
    fields: Pairs
    length: int
    timeouts: tuple[int, ...]
    body: bytes = b""
    trailers: Pairs | None = None
    status: int = 200
    answer: Pairs = field(default_factory=list)
    content: bytes = b""
    trailing: Pairs = field(default_factory=list)
    is_ready: bool = True
    is_closed: bool = False
    error: int | None = None
    """Of a request to the guest: what `answer` has told."""


class AppHttp:
    """The callbacks. `failing` has names of errors, by the name of the function that gives one."""

    def __init__(self, device: AppDevice, answer: "Callable[[Exchange], None]") -> None:
        self.device, self.space, self.width = device, device.space, device.target.pointer_width
        self.answer = answer
        self.exchanges: dict[int, Exchange] = {}
        self.asked: list[str] = []
        self.failing: dict[str, int] = {}
        self.meanwhile: dict[str, Callable[[], object]] = {}
        """What happens first, by the name of the function that is asked, once."""

    def table(self, without: tuple[str, ...] = ()) -> bytes:
        """A `fusee_http_t`."""
        words = [0]
        for name, (parameters, result) in FUNCTIONS.items():
            call = self._guarded(name, getattr(self, f"_{name}"))
            place = self.device.define_anew(f"http.{name}", (_A, *parameters), result, call)
            words.append(0 if name in without else place)
        return b"".join(word.to_bytes(self.width, "little") for word in words)

    def _guarded(self, name: str, call: "Callable[..., int | None]") -> "Callable[..., int]":
        def guarded(environment: int, *arguments: int) -> int:
            self.asked.append(name)
            if name in self.meanwhile:
                self.meanwhile.pop(name)()
            if name in self.failing:
                return self.failing[name]
            return call(*arguments) or 0

        return guarded

    def _word(self, place: int) -> int:
        return int.from_bytes(self.space.read(place, self.width), "little")

    def _text(self, place: int) -> bytes:
        size = self._word(place + self.width)
        return self.space.read(self._word(place), size) if size else b""

    def _fields(self, place: int, count: int) -> Pairs:
        step = 4 * self.width
        return [(self._text(at), self._text(at + 2 * self.width)) for at in range(place, place + count * step, step)]

    def _send(self, request: int, number: int) -> int | None:
        fields = self._fields(self._word(request + 4 * self.width), self._word(request + 5 * self.width))
        length, *timeouts = struct.unpack("<4Q", self.space.read(request + 6 * self.width, 32))
        method, url = self._text(request).decode(), self._text(request + 2 * self.width).decode()
        key = 7 + len(self.exchanges)
        self.exchanges[key] = Exchange(method, url, fields, length, tuple(timeouts))
        self.space.write(number, key.to_bytes(4, "little"))
        return None

    def _write(self, number: int, data: int, size: int) -> None:
        assert self.exchanges[number].trailers is None
        self.exchanges[number].body += self.space.read(data, size)

    def _finish(self, number: int, trailers: int, count: int) -> None:
        exchange = self.exchanges[number]
        assert exchange.trailers is None
        exchange.trailers = self._fields(trailers, count)
        if exchange.error is None:
            self.answer(exchange)

    def add(self, fields: int, name: bytes, value: bytes) -> bool:
        """What the app does for a field."""
        place = self.device.heap.allocate(1, len(name) + len(value) + 1)
        self.space.write(place, name + value)
        add = self.device.function("fusee_http_fields_add")
        is_added = bool(add(fields, place, len(name), place + len(name), len(value)))
        self.device.heap.release(place)
        return is_added

    def _response(self, number: int, status: int, fields: int) -> None:
        exchange = self.exchanges[number]
        self.space.write(status, exchange.status.to_bytes(4, "little"))
        for name, value in exchange.answer:
            self.add(fields, name, value)

    def _read(self, number: int, into: int, size: int, count: int) -> None:
        exchange = self.exchanges[number]
        piece, exchange.content = exchange.content[:size], exchange.content[size:]
        self.space.write(into, piece)
        self.space.write(count, len(piece).to_bytes(self.width, "little"))

    def _trailers(self, number: int, fields: int) -> None:
        for name, value in self.exchanges[number].trailing:
            self.add(fields, name, value)

    def _answer(self, number: int, error: int, response: int) -> None:
        exchange = self.exchanges[number]
        assert exchange.error is None
        exchange.error = error
        assert (error == 0) == (response != 0)
        if response:
            exchange.answer = self._fields(self._word(response), self._word(response + self.width))
            place = response + 2 * self.width
            exchange.length, exchange.status = struct.unpack("<QI", self.space.read(place, 12))

    def _ready(self, number: int, what: int) -> int:
        return int(self.exchanges[number].is_ready)

    def _close(self, number: int) -> None:
        assert not self.exchanges[number].is_closed
        self.exchanges[number].is_closed = True


def ask(exchange: Exchange) -> None:
    """Answer by asking the server that the request is for."""
    parts = urlsplit(exchange.url)
    connection = HTTPConnection(parts.hostname or "", parts.port)
    connection.request(
        exchange.method, exchange.url.removeprefix(f"http://{parts.netloc}"), exchange.body or None,
        {name.decode(): value.decode("latin-1") for name, value in exchange.fields},
    )  # fmt: skip
    response = connection.getresponse()
    exchange.status = response.status
    exchange.answer = [(name.encode(), value.encode("latin-1")) for name, value in response.getheaders()]
    exchange.content = response.read()
    connection.close()
