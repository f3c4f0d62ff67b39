"""Parses HTTP with llhttp as the package `undici` has it: `python -m fusee.bench.real.undici ENGINE MODULE [COUNT]`.

COUNT answers of a server are made here and parsed, each in pieces as a network would bring them. What is printed is
what the parser has reported.
"""

import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Final

from fusee.bench.real.guest import Aborted, Guest, main

RESPONSE: Final = 2  # llhttp's name for what is parsed: HTTP_RESPONSE
_PIECE: Final = 1400  # as much as a packet carries
_WORDS: Final = ("balance", "crown", "escapement", "jewel", "lever", "mainspring", "pinion", "train")
_NAMES: Final = ("content-type", "cache-control", "etag", "x-request-id", "vary", "set-cookie", "link", "server-timing")

Report = tuple[str, bytes]
"""A callback's name without its prefix, and what it was shown: a piece of a part of the message, or numbers as text."""


class Undici(Guest):
    """llhttp, which calls the host for each part of a message."""

    def answers(self, arguments: Sequence[str]) -> Iterator[bytes]:
        (count,) = arguments
        random = Random(1)
        parser = self.call("llhttp_alloc", RESPONSE)
        for _ in range(int(count)):
            message = make_message(random)
            yield summary(self.parse(parser, message))
        self.call("llhttp_free", parser)

    def parse(self, parser: int, message: bytes) -> list[Report]:
        """What the parser reports of a message. Raises `Aborted` with its reason if it finds the message wrong."""
        self.reports.clear()
        for start in range(0, len(message), _PIECE):
            piece = message[start : start + _PIECE]
            address = self.allocate(piece)
            status = self.call("llhttp_execute", parser, address, len(piece))
            self.call("free", address)
            if status:
                raise Aborted(self.text(self.call("llhttp_get_error_reason", parser)))
        return list(self.reports)

    def _supply(self, linker: Any) -> None:
        self.reports: list[Report] = []
        for item in self.module.imports:
            if item.module == "env":
                linker.define_func("env", item.name, item.type, self._callback(item.name.removeprefix("wasm_on_")))

    def _callback(self, name: str) -> Callable[..., int]:
        def part(parser: int, at: int, size: int) -> int:
            self.reports.append((name, self.read(at, size)))
            return 0

        def moment(parser: int, *numbers: int) -> int:
            self.reports.append((name, " ".join(map(str, numbers)).encode()))
            return 0

        return moment if name.startswith(("message", "headers")) else part


def make_message(random: Random) -> bytes:
    """An answer of a server, with a dozen headers and a body in chunks or in one."""

    def words(count: int) -> bytes:
        return " ".join(random.choices(_WORDS, k=count)).encode()

    lines = [b"HTTP/1.1 200 OK"]
    lines += [name.encode() + b": " + words(random.randrange(2, 24)) for name in random.choices(_NAMES, k=12)]
    body = words(random.randrange(40, 400))
    if random.randrange(2):
        lines += [b"content-length: %d" % len(body), b"", body]
        return b"\r\n".join(lines)
    chunks = [body[start : start + 512] for start in range(0, len(body), 512)]
    lines += [b"transfer-encoding: chunked", b"", *(b"%x\r\n%s" % (len(chunk), chunk) for chunk in chunks)]
    return b"\r\n".join([*lines, b"0", b"", b""])


def summary(reports: Sequence[Report]) -> bytes:
    """One line: the parts that are no pieces of others, and a sum over all that was seen."""
    seen: dict[str, bytes] = {}
    for name, shown in reports:
        seen[name] = seen.get(name, b"") + shown
    parts = (f"{name} {len(content)} {zlib.crc32(content):08x}" for name, content in seen.items())
    return ", ".join(parts).encode() + b"\n"


GUEST = Undici

if __name__ == "__main__":
    sys.exit(main(GUEST))
