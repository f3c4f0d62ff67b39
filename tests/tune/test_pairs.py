"""The notation of pairs, and choosing them."""

import pytest

from fusee.disasm.cells import CodeCell
from fusee.engine.isa.forms import PIN, PLACES
from fusee.engine.isa.order import ORDER, name_of, numbered, read_order
from fusee.engine.isa.pairs import PAIRS, expand_pair
from fusee.engine.isa.row import cell
from fusee.engine.isa.selection import chosen
from fusee.engine.isa.table import ROWS, Placed, handlers
from fusee.engine.isa.trees import PatternError
from fusee.tune.pairs import choose_pairs, pair_lines

BY_NAME = {row.name: row for row in ROWS}
(ACC,), (SLOT,), (NOWHERE,) = PLACES["a"], PLACES["s"], PLACES["-"]
MOVE: Placed = (BY_NAME["mov"], SLOT, (PIN + 1,))
LOAD: Placed = (BY_NAME["load32_u"], ACC, (SLOT,))
RETURN: Placed = (BY_NAME["return"], NOWHERE, ())


def code_cell(placed: Placed) -> CodeCell:
    return CodeCell(0, 0, *placed, cell(*placed, pointer_bytes=8))


def test_digits_choose_pins() -> None:
    assert list(expand_pair("mov(p) -> s; load32_u(s) -> a: 1")) == [(MOVE, LOAD)]
    assert len(list(expand_pair("mov(p) -> s; mov(p) -> s"))) == 16


def test_what_has_no_operands() -> None:
    assert list(expand_pair("load32_u(s) -> a; return")) == [(LOAD, RETURN)]


def test_a_call_follows_its_last_argument_and_ends_the_pair() -> None:
    assert len(list(expand_pair("mov(s) -> s; call()"))) == 1
    assert len(list(expand_pair("mov(p) -> s; call_indirect(a)"))) == 4
    with pytest.raises(PatternError, match="is no instruction that a pair may have"):
        list(expand_pair("call(); mov(a) -> s"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("mov(s) -> s", "is no pair"),
        ("return; mov(s) -> s", "is no instruction that a pair may have"),
        ("mov(ps) -> s; mov(s) -> s", "one place"),
        ("mov(p) -> s; mov(s) -> s: 12", "1 operands are in pins"),
        ("mov(p) -> s; mov(s) -> s: 4", "numbers below 4"),
        ("mov(p) -> s; mov(s) -> s: x", "1 operands are in pins"),
        ("add(s, mull(s, s)) -> a; mov(s) -> s", "is no instruction that a pair may have"),
    ],
)
def test_errors(line: str, message: str) -> None:
    with pytest.raises(PatternError, match=message):
        list(expand_pair(line))


def test_the_pair_that_saves_most_is_chosen_and_reads_back() -> None:
    blocks = [([code_cell(MOVE), code_cell(LOAD), code_cell(RETURN)], 0.1), ([code_cell(LOAD), code_cell(RETURN)], 0.2)]
    ((pair, saved),) = choose_pairs(blocks, 1)
    assert pair == (LOAD, RETURN)
    assert saved == pytest.approx(0.3)
    (line,) = pair_lines([(pair, saved)])
    assert list(expand_pair(line.partition("#")[0])) == [(LOAD, RETURN)]


def test_each_pair_exists_once() -> None:
    assert len(set(PAIRS)) == len(PAIRS) > 0


def test_every_handler_has_a_name_of_its_own() -> None:
    cells = [*((placed,) for placed in handlers()), *PAIRS]
    assert len({name_of(*placed) for placed in cells}) == len(cells)


def test_handlers_lie_together_in_the_order_of_the_selection() -> None:
    names = list(read_order(chosen().patterns))
    assert len(names) > 500
    cells = [*((placed,) for placed in handlers()), *PAIRS]
    assert [name_of(*cells[number]) for number in ORDER] == names
    assert numbered(["mov_s_s  no", names[1], "add_r9_a_a", names[0], names[1]]) == [ORDER[1], ORDER[0]]
