"""Modules made for JavaScript, without it: their strings are arrays."""

import pytest

import fusee
from fusee.bench.workloads.standalone import without_imports

# As `wasm-tools print` writes a module: an import or an export a line, with comments that give the index.
TEXT = """(module
  (type (;0;) (array (mut i16)))
  (type (;1;) (func (param externref) (result i32)))
  (type (;2;) (func (param externref externref) (result (ref extern))))
  (type (;3;) (func (param (ref null 0) i32 i32) (result (ref extern))))
  (type (;4;) (func (result i32)))
  (type (;5;) (func (param i32) (result i32)))
  (type (;6;) (func (param externref i32) (result i32)))
  (type (;7;) (func (param externref i32 i32) (result (ref extern))))
  (type (;8;) (func (result (ref extern))))
  (import "env" "memory" (memory (;0;) 1 2))
  (import "wasm:js-string" "length" (func (;0;) (type 1) (param externref) (result i32)))
  (import "wasm:js-string" "concat" (func (;1;) (type 2) (param externref externref) (result (ref extern))))
  (import "wasm:js-string" "fromCharCodeArray" (func (;2;) (type 3) (param (ref null 0) i32 i32) (result (ref extern))))
  (import "wasm:js-string" "charCodeAt" (func (;3;) (type 6) (param externref i32) (result i32)))
  (import "wasm:js-string" "substring" (func (;4;) (type 7) (param externref i32 i32) (result (ref extern))))
  (import "clock" "now" (func (;5;) (type 4) (result i32)))
  (import "page" "body" (func (;6;) (type 8) (result (ref extern))))
  (import "clock" "zone" (global (;0;) i32))
  (export "other" (func 5))
  (export "run" (func 7))
  (func (;7;) (type 5) (param i32) (result i32) (local externref)
    (drop (call 6))
    (local.set 1
      (call 2
        (array.new_fixed 0 4 (i32.const 97) (i32.const 98) (i32.const 99) (i32.const 100))
        (i32.const 1) (i32.const 4)))
    (local.set 1 (call 1 (local.get 1) (call 4 (local.get 1) (i32.const 1) (i32.const 2))))
    (i32.add
      (i32.add (call 5) (global.get 0))
      (i32.add (i32.mul (i32.const 1000) (call 0 (local.get 1))) (call 3 (local.get 1) (local.get 0)))))
)"""


def test_what_is_imported_becomes_the_modules_own() -> None:
    engine = fusee.Engine()
    store = fusee.Store(engine)
    module = fusee.Module(engine, without_imports(TEXT))
    assert (module.imports, [export.name for export in module.exports]) == ([], ["run"])
    run = fusee.Instance(store, module, []).exports(store)["run"]
    assert isinstance(run, fusee.Func)
    assert [run(store, place) - 4000 for place in range(4)] == [ord(character) for character in "bcdc"]
    with pytest.raises(fusee.Trap, match="out of bounds array access"):
        run(store, 4)


# As Kotlin's compiler writes: strings are imported by their values, a tag, and what the library has in JavaScript.
KOTLIN = """(module
  (type (;0;) (func (param externref externref) (result i32)))
  (type (;1;) (func (param i32) (result externref)))
  (type (;2;) (func (param externref)))
  (type (;3;) (func (param i32 i32) (result i32)))
  (type (;4;) (func (param externref externref) (result externref)))
  (type (;5;) (func (param externref) (result externref)))
  (type (;6;) (func (param externref externref)))
  (type (;7;) (func (param externref) (result i32)))
  (import "wasm:js-string" "equals" (func (;0;) (type 0) (param externref externref) (result i32)))
  (import "wasm:js-string" "compare" (func (;1;) (type 0) (param externref externref) (result i32)))
  (import "js_code" "kotlin.wasm.internal.itoa32_$external_fun" (func (;2;) (type 1) (param i32) (result externref)))
  (import "js_code" "kotlin.createJsError" (func (;3;) (type 4) (param externref externref) (result externref)))
  (import "js_code" "EXCEPTION_setter" (func (;4;) (type 6) (param externref externref)))
  (import "js_code" "EXCEPTION_getter" (func (;5;) (type 5) (param externref) (result externref)))
  (import "js_code" "kotlin.js.JsError_$external_class_instanceof" (func (;6;) (type 7) (param externref) (result i32)))
  (import "intrinsics" "tag" (tag (;0;) (type 2) (param externref)))
  (import "'" "" (global (;0;) (ref extern)))
  (import "'" "-2147483648" (global (;1;) (ref extern)))
  (import "'" "0" (global (;2;) (ref extern)))
  (import "'" "-30" (global (;3;) (ref extern)))
  (import "'" "\\u{e9}\\\\" (global (;4;) (ref extern)))
  (import "'" "\\u{e9}\\\"" (global (;5;) (ref extern)))
  (export "run" (func 8))
  (func (;7;) (type 1) (param i32) (result externref)
    (if (i32.eq (local.get 0) (i32.const 0)) (then (return (global.get 0))))
    (if (i32.eq (local.get 0) (i32.const 1)) (then (return (global.get 1))))
    (if (i32.eq (local.get 0) (i32.const 2)) (then (return (global.get 2))))
    (if (i32.eq (local.get 0) (i32.const 3)) (then (return (global.get 3))))
    (if (i32.eq (local.get 0) (i32.const 4)) (then (return (global.get 4))))
    (if (i32.eq (local.get 0) (i32.const 5)) (then (return (global.get 5))))
    (if (i32.eq (local.get 0) (i32.const 6)) (then (return (call 2 (i32.const 0x80000000)))))
    (if (i32.eq (local.get 0) (i32.const 7)) (then (return (call 2 (i32.const 0)))))
    (call 2 (i32.const -30)))
  (func (;8;) (type 3) (param i32 i32) (result i32) (local externref)
    (local.set 2 (call 3 (global.get 0) (global.get 0)))
    (call 4 (local.get 2) (call 7 (local.get 1)))
    (block (result externref)
      (try_table (catch 0 0) (throw 0 (local.get 2)))
      unreachable)
    (if (i32.eqz (call 6)) (then (return (i32.const 99))))
    (i32.add
      (i32.mul (i32.const 10) (call 0 (call 7 (local.get 0)) (call 5 (local.get 2))))
      (call 1 (call 7 (local.get 0)) (call 5 (local.get 2)))))
)""".replace("EXCEPTION", "kotlin.js.kotlinException_$external_prop")


def test_what_kotlin_leaves_to_javascript() -> None:
    texts = ["", "-2147483648", "0", "-30", "é\\", 'é"', "-2147483648", "0", "-30"]
    engine = fusee.Engine()
    store = fusee.Store(engine)
    run = fusee.Instance(store, fusee.Module(engine, without_imports(KOTLIN)), []).exports(store)["run"]
    assert isinstance(run, fusee.Func)
    for one, first in enumerate(texts):
        for other, second in enumerate(texts):
            assert run(store, one, other) == 10 * (first == second) + (first > second) - (first < second)


def test_what_has_no_stand_in_is_named() -> None:
    with pytest.raises(ValueError, match="no stand-in for teavmMath sin"):
        without_imports('(module\n  (import "teavmMath" "sin" (func (;0;) (type 0) (param f64) (result f64)))\n)')
    with pytest.raises(ValueError, match=r"no stand-in for .*table"):
        without_imports('(module\n  (import "env" "table" (table (;0;) 1 funcref))\n)')
