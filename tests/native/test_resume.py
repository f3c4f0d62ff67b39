"""Loops that are interpreted go on in native code."""

from typing import Any

import pytest

from fusee import Config, Instance, Module, Store, Trap, TrapCode
from fusee.native import batch
from fusee.native.resume import LoopCompiler
from tests.fuzz.observe import GENERATORS
from tests.native.loops import LeavingCompiler, difference, resume_all, tiered_engine

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.mark.parametrize("compiler", [LoopCompiler, LeavingCompiler])
@pytest.mark.parametrize("generator", ["programs", "vectors"])
def test_random_modules(generator: str, compiler: type[LoopCompiler]) -> None:
    """`python -m tests.native.loops` runs any number."""
    wasm = GENERATORS[generator](401)
    assert wasm is not None
    found, resumed = difference(wasm, compiler)
    assert found == []
    assert resumed > 0


CALLED_FIRST = """(module
  (func $less (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)))
  (func (export "f") (param i32) (result i32)
    (loop (br_if 0 (local.tee 0 (call $less (local.get 0)))))
    (local.get 0)))"""


def test_what_goes_on_in_a_loop_looks_once_whether_it_shall_pause() -> None:
    """At the loop's label, also where the function begins there; so who leaves it there has been around once."""
    own, looks = tiered_engine(), list[int]()
    module = Module(own, CALLED_FIRST)

    class Looking(LoopCompiler):
        def compile(self) -> None:
            looks.clear()  # so short a batch is written twice, since it looks ahead
            super().compile()

        def poll(self) -> None:
            looks.append(self.offset)
            super().poll()

    for compiler in (Looking, LeavingCompiler):
        store = Store(own)
        exports: Any = Instance(store, module, []).exports(store)
        assert exports["f"](store, 9) == 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(batch, "LoopCompiler", compiler)
            (loop,) = resume_all(own, module)
        assert looks == [loop.place.loop]
    assert exports["f"](store, 9) == 0


TRAPPING = """(module (memory (export "memory") 1)
  (func $inner (param i32) (result i32) (local $i i32)
    (loop $l
      (i32.store (local.get 0) (local.get $i))
      (local.set 0 (i32.add (local.get 0) (i32.const 4)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $l))
    (unreachable))
  (func (export "f") (param i32) (result i32) (i32.add (call $inner (local.get 0)) (i32.const 1))))"""


def test_a_trap_in_a_loop_shows_all_frames() -> None:
    own = tiered_engine()
    module = Module(own, TRAPPING)
    frames = []
    for _ in range(2):
        store = Store(own)
        exports: Any = Instance(store, module, []).exports(store)
        with pytest.raises(Trap) as caught:
            exports["f"](store, 1 << 15)
        assert caught.value.trap_code is TrapCode.MEMORY_OUT_OF_BOUNDS
        assert int.from_bytes(exports["memory"].read(store, 0xFFFC, 0x10000), "little") == (1 << 13) - 1
        frames.append([(frame.func_index, frame.module_offset) for frame in caught.value.frames])
        if len(frames) == 1:
            assert len(resume_all(own, module)) == 1
    assert frames[0] == frames[1]
    assert [function for function, _ in frames[0]] == [0, 1]


TAIL_CALLS = """(module (memory 1)
  (func $counted (export "counted") (param $n i64) (param $sum i64) (result i64) (local $i i64)
    (loop $l
      (local.set $sum (i64.add (local.get $sum) (local.get $n)))
      (br_if $l (i64.lt_u (local.tee $i (i64.add (local.get $i) (i64.const 1))) (i64.const 3))))
    (if (result i64) (i64.eqz (local.get $n)) (then (local.get $sum))
      (else (return_call $between (i64.const 7) (local.get $sum) (local.get $n) (i64.const 9)))))
  (func $between (param i64 i64 i64 i64) (result i64)
    (return_call $counted (i64.sub (local.get 2) (i64.const 1)) (local.get 1))))"""


def test_what_goes_on_in_a_loop_may_end_with_a_call() -> None:
    """Its callee has the frame as the interpreter has it."""
    own = tiered_engine()
    module = Module(own, TAIL_CALLS)
    for _ in range(2):
        store = Store(own)
        exports: Any = Instance(store, module, []).exports(store)
        assert exports["counted"](store, 20_000, 5) == 3 * 20_000 * 20_001 // 2 + 5
        resume_all(own, module)


EXCEPTIONS = """(module (tag $t (param i32))
  (func $throw (param i32) (throw $t (local.get 0)))
  (func (export "caught") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (i32.const 5)
    (block $done
      (loop $outer
        (block $caught (result i32)
          (try_table (catch $t $caught)
            (loop $l
              (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
            (call $throw (local.get $i)))
          (unreachable))
        (local.set $sum (i32.add (local.get $sum)))
        (br_if $done (i32.gt_u (local.get $i) (i32.add (local.get $n) (i32.const 2))))
        (br $outer)))
    (i32.add (local.get $sum))))"""

THROWN_AGAIN = """(module (tag $t)
  (func (export "caught") (param $n i32) (result i32) (local $i i32)
    try
      try
        throw $t
      catch $t
        loop $l
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))
        end
        rethrow 0
      end
    catch_all
    end
    (local.get $i)))"""


@pytest.mark.parametrize(("text", "loops"), [(EXCEPTIONS, 2), (THROWN_AGAIN, 0)])
def test_what_goes_on_in_a_loop_may_catch(text: str, loops: int) -> None:
    config = Config()
    config.strategy = "tiered"
    config.wasm_legacy_exceptions = True
    own = tiered_engine(config)
    module = Module(own, text)
    answers = []
    for _ in range(2):
        store = Store(own)
        exports: Any = Instance(store, module, []).exports(store)
        answers.append(exports["caught"](store, 40))
        if len(answers) == 1:
            assert len(resume_all(own, module)) == loops
    assert answers[0] == answers[1]
