"""Long chains of arithmetic, of which each step is in a block of its own: LLVM would move all down again with each."""

import random

import pytest
from wasmtime import wat2wasm

from fusee.kernel.target import Target
from fusee.native.compile import Compiler, Options, plan
from fusee.native.known import MOST_STEPS
from tests.native.parts import natively
from tests.native.test_many_errors import outcomes

COUNT = 3 * MOST_STEPS
BYTES = 16 * COUNT + 64
DATA = "".join(f"\\{byte:02x}" for byte in random.Random(1).randbytes(BYTES))


def computing(kind: str, result: str, body: str) -> str:
    return f"""(module (memory 1) (data (i32.const 0) "{DATA}")
      (func (export "f") (param i32 f64) (result i32) (local {kind}) {body} {result}))"""


def in_a_local(step: str, kind: str = "i32", result: str = "(local.get 2)", count: int = COUNT) -> str:
    """A step has what there was before, {x}, and something from memory, {at}."""
    places = [f"offset={16 * number} (local.get 0)" for number in range(count)]
    steps = "".join(f"(local.set 2 {step.format(x='(local.get 2)', at=at)})" for at in places)
    return computing(kind, result, steps)


def on_the_stack(count: int) -> str:
    """A sum without a local."""
    loads = "".join(f"(i32.load offset={16 * number} (local.get 0)))" for number in range(count))
    return computing("i32", "", f"{'(i32.add' * count} (local.get 0) {loads}")


def opaque_values(text: str) -> int:
    return Compiler(plan(bytes(wat2wasm(text))), Options(Target.host())).text(0).count(' asm "", ')


_LANE = "(i32x4.extract_lane 1 (local.get 2))"


@pytest.mark.parametrize(
    "text",
    [
        in_a_local("(i32.add {x} (i32.load {at}))"),
        in_a_local("(i32.add (i32.mul {x} (i32.const 31)) (i32.load {at}))"),
        in_a_local("(i64.xor (i64.rotl {x} (i64.const 5)) (i64.load {at}))", "i64", "(i32.wrap_i64 (local.get 2))"),
        in_a_local("(i32.lt_s {x} (i32.load {at}))"),
        in_a_local("(select (i32.add {x} (i32.const 31)) {x} (i32.load {at}))"),
        in_a_local("(f64.lt (f64.convert_i32_s {x}) (f64.load {at}))"),
        in_a_local("(i16x8.min_s {x} (v128.load {at}))", "v128", _LANE),
        in_a_local("(i32x4.replace_lane 1 {x} (i32.xor (i32x4.extract_lane 1 {x}) (i32.load {at})))", "v128", _LANE),
        in_a_local(f"(i8x16.shuffle {' '.join(map(str, range(3, 19)))} {{x}} (v128.load {{at}}))", "v128", _LANE),
        on_the_stack(COUNT),
    ],
    ids=["sum", "hash", "rotation", "comparison", "selection", "conversion", "least", "lane", "shuffle", "stack"],
)
def test_a_chain(text: str) -> None:
    """It is divided, and the same comes out."""
    numbers = [0, 1, 2, 3, 60, 1000, 65536 - 16 * COUNT, 65537, -1]
    expected = outcomes(text, numbers, "f")
    assert len({str(one) for one in expected}) > 2
    with natively("all") as part:
        assert outcomes(text, numbers, "f") == expected
    assert part.native == 1
    loads = "".join(f"(drop (i32.load offset={16 * number} (local.get 0)))" for number in range(COUNT))
    bare = computing("i32", "(local.get 2)", loads)  # its address is read as often
    assert opaque_values(text) >= opaque_values(bare) + COUNT // MOST_STEPS - 1


def test_what_is_shorter_is_left_alone() -> None:
    assert opaque_values(in_a_local("(i32.add {x} (i32.load {at}))", count=MOST_STEPS - 1)) == 0


def test_what_counts_in_many_loops_is_left_alone() -> None:
    """LLVM knows how often each goes round."""
    loops = "".join(
        f"""(loop $next (local.set 2 (i32.add (local.get 2) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get 2) (i32.const {3 * number}))))"""
        for number in range(2 * MOST_STEPS)
    )
    assert opaque_values(computing("i32", "(local.get 2)", loops)) == 0
