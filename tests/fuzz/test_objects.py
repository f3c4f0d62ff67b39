"""Random programs with objects and exceptions do what they do under wasmtime, however often the collector works.

To look for more: `python -m tests.fuzz.compare objects FIRST COUNT --checked --stress 3`.
"""

import pytest

import fusee
from tests.fuzz.compare import difference, oracle, variants
from tests.fuzz.observe import observe

wasmtime = pytest.importorskip("wasmtime", reason="the oracle: pip install wasmtime")
SEEDS = range(30)


@pytest.fixture(scope="module")
def expected() -> dict[int, list[str]]:
    other = oracle()
    return {seed: observe(wasmtime, other, variants("objects", seed)[0], together=True) for seed in SEEDS}


def test_most_programs_end_without_a_trap(expected: dict[int, list[str]]) -> None:
    assert sum("trap" not in seen[0] for seen in expected.values()) > len(SEEDS) // 2


@pytest.mark.parametrize(("checked", "stress"), [(False, 0), (False, 2), (True, 1), (True, 7)])
def test_programs_with_objects(expected: dict[int, list[str]], checked: bool, stress: int) -> None:
    config = fusee.Config()
    config.checked = checked
    engine = fusee.Engine(config)
    found = {
        seed: difference(engine, variants("objects", seed), seen, together=True, stress=stress)
        for seed, seen in expected.items()
    }
    assert {seed: pairs for seed, pairs in found.items() if pairs} == {}
