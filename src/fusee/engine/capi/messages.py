"""A status in words, for traps and for `fusee_store_error`."""

from collections.abc import Iterable
from typing import Final

from fusee.engine.capi.blocks import copy_to_bytes
from fusee.engine.capi.packed import FIRST_PAIR, Packed
from fusee.engine.capi.state import Vector
from fusee.engine.errors import Exhausted, Invalid, LinkError, Malformed, Trap, Unsupported
from fusee.engine.runtime.holdings import Limit
from fusee.kernel.lang import KernelError, Ptr, diff, kernel, stack_array, table, u8, u16, u32, u64, usize
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
    """Texts by tag and code."""

    def __init__(self) -> None:
        self.texts = [""]
        self.firsts = [0] * TAGS  # of the texts, by tag
        self.counts = [0] * TAGS

    def add(self, *tags: int, texts: dict[int, str]) -> None:
        """The texts of these tags."""
        for tag in tags:
            self.firsts[tag] = len(self.texts)
            self.counts[tag] = max(texts) + 1
        self.texts += [texts.get(code, "") for code in range(max(texts) + 1)]


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
_PACKED: Final = Packed(_TABLE.texts)
TEXTS = table(u8, _PACKED.data)
PAIRS = table(u8, _PACKED.pairs)
FIRSTS = table(u16, _TABLE.firsts)
COUNTS = table(u16, _TABLE.counts)
MOST_BYTES: Final = max(map(len, _TABLE.texts)) + 1
"""Of a message, with the zero byte."""


@kernel
def write_message(out: Vector, status: u64) -> bool:
    """What a status means, if anything, with a zero byte behind it; false if there is no memory."""
    tag = u32(status >> 56)
    code = u32(status >> 32) & 0xFF_FFFF
    number = u32(0)
    if tag < TAGS and code < COUNTS[tag]:
        number = FIRSTS[tag] + code
    room = stack_array(u8, MOST_BYTES)
    end = unpack(find_text(number), room)
    end[0] = u8(0)
    return copy_to_bytes(out, room, usize(diff(end, room)) + 1)


@kernel
def find_text(number: u32) -> u32:
    """Where a text begins. They are few, and seldom asked for."""
    at = u32(0)
    while number != 0:
        number -= u32(TEXTS[at] == 0)
        at += 1
    return at


@kernel
def unpack(at: u32, to: Ptr[u8]) -> Ptr[u8]:
    """Write a text; gives where it ends."""
    while TEXTS[at] != 0:
        to = unpack_byte(TEXTS[at], to)
        at += 1
    return to


@kernel
def unpack_byte(byte: u32, to: Ptr[u8]) -> Ptr[u8]:
    """Write what a byte stands for: pairs are of pairs, but not many deep."""
    while byte >= FIRST_PAIR:
        to = unpack_byte(PAIRS[(byte - FIRST_PAIR) * 2], to)
        byte = u32(PAIRS[(byte - FIRST_PAIR) * 2 + 1])
    to[0] = u8(byte)
    return to + 1
