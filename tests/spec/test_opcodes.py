"""The opcode table agrees with itself."""

import pytest

from fusee.spec import atomic_opcodes, opcodes, relaxed_opcodes, vector_opcodes
from fusee.spec.features import ALL_FEATURES
from fusee.spec.op import BY_MNEMONIC, INDEX_BASE, INDEX_COUNT, INDEX_LIMIT, Imm, Op, op, rows

ROWS = list(rows())
FILES = (opcodes, vector_opcodes, relaxed_opcodes, atomic_opcodes)
COMPARISONS = [row for row in ROWS if row.negated or row.mirrored]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_row(row: Op) -> None:
    assert [row] == [vars(file)[row.name] for file in FILES if row.name in vars(file)]
    assert row.mnemonic == "select_t" or BY_MNEMONIC[row.mnemonic] is row
    assert row.prefix == 0 or row.code & 0xFFF < INDEX_LIMIT[row.prefix]
    assert (row.width > 0) == (Imm.MEMARG in row.immediates)
    assert (row.lanes > 0) == (Imm.LANE in row.immediates or Imm.LANES in row.immediates)
    assert row.feature in ALL_FEATURES
    if row.commutes:
        assert row.params is not None
        assert len(row.params) == 2
        assert row.params[0] == row.params[1]


@pytest.mark.parametrize("row", COMPARISONS, ids=lambda row: row.mnemonic)
def test_comparisons_come_in_pairs(row: Op) -> None:
    if row.negated:
        assert BY_MNEMONIC[row.negated].negated == row.mnemonic
    if row.mirrored:
        assert BY_MNEMONIC[row.mirrored].mirrored == row.mnemonic


def test_prefixes_do_not_overlap() -> None:
    ends = [base + INDEX_LIMIT[prefix] for prefix, base in INDEX_BASE.items()]
    assert [0x100, *ends] == [*INDEX_BASE.values(), INDEX_COUNT]


def test_number_of_instructions() -> None:
    """Of the core specification, by prefix; the older exceptions, atomics and wide arithmetic are proposals."""
    counts = {prefix: sum(row.prefix == prefix for row in ROWS) for prefix in (0, *INDEX_BASE)}
    assert counts == {0: 199, 0xFB: 31, 0xFC: 22, 0xFD: 256, 0xFE: 67}


def test_an_opcode_is_given_once() -> None:
    with pytest.raises(ValueError, match=r"i32\.add2: the mnemonic or the opcode is taken"):
        op(0x6A, "i32.add2", "i32 i32 -> i32")


def test_signatures_are_checked() -> None:
    with pytest.raises(ValueError, match="not a signature: 'i32 i33'"):
        op(0xF0, "nonsense", "i32 i33")
