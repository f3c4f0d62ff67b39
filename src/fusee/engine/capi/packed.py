"""Texts that take half of their bytes: what often comes in pairs is written as one byte (byte pair encoding)."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

FIRST_PAIR = 0x80  # bytes below stand for themselves
_MOST_PAIRS = 0x100 - FIRST_PAIR
_LEAST_USES = 3  # a pair takes two bytes of its own


class Packed:
    """ASCII texts without zero bytes, and the pairs that they are made of.

    `pairs` has two bytes for each from `FIRST_PAIR` on, which may stand for pairs themselves; `data` the texts, a zero
    byte behind each.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        data = b"".join(text.encode("ascii") + b"\0" for text in texts)
        pairs = bytearray()
        while len(pairs) < 2 * _MOST_PAIRS:
            pair, uses = _most_frequent(data)
            if uses < _LEAST_USES:
                break
            data = data.replace(pair, bytes([FIRST_PAIR + len(pairs) // 2]))
            pairs += pair
        self.data = data
        self.pairs = bytes(pairs)


def _most_frequent(data: bytes) -> tuple[bytes, int]:
    """The pair within texts that is met most often, the first one of equals, and how often."""
    counts = Counter(pair for pair in map(bytes, pairwise(data)) if 0 not in pair)
    return counts.most_common(1)[0] if counts else (b"", 0)
