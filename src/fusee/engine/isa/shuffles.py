"""Shuffles by constants that most machines do in one instruction, and how the translator knows them.

The lanes of two vectors interleaved, the even or the odd ones of both, and sixteen neighbouring bytes of both. Where a
shuffle takes bytes of one vector only, or zeros beside them, it is a swizzle, which needs no row of its own.
"""

from typing import Final

BYTES: Final = 16
_INTEGERS: Final = {1: "i8x16", 2: "i16x8", 4: "i32x4", 8: "i64x2"}

Places = tuple[int, ...]
"""By byte of the result: which byte of the first vector, or of the second, which counts on."""


def _lanes(numbers: list[int], width: int) -> Places:
    """Lanes of a width as bytes."""
    return tuple(number * width + byte for number in numbers for byte in range(width))


def _interleaved(width: int, half: int) -> Places:
    count = BYTES // width
    first = half * count // 2
    numbers = [number for lane in range(first, first + count // 2) for number in (lane, count + lane)]
    return _lanes(numbers, width)


def _every_other(width: int, first: int) -> Places:
    return _lanes(list(range(first, 2 * BYTES // width, 2)), width)


PATTERNS: Final[dict[str, Places]] = {
    **{f"{kind}_interleave_{half}": _interleaved(width, number)
       for width, kind in _INTEGERS.items() for number, half in enumerate(("low", "high"))},
    **{f"{kind}_{which}": _every_other(width, number)
       for width, kind in _INTEGERS.items() if width < 8 for number, which in enumerate(("even", "odd"))},
    **{f"i8x16_concatenate_{count}": tuple(range(count, count + BYTES)) for count in range(1, BYTES)},
}  # fmt: skip
"""By the row's name."""


def halves(places: Places) -> tuple[int, int]:
    """The places as two words, as they stand in memory."""
    word = int.from_bytes(bytes(places), "little")
    return word & (1 << 64) - 1, word >> 64
