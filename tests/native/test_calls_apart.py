"""Functions with very many calls, which are not inlined: each gives, raises and changes the same."""

from typing import Any

import pytest

from fusee import Config, Engine, Func, FuncType, Instance, Module, Store, Trap, ValType, WasmException
from fusee.api.text import wat2wasm
from fusee.kernel.target import Target
from fusee.native import calls, function
from fusee.native.calls_apart import MOST_CALLS
from fusee.native.compile import Compiler, plan
from fusee.native.joining import MOST_JOINED
from fusee.native.unit import Options
from tests.native.parts import natively

COUNT = MOST_JOINED + 6
ELEMENTS = range(-1, 8)
SITES = (0, 1, 63, COUNT - 1)
TABLE = "(call_indirect $all (type $t) (local.get 2) (i32.const {0}) {which})"
REFERENCE = "(call_ref $t (local.get 2) (i32.const {0}) (table.get $typed {which}))"
IMPORT = "(call $import (local.get 2) (select (i32.const -1) (i32.const {0}) (i32.eq {which} (i32.const 7))))"
DIRECT = "(call $own (local.get 2) (select (i32.const -1) (i32.const {0}) (i32.eq {which} (i32.const 7))))"
HERE = "(select (local.get 1) (i32.const 1) (i32.eq (local.get 0) (i32.const {0})))"


def module(call: str, count: int = COUNT) -> str:
    """`f` and `caught`: calls of element 1, and of the element that is the second parameter at the site that is the
    first; the sum of all results, and how large the memory is behind each."""
    step = f"(local.set 2 {call.replace('{which}', HERE)}) (local.set 2 (i32.add (local.get 2) (memory.size)))"
    steps = "".join(step.format(number) for number in range(count))
    return f"""(module
      (type $t (func (param i32 i32) (result i32)))
      (type $wide (func (param i32 f32 v128) (result v128 i32 f64)))
      (import "m" "f" (func $import (type $t)))
      (memory 1) (tag $thrown (param i32))
      (table $all (export "all") 8 funcref) (table $typed (export "typed") 8 (ref null $t))
      (elem (table $all) (i32.const 1) func $plain $trapping $throwing $growing $leaving $other $import)
      (elem (table $typed) (i32.const 1) (ref null $t) (ref.func $plain) (ref.func $trapping) (ref.func $throwing)
        (ref.func $growing) (ref.func $leaving) (ref.null $t) (ref.func $import))
      (func $plain (type $t) (i32.add (i32.mul (local.get 0) (i32.const 3)) (local.get 1)))
      (func $trapping (type $t) (i32.div_u (local.get 0) (i32.const 0)))
      (func $throwing (type $t) (throw $thrown (local.get 1)))
      (func $growing (type $t) (memory.grow (i32.const 1)))
      (func $leaving (type $t) (return_call $import (local.get 1) (local.get 0)))
      (func $own (type $t) (loop (br_if 0 (i32.eqz (i32.or (local.get 1) (memory.grow (i32.const 0))))))
        (i32.add (local.get 1) (i32.div_s (i32.const 77) (i32.add (local.get 1) (i32.const 1)))))
      (func $other (type $wide) (local.get 2) (local.get 0) (f64.promote_f32 (local.get 1)))
      (func (export "f") (param i32 i32) (result i32) (local i32) {steps} (local.get 2))
      (func (export "caught") (param i32 i32) (result i32) (local i32)
        (block $out (result i32) (try_table (catch $thrown $out) {steps}) (return (local.get 2)))
        (i32.sub (i32.mul (local.get 2) (i32.const 1000)))))"""


def host(number: int, other: int) -> int:
    if other == -1:
        raise ValueError
    return (number ^ other) & 0xFFFF


def outcome(store: Store, called: Any, *operands: Any) -> Any:
    try:
        return called(store, *operands)
    except Trap as trap:
        return trap.trap_code, [(frame.func_index, frame.module_offset) for frame in trap.frames]
    except (WasmException, ValueError) as error:
        return type(error)


def outcomes(text: str, is_metered: bool) -> list[Any]:
    config = Config()
    config.consume_fuel = is_metered
    store = Store(Engine(config))
    if is_metered:
        store.set_fuel(100_000_000)
    imported = Func(store, FuncType([ValType.i32()] * 2, [ValType.i32()]), host)
    exports: Any = Instance(store, Module(store.engine, text), [imported]).exports(store)
    found = []
    for name in ("f", "caught"):
        for site in SITES:
            for element in ELEMENTS:
                found.append(outcome(store, exports[name], site, element))
                found.append(store.get_fuel() if is_metered else 0)
    return found


@pytest.mark.parametrize("is_metered", [False, True])
@pytest.mark.parametrize("call", [TABLE, REFERENCE, IMPORT, DIRECT], ids=["table", "reference", "import", "direct"])
def test_what_is_called(call: str, is_metered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function, "MOST_CALLS", COUNT - 1)
    monkeypatch.setattr(calls, "MOST_INLINED", COUNT // 2)
    text = module(call)
    expected = outcomes(text, is_metered)
    assert len({str(one) for one in expected}) > 2
    for part in ("all", "half:3"):
        with natively(part) as counted:
            assert outcomes(text, is_metered) == expected
        assert counted.native


@pytest.mark.parametrize("call", [TABLE, REFERENCE, IMPORT], ids=["table", "reference", "import"])
def test_only_very_many_are_not_inlined(call: str) -> None:
    """A call's text is short then, and what it does is written once."""

    def written(count: int) -> str:
        return Compiler(plan(bytes(wat2wasm(module(call, count)))), Options(Target.host())).text(0)

    few, many = written(MOST_CALLS), written(MOST_CALLS + 1)
    assert '@"call.' not in few
    assert many.count('= call {i64, i32} @"call.') == 2 * (MOST_CALLS + 1)
    assert many.count('define internal {i64, i32} @"call.') == 1
    assert many.count("\n") < few.count("\n") * 2 / 3


def test_of_those_by_symbol_the_first_may_be_inlined() -> None:
    """In each of the two functions that have so many."""

    def called(count: int) -> list[bool]:
        lines = Compiler(plan(bytes(wat2wasm(module(DIRECT, count)))), Options(Target.host())).text(0).splitlines()
        found = [line.endswith(" noinline") for line in lines if " = call " in line and 'f6"(' in line]
        assert len(found) == 2 * count
        return found

    assert not any(called(calls.MOST_INLINED))
    assert called(calls.MOST_INLINED + 2) == 2 * [*[False] * calls.MOST_INLINED, True, True]


WIDE = f"""(module
  (type $wide (func (param i32 f32 v128 i64) (result v128 i32 f64)))
  (table (export "t") 2 funcref) (elem (i32.const 1) $wide)
  (func $wide (type $wide) (i64x2.splat (local.get 3)) (i32.mul (local.get 0) (i32.const 5))
    (f64.promote_f32 (local.get 1)))
  (func (export "f") (param i32 i32) (result i64 i32 f64) (local v128 i32 f64)
    {
    "".join(
        f'''(call_indirect (type $wide) (i32.const {number}) (f32.const {number}.5) (local.get 2)
      (i64.const {number}) (local.get 1)) (local.set 4) (local.set 3) (local.set 2)'''
        for number in range(COUNT)
    )
}
    (i64x2.extract_lane 1 (local.get 2)) (local.get 3) (local.get 4)))"""


@pytest.mark.parametrize("part", ["none", "all", "second"])
def test_results_of_all_kinds(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function, "MOST_CALLS", COUNT - 1)
    with natively(part):
        store = Store(Engine())
        exports: Any = Instance(store, Module(store.engine, WIDE), []).exports(store)
        last = COUNT - 1
        assert outcome(store, exports["f"], 0, 1) == [last, 5 * last, last + 0.5]
        code, frames = outcome(store, exports["f"], 0, 0)
        assert code.name == "INDIRECT_CALL_TO_NULL" and [index for index, _ in frames] == [1]
