"""Bodies on the wire."""

import re
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Final

from fusee.spec import http
from fusee.wasi.p2.http.bodies import PIECE_BYTES, IncomingBody, OutgoingBody
from fusee.wasi.p2.http.fields import received_pairs

FIELD: Final = re.compile(rf"([{http.TOKEN}]+):([^\r\n\0]*)\r?\n".encode())
"""A line of a message that is a field (RFC 9112, 2.2 and 5), and can be read in one way only."""
_MAX_LINE: Final = 1 << 12
_MOST_TRAILERS: Final = 32  # 128 KiB, as all fields of a message
_CHUNK: Final = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(;[^\r\n\0]*)?\r\n")


def framed(body: OutgoingBody) -> Iterator[bytes]:
    """The bytes of a body on the wire: in chunks unless its length was announced (RFC 9112, 7.1)."""
    if body.length is not None:
        yield from body.pieces()
        return
    for piece in body.pieces():
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    trailers = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in body.trailers)
    yield b"0\r\n" + trailers + b"\r\n"


def sized(source: BufferedIOBase, length: int) -> Iterator[bytes]:
    """A body of a length. Raises `EOFError` if it breaks off."""
    while length:
        piece = source.read(min(length, PIECE_BYTES))
        if not piece:
            raise EOFError
        length -= len(piece)
        yield piece


def chunks(source: BufferedIOBase, body: IncomingBody) -> Iterator[bytes]:
    """A chunked body, whose trailers `body` gets; extensions are skipped (RFC 9112, 7.1).

    Raises `ValueError` if it is malformed, `EOFError` if it breaks off.
    """
    while True:
        head = _CHUNK.fullmatch(source.readline(_MAX_LINE))
        if head is None:
            raise ValueError("malformed chunk")
        length = int(head[1], 16)
        if not length:
            break
        yield from sized(source, length)
        if source.readline(_MAX_LINE) != b"\r\n":
            raise ValueError("malformed chunk")
    found: list[tuple[str, str]] = []
    while (line := source.readline(_MAX_LINE)) not in (b"\r\n", b"\n"):
        field = FIELD.fullmatch(line)
        if len(found) == _MOST_TRAILERS or field is None:
            raise ValueError("malformed or too many trailers")
        found.append((field[1].decode(), field[2].strip(b" \t").decode("latin-1")))
    body.trailers = received_pairs(found)
