"""Atomic instructions and shared memories in native code, whose guests of other threads may be interpreted."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from fusee import Engine, Instance, Limits, MemoryType, Module, SharedMemory, Store, Trap, TrapCode
from fusee.api.text import wat2wasm
from fusee.kernel.target import Target
from fusee.native import units
from fusee.native.compile import Compiler, plan
from fusee.native.unit import Options
from tests.api.sharing import PAGE, started
from tests.api.sharing import joined as all_end
from tests.api.test_atomics import (  # noqa: F401  # what they say of the interpreter is true of native code
    exports,
    test_all_of_them,
    test_exchange_only_if_equal,
    test_operands_are_evaluated_once_and_in_order,
    test_traps,
)
from tests.api.test_shared_memories import (  # noqa: F401
    test_a_memory_in_two_stores,
    test_a_memory_that_a_module_makes,
    test_growth_is_seen_by_guests_that_run,
)
from tests.api.test_waiting import (  # noqa: F401
    test_deadlines_end_waiting,
    test_signals_end_waiting,
    test_threads_count_together,
    test_what_waiting_gives,
    test_who_spins_lets_others_run,
    test_who_waits_is_woken_in_turn,
)
from tests.fuzz.atomics import make_atomics
from tests.native.parts import Part, natively
from tests.native.programs import difference
from tests.native.scripts import run_natively


@pytest.fixture(params=["all", "second", "half:1"], autouse=True)
def part(request: pytest.FixtureRequest) -> Iterator[Part]:
    """With native code of a part of all functions."""
    with natively(request.param) as chosen:
        yield chosen
        assert not chosen.reasons  # nothing is interpreted but what is to be


def shared(engine: Engine) -> SharedMemory:
    return SharedMemory(engine, MemoryType(Limits(1, 4), shared=True))


def test_code_that_does_not_look_reads_each_time() -> None:
    """Nothing in such a loop keeps LLVM from reading a word once and for all, but that others may write it."""
    with mock.patch.object(units, "Options", partial(Options, polls=False)):
        engine = Engine()
        text = """(module (import "" "memory" (memory 1 4 shared))
          (func (export "spin") (param i32) (loop (br_if 0 (i32.eqz (i32.load (local.get 0)))))))"""
        module, memory, store = Module(engine, text), shared(engine), Store(engine)
    spin: Any = Instance(store, module, [memory]).exports(store)["spin"]
    threads = started(lambda: spin(store, 128))
    time.sleep(0.05)
    memory.data_ptr()[128] = 1
    assert all_end(threads)


def test_an_address_that_is_read_is_the_one_that_is_checked() -> None:
    """Another thread changes it meanwhile; whatever it is, the access goes there, or traps."""
    engine = Engine()
    text = f"""(module (import "" "memory" (memory 1 4 shared))
      (func (export "follow") (param $rounds i32) (result i32) (local $sum i32)
        (loop $again
          (local.set $sum (i32.add (local.get $sum) (i32.load (i32.load (i32.const 8)))))
          (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
        (local.get $sum))
      (func (export "change") (param $rounds i32)
        (loop $again
          (i32.store (i32.const 8) (i32.const {4 * PAGE - 4}))
          (i32.store (i32.const 8) (i32.const 16))
          (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))))"""
    module, memory = Module(engine, text), shared(engine)
    guests: list[tuple[Store, Any]] = []
    for _ in range(2):
        store = Store(engine)
        guests.append((store, Instance(store, module, [memory]).exports(store)))
    memory.data_ptr()[8], memory.data_ptr()[16] = 16, 1
    seen: list[object] = []

    def follow() -> None:
        store, guest = guests[0]
        try:
            seen.append(guest["follow"](store, 300_000))
        except Trap as trap:
            seen.append(trap.trap_code)

    def change() -> None:
        store, guest = guests[1]
        guest["change"](store, 300_000)

    assert all_end(started(follow, change))
    assert seen[0] in (300_000, TrapCode.MEMORY_OUT_OF_BOUNDS)


def test_a_trap_names_the_instruction(part: Part) -> None:
    """Alignment comes before the end of the memory, and both before anything is changed."""
    store = Store(engine := Engine())
    text = """(module (memory (export "memory") 1 1)
      (func (export "f") (param i32) (result i64)
        (i64.store (i32.const 0) (i64.const 7)) (i64.atomic.rmw.xchg offset=8 (local.get 0) (i64.const 9)))
      (func (export "g") (param i32) (result i32) (memory.atomic.notify offset=8 (local.get 0) (i32.const 1))))"""
    guest: Any = Instance(store, Module(engine, text), []).exports(store)
    assert guest["f"](store, -16 & 0xFFF8) == 0
    for name, address, code in (
        ("f", 0xFFF4, TrapCode.HEAP_MISALIGNED),
        ("f", 0x1_0001, TrapCode.HEAP_MISALIGNED),
        ("f", 0xFFF8, TrapCode.MEMORY_OUT_OF_BOUNDS),
        ("f", -8, TrapCode.MEMORY_OUT_OF_BOUNDS),
        ("g", 2, TrapCode.HEAP_MISALIGNED),
        ("g", 0xFFF8, TrapCode.MEMORY_OUT_OF_BOUNDS),
    ):
        with pytest.raises(Trap) as caught:
            guest[name](store, address)
        assert caught.value.trap_code is code
        (frame,) = caught.value.frames
        with natively("none"):
            other = Store(own := Engine())
            interpreted: Any = Instance(other, Module(own, text), []).exports(other)
        with pytest.raises(Trap) as expected:
            interpreted[name](other, address)
        assert frame.module_offset == expected.value.frames[0].module_offset
    assert part.native > 0


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(part: Part, seed: int) -> None:
    found, _ = difference(make_atomics(seed), part.name)
    assert not found


def test_scripts(part: Part, suite: Path) -> None:
    report, chosen = run_natively([suite / "proposals" / "threads" / "atomic.wast"], part.name)
    assert [str(failure) for failure in report.failures] == []
    assert report.passed > 290
    assert chosen.native > 20


@pytest.mark.slow
def test_scripts_on_a_watch(part: Part, suite: Path) -> None:
    pytest.importorskip("unicorn")
    report, chosen = run_natively(
        [suite / "proposals" / "threads" / "atomic.wast"], part.name, "arm64_32-apple-watchos"
    )  # fmt: skip
    assert [str(failure) for failure in report.failures] == []
    assert chosen.native > 20


@pytest.mark.parametrize(
    ("instruction", "count"),
    [
        ("(drop (i32.atomic.load (i32.const 8)))", 1),
        ("(drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))", 1),
        ("(atomic.fence)", 1),
        ("(i32.atomic.store (i32.const 8) (i32.const 1))", 0),
    ],
)
def test_who_sees_what_others_wrote_sees_how_they_grew(instruction: str, count: int) -> None:
    """The length is loaded again behind what may have shown another thread's growth."""
    text = f"""(module (memory 1 4 shared)
      (func (export "f") (result i32) {instruction} (i32.load (i32.const 0x10000))))"""
    code = Compiler(plan(bytes(wat2wasm(text))), Options(Target.host())).text(0)
    before, found, behind = code.rpartition(" seq_cst")
    assert found and "load volatile i64" in before
    assert behind.count("load volatile i64") == count
