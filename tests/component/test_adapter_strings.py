"""Strings that go from component to component, from encoding to encoding, well-formed or not."""

import random
import struct

import pytest

from fusee.component.types.primitive import String
from tests.component.adapterfuzz import Both, Pair
from tests.component.randomtypes import ENCODINGS, RandomTypes, shown
from tests.component.samples import relay

PAIRS = [(one, other) for one in ENCODINGS for other in ENCODINGS]


@pytest.mark.parametrize("encodings", PAIRS)
def test_strings_of_all_lengths(encodings: tuple[str, str]) -> None:
    """Those that are short, and those that are left to the host."""
    both = Both(relay("string", "i32 i32", *encodings))
    for part in ("a", "é", "ÿ", "Ā", "€", "😀", "a€", "\ud7ff\ue000", "\U0010ffff", "aé"):
        for count in (0, 1, 7, 8, 31, 70):
            assert both.outcome("echo", part * count).startswith(f"{shown(part * count)}; ")
        assert not both.outcome("echo", f"{'x' * 17_000}{part}").startswith("trap")


BAD_UTF8 = [
    b"\x80", b"\xc1\xbf", b"\xc2", b"\xc2a", b"\xe0\x9f\xbf", b"\xe0\xa0", b"\xe0\x80", b"\xed\xa0\x80", b"\xed\x9f",
    b"\xef\xbf", b"\xf0\x8f\xbf\xbf", b"\xf0\x90", b"\xf0\x90\x80", b"\xf4\x90\x80\x80", b"\xf4\x8f\xbf", b"\xf5",
    b"\xf5\x80\x80\x80", b"\xff", b"\xe2\x82a", b"\xf0\x9f\x98a", b"\xc3\xa9\xc3",
]  # fmt: skip
BAD_UTF16 = [struct.pack("<H", 0xD800), struct.pack("<HH", 0xDC00, 0x61), struct.pack("<HH", 0xD83D, 0xD83D),
             struct.pack("<HH", 0xDC00, 0xDC00), struct.pack("<HH", 0xD83D, 0xE000)]  # fmt: skip


def taking(data: bytes, length: int, encodings: tuple[str, str]) -> str:
    """What comes of data that one component gives another as a string."""
    pair = Pair(RandomTypes(0), "string", String(), encodings[::-1])
    where = struct.pack("<II", 32, length)
    return pair.takes(where + b"\0" * 8 + data, [16, 20]).outcome("f")


@pytest.mark.parametrize("target", ENCODINGS)
@pytest.mark.parametrize("prefix", [b"", b"abcdefghijk", "é".encode() * 5, "€".encode() * 60])
def test_what_is_no_utf8(target: str, prefix: bytes) -> None:
    for bad in BAD_UTF8:
        data = prefix + bad
        found = taking(data, len(data), ("utf8", target))
        assert found.startswith(("trap invalid utf-8 sequence", "trap incomplete utf-8 byte sequence"))


@pytest.mark.parametrize("target", ENCODINGS)
@pytest.mark.parametrize(("source", "tag"), [("utf16", 0), ("latin1+utf16", 1 << 31)])
def test_what_is_no_utf16(target: str, source: str, tag: int) -> None:
    for prefix in ("", "aé€😀", "€" * 70):
        for bad in BAD_UTF16:
            data = prefix.encode("utf-16-le") + bad
            found = taking(data, len(data) // 2 | tag, (source, target))
            assert found.startswith("trap unpaired surrogate: invalid utf-16 sequence")


@pytest.mark.parametrize("target", ENCODINGS)
def test_a_string_ends_where_its_length_says(target: str) -> None:
    """What would complete its last character is behind its end."""
    for text in ("é", "€", "😀"):
        data = text.encode()
        assert taking(data, len(data) - 1, ("utf8", target)).startswith("trap incomplete utf-8 byte sequence")
    for source, tag in (("utf16", 0), ("latin1+utf16", 1 << 31)):
        found = taking("😀".encode("utf-16-le"), 1 | tag, (source, target))
        assert found.startswith("trap unpaired surrogate: invalid utf-16 sequence")


@pytest.mark.parametrize("encodings", PAIRS)
def test_strings_of_random_bytes(encodings: tuple[str, str]) -> None:
    chance = random.Random(f"{encodings}")
    pieces = [b"a", b"\xc3\xa9", b"\xe2\x82\xac", b"\xf0\x9f\x98\x80", b"\0\xd8", b"\x3d\xd8\0\xde", b"\xac\x20"]
    for _ in range(12):
        data = b"".join(chance.choices(pieces, k=chance.choice((1, 3, 10, 40))))
        length = chance.choice((len(data), len(data) // 2, len(data) // 2 | 1 << 31))
        assert taking(data, length, encodings)
