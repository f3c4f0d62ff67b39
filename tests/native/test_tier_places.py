"""Where guests are seen, and what is done about it while modules come and end."""

import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fusee import Instance, Module, Store
from fusee.engine.state.code import CODE_START
from fusee.engine.state.module import Module as ModuleState
from fusee.engine.state.tiering import SAMPLED_NATIVE
from fusee.kernel.memory import view
from fusee.kernel.scalars import u64, usize
from fusee.native.batch import Wish, compile_batch
from fusee.native.code import NativeCode, mapped
from fusee.native.sections import read_module
from fusee.tier.compiling import Work
from fusee.tier.kept import take_kept
from fusee.tier.loops import find_loops
from fusee.tier.module import TieredModule
from tests.native.loops import module_of, tiered_engine, translated_loops
from tests.native.tiering import FALLING, LONGEST_SECONDS, host, main_of, seen

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.mark.parametrize(("reading", "is_last"), [("_size_of", False), ("called", False), ("_size_of", True)])
def test_a_module_does_not_end_while_it_is_chosen_what_is_compiled(
    reading: str, is_last: bool, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Who looks reads the module's memory, in another thread than that which drops the module."""
    own = tiered_engine()
    tier = own._tier
    assert tier is not None
    modules = [Module(own, FALLING)]
    known = module_of(own, modules[0])
    held: list[bool] = []
    read = getattr(TieredModule, reading)

    def read_late(self: TieredModule, *given: Any) -> Any:
        modules.clear()
        held.append(self.lifetime() is not None)
        return read(self, *given) if held[-1] else 0

    worker: Any = SimpleNamespace(ask=lambda binary, wish: None, end=lambda: None)
    tier.watcher._compiling._worker = worker
    monkeypatch.setattr(TieredModule, reading, read_late)
    monkeypatch.setattr(tier.watcher._compiling, "go_on", lambda: True)
    if is_last:
        known.loose, known.is_loose, known.is_old = {1: None}, True, False
        tier.watcher._go_back(1.0)
    else:
        known.counts[1] = 1
        tier.watcher._choose()
    assert held == [True] * max(len(held), 1)
    assert tier.watcher._modules == {}


def test_who_was_seen_in_a_module_that_has_ended_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    own = tiered_engine()
    store = Store(own)
    module = Module(own, FALLING)
    instance = Instance(store, module, [])
    assert main_of(instance, store) == 0
    address = module._address
    made = compile_batch(read_module(module._binary), Wish([0], [], [], 1000))
    module_of(own, module).install(own._address, mapped(made), [])
    installed: list[tuple[int, ...]] = []
    monkeypatch.setattr(own._native, "install_tiered", lambda *given: installed.append(given))
    assert not seen(own, address, 0, CODE_START)
    assert len(installed) == 1  # in case somebody has replaced the cell's handler meanwhile
    del instance, module
    store.close()
    assert not seen(own, address, 0, CODE_START)
    assert len(installed) == 1


def test_nothing_is_known_of_modules_that_have_ended() -> None:
    """Also where nobody ever looks."""
    own = tiered_engine()
    assert own._tier is not None
    modules = [Module(own, FALLING) for _ in range(3)]
    assert len(own._tier.watcher._modules) == 3
    del modules[1]
    assert set(own._tier.watcher._modules) == {module._address for module in modules}
    modules.append(Module(own, FALLING))
    assert set(own._tier.watcher._modules) == {module._address for module in modules}
    modules.clear()
    assert own._tier.watcher._modules == {}


def test_native_code_goes_on_in_so_many_loops_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one of a function in which guests were seen most, and others if they are seen in these all the same."""
    own = tiered_engine()
    store = Store(own)
    module = Module(own, f'(module (func (export "main") (result i32){"(loop)" * 4} (i32.const 0)))')
    assert main_of(Instance(store, module, []), store) == 0
    known = module_of(own, module)
    first, second, third, fourth = translated_loops(known)
    monkeypatch.setattr("fusee.tier.module._MOST_LOOPS", 2)

    def chosen() -> tuple[list[int], list[tuple[int, int]]]:
        hot, loops = known.choose(1000)
        known.received(NativeCode({}, {}, None, {}), [], loops)
        return hot, [(loop.function, loop.cell) for loop in loops]

    for place in (first, second, third, second, third):
        assert seen(own, module._address, *place)
    assert chosen() == ([], [second])
    assert seen(own, module._address, *third)
    assert chosen() == ([], [third])
    assert seen(own, module._address, *second)  # all the same: it is to be native where it begins
    assert chosen() == ([0], [])
    assert not any(seen(own, module._address, *place) for place in (first, second, third, fourth))
    assert chosen() == ([], [])


def test_a_loop_in_which_nobody_is_stays_as_it_is() -> None:
    """Of a function that is not translated, or has been given native code before its first call."""
    own = tiered_engine()
    store = Store(own)
    module = Module(own, FALLING)
    assert main_of(Instance(store, module, []), store) == 0
    known = module_of(own, module)
    ((index, offset),) = translated_loops(known)
    loops = find_loops(known._native, known.address, [(index, offset)], False)
    made = compile_batch(read_module(known.binary), Wish([], [loop.place for loop in loops], [], 0))
    for is_native in (False, True):
        if is_native:
            known.shelf.add(compile_batch(read_module(known.binary), Wish([index], [], [], 1000)), [index])
        other = Module(own, FALLING)
        module_of(own, other).install(own._address, mapped(made), loops)
        assert view(ModuleState, other._address).resumes == 0
        assert main_of(Instance(store, other, []), store) == 0
    known.install(own._address, mapped(made), loops)
    assert view(ModuleState, module._address).resumes != 0


def test_a_place_in_another_module_is_none() -> None:
    """Two guests that pause at once may leave the module of one and the place of the other."""
    vectors = "(local" + " v128" * 40_000 + ")"  # too many for the interpreter
    module = Module(tiered_engine(), f"(module (func {vectors} (loop)) (func (loop)))")
    tier = module._engine._tier
    assert tier is not None
    known = tier.watcher._modules[module._address]

    def is_news(function: int) -> bool:
        tier.state.sampled_module = usize(module._address)
        tier.state.sampled = u64(function << 32 | 32)
        return tier.watcher._take_sample()

    assert [is_news(function) for function in (2, 100_000, 0xFFFF_FFFF)] == [False] * 3
    assert [is_news(function) for function in (0, 1)] == [True] * 2
    hot, loops = known.choose(1000)
    assert (hot, [loop.function for loop in loops]) == ([], [1])


def test_what_was_compiled_in_pieces_is_replaced(tmp_path: Path) -> None:
    """In the cache, too; and what has only a loop that goes on natively gets code for its next call."""
    own = tiered_engine()
    store = Store(own)
    text = '(module (func (result i32) (loop) (i32.const 7)) (func (export "main") (result i32) (call 0)))'
    module = Module(own, text)
    instance = Instance(store, module, [])
    assert main_of(instance, store) == 7
    known = module_of(own, module)
    (place,) = translated_loops(known)
    assert known.last(1000) == ([], [])
    assert seen(own, module._address, *place)
    _, loops = known.choose(1000)
    known.install(own._address, code_of(known, Wish([], [loop.place for loop in loops], [], 0)), loops)
    known.install(own._address, code_of(known, Wish([1], [], [0], 1000)), [])
    assert known.last(1000) == ([1, 0], [])  # last what has been seen in its loop only
    assert known.last(1000) == ([], [])
    known.install(own._address, code_of(known, Wish([0, 1], [], [], 1000, is_last=True)), [], is_last=True)
    assert not known.loose
    assert main_of(instance, store) == 7
    assert [made.functions.keys() for _, made in known.shelf.all()] == [{0, 1}]
    assert len(list((tmp_path / "cache" / "batch").iterdir())) == 1


@pytest.mark.parametrize("is_often", [False, True])
def test_what_is_seldom_interpreted_waits_until_what_is_hot_is_made_again(
    is_often: bool, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Looks find it again and again, since they wait for it: what counts is whether it is met at once."""
    own = tiered_engine()
    tier = own._tier
    assert tier is not None
    module = Module(own, FALLING)
    known = module_of(own, module)
    known.loose, known.is_loose, known.is_old = {0: None}, True, False
    begun: list[Work] = []
    monkeypatch.setattr(tier.watcher._compiling, "go_on", lambda: True)
    monkeypatch.setattr(tier.watcher._compiling, "begin", begun.append)
    tier.watcher._has_begun, tier.watcher._is_often = True, is_often
    for _ in range(20):
        tier.state.sampled = SAMPLED_NATIVE
        assert not tier.watcher._take_sample() and tier.watcher._was_native
        assert seen(own, module._address, 1, CODE_START) is is_often
        assert seen(own, module._address, 1, CODE_START) is is_often
    for _ in range(2):
        tier.watcher._news = 0.0
        tier.watcher._compile()
    order = [(work.hot, work.is_last) for work in begun]
    assert order == ([([1], False), ([0], True)] if is_often else [([0], True), ([1], False)])


def code_of(known: TieredModule, wish: Wish) -> NativeCode:
    made = compile_batch(read_module(known.binary), wish)
    code = mapped(made)
    known.shelf.add(made, code.functions)
    return code


MIXED = """(module
  (import "" "host" (func $host (param i32) (result i32)))
  (type $t (func (result i32)))
  (table funcref (elem $work))
  (func $work (result i32) (i32.const 5))
  (func $native (result i32) (local $n i32)
    (loop $l (drop (call_indirect (type $t) (i32.const 0)))
      (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 3))))
    (i32.const 6))
  (func (export "main") (result i32) (local $n i32)
    (loop $more
      (loop $l (drop (call $native))
        (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 10000))))
      (local.set $n (i32.const 0))
      (br_if $more (i32.eqz (call $host (i32.const 0)))))
    (i32.const 1)))"""


def test_interpreted_code_is_seen_between_native_code() -> None:
    """Native code looks itself whether it shall pause, before and after each call of what is interpreted."""
    own = tiered_engine()
    store = Store(own)
    module = Module(own, MIXED)
    work, native, main = range(1, 4)
    known = module_of(own, module)
    made = compile_batch(read_module(known.binary), Wish([native], [], [work], 0))
    known.shelf.add(made, mapped(made).functions)
    known.know_kept(take_kept(known._native, own._address, known.address, known.shelf, known.kept, frozenset()))
    is_over, count, at_once = threading.Event(), 0, 0
    instance = Instance(store, module, [host(store, lambda number: int(is_over.is_set()))])
    guest = threading.Thread(target=main_of, args=(instance, store))
    guest.start()
    assert own._tier is not None
    state = own._tier.state
    found: set[int] = set()
    limit = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < limit and (count < 20 or found != {work, main}):
        at_once += known._native.interrupt_interpreted(store._embedding.address)
        if int(state.sampled):
            found.add(int(state.sampled) >> 32)
            count += 1
            state.sampled = u64(0)
        time.sleep(0.001)
    is_over.set()
    guest.join()
    assert found == {work, main}
    assert at_once
