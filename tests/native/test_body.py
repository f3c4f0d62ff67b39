"""Bodies are read once for who looks at them and who compiles them, and not all are kept."""

from fusee.api.text import wat2wasm
from fusee.kernel.target import Target
from fusee.native import body
from fusee.native.body import body_of
from fusee.native.compile import Compiler, plan
from fusee.native.sections import read_module
from fusee.native.unit import Options

FUNCTIONS = 40
ADDITIONS = 400

_FUNCTION = "(func (param i32) (result i32) (local i64 f32) (local i64) (local.get 0) {})"
MODULE = f"(module {_FUNCTION.format('(i32.add (i32.const 1))' * ADDITIONS) * FUNCTIONS})"


def test_what_a_body_says() -> None:
    text = '(module (import "" "" (func)) (func (param i32) (local i64 i64 f32) (drop (i32.const -3)) (br 0)))'
    found = body_of(read_module(bytes(wat2wasm(text))), 1)
    assert found.groups == [(2, 0x7E), (1, 0x7D)]
    read = [(op.mnemonic, immediates, offset - found.start) for op, immediates, offset in found.instructions]
    assert read == [("i32.const", (-3,), 0), ("drop", (), 2), ("br", (0,), 3), ("end", (), 5)]


def test_a_body_that_was_looked_at_is_not_read_again() -> None:
    the_plan = plan(bytes(wat2wasm(MODULE)), [3])
    looked_at = body_of(the_plan.module, 3)
    text = Compiler(the_plan, Options(Target.host())).text(0)
    assert "native.f3" in text
    assert body_of(the_plan.module, 3) is looked_at


def test_of_a_long_module_a_few_are_kept() -> None:
    module = plan(bytes(wat2wasm(MODULE))).module
    kept = [len(read.instructions) for read in module.read.kept.values()]
    assert max(kept) < sum(kept) <= body.MOST_KEPT + max(kept) < 2 * ADDITIONS * FUNCTIONS
