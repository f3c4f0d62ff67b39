"""What a function finds behind a call, on each way from it: the memory and the globals as they are then."""

from typing import Any

import pytest
from wasmtime import wat2wasm

from fusee import Engine, Func, FuncType, Instance, Module, Store, Trap, TrapCode, ValType
from tests.native.parts import instance_of, natively

PAGE = 0x10000
CALLS = {
    "call": "(call $step (local.get $what) (local.get $page))",
    "table": "(call_indirect (type $step) (local.get $what) (local.get $page) (local.get $which))",
    "reference": "(call_ref $step (local.get $what) (local.get $page) (table.get (local.get $which)))",
    "tail": "(call $passing (local.get $what) (local.get $page))",
}
MODULE = """(module
  (type $step (func (param i32 i32) (result i32)))
  (import "" "grow" (func $grow (type $step)))
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 512))
  (table $steps 2 2 (ref null $step))
  (elem (table $steps) (i32.const 0) (ref null $step) (ref.func $step) (ref.func $grow))
  (func $step (type $step)
    (global.set $top (i32.sub (global.get $top) (i32.const 16)))
    (i32.store (global.get $top) (local.get 1))
    (if (i32.eq (local.get 0) (i32.const 1)) (then
      (drop (memory.grow (i32.const 1)))
      (i32.store (i32.mul (local.get 1) (i32.const 0x10000)) (i32.const 77))))
    (if (i32.eq (local.get 0) (i32.const 2)) (then (drop (i32.load (i32.const -4)))))
    (i32.load (global.get $top))
    (global.set $top (i32.add (global.get $top) (i32.const 16))))
  (func $passing (type $step)
    (return_call_indirect (type $step) (local.get 0) (local.get 1) (i32.const 1)))
  {functions})"""
FUNCTION = """(func (export "{name}") (param $which i32) (param $what i32) (param $page i32) (result i32 i32 i32 i32)
    (local $result i32) (local $before i32) (local $turns i32)
    (local.set $before (i32.load (i32.const 65532)))
    (loop $more
      (local.set $result (i32.add (local.get $result) {call}))
      (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
      (br_if $more (i32.and (i32.eqz (local.get $what)) (i32.lt_u (local.get $turns) (i32.const 3)))))
    (local.get $result)
    (i32.load (i32.mul (local.get $page) (i32.const 0x10000)))
    (i32.add (local.get $before) (i32.load (i32.const 65532)))
    (global.get $top))"""
TEXT = MODULE.replace("{functions}", "".join(FUNCTION.format(name=name, call=call) for name, call in CALLS.items()))


def made() -> tuple[Store, Any]:
    """An instance; its import grows the memory by a page, if it is told so, and writes there what `$step` does."""
    store = Store(Engine())
    exports: dict[str, Any] = {}

    def grow(what: int, page: int) -> int:
        if what == 1:
            exports["memory"].grow(store, 1)
            exports["memory"].write(store, (77).to_bytes(4, "little"), page * PAGE)
        return page

    i32 = ValType.i32()
    host = Func(store, FuncType([i32, i32], [i32]), grow)
    instance = Instance(store, Module(store.engine, wat2wasm(TEXT)), [host])
    exports.update(instance.exports(store).items())
    exports["memory"].write(store, (5).to_bytes(4, "little"), PAGE - 4)
    return store, exports


@pytest.mark.parametrize("part", ["all", "half:1", "half:2", "none"])
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("which", [0, 1])
def test_what_is_behind_a_call(part: str, name: str, which: int) -> None:
    """Nothing has changed; the memory has grown, and moved, once and again; or there is a trap."""
    with natively(part):
        store, exports = made()
        called = exports[name]
        assert called(store, which, 0, 0) == [0, 0, 10, 512]
        with pytest.raises(Trap) as caught:
            called(store, which, 0, 1)
        assert caught.value.trap_code == TrapCode.MEMORY_OUT_OF_BOUNDS
        assert exports["memory"].size(store) == 1
        assert called(store, which, 1, 1) == [1, 77, 10, 512]
        assert called(store, which, 1, 2) == [2, 77, 10, 512]
        assert called(store, which, 0, 2) == [6, 77, 10, 512]
        assert exports["memory"].size(store) == 3
        if name == "call" or (which == 0 and name != "tail"):
            with pytest.raises(Trap) as caught:
                called(store, which, 2, 2)
            assert caught.value.trap_code == TrapCode.MEMORY_OUT_OF_BOUNDS


CAUGHT = {
    "catch_all": "(block $b (try_table (catch_all $b) (call $grow)))",
    "catch": "(drop (block $b (result i32) (try_table (catch $e $b) (call $grow)) (i32.const 0)))",
    "passed on": "(block $b (try_table (catch_all $b) (block $c (try_table (catch $other $c) (call $grow)))))",
    "older catch_all": "try (call $grow) catch_all end",
    "older catch": "try (call $grow) catch $e drop end",
    "delegate": "try $t try (call $grow) delegate $t catch_all end",
    "rethrow": "try try $t (call $grow) catch_all rethrow $t end catch_all end",
}
CATCHING = """(module (memory (export "memory") 1 100) (tag $e (param i32)) (tag $other)
  (func $grow
    (drop (memory.grow (i32.const 9)))
    (i32.store (i32.const 65536) (i32.const 77))
    (throw $e (i32.const 1)))
  (func (export "run") (param $turns i32) (result i32) (local $sum i32)
    (loop $more
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
      {caught}
      (local.set $sum (i32.add (local.get $sum) (i32.load (i32.const 65536))))
      (i32.store (i32.const 4) (local.get $sum))
      (br_if $more (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
    (i32.add (local.get $sum) (i32.load (i32.const 0)))))"""


@pytest.mark.parametrize("form", CAUGHT)
def test_what_is_behind_what_was_caught(form: str) -> None:
    """The memory has grown, and moved, before something was thrown; the loop around goes on with it."""
    with natively("all") as part:
        store, exports = instance_of(CATCHING.replace("{caught}", CAUGHT[form]))
    assert part.native == 2
    assert exports["run"](store, 5) == 5 * 77 + 5
    memory = exports["memory"]
    assert memory.size(store) == 46
    assert bytes(memory.read(store, 0, 8)) == (5).to_bytes(4, "little") + (5 * 77).to_bytes(4, "little")
