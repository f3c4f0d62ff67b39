"""Which functions of components whose guests wait in place stay interpreted: who may come to what waits, no other."""

from fusee import Config, Engine
from fusee.api.text import wat2wasm
from fusee.component import Component
from fusee.component.binary.decode import Decoder
from fusee.component.binary.reader import Reader
from fusee.component.binary.waits import waiting_functions
from fusee.component.program import DefineModule
from fusee.engine.state.module import EXTERN_FUNC
from fusee.native.callgraph import calls_of
from tests.component.nativeguest import GUEST

NATIVE = {"mix", "by-pair", "quotient", "start"}
INTERPRETED = {"by-step", "tail", "deep", "work", "stackful", "divide", "turns"}


def waiting_exports(text: str) -> list[set[str] | None]:
    """Of each core module, the exports that may wait; None: any may."""
    decoder = Decoder(Engine())
    binary = bytes(wat2wasm(text))
    program = decoder.component(Reader(binary, 0, len(binary)))
    return [
        None if found is None else {name for name, (kind, index) in module._export_places.items()
                                    if kind == EXTERN_FUNC and index in found}
        for module, found in zip(decoder.modules, waiting_functions(program, decoder.modules), strict=True)
    ]  # fmt: skip


def test_only_who_may_come_to_what_waits_is_interpreted() -> None:
    config = Config()
    config.strategy = "native"
    steps = Component(Engine(config), GUEST)._program.steps
    module = [step.module for step in steps if isinstance(step, DefineModule)][-1]
    natives, places = module._state.natives, module._export_places
    assert {name for name, (_, index) in places.items() if int(natives[index])} == NATIVE
    assert set(places) == NATIVE | INTERPRETED


def test_calls_through_a_table_that_another_module_fills() -> None:
    """As tools make it: a module of nothing but tables' entries stands for imports that need the memory, at first."""
    text = """(component
      (import "wait" (func $wait async (param "n" u32) (result u32)))
      (import "tell" (func $tell (param "n" u32)))
      (core module $shim
        (type $waits (func (param i32) (result i32))) (type $tells (func (param i32)))
        (table (export "$imports") 2 2 funcref)
        (func (export "0") (type $waits) (call_indirect (type $waits) (local.get 0) (i32.const 0)))
        (func (export "1") (type $tells) (call_indirect (type $tells) (local.get 0) (i32.const 1))))
      (core instance $shims (instantiate $shim))
      (core module $main
        (import "i" "wait" (func $wait (param i32) (result i32)))
        (import "i" "tell" (func $tell (param i32)))
        (type $waits (func (param i32) (result i32)))
        (table 1 funcref) (elem (i32.const 0) $own)
        (func $own (type $waits) (local.get 0))
        (func (export "own") (type $waits) (call_indirect (type $waits) (local.get 0) (i32.const 0)))
        (func (export "waits") (type $waits) (call $wait (local.get 0)))
        (func (export "tells") (param i32) (call $tell (local.get 0))))
      (core instance $mains (instantiate $main (with "i" (instance
        (export "wait" (func $shims "0")) (export "tell" (func $shims "1"))))))
      (core func $lowered_wait (canon lower (func $wait)))
      (core func $lowered_tell (canon lower (func $tell)))
      (core module $fill
        (import "" "0" (func $0 (param i32) (result i32))) (import "" "1" (func $1 (param i32)))
        (import "" "$imports" (table 2 2 funcref)) (elem (i32.const 0) $0 $1))
      (core instance (instantiate $fill (with "" (instance
        (export "$imports" (table $shims "$imports"))
        (export "0" (func $lowered_wait)) (export "1" (func $lowered_tell))))))
      (func (export "waits") async (param "n" u32) (result u32) (canon lift (core func $mains "waits"))))"""
    assert waiting_exports(text) == [{"0"}, {"waits"}, set()]


def test_the_same_module_in_two_instances() -> None:
    text = """(component
      (import "wait" (func $wait async))
      (import "tell" (func $tell))
      (core func $waits (canon lower (func $wait)))
      (core func $tells (canon lower (func $tell)))
      (core module $m (import "i" "f" (func $f)) (func (export "calls") (call $f)) (func (export "does-not")))
      (core instance $first (instantiate $m (with "i" (instance (export "f" (func $tells))))))
      (core instance $second (instantiate $m (with "i" (instance (export "f" (func $waits))))))
      (core module $user (import "i" "f" (func $f)) (func (export "g") (call $f)))
      (core instance (instantiate $user (with "i" (instance (export "f" (func $second "does-not")))))))"""
    assert waiting_exports(text) == [{"calls"}, set()]


def test_inner_components_and_modules_of_outer_ones() -> None:
    text = """(component
      (core module $m (import "i" "f" (func $f)) (func (export "calls") (call $f)))
      (component
        (import "wait" (func $wait async))
        (core func $waits (canon lower (func $wait)))
        (core instance (instantiate $m (with "i" (instance (export "f" (func $waits))))))
        (core module $other (func (export "does-not")))
        (core instance (instantiate $other)))
      (component
        (import "tell" (func $tell))
        (core func $tells (canon lower (func $tell)))
        (core module $third (import "i" "f" (func $f)) (func (export "calls") (call $f)))
        (core instance (instantiate $third (with "i" (instance (export "f" (func $tells))))))))"""
    assert waiting_exports(text) == [{"calls"}, set(), set()]


def test_a_module_that_is_not_known_may_call_anything() -> None:
    text = """(component
      (import "m" (core module $m (import "i" "f" (func)) (export "g" (func))))
      (import "wait" (func $wait async))
      (core func $waits (canon lower (func $wait)))
      (core instance $given (instantiate $m (with "i" (instance (export "f" (func $waits))))))
      (core module $user (import "i" "g" (func $g)) (func (export "uses") (call $g)))
      (core instance (instantiate $user (with "i" (instance $given)))))"""
    assert waiting_exports(text) == [None]


def test_references_between_modules() -> None:
    """One that a function is given may come from any module that references may come from."""
    text = """(component
      (import "wait" (func $wait async))
      (core func $waits (canon lower (func $wait)))
      (core module $caller (type $f (func))
        (func (export "call-it") (param (ref null $f)) (call_ref $f (local.get 0)))
        (func (export "does-not") (param i32)))
      (core instance $callers (instantiate $caller))
      (core module $giver (type $f (func))
        (import "i" "call-it" (func $call (param (ref null $f)))) (import "w" "f" (func $waits))
        (elem declare func $waits)
        (func (export "gives") (call $call (ref.func $waits))))
      (core instance (instantiate $giver (with "i" (instance $callers))
        (with "w" (instance (export "f" (func $waits))))))
      (core module $apart (type $f (func)) (table 1 funcref)
        (func (export "calls") (call_indirect (type $f) (i32.const 0))))
      (core instance (instantiate $apart)))"""
    assert waiting_exports(text) == [{"call-it"}, {"gives"}, set()]


def test_calls_and_references_of_a_module() -> None:
    """Each form of an element segment, a global, a table with a value; and instructions that are passed over."""
    calls = calls_of(
        bytes(
            wat2wasm("""(module
      (type $t (func (param i64) (result i64)))
      (import "" "0" (func $0)) (import "" "1" (func $1))
      (func $2) (func $3) (func $4) (func $5) (func $6) (func $7) (func $8) (func $9)
      (func $10 (export "f") (param i64) (result i64) (local v128 f64)
        (if (i32.eqz (i32.trunc_sat_f64_u (f64.const 16.0625)))
          (then (call $0)) (else (block (br_table 0 0 0 0 (i32.const 0)) (call $1))))
        (drop (v128.const i64x2 0x1011101110111011 0x1011101110111011))
        (drop (i8x16.shuffle 16 17 16 17 16 17 16 17 16 17 16 17 16 17 16 17 (local.get 1) (local.get 1)))
        (drop (select (result funcref) (ref.func $9) (ref.null func) (i32.const 0x1011)))
        (i64.store offset=0x1010 (i32.const 0) (i64.const 0x10111011101110))
        (return_call_indirect 0 (type $t) (local.get 0) (i32.const 16)))
      (memory 1)
      (table 8 funcref (ref.func $8))
      (global funcref (ref.func $7))
      (elem (i32.const 0) func $2) (elem func $3) (elem declare func $9)
      (elem (i32.const 1) funcref (ref.func $4) (ref.null func)) (elem funcref (ref.func $5))
      (elem (table 0) (offset (i32.const 2)) funcref (ref.func $6)))""")
        )
    )
    assert calls.imported == 2
    assert calls.callers == {0: {10}, 1: {10}}
    assert calls.referred == set(range(2, 10))
    assert calls.by_type == {calls.types[10]: {10}}
