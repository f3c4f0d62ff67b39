"""A status in words, for traps and for `fusee_store_error`."""

from collections.abc import Iterable
from typing import Final

from fusee.engine.capi.blocks import copy_to_bytes
from fusee.engine.capi.state import Vector
from fusee.engine.errors import Exhausted, Invalid, LinkError, Malformed, Trap, Unsupported
from fusee.engine.runtime.holdings import Limit
from fusee.kernel.lang import KernelError, Ptr, cast, kernel, table, u8, u16, u32, u64, usize
from fusee.spec.errors import ModuleError
from fusee.spec.features import Unsupported as Feature
from fusee.spec.traps import TrapCode
from fusee.spec.worded import WordedCode


class Misuse(KernelError, tag=7):
    """The embedder asked for what cannot be done. Code: a `Mistake`."""


class Mistake(WordedCode):
    """Each member carries the message that the embedder sees."""

    VALUE = 1, "a value is not of the expected type, or belongs to another store"
    COUNT = 2, "the wrong number of arguments or results"
    IMPORTS = 3, "the wrong number of imports, or an import of another store"
    WASI = 4, "the store has no WASI configuration"
    EXIT = 5, "the program has exited"
    NESTING = 6, "calls between guest and host are nested too deeply"
    START = 7, "the module exports no function `_start` without parameters and results"
    MEMORY = 8, "missing required memory export"
    STATUS = 9, "exit with invalid exit status outside of [0..126)"
    MISSING = 10, "an argument is NULL, or not of the kind that it should be"


TAGS: Final = Misuse.tag + 1
OUT_OF_MEMORY: Final = u64(Exhausted(Limit.SYSTEM, 0).status)
MISSING: Final = u64(Misuse(Mistake.MISSING, 0).status)


class _Table:
    """Texts by tag and code, as data."""

    def __init__(self) -> None:
        self.text = bytearray()
        self.places: list[int] = []  # start of each text
        self.sizes: list[int] = []
        self.firsts = [0] * TAGS  # of the places and sizes, by tag
        self.counts = [0] * TAGS

    def add(self, *tags: int, texts: dict[int, str]) -> None:
        """The texts of these tags."""
        for tag in tags:
            self.firsts[tag] = len(self.places)
            self.counts[tag] = max(texts) + 1
        for code in range(max(texts) + 1):
            text = texts.get(code, "").encode()
            if text not in self.text:
                self.text += text
            self.places.append(self.text.index(text))
            self.sizes.append(len(text))


def _texts(members: Iterable[ModuleError | TrapCode | Feature | Limit | Mistake]) -> dict[int, str]:
    return {int(member): member.message for member in members}


def _collect() -> _Table:
    made = _Table()
    made.add(Malformed.tag, Invalid.tag, texts=_texts(ModuleError))
    made.add(Trap.tag, texts=_texts(TrapCode))
    made.add(Unsupported.tag, texts=_texts(Feature))
    made.add(Exhausted.tag, texts=_texts(Limit))
    made.add(LinkError.tag, texts=dict.fromkeys(range(5), "incompatible import type"))
    made.add(Misuse.tag, texts=_texts(Mistake))
    return made


_TABLE: Final = _collect()
TEXT = table(u8, _TABLE.text)
PLACES = table(u16, _TABLE.places)
SIZES = table(u8, _TABLE.sizes)
FIRSTS = table(u16, _TABLE.firsts)
COUNTS = table(u16, _TABLE.counts)


@kernel
def write_message(out: Vector, status: u64) -> bool:
    """What a status means, if anything, with a zero byte behind it; false if there is no memory."""
    tag = u32(status >> 56)
    code = u32(status >> 32) & 0xFF_FFFF
    if tag >= TAGS or code >= COUNTS[tag]:
        return copy_text(out, u32(0), usize(0))
    place = FIRSTS[tag] + code
    return copy_text(out, PLACES[place], SIZES[place])


@kernel
def copy_text(out: Vector, start: u32, size: usize) -> bool:
    if not copy_to_bytes(out, cast(Ptr[u8], TEXT) + start, size + 1):
        return False
    out.data[size] = u8(0)
    return True
