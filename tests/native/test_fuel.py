"""Native code pays what interpreted code pays, at the same places."""

from typing import Any, Final

import pytest

import fusee
from fusee import Module, Store, Trap, TrapCode
from fusee.native import host
from fusee.native.code import Kept
from tests.api.fuelcosts import EXACT, PLENTY
from tests.api.guest import Guest
from tests.fuzz.fuel import metered
from tests.fuzz.observe import GENERATORS
from tests.native import fuel
from tests.native.loops import resume_all, tiered_engine
from tests.native.parts import natively

BLOCKS = """(module
  (tag $e (param i32)) (tag $none) (memory 1)
  (func $may (param i32) (result i32)
    (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $e (i32.const 40))))
    (memory.fill (i32.const 0) (i32.const 1) (local.get 0))
    (local.get 0))
  (func (export "table") (param i32) (result i32) (local $n i32)
    (loop $again
      (block $all (block $caught (result i32)
          (try_table (catch $e $caught) (catch_all $all)
            (local.set 0 (i32.add (call $may (local.get $n)) (local.get 0)))
            (br_if $all (i32.and (local.get $n) (i32.const 1))))
          (nop) (br $all))
        (local.set 0))
      (if (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 9)) (then (br $again))))
    (local.get 0))
  (func (export "unused") (param i32) (result i32)
    (block $out
      (block $in (try_table (catch_all $in) (catch $none $out) (local.set 0 (i32.const 3))))
      (local.set 0 (i32.add (local.get 0) (i32.const 4))))
    (block $done (loop $l (loop $m
      (br_if $m (local.tee 0 (i32.shr_u (local.get 0) (i32.const 1))))
      (br_table $done $l $m $done (local.get 0)))))
    (i32.sub (local.get 0) (i32.const 1)))
  (func (export "many") (param i32) (result i32)
    (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6) (i32.const 7) (i32.const 8)
    (local.get 0)
    (loop $again (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (if (param i32) (result i32) (i32.lt_s (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 9))
        (then (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 1)
          (i32.const 1) (br $again)))
      (i32.add) (i32.add) (i32.add) (i32.add) (i32.add) (i32.add) (i32.add) (i32.add)))
  (func (export "divides") (param i32) (result i32)
    (block (br_if 0 (local.get 0)))
    (i32.store (i32.const 0) (i32.const 5))
    (i32.div_u (i32.const 1) (i32.load (i32.const 4))) (drop) (nop) (i32.const 1)))"""

OLDER = """(module (tag $e (param i32))
  (func $throws (param i32) (result i32) (throw $e (i32.add (local.get 0) (i32.const 1))))
  (func (export "f") (param i32) (result i32)
    loop $again (result i32)
      try (result i32)
        try (result i32)
          local.get 0
          call $throws
        delegate 0
      catch $e
        local.get 0
        i32.eqz
        if (param i32) (result i32)
          local.set 0
          br $again
        else
          i32.const 2
          i32.mul
        end
      end
    end)
  (func (export "g") (param i32) (result i32)
    try (result i32)
      try (result i32)
        i32.const 7
        call $throws
      catch $e
        drop
        rethrow 0
      end
    catch_all
      i32.const 3
    end))"""


RESULTS = " ".join(["i32"] * 9)
MANY = f"""(module (memory (export "memory") 1)
  (func)
  (func (export "f") (export "g") (export "h") (param i32) (result i32)
    (block $out
      (if (result {RESULTS}) (local.get 0)
        (then (br_if $out (i32.eqz (local.get 0)))
          (i32.store8 (i32.const 1) (i32.const 1)) {"(i32.const 1) " * 9})
        (else (br_if $out (local.get 0))
          (i32.store8 (i32.const 2) (i32.const 1)) {"(i32.const 2) " * 9}))
      (local.set 0) {"drop " * 8}
      (i32.store8 (i32.const 3) (i32.const 1)) (i32.store8 (i32.const 4) (i32.const 1)))
    (local.get 0)))"""
"""Arms with more values than branches pay with."""
JUMPS = f"""(module (memory (export "memory") 1)
  (func)
  (func (export "f") (export "g") (export "h") (param i32) (result i32)
    (block $all
      (block $out (result {RESULTS})
        (if (local.get 0)
          (then (br_if $all (i32.eq (local.get 0) (i32.const 77)))
            (i32.store8 (i32.const 1) (i32.const 1)) {"(i32.const 1) " * 9} (br $out)))
        (i32.store8 (i32.const 2) (i32.const 1)) {"(i32.const 2) " * 9} (br $out))
      (local.set 0) {"drop " * 8}
      (i32.store8 (i32.const 3) (i32.const 1)) (i32.store8 (i32.const 4) (i32.const 1)))
    (local.get 0)))"""
"""Likewise jumps."""
CHOICES: Final = """(module (memory (export "memory") 1)
  (func)
  (func (export "f") (export "g") (export "h") (param i32) (result i32)
    (block $all
      (local.set 0 (block $out (result i32)
        (br_if $all (i32.eq (local.get 0) (i32.const 77)))
        (i32.store8 (i32.const 1) (i32.const 1))
        (local.set 0 (br_if $out (i32.const 5) (i32.eqz (i32.and (local.get 0) (i32.const 1)))))
        (i32.store8 (i32.const 2) (i32.const 1)) (i32.store8 (i32.const 3) (i32.const 1)) (i32.const 6)))
      (i32.store8 (i32.const 4) (i32.const 1)) (i32.store8 (i32.const 5) (i32.const 1)))
    (local.get 0)))"""
"""A branch that takes a value along, on a condition."""
LEAVING: Final = """(module (tag $e) (memory (export "memory") 1)
  (func $throws (throw $e))
  (func (export "clause")
    (block $out
      (i32.store8 (i32.const 1) (i32.const 1))
      (try_table (catch_all $out) (br_if 0 (i32.const 0)) (call $throws))
      (i32.store8 (i32.const 2) (i32.const 1)) (i32.store8 (i32.const 3) (i32.const 1))))
  (func (export "delegated")
    (i32.store8 (i32.const 1) (i32.const 1))
    try $all
      try (br_if 0 (i32.const 0)) (call $throws) delegate $all
      (i32.store8 (i32.const 2) (i32.const 1)) (i32.store8 (i32.const 3) (i32.const 1))
    catch_all end)
  (func (export "never")
    (block $out
      (i32.store8 (i32.const 1) (i32.const 1))
      try (i32.store8 (i32.const 2) (i32.const 1)) catch_all (br $out) end
      (i32.store8 (i32.const 3) (i32.const 1)) (i32.store8 (i32.const 4) (i32.const 1)))))"""
"""What is caught leaves the block that has more behind the `try`; likewise what is never thrown."""


@pytest.mark.parametrize("part", ["all", "second"])
def test_exact_costs(part: str) -> None:
    with natively(part):
        engine = fuel.metered_engine()
        for name, (text, params, expected) in EXACT.items():
            g = Guest(text, store=Store(engine))
            g.store.set_fuel(PLENTY)
            g.f(*params)
            assert PLENTY - g.store.get_fuel() == expected, name


@pytest.mark.parametrize("text", [BLOCKS, OLDER, MANY, JUMPS, CHOICES, LEAVING])
def test_blocks_and_exceptions(text: str) -> None:
    for part in ("all", "second"):
        found, native = fuel.differences(bytes(fusee.wat2wasm(text)), part)
        assert found == []
        assert native > 0


@pytest.mark.parametrize("generator", ["programs", "stress"])
def test_random_programs(generator: str) -> None:
    """`python -m tests.native.fuel` runs any number."""
    wasm = GENERATORS[generator](3)
    assert wasm is not None
    assert fuel.differences(wasm, "half:1")[0] == []


def test_a_loop_that_goes_on_natively_pays_from_there_on() -> None:
    """One whose `br` goes past what was paid for, behind another loop."""
    text = """(module (func (export "f") (param $n i32) (result i32) (local $sum i32)
      (loop $first (br_if $first (i32.lt_u (local.tee $sum (i32.add (local.get $sum) (i32.const 1))) (i32.const 9))))
      (loop $again
        (local.set $sum (i32.add (local.get $sum) (local.get $n)))
        (if (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (then (nop) (br $again))))
      (local.get $sum)))"""
    engine = tiered_engine(metered(fusee))
    module = Module(engine, text)

    def run(fuel: int) -> tuple[Any, int]:
        store = Store(engine)
        store.set_fuel(fuel)
        function: Any = fusee.Instance(store, module, []).exports(store)["f"]
        try:
            return function(store, 1000), store.get_fuel()
        except Trap as trap:
            return (trap.trap_code, [frame.module_offset for frame in trap.frames]), store.get_fuel()

    amounts = [1 << 30, 100, 5000]
    expected = [run(amount) for amount in amounts]
    assert expected[1][0][0] is TrapCode.OUT_OF_FUEL
    assert len(resume_all(engine, module)) == 2
    assert [run(amount) for amount in amounts] == expected


def test_code_is_for_engines_that_count_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Kept({}, {}, {}, False, None, b"code")
    monkeypatch.setattr(host, "kept_code", lambda binary, wanted, is_metered: made)
    monkeypatch.setattr(host, "unpacked", lambda contents: made if contents == b"code" else None)
    for is_metered in (False, True):
        exported = host.exported_code(b"module", is_metered)
        found = host.imported_code(b"module", exported, is_metered)
        assert found is not None and vars(found) == vars(made.mapped())
        assert host.imported_code(b"module", exported, not is_metered) is None
