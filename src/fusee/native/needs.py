"""Where a function first needs room on the host's stack."""

from collections.abc import Collection, Iterable
from itertools import takewhile
from typing import Final, NamedTuple

from fusee.native.reader import CLOSING, OPENING, Instruction

_ARMS: Final = frozenset({"else", "catch", "catch_all"})


class _Region(NamedTuple):
    """Code that is executed from its beginning on: a block's, or an arm's."""

    number: int
    opener: int  # which instruction begins the block
    is_loop: bool


def first_need(instructions: Iterable[Instruction], calling: Collection[str]) -> int | None:
    """The number of an instruction past which all that call something come, and which no loop repeats; None if none do.

    It is as far on as can be: in the innermost of the blocks that have all of them, before the first.
    """
    regions, count = [_Region(0, 0, False)], 0
    found: list[tuple[int, int]] | None = None  # regions, from outside, and the instruction in each
    for number, (op, _, _) in enumerate(instructions):
        mnemonic = op.mnemonic
        if mnemonic in OPENING:
            count += 1
            regions.append(_Region(count, number, mnemonic == "loop"))
        elif mnemonic in _ARMS:
            count += 1
            regions[-1] = regions[-1]._replace(number=count)
        elif mnemonic in CLOSING:
            regions.pop()
        elif mnemonic in calling:
            found = _common(found, _way(regions, number))
    return found[-1][1] if found else None


def _way(regions: list[_Region], number: int) -> list[tuple[int, int]]:
    """The regions around an instruction that no loop repeats, and what leads to it in each."""
    places = [*(region.opener for region in regions[1:]), number]
    outside = takewhile(lambda pair: not pair[0].is_loop, zip(regions, places, strict=True))
    return [(region.number, place) for region, place in outside]


def _common(found: list[tuple[int, int]] | None, way: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of the regions so far those that are around another instruction, too."""
    if found is None:
        return way
    return [one for one, other in zip(found, way, strict=False) if one[0] == other[0]]
