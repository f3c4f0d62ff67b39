"""Native code as it is kept on disk, and as it is in a process. Nothing here compiles or needs what does.

The classes are written out where a start would wait for `NamedTuple` to make them.
"""

import marshal
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fusee.kernel.cache import expected
from fusee.kernel.image import Contents, Image, MappedImage

_SIZE_BYTES = 8
_MOST_INDICES = 1 << 32


class Place(NamedTuple):
    """A loop, and what a frame of its function looks like (`docs/bytecode.md`)."""

    function: int
    loop: int  # the offset of the instruction in the module
    operands: int  # the slot of the operand stack's first entry
    spread: int  # each entry has two to the power of this slots
    slots: int  # of the frame


class NativeCode:
    """Native code where a guest runs, as long as this lives."""

    def __init__(
        self, functions: dict[int, tuple[int, int]], reasons: dict[int, str], image: object, loops: dict[Place, int],
        is_quick: bool = False,
    ) -> None:  # fmt: skip
        self.functions = functions  # by index: the addresses of the entry for its type, and of its code
        self.reasons = reasons  # why others stay interpreted
        self.image = image
        self.loops = loops  # the address of what goes on in a loop
        self.is_quick = is_quick  # whether LLVM has not done all it can


class Kept:
    """Native code as it is kept, decoded."""

    def __init__(
        self, functions: dict[int, tuple[str, str]], reasons: dict[int, str], loops: dict[Place, str], is_quick: bool,
        image: Image | None, contents: Contents,
    ) -> None:  # fmt: skip
        self.functions = functions  # by index: the symbols of the entry for its type, and of its code
        self.reasons = reasons
        self.loops = loops
        self.is_quick = is_quick
        self.image = image  # if there is code
        self.contents = contents  # all this, as it is kept

    def is_of(self, own: range) -> bool:
        """Whether all that there is code of is among these functions."""
        return all(index in own for index in (*self.functions, *(place.function for place in self.loops)))

    def mapped(self) -> NativeCode:
        """Have it where guests run. Raises `OSError` where the system lets no more code be executed."""
        if self.image is None:
            return NativeCode({}, self.reasons, None, {})
        image = MappedImage(self.image)
        return NativeCode(
            {index: (image.address(entry), image.address(code)) for index, (entry, code) in self.functions.items()},
            self.reasons,
            image,
            {place: image.address(symbol) for place, symbol in self.loops.items()},
            self.is_quick,
        )


def packed(
    functions: Mapping[int, tuple[str, str]], reasons: Mapping[int, str], loops: Sequence[tuple[Place, str]],
    image: Image, is_quick: bool = False,
) -> bytes:  # fmt: skip
    """What is kept: the symbols of functions, with their entries, and of loops; and the image that they are in."""
    held = [(tuple(place), symbol) for place, symbol in loops]
    head = marshal.dumps({"functions": dict(functions), "reasons": dict(reasons), "loops": held, "quick": is_quick})
    return len(head).to_bytes(_SIZE_BYTES, "little") + head + image.to_bytes()


def unpacked(kept: Contents) -> Kept:
    """The inverse of `packed`. Raises what Python raises for anything else."""
    at = _SIZE_BYTES + int.from_bytes(kept[:_SIZE_BYTES], "little")
    head = marshal.loads(kept[_SIZE_BYTES:at])
    functions, reasons = expected(head["functions"], dict), expected(head["reasons"], dict)
    loops = {Place(*map(_index, place)): symbol for place, symbol in head["loops"]}
    image = Image.from_bytes(memoryview(kept)[at:]) if functions or loops else None
    if image is not None:
        for entry, code in functions.values():
            image.symbols[entry], image.symbols[code]
        for symbol in loops.values():
            image.symbols[symbol]
    for index in (*functions, *reasons):
        _index(index)
    return Kept(functions, reasons, loops, expected(head["quick"], bool), image, kept)


def _index(value: Any) -> int:
    """A number without a sign of 32 bits."""
    index = expected(value, int)
    if not 0 <= index < _MOST_INDICES:
        raise ValueError("an index has 32 bits")
    return index


def held_in(kept: Contents) -> tuple[list[int], list[Place]]:
    """The functions and loops of which there is code in what is kept."""
    found = unpacked(kept)
    return list(found.functions), list(found.loops)


def mapped(kept: Contents) -> NativeCode:
    """Map what is kept."""
    return unpacked(kept).mapped()
