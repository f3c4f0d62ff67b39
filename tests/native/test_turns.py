"""Which loops look only now and then whether the guest shall pause."""

from typing import Final

import pytest

from fusee.api.text import wat2wasm
from fusee.kernel.target import Target
from fusee.native.compile import Compiler, Options, plan
from fusee.native.function import FunctionCompiler
from fusee.native.turns import MOST_LOOPS

_TURN: Final = "(br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))"
_NOTHING: Final = "(drop (i32.load (i32.const 0)))"


def counted(body: str, options: Options) -> int:
    """How many loops of a function count their turns."""
    text = f"(module (memory 1) (func $f (param i32) {body}) (func $g))"
    compiler = Compiler(plan(bytes(wat2wasm(text))), options)
    unit = compiler.new_unit()
    unit.begin([0])
    return len(FunctionCompiler(unit, 0).counted)


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (f"(loop {_TURN})", 1),
        (f"(loop (loop {_TURN}) {_TURN})", 1),
        (f"(loop (if (local.get 0) (then (br 1))) (loop {_TURN}) (loop {_TURN}))", 2),
        (f"(loop (call $g) {_TURN})", 0),
        (f"(loop (if (local.get 0) (then (call $g))) {_TURN})", 0),
        (f"(loop {_TURN} (memory.fill (i32.const 0) (i32.const 0) (i32.const 1)))", 0),
        (f"(call $g) (loop {_TURN}) (call $g)", 1),
        (f"(loop {_NOTHING * 300} {_TURN})", 0),
        (f"(loop {_TURN})" * MOST_LOOPS, MOST_LOOPS),
        (f"(loop {_TURN})" * (MOST_LOOPS + 1), 0),
    ],
)
def test_it_is_short_and_calls_nothing(body: str, count: int) -> None:
    assert counted(body, Options(Target.host())) == count
    assert counted(body, Options(Target.host(), is_metered=True)) == 0
    assert counted(body, Options(Target.host(), polls=False)) == 0
