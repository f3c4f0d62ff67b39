"""Bodies on the wire."""

import re
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Final

from fusee.wasi.p2.http.bodies import PIECE_BYTES, IncomingBody, OutgoingBody
from fusee.wasi.p2.http.fields import TOKEN, received_pairs

_MAX_LINE: Final = 1 << 12
_MOST_TRAILERS: Final = 32  # 128 KiB, as all fields of a message


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
        size = source.readline(_MAX_LINE).partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,15}", size):
            raise ValueError("malformed chunk")
        length = int(size, 16)
        if not length:
            break
        yield from sized(source, length)
        if source.readline(_MAX_LINE).strip():
            raise ValueError("malformed chunk")
    found: list[tuple[str, str]] = []
    while line := source.readline(_MAX_LINE).strip():
        name, colon, value = line.decode("latin-1").partition(":")
        if len(found) == _MOST_TRAILERS or not colon or not TOKEN.fullmatch(name):
            raise ValueError("malformed or too many trailers")
        found.append((name, value.strip()))
    body.trailers = received_pairs(found)
