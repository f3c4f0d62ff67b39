"""One position-independent image of a whole program, so that a program in the cache starts by being mapped.

Linking ten thousand handlers takes LLVM's linker a tenth of a second, and importing LLVM half as
much. Both are spent once, when the program is built (`linker`). Systems whose object files are not read there
link at each start.
"""

from __future__ import annotations

import ctypes
import json
import struct
from array import array
from collections.abc import Callable
from typing import NamedTuple

from fusee.kernel.room import room_for


class Image(NamedTuple):
    """What is mapped: data, then `executable` bytes of code and constants."""

    contents: bytes
    executable: int
    runs: list[tuple[int, int]]  # offset and count of 8-byte words to which the image's address is added
    imports: dict[str, int]  # offset of the word that holds the address of a function of the C library
    symbols: dict[str, int]  # offsets

    def to_bytes(self) -> bytes:
        head = {name: value for name, value in self._asdict().items() if name != "contents"}
        text = json.dumps(head).encode()
        return struct.pack("<Q", len(text)) + text + self.contents

    @staticmethod
    def from_bytes(data: bytes) -> Image:
        (length,) = struct.unpack_from("<Q", data)
        return Image(contents=data[8 + length :], **json.loads(data[8 : 8 + length]))

    def write_to(self, memory: memoryview, start: int, function: Callable[[str], int]) -> None:
        """Fill memory of this size as it is for a processor that sees it at `start`.

        `function` gives the address of a function of the C library.
        """
        memory[: len(self.contents)] = self.contents
        for offset, count in self.runs:
            place = slice(offset, offset + 8 * count)
            words = array("Q", memory[place].tobytes())
            memory[place] = array("Q", [word + start for word in words]).tobytes()
        for name, offset in self.imports.items():
            memory[offset : offset + 8] = function(name).to_bytes(8, "little")


class MappedImage:
    """An image in this process."""

    def __init__(self, image: Image) -> None:
        self._symbols = image.symbols
        self._room = room_for(len(image.contents) - image.executable, image.executable)
        self._room.fill(lambda memory, start: image.write_to(memory, start, _library_function))

    def address(self, symbol: str) -> int:
        """Where a symbol is; 0 if there is none of that name."""
        offset = self._symbols.get(symbol)
        return 0 if offset is None else self._room.start + offset


def _library_function(name: str) -> int:
    for library in (None, "libm.so.6"):
        function = getattr(ctypes.CDLL(library), name, None)
        if function is not None:
            return ctypes.cast(function, ctypes.c_void_p).value or 0
    raise OSError(f"the C library has no {name}")
