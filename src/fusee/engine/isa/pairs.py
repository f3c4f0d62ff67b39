"""Pairs: two neighbouring cells in one dispatch.

A cell whose neighbour follows it in a pair that exists names the pair's handler instead of its own; the second cell
stays as it is, for whoever branches to it. Which pairs exist is data, like trees; any may be missing.

A pair is written as two patterns (`isa.trees`) with one place for each operand, and a semicolon between them:
`load32_u(s) -> a; add(p, a) -> p`. Where operands are in pins it exists for all of them, or for those that digits
behind a colon name, one for each `p` in the order of the text: `mov(p) -> s; mov(p) -> s: 01 02 12`.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

from fusee.engine.isa.control import PAID_LOOPS, TICK, framed, paying
from fusee.engine.isa.forms import NO_RESULT, NOWHERE, PIN, PINS, PLACES, ROOMY, in_order
from fusee.engine.isa.row import Row
from fusee.engine.isa.selection import chosen
from fusee.engine.isa.table import HANDLER_COUNT, ROWS, Placed, forms_of, handlers
from fusee.engine.isa.trees import Node, Pattern, PatternError, parse
from fusee.engine.state.code import MOST_PINS
from fusee.kernel.lang import kernel, table, u16, u32

FIRST: Final = frozenset({
    "compute", "move", "constant", "vector_constant", "shuffle", "select", "load", "store", "global_get",
    "global_get_import", "global_set", "global_set_import", "set_loop", "enter", "spill", "reload",
})  # fmt: skip
"""Families that the first cell may be of: those after which the next cell always follows."""

SECOND: Final = FIRST | {
    "branch", "branch_loop", "branch_test", "branch_test_loop", "step_branch", "step_branch_loop", "step_branch_test",
    "step_branch_test_loop", "late_branch", "late_branch_loop", "jump", "jump_loop", "branch_frame",
    "branch_test_frame", "step_branch_frame", "step_branch_test_frame", "late_branch_frame", "jump_frame", "br_table",
    "return",
    "return_value", "call", "call_indirect", "call_ref",
}  # fmt: skip

Pair = tuple[Placed, Placed]

_BY_NAME: Final = {row.name: row for row in ROWS}
_NUMBERS: Final = {placed: number for number, placed in enumerate(handlers())}
_OF_SOME_PINS: Final = ("enter_", "spill_", "reload_")
"""Instructions that are named after pins: with fewer of them they do not exist, and neither do their pairs."""


def _exists(node: Node) -> bool:
    """Whether there are all the instructions of an expression."""
    return node.row in _BY_NAME and all(_exists(operand) for operand in node.operands if isinstance(operand, Node))


def _parse_half(text: str, families: frozenset[str]) -> tuple[Row, str] | None:
    """A cell's row and the letters of its sources and destination; None if there is no such tree, or no such pins."""
    text = text.strip()
    alone = re.fullmatch(r"(\w+)(?:\(\))?(?: *-> *([aps]))?", text)  # without operands
    pattern = Pattern(Node(alone[1], ()), alone[2] or NO_RESULT) if alone else parse(text)
    row = _BY_NAME.get(pattern.root.row_name())
    if row is None and (_exists(pattern.root) or text.startswith(_OF_SOME_PINS)):
        return None
    letters = "".join((*pattern.root.leaves(), pattern.destinations))
    if row is None or row.family not in families:
        raise PatternError(f"{text!r} is no instruction that a pair may have in this place")
    if len(letters) != len(row.sources) + 1 or not set(letters) <= set(PLACES):
        raise PatternError(f"{text!r}: each operand must have one place")
    return row, letters


def place(row: Row, letters: str, pins: Iterator[int]) -> Placed:
    """The row with its sources and its destination in these places; of those in pins `pins` has the registers."""
    forms = [PIN + next(pins) if letter == "p" else PLACES[letter][0] for letter in letters]
    sources, at = forms[:-1], row.shape.mirrored
    if not in_order(tuple(sources), at):
        sources[at - 1], sources[at] = sources[at], sources[at - 1]
    return row, forms[-1], tuple(sources)


def expand_pair(line: str) -> Iterator[Pair]:
    """The pairs that a line stands for. Raises PatternError if it is none."""
    text, _, digits = line.partition(":")
    halves = text.split(";")
    if len(halves) != 2:
        raise PatternError(f"{text!r} is no pair")
    first, second = _parse_half(halves[0], FIRST), _parse_half(halves[1], SECOND)
    if first is None or second is None:
        return
    count = (first[1] + second[1]).count("p")
    for assignment in _listed(digits, count) or product(range(PINS), repeat=count):
        pins = iter(assignment)
        pair = place(*first, pins), place(*second, pins)
        if all(placed in _NUMBERS for placed in pair):  # the tree may be missing in these places
            yield pair


def _with_kin(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """The same, and where the second cell goes back to a loop also with what does so in metered code, where it goes to
    a label also with what goes to the frame's loop."""
    for first, second in pairs:
        yield first, second
        if second[0].name == "brl":
            yield from ((first, (row, *second[1:])) for row in PAID_LOOPS)
        elif (name := paying(second[0].name)) in _BY_NAME and name != second[0].name:
            yield first, (_BY_NAME[name], *second[1:])
        elif (name := framed(second[0].name)) in _BY_NAME and name != second[0].name:
            yield first, (_BY_NAME[name], *second[1:])


def _listed(digits: str, count: int) -> list[tuple[int, ...]]:
    """The registers that digits name, without those that this machine has not."""
    words = digits.split()
    if any(not re.fullmatch(f"[0-{MOST_PINS - 1}]{{{count}}}", word) for word in words):
        raise PatternError(f"{digits.strip()!r}: {count} operands are in pins, with numbers below {MOST_PINS}")
    return [tuple(map(int, word)) for word in words]


def _read_pairs(name: str, text: str) -> list[Pair]:
    """The pairs of a selection, each once. Raises PatternError, which names file and line."""
    pairs: dict[Pair, None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition("#")[0].strip()
        if ";" in content:
            try:
                pairs.update(dict.fromkeys(_with_kin(expand_pair(content))))
            except PatternError as error:
                raise PatternError(f"{name}:{number}: {error}") from None
    return list(pairs)


_TICK: Final[Placed] = TICK, int(NOWHERE), ()
_LEADING: Final = ("enter", "set_loop", "move", "reload") if ROOMY else ()
_PAYING: Final = [(placed, _TICK) for placed in _NUMBERS if placed[0].family in _LEADING]
"""What metered functions begin with, and what leads to a label: much the same in all programs, and not on a watch."""

LISTED: Final = list(dict.fromkeys([*_read_pairs(chosen().source, chosen().patterns if PINS != 0 else ""), *_PAYING]))
"""In the order of the selection. Machines without pins are small ones: they have no room for pairs."""

# Where the translator finds them: sorted by a hash of two handlers' numbers, with an index by its upper bits
HASH_FACTOR: Final = 0x9E37_79B1  # 2^32 divided by the golden ratio; as it is odd, two keys never have the same hash
PAIR_BITS: Final = max(len(LISTED).bit_length(), 1)
"""So many that most searches end where they begin."""

NO_PAIR: Final = u32(0xFFFF)
_LAST: Final = 0xFFFF_FFFF


@kernel(inline=True)
def pair_hash(first: u32, second: u32) -> u32:
    """By the numbers of the handlers that two neighbouring cells would name."""
    return (first | second << 16) * HASH_FACTOR


def _hash(pair: tuple[Placed, Placed]) -> int:
    """`pair_hash` for numbers of Python's, of which there are thousands at each start."""
    first, second = (_NUMBERS[placed] for placed in pair)
    return (first | second << 16) * HASH_FACTOR & _LAST


PAIRS: Final = sorted(LISTED, key=_hash)
PAIR_COUNT: Final = len(PAIRS)
ALL_HANDLERS: Final = HANDLER_COUNT + PAIR_COUNT
"""Handlers of rows, then those of pairs."""

_HASHES: Final = [*map(_hash, PAIRS), _LAST]
PAIR_HASHES = table(u32, _HASHES)
FIRST_PAIR = table(u16, [bisect_left(_HASHES, start << 32 - PAIR_BITS) for start in range(1 << PAIR_BITS)])
"""By the upper bits of a hash: where to begin."""


def named_by(handler: int) -> Placed:
    """The cell that names a handler: of a pair, the first one."""
    return forms_of(handler) if handler < HANDLER_COUNT else PAIRS[handler - HANDLER_COUNT][0]


MOST_HANDLERS: Final = min(int(NO_PAIR) - 1, (_LAST * pow(HASH_FACTOR, -1, 1 << 32) & _LAST) >> 16)
"""So many can have numbers, if the last hash is to be that of no pair."""

assert ALL_HANDLERS <= MOST_HANDLERS
