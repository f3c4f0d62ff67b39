"""Native code as it is kept on disk, and as it is in a process. Nothing here compiles or needs what does."""

import marshal
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fusee.kernel.image import Image, MappedImage

_SIZE_BYTES = 8


class Place(NamedTuple):
    """A loop, and what a frame of its function looks like (`docs/bytecode.md`)."""

    function: int
    loop: int  # the offset of the instruction in the module
    operands: int  # the slot of the operand stack's first entry
    spread: int  # each entry has two to the power of this slots
    slots: int  # of the frame


class NativeCode(NamedTuple):
    """Native code where a guest runs, as long as this lives."""

    functions: dict[int, tuple[int, int]]  # by index: the addresses of the entry for its type, and of its code
    reasons: dict[int, str]  # why others stay interpreted
    image: object
    loops: dict[Place, int]
    """The address of what goes on in a loop."""
    is_quick: bool = False  # whether LLVM has not done all it can


def packed(
    functions: Mapping[int, tuple[str, str]], reasons: Mapping[int, str], loops: Sequence[tuple[Place, str]],
    image: Image, is_quick: bool = False,
) -> bytes:  # fmt: skip
    """What is kept: the symbols of functions, with their entries, and of loops; and the image that they are in."""
    held = [(tuple(place), symbol) for place, symbol in loops]
    head = marshal.dumps({"functions": dict(functions), "reasons": dict(reasons), "loops": held, "quick": is_quick})
    return len(head).to_bytes(_SIZE_BYTES, "little") + head + image.to_bytes()


def _head(kept: bytes) -> tuple[Any, int]:
    """What is said before an image, and where that begins."""
    at = _SIZE_BYTES + int.from_bytes(kept[:_SIZE_BYTES], "little")
    return marshal.loads(kept[_SIZE_BYTES:at]), at


def held_in(kept: bytes) -> tuple[list[int], list[Place]]:
    """The functions and loops of which there is code in what is kept."""
    head, _ = _head(kept)
    return list(head["functions"]), [Place(*place) for place, _ in head["loops"]]


def mapped(kept: bytes) -> NativeCode:
    """Map what is kept."""
    head, at = _head(kept)
    reasons: dict[int, str] = head["reasons"]
    if not head["functions"] and not head["loops"]:
        return NativeCode({}, reasons, None, {})
    image = MappedImage(Image.from_bytes(kept[at:]))
    return NativeCode(
        {index: (image.address(entry), image.address(code)) for index, (entry, code) in head["functions"].items()},
        reasons,
        image,
        {Place(*place): image.address(symbol) for place, symbol in head["loops"]},
        head["quick"],
    )
