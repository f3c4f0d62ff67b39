"""Random modules that reach for the ends of their memories do the same in each mode."""

import pytest

from tests.native.modes import MODES, differences, interpreted
from tests.native.reaching import make_reaching

FIRST = 900


@pytest.mark.parametrize("number", range(len(MODES)), ids=list(MODES))
def test_random_modules(number: int) -> None:
    """`python -m tests.native.modes` runs any number."""
    wasm, is_metered = make_reaching(FIRST + number), number % 3 == 1
    expected = interpreted(wasm, is_metered)
    assert differences(wasm, list(MODES)[number], is_metered, expected) == []


def test_what_they_come_to() -> None:
    """The same module has the same bytes each time; about as many calls come back as trap behind a memory's end."""
    calls = [line for seed in range(FIRST, FIRST + 10) for line in interpreted(make_reaching(seed), False)]
    trapped = sum("MEMORY_OUT_OF_BOUNDS" in line for line in calls)
    assert make_reaching(FIRST) == make_reaching(FIRST)
    assert 0.2 < trapped / len(calls) < 0.8
    assert sum("trap" not in line for line in calls) > 0.2 * len(calls)
