"""Sparse tables in one array."""

import random

from fusee.engine.isa.comb import KEYS, Comb


def test_a_table_has_its_own_keys_and_no_others() -> None:
    choose = random.Random(7)
    sizes = (0, 1, 1, 1, 3, 20, 90) * 60
    tables = [{key: choose.randrange(1000) for key in choose.sample(range(KEYS), size)} for size in sizes]
    comb = Comb(tables)
    for start, table in zip(comb.starts, tables, strict=True):
        found = {key: comb.values[start + key] for key in range(KEYS) if comb.keys[start + key] == key}
        assert found == table


def test_tables_lie_in_one_anothers_gaps() -> None:
    comb = Comb([{0: 1, 2: 2}, {0: 3, 2: 4}, {0: 5}])
    assert comb.values == [1, 3, 2, 4, 5]


def test_without_tables_there_is_nothing() -> None:
    assert Comb([]).starts == []
