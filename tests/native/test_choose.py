"""Which functions get native code."""

import pytest

from fusee.api.text import wat2wasm
from fusee.native.budget import EVERYTHING, Budget
from fusee.native.choose import candidates, choose

MODULE = bytes(
    wat2wasm("""
(module
  (import "env" "host" (func))
  (func $once (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop))
  (func $loop (loop (nop) (nop)))
  (func $nested (loop (loop (nop))))
  (func $tail (loop (loop (loop (return_call $once))))))""")
)
ONCE, LOOP, NESTED, TAIL = range(1, 5)


def test_loops_are_hot() -> None:
    found = candidates(MODULE)
    assert [candidate.index for candidate in found] == [TAIL, NESTED, LOOP, ONCE]
    assert sum(candidate.weight for candidate in found) == pytest.approx(1)
    assert [candidate.index for candidate in found if candidate.reason] == []


def test_counted_executions_decide() -> None:
    found = candidates(MODULE, {ONCE: 900, LOOP: 80, NESTED: 20})
    assert [candidate.index for candidate in found] == [ONCE, LOOP, NESTED, TAIL]
    assert [candidate.weight for candidate in found] == pytest.approx([0.9, 0.08, 0.02, 0])
    assert choose(found, Budget(share=0.5), 2) == [ONCE]
    assert choose(found, Budget(share=0.95), 2) == [ONCE, LOOP]
    assert choose(found, Budget(share=0.99), 2) == [ONCE, LOOP, NESTED]


def test_a_budget_of_bytes() -> None:
    found = candidates(MODULE, {ONCE: 900, LOOP: 80, NESTED: 20})
    sizes = {candidate.index: candidate.size for candidate in found}
    assert choose(found, Budget(bytes=0), 2) == []
    assert choose(found, Budget(bytes=2 * sizes[ONCE]), 2) == [ONCE]
    assert choose(found, Budget(bytes=2 * sizes[ONCE] - 1), 2) == [LOOP]  # what is too large is left out


def test_everything() -> None:
    found = candidates(MODULE, {ONCE: 1})
    possible = sorted(candidate.index for candidate in found if not candidate.reason)
    assert choose(found, EVERYTHING, 2) == possible
    assert set(possible) >= {ONCE, LOOP, NESTED}
