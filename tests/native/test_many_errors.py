"""Functions of which very many places raise: the same trap at the same place, and compiled to the end."""

from typing import Any

import pytest

from fusee import Engine, Instance, Module, Store, Trap, WasmException
from fusee.api.text import wat2wasm
from fusee.kernel.target import Target
from fusee.native import function
from fusee.native.compile import Compiler, plan
from fusee.native.joining import MOST_JOINED
from fusee.native.unit import Options
from tests.native.parts import natively

COUNT = MOST_JOINED + 20
STEPS = (
    "(i32.trunc_f64_s (select (f64.const nan) (local.get 1) {here}))",
    "(i32.trunc_f64_u (select (f64.const 1e30) (local.get 1) {here}))",
    "(i32.wrap_i64 (i64.trunc_f32_s (select (f32.const inf) (f32.demote_f64 (local.get 1)) {here})))",
    "(i32.div_s (i32.const {number}) (select (i32.const 0) (i32.const 3) {here}))",
    "(i32.div_s (i32.const 0x80000000) (select (i32.const -1) (i32.const 5) {here}))",
    "(i32.wrap_i64 (i64.rem_u (i64.const {number}) (select (i64.const 0) (i64.const 7) {here})))",
)  # fmt: skip


def computing(count: int) -> str:
    """Steps of which each raises if its number is given."""
    steps = "".join(
        f"(local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) {STEPS[number % len(STEPS)]}))".format(
            here=f"(i32.eq (local.get 0) (i32.const {number}))", number=number
        )
        for number in range(count)
    )
    return f'(module (func (export "f") (param i32 f64) (result i32) (local $sum i32) {steps} (local.get $sum)))'


def calling(count: int) -> str:
    """Calls of which each throws if its number is given, in a block that catches that, and without."""
    called = "(local.set 2 (i32.const {0})) (call $g (i32.eq (local.get 0) (i32.const {0})))"
    calls = "".join(map(called.format, range(count)))
    return f"""(module (tag $t)
      (func $g (param i32) (if (local.get 0) (then (throw $t))))
      (func (export "plain") (param i32 f64) (result i32) (local i32) {calls} (local.get 2))
      (func (export "f") (param i32 f64) (result i32) (local i32)
        (block $caught (try_table (catch $t $caught) {calls} (return (i32.const -1))))
        (i32.mul (local.get 2) (i32.const 3))))"""


def outcome(store: Store, called: Any, number: int) -> Any:
    try:
        return called(store, number, 12.75)
    except Trap as trap:
        return trap.trap_code, [(frame.func_index, frame.module_offset) for frame in trap.frames]
    except Exception as error:
        return type(error)


def outcomes(text: str, numbers: list[int], *names: str) -> list[Any]:
    store = Store(Engine())
    exports: Any = Instance(store, Module(store.engine, text), []).exports(store)
    return [outcome(store, exports[name], number) for name in names for number in numbers]


@pytest.mark.parametrize("most_inlined", [function._MOST_INLINED, 50])
def test_what_traps_in_many_places(most_inlined: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer are inlined; more call a function for each kind."""
    monkeypatch.setattr(function, "_MOST_INLINED", most_inlined)
    text = computing(COUNT)
    numbers = [-1, *range(12), *range(MOST_JOINED - 1, MOST_JOINED + 6), COUNT - 1]
    expected = outcomes(text, numbers, "f")
    with natively("all") as part:
        assert outcomes(text, numbers, "f") == expected
    assert (part.native, part.reasons) == (1, {})
    assert isinstance(expected[0], int) and len({found[1][0] for found in expected[1:]}) == len(numbers) - 1
    written = Compiler(plan(bytes(wat2wasm(text))), Options(Target.host())).text(0)
    assert ('@"apart.i32.trunc_f64_s"' in written) == (most_inlined < COUNT)
    assert most_joined(written) <= MOST_JOINED


def test_nothing_is_too_much() -> None:
    assert plan(bytes(wat2wasm(computing(2000)))).reasons == {}


def most_joined(text: str) -> int:
    """From how many blocks an error comes to another."""
    return max(line.count("[") for line in text.splitlines() if " phi i32 " in line)


def test_what_throws_in_many_places() -> None:
    text = calling(COUNT)
    numbers = [-1, 0, *range(MOST_JOINED - 2, MOST_JOINED + 3), COUNT - 1]
    expected = outcomes(text, numbers, "f", "plain")
    with natively("all") as part:
        assert outcomes(text, numbers, "f", "plain") == expected
    assert part.native == 3
    assert expected[1 : len(numbers)] == [3 * number for number in numbers[1:]]
    assert expected[len(numbers) + 1 :] == [WasmException] * (len(numbers) - 1)
    assert most_joined(Compiler(plan(bytes(wat2wasm(text))), Options(Target.host())).text(0)) <= MOST_JOINED + 1
