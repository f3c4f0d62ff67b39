"""Contents of cache entries that have a right checksum, and are not what their readers expect."""

import json
import marshal
from collections.abc import Iterator
from typing import Any

_SIZE_BYTES = 8


def wrong_contents(contents: bytes, begins_right: bool = True) -> Iterator[bytes]:
    """Nothing; other bytes; a half; data of another kind; data with another head, behind its size."""
    yield from (b"", b"wrong", bytes(64), b"\xff" * 64)
    if begins_right:
        yield contents[: len(contents) // 2]
    values: list[Any] = [1, None, "text", [], {}, {"sources": 1}, (1, 2), ("text", {"file": 1})]
    for value in values:
        yield marshal.dumps(value)
        yield json.dumps(value).encode()
        head = marshal.dumps(value)
        yield len(head).to_bytes(_SIZE_BYTES, "little") + head + contents[len(contents) // 2 :]
