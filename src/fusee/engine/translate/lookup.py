"""Looking handlers up: whether a row exists for operands in these places, and the number of its handler."""

from typing import Final

from fusee.engine.isa.facts import MIRRORED_PAIR, SIGNATURES, fact
from fusee.engine.isa.forms import CONST, FORMS, MOST_LEAVES, NOWHERE, PIN, PINS, SLOT
from fusee.engine.isa.pairs import FIRST_PAIR, NO_PAIR, PAIR_BITS, PAIR_HASHES, pair_hash
from fusee.engine.isa.table import (
    BASE,
    DESTINATION_SHIFT,
    ELSEWHERE,
    HANDLER_COUNT,
    PLACE_BITS,
    PLACE_CODE,
    SIGNATURE_KEYS,
    SIGNATURE_STARTS,
)  # fmt: skip
from fusee.engine.translate.records import Ins
from fusee.kernel.lang import kernel, table, u8, u32, u64, unroll

EACH_PLACE: Final = 0x55  # in a key: the lower bit of each place
_IS_PIN: Final = [PIN <= form < PIN + PINS for form in range(NOWHERE + 1)]
PIN_NUMBER = table(u8, [form - PIN if is_pin else 0 for form, is_pin in enumerate(_IS_PIN)])
PIN_CHOICES = table(u8, [PINS if is_pin else 1 for is_pin in _IS_PIN])
"""By form: which pin it is, of how many."""


@kernel(inline=True)
def sources_key(forms: u32) -> u32:
    """The forms of up to three operands, a byte each and 0 for those that are not there, as keys have them."""
    return (
        PLACE_CODE[forms & 0xFF]
        | u32(PLACE_CODE[forms >> 8 & 0xFF]) << PLACE_BITS
        | u32(PLACE_CODE[forms >> 16]) << (2 * PLACE_BITS)
    )


@kernel(inline=True)
def with_destination(sources: u32, form: u32) -> u32:
    """The key of a signature."""
    return sources | u32(PLACE_CODE[form]) << DESTINATION_SHIFT


@kernel(inline=True)
def has_signature(facts: u64, key: u32) -> bool:
    """Whether a row exists in this signature."""
    return SIGNATURE_KEYS[fact(facts, SIGNATURES) + key] == key


@kernel(inline=True)
def has_sources(facts: u64, sources: u32) -> bool:
    """Whether a row exists for these sources and any destination."""
    return has_signature(facts, sources) or has_signature(facts, sources | ELSEWHERE)


@kernel(inline=True)
def handler_number(i: Ins, facts: u64, key: u32) -> u32:
    """The number of an instruction's handler, if there is one for its key (`isa.forms.expand` has the order)."""
    number = u32(BASE[i.row]) + SIGNATURE_STARTS[fact(facts, SIGNATURES) + key]
    if PINS != 0 and key & ~(key >> 1) & EACH_PLACE != 0:
        if fact(facts, MIRRORED_PAIR) != 0:
            return number + pins_with_pair(i, fact(facts, MIRRORED_PAIR))
        pins = u32(PIN_NUMBER[i.destination])
        for place in unroll(range(MOST_LEAVES)):
            pins = append_pin(pins, i.forms[place])
        number += pins
    return number


@kernel(inline=True)
def append_pin(pins: u32, form: u32) -> u32:
    """`pins` are counted through, and for each of them one more operand, if that is in a pin."""
    return pins * PIN_CHOICES[form] + PIN_NUMBER[form]


@kernel
def pins_with_pair(i: Ins, pair: u32) -> u32:
    """Which pins an instruction with a mirrored pair has; where both of that are pins, only one order exists."""
    first = u32(i.forms[pair - 1])
    second = u32(i.forms[pair])
    pins = u32(PIN_NUMBER[i.destination])
    if pair == 2:
        pins = append_pin(pins, i.forms[0])
    if PIN_CHOICES[first] != 1 and PIN_CHOICES[second] != 1:
        number = u32(PIN_NUMBER[second])
        pins = pins * (PINS * (PINS + 1) // 2) + number * (number + 1) // 2 + PIN_NUMBER[first]
    else:
        pins = append_pin(append_pin(pins, first), second)
    return append_pin(pins, i.forms[2]) if pair == 1 else pins


@kernel(inline=True)
def find_pair(first: u32, second: u32) -> u32:
    """The number of the handler for two neighbouring cells, by the numbers of their own, or `NO_PAIR`."""
    hashed = pair_hash(first, second)
    at = u32(FIRST_PAIR[hashed >> (32 - PAIR_BITS)])
    if PAIR_HASHES[at] > hashed:
        return NO_PAIR
    return HANDLER_COUNT + at if PAIR_HASHES[at] == hashed else find_pair_behind(at, hashed)


@kernel
def find_pair_behind(start: u32, hashed: u32) -> u32:
    """The same, where the first pair with these upper bits is another one."""
    at = start + 1
    while PAIR_HASHES[at] < hashed:
        at += 1
    return HANDLER_COUNT + at if PAIR_HASHES[at] == hashed else NO_PAIR


assert FORMS == NOWHERE == CONST + 1 == SLOT + 2
