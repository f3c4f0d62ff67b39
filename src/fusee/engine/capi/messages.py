"""A status in words, for traps and for `fusee_store_error`."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from fusee.engine.capi.blocks import copy_to_bytes
from fusee.engine.capi.state import Vector
from fusee.engine.errors import Exhausted
from fusee.engine.runtime.holdings import Limit
from fusee.kernel.lang import KernelError, Ptr, cast, kernel, table, u8, u16, u32, u64, usize
from fusee.spec.errors import ModuleError
from fusee.spec.features import Unsupported
from fusee.spec.traps import TrapCode


class Misuse(KernelError, tag=7):
    """The embedder asked for what cannot be done. Code: a `Mistake`."""


class Mistake(IntEnum):
    """Each member carries the message that the embedder sees."""

    message: str

    def __new__(cls, code: int, message: str = "") -> "Mistake":
        member = int.__new__(cls, code)
        member._value_ = code
        member.message = message
        return member

    VALUE = 1, "a value is not of the expected type, or belongs to another store"
    COUNT = 2, "the wrong number of arguments or results"
    IMPORTS = 3, "the wrong number of imports, or an import of another store"
    WASI = 4, "the store has no WASI configuration"
    EXIT = 5, "the program has exited"
    NESTING = 6, "calls between guest and host are nested too deeply"
    START = 7, "the module exports no function `_start` without parameters and results"


OUT_OF_MEMORY: Final = Exhausted(Limit.SYSTEM, 0).status


class _Table:
    """Texts by tag and code, as data."""

    def __init__(self) -> None:
        self.text = bytearray()
        self.places: list[int] = []  # start of each text
        self.firsts: list[int] = []  # of the places, by tag
        self.counts: list[int] = []

    def add(self, texts: dict[int, str]) -> None:
        """The texts of the next tag."""
        self.firsts.append(len(self.places))
        self.counts.append(max(texts, default=-1) + 1)
        for code in range(self.counts[-1]):
            self.places.append(len(self.text))
            self.text += texts.get(code, "").encode()


def _texts(members: Iterable[ModuleError | TrapCode | Unsupported | Limit | Mistake]) -> dict[int, str]:
    return {int(member): member.message for member in members}


def _collect() -> _Table:
    made = _Table()
    by_tag: list[dict[int, str]] = [{}, _texts(ModuleError), _texts(ModuleError), _texts(TrapCode)]
    by_tag += [_texts(Unsupported), _texts(Limit), dict.fromkeys(range(5), "incompatible import type"), _texts(Mistake)]
    for texts in by_tag:
        made.add(texts)
    made.places.append(len(made.text))
    return made


_TABLE: Final = _collect()
TAGS: Final = len(_TABLE.firsts)
TEXT = table(u8, _TABLE.text)
PLACES = table(u16, _TABLE.places)
FIRSTS = table(u16, _TABLE.firsts)
COUNTS = table(u16, _TABLE.counts)


@kernel
def write_message(out: Vector, status: u64) -> bool:
    """What a status means, with a zero byte behind it; false if there is no memory."""
    tag = u32(status >> 56)
    code = u32(status >> 32) & 0xFF_FFFF
    if tag >= TAGS or code >= u32(COUNTS[tag]):
        return copy_to_bytes(out, TEXT, usize(0))
    place = u32(FIRSTS[tag]) + code
    start = u32(PLACES[place])
    size = usize(u32(PLACES[place + 1]) - start)
    return copy_text(out, start, size)


@kernel
def copy_text(out: Vector, start: u32, size: usize) -> bool:
    if not copy_to_bytes(out, cast(Ptr[u8], TEXT) + start, size + 1):
        return False
    out.data[size] = u8(0)
    return True
