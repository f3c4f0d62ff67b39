"""One position-independent image of a whole program, so that a program in the cache starts by being mapped.

Linking ten thousand handlers takes LLVM's linker a tenth of a second, and importing LLVM half as
much. Both are spent once, when the program is built (`linker`). Systems whose object files are not read there
link at each start.
"""

from __future__ import annotations

import ctypes
import marshal
import struct
from collections.abc import Callable, Iterable

from fusee.kernel.room import room_for

Contents = bytes | memoryview

_WORD_BYTES = 8


class Image:
    """What is mapped: data, then `executable` bytes of code and constants."""

    __slots__ = ("contents", "executable", "imports", "runs", "symbols")

    def __init__(
        self, contents: Contents, executable: int, runs: list[tuple[int, int]], imports: dict[str, int],
        symbols: dict[str, int],
    ) -> None:  # fmt: skip
        self.contents = contents
        self.executable = executable
        self.runs = runs  # offset and count of 8-byte words to which the image's address is added
        self.imports = imports  # offset of the word that holds the address of a function of the C library
        self.symbols = symbols  # offsets

    def showing(self, names: Iterable[str]) -> Image:
        """The same with these symbols only: a start reads them all."""
        symbols = {name: self.symbols[name] for name in names if name in self.symbols}
        return Image(self.contents, self.executable, self.runs, self.imports, symbols)

    def to_bytes(self) -> bytes:
        head = marshal.dumps((self.executable, self.runs, self.imports, self.symbols))
        return struct.pack("<Q", len(head)) + head + self.contents

    @staticmethod
    def from_bytes(data: Contents) -> Image:
        """The inverse of `to_bytes`; the contents stay where they are. Raises `ValueError`, and what Python raises for
        bytes of something else."""
        (length,) = struct.unpack_from("<Q", data)
        image = Image(memoryview(data)[8 + length :], *marshal.loads(data[8 : 8 + length]))
        image.check()
        return image

    def check(self) -> None:
        """Raise `ValueError` unless there is code, and all that is said of the contents is within them."""
        size = len(self.contents)
        if not 0 < self.executable <= size:
            raise ValueError("an image has code")
        ends = [offset + _WORD_BYTES * count for offset, count in self.runs]
        ends += [offset + _WORD_BYTES for offset in self.imports.values()]
        starts = [*(offset for offset, _ in self.runs), *self.imports.values(), *self.symbols.values()]
        if min(starts, default=0) < 0 or max(*starts, *ends, 0, 0) > size:
            raise ValueError("an image's words and symbols are in it")

    def write_to(self, memory: memoryview, start: int, function: Callable[[str], int]) -> None:
        """Fill memory of this size as it is for a processor that sees it at `start`.

        `function` gives the address of a function of the C library.
        """
        memory[: len(self.contents)] = self.contents
        for offset, count in self.runs:
            place = slice(offset, offset + 8 * count)
            # All words at once, as one number: offsets and addresses are so small that no sum carries into the next.
            addend = int.from_bytes(start.to_bytes(8, "little") * count, "little")
            words = int.from_bytes(memory[place], "little") + addend
            memory[place] = words.to_bytes(8 * count, "little")
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
