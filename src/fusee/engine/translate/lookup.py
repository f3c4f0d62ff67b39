"""Looking handlers up: whether a row exists for operands in these places, and the number of its handler."""

from typing import Final

from fusee.engine.isa.forms import CONST, FORMS, MOST_PINS, NOWHERE, PIN, PINS, SLOT
from fusee.engine.isa.pairs import EMPTY, HASH_BITS, NO_PAIR, PAIR_KEYS, PAIR_NUMBERS, pair_place
from fusee.engine.isa.table import (
    BASE,
    CLASS,
    DESTINATION_SHIFT,
    FIRST_SIGNATURE,
    MIRRORED_PAIR,
    PLACE_CODE,
    SIGNATURE_KEYS,
    SIGNATURE_STARTS,
    SIGNATURES,
    SOURCES,
    SOURCES_MASK,
)  # fmt: skip
from fusee.engine.translate.state import Ins
from fusee.kernel.lang import kernel, span, u32

NO_SIGNATURE: Final = 0xFFFF_FFFF
ANYWHERE: Final = FORMS + 1  # a destination that does not matter


@kernel(inline=True)
def sources_key(first: u32, second: u32, third: u32) -> u32:
    """The forms of up to three operands, 0 for those that are not there, as `SIGNATURE_KEYS` has them."""
    return u32(PLACE_CODE[first]) | u32(PLACE_CODE[second]) << 2 | u32(PLACE_CODE[third]) << 4


@kernel
def find_signature(row: u32, sources: u32, destination: u32) -> u32:
    """Where the tables have the row for these sources and a destination's form, or `NO_SIGNATURE`."""
    key = sources
    mask = u32(SOURCES_MASK)
    if destination != ANYWHERE:
        key |= u32(PLACE_CODE[destination]) << DESTINATION_SHIFT
        mask = u32(0xFF)
    start = u32(FIRST_SIGNATURE[CLASS[row]])
    for at in span(start, start + u32(SIGNATURES[CLASS[row]])):
        if u32(SIGNATURE_KEYS[at]) & mask == key:
            return at
    return u32(NO_SIGNATURE)


@kernel
def signature_of(i: Ins, destination: u32) -> u32:
    """`find_signature` for an instruction, if its result went to `destination`."""
    count = u32(SOURCES[CLASS[i.row]])
    first = u32(i.forms[0]) if count > 0 else u32(0)
    second = u32(i.forms[1]) if count > 1 else u32(0)
    third = u32(i.forms[2]) if count > 2 else u32(0)
    return find_signature(u32(i.row), sources_key(first, second, third), destination)


@kernel(inline=True)
def is_pin(form: u32) -> bool:
    return form >= PIN and form < PIN + MOST_PINS


@kernel
def handler_number(i: Ins, signature: u32) -> u32:
    """The number of an instruction's handler, whose signature has been found (`isa.forms.expand` has the order)."""
    row = u32(i.row)
    pair = u32(MIRRORED_PAIR[CLASS[row]])
    pins = u32(0)
    if is_pin(u32(i.destination)):
        pins = u32(i.destination) - PIN
    for place in span(u32(SOURCES[CLASS[row]])):
        form = u32(i.forms[place])
        if not is_pin(form):
            continue
        pin = form - PIN
        if pair != 0 and place + 1 == pair and is_pin(u32(i.forms[pair])):
            second = u32(i.forms[pair]) - PIN
            pins = pins * (PINS * (PINS + 1) // 2) + second * (second + 1) // 2 + pin
        elif pair == 0 or place != pair or not is_pin(u32(i.forms[pair - 1])):
            pins = pins * PINS + pin
    return u32(BASE[row]) + u32(SIGNATURE_STARTS[signature]) + pins


@kernel
def find_pair(first: u32, second: u32) -> u32:
    """The number of the handler for two neighbouring cells, by the numbers of their own, or `NO_PAIR`."""
    key = first | second << 16
    at = pair_place(key)
    while PAIR_KEYS[at] != key:
        if PAIR_KEYS[at] == EMPTY:
            return u32(NO_PAIR)
        at = (at + 1) & ((1 << HASH_BITS) - 1)
    return u32(PAIR_NUMBERS[at])


assert FORMS == NOWHERE == CONST + 1 == SLOT + 2
