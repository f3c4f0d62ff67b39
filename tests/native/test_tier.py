"""Functions get native code while they run."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fusee import Config, Engine, Func, FuncType, Instance, Module, Store, Trap, TrapCode, ValType
from fusee.api import _load
from fusee.api.text import wat2wasm
from fusee.engine.state.code import CODE_START
from fusee.engine.state.module import Module as ModuleState
from fusee.kernel.memory import view
from fusee.kernel.scalars import u64, usize
from fusee.native import batches
from fusee.native.batch import Wish, compile_batch
from fusee.native.code import NativeCode, mapped
from fusee.native.sections import read_module
from fusee.tier import compiling
from fusee.tier.loops import Loop, find_loops
from fusee.tier.module import TieredModule
from tests.native.loops import module_of, tiered_engine, translated_loops

pytestmark = pytest.mark.usefixtures("own_cache")

LONGEST_SECONDS = 60.0  # that a test waits for another process


def tells_native(text: str) -> bytes:
    """A module that knows how it is executed: `i32.const 1111` is 2222 in native code."""
    return bytes(wat2wasm(text))


NATIVE = b"\x41\xd7\x08", b"\x41\xae\x11"  # i32.const 1111, i32.const 2222


class KnowingWorker(batches.Worker):
    """Compiles another module, which differs in a constant."""

    def ask(self, binary: bytes, wish: bytes) -> None:
        super().ask(binary.replace(*NATIVE), wish)


def no_worker() -> batches.Worker:
    raise OSError


@pytest.fixture
def knowing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "Worker", KnowingWorker)


def engine() -> Engine:
    config = Config()
    config.strategy = "tiered"
    return Engine(config)


def until(condition: Callable[[int], bool]) -> Callable[[int], int]:
    """A host function that gives 1 once a condition holds of its argument, or it takes too long."""
    limit = time.monotonic() + LONGEST_SECONDS
    return lambda number: int(condition(number) or time.monotonic() > limit)


def host(store: Store, function: Any) -> Func:
    return Func(store, FuncType([ValType.i32()], [ValType.i32()]), function)


def main_of(instance: Instance, store: Store) -> object:
    exports: Any = instance.exports(store)
    return exports["main"](store)


CALLING = tells_native("""(module
  (import "" "host" (func $host (param i32) (result i32)))
  (func $work (result i32) (local $i i32)
    (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200000))))
    (i32.const 1111))
  (func (export "main") (result i32) (local $seen i32)
    (loop $l (local.set $seen (call $work)) (br_if $l (i32.eqz (call $host (local.get $seen)))))
    (local.get $seen)))""")


def test_a_function_gets_native_code_between_calls(knowing: None) -> None:
    store = Store(engine())
    instance = Instance(store, Module(store.engine, CALLING), [host(store, until(lambda number: number == 2222))])
    assert main_of(instance, store) == 2222


TURNS = b"\xc0\x9a\x0c", b"\x8a\x80\x00"  # 200000 and 10, both in three bytes
SHORT = CALLING.replace(*TURNS)


def test_a_guest_that_calls_the_host_all_the_time_gets_native_code(knowing: None) -> None:
    """From one of its calls to the next it takes less time than it takes somebody to wake up and look."""
    assert SHORT != CALLING
    store = Store(engine())
    instance = Instance(store, Module(store.engine, SHORT), [host(store, until(lambda number: number == 2222))])
    assert main_of(instance, store) == 2222


def test_a_guest_that_is_called_all_the_time_gets_native_code(knowing: None) -> None:
    store = Store(engine())
    instance = Instance(store, Module(store.engine, SHORT), [host(store, lambda number: 1)])
    enough = until(lambda number: number == 2222)
    number = 0
    while not enough(number):
        number = main_of(instance, store)  # type: ignore[assignment]
    assert number == 2222


def is_kept(store: Store, function: int = 1) -> bool:
    """Whether a function of the only module has native code, which then is in the cache, too."""
    tier = store.engine._tier
    assert tier is not None
    (module,) = tier._modules.values()
    return view(ModuleState, module.address).natives[function] != 0


def test_what_was_compiled_is_there_in_the_next_run(knowing: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first call on, and nothing is compiled again."""
    for run in range(2):
        seen: list[int] = []
        store = Store(engine())
        enough = until(
            lambda number, seen=seen, store=store: bool(seen.append(number)) or (number == 2222 and is_kept(store))  # type: ignore[misc]
        )
        instance = Instance(store, Module(store.engine, CALLING), [host(store, enough)])
        assert main_of(instance, store) == 2222
        assert set(seen) == ({1111, 2222} if run == 0 else {2222})
        monkeypatch.setattr(compiling, "Worker", no_worker)


LOOPING = tells_native("""(module
  (import "" "host" (func $host (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "main") (param $p i64) (result i64 f64) (local $i i64) (local $f f64) (local $v v128) (local $n i32)
    (local.set $v (i64x2.splat (i64.const 40)))
    (i64.const 2)
    (f64.const 0.5)
    (block $out (loop $outer
      (local.set $n (i32.const 0))
      (f64.const 1)
      (loop $inner (param f64) (result f64)
        (f64.add (f64.const 1))
        (br_if $inner (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100000))))
      (local.set $f)
      (i64.store (i32.const 8) (local.tee $i (i64.add (local.get $i) (local.get $p))))
      (local.set $v (i64x2.add (local.get $v) (i64x2.splat (i64.const 1))))
      (br_if $out (call $host (i32.const 1111)))
      (br $outer)))
    (local.set $f (f64.add (local.get $f)))
    (i64.add (i64.sub (i64x2.extract_lane 1 (local.get $v)) (i64.div_u (local.get $i) (local.get $p))))
    (local.get $f)))""")


def test_a_loop_goes_on_in_native_code(knowing: None) -> None:
    """With its locals, those that are pinned too, and what waits on the stack around it."""
    store = Store(engine())
    instance = Instance(store, Module(store.engine, LOOPING), [host(store, until(lambda number: number == 2222))])
    exports: Any = instance.exports(store)
    assert exports["main"](store, 3) == [42, 100001.5]
    assert int.from_bytes(exports["memory"].read(store, 8, 16), "little") % 3 == 0


ENDLESS = """(module (memory (export "memory") 1)
  (func $add (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))))
  (func (export "loop") (loop (call $add) (br 0))))"""


@pytest.fixture
def endless() -> tuple[Store, Any]:
    config = Config()
    config.strategy = "tiered"
    config.epoch_interruption = True
    store = Store(Engine(config))
    store.set_epoch_deadline(1)
    return store, Instance(store, Module(store.engine, ENDLESS), []).exports(store)


def is_native(store: Store) -> bool:
    tier = store.engine._tier
    assert tier is not None
    return any(module.kept[2:] for module in list(tier._modules.values()))


def when_native(store: Store, action: Callable[[], None]) -> threading.Thread:
    """Do something in another thread as soon as there is native code, or at last."""

    def wait() -> None:
        limit = time.monotonic() + LONGEST_SECONDS
        while not is_native(store) and time.monotonic() < limit:
            time.sleep(0.01)
        action()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_a_deadline_stops_native_code(endless: tuple[Store, Any]) -> None:
    store, exports = endless
    thread = when_native(store, store.engine.increment_epoch)
    with pytest.raises(Trap) as caught:
        exports["loop"](store)
    thread.join()
    assert is_native(store)
    assert caught.value.trap_code is TrapCode.INTERRUPT


def test_a_signal_handler_runs_in_native_code(endless: tuple[Store, Any]) -> None:
    def handler(number: int, frame: object) -> None:
        raise KeyError(number)

    store, exports = endless
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        thread = when_native(store, lambda: os.kill(os.getpid(), signal.SIGUSR1))
        with pytest.raises(KeyError):
            exports["loop"](store)
        thread.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert is_native(store)


class Seen:
    """What was asked of another process."""

    def __init__(self) -> None:
        self.started = 0
        self.wishes: list[bytes] = []


def worker_that(program: str, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Has another program compile."""
    seen = Seen()

    class OtherWorker(batches.Worker):
        def __init__(self) -> None:
            seen.started += 1
            super().__init__()

        def ask(self, binary: bytes, wish: bytes) -> None:
            seen.wishes.append(wish)
            super().ask(binary, wish)

    monkeypatch.setattr(batches, "_PROGRAM", program)
    monkeypatch.setattr(compiling, "Worker", OtherWorker)
    return seen


READY = "import os; os.write(1, bytes(8)); os.read(0, 16); "  # and was asked for something


@pytest.mark.parametrize("program", ["import os; os.abort()", "print('nonsense' * 99)", "import time; time.sleep(99)"])
def test_a_compiler_that_never_begins_costs_speed(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried some times."""
    monkeypatch.setattr(batches, "_SECONDS", 0.2)
    seen = worker_that(program, monkeypatch)
    store = Store(engine())
    most = compiling._MOST_DEAD
    instance = Instance(store, Module(store.engine, CALLING), [host(store, until(lambda number: seen.started == most))])
    assert main_of(instance, store) == 1111
    assert main_of(instance, store) == 1111
    assert (seen.started, seen.wishes) == (most, [])


@pytest.mark.parametrize("program", ["os.abort()", "os.write(1, b'nonsense' * 99)", "import time; time.sleep(99)"])
def test_a_compiler_that_fails_costs_speed(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = worker_that(READY + program, monkeypatch)
    store = Store(engine())

    def is_enough(number: int) -> bool:
        monkeypatch.setattr(batches, "_SECONDS", 0.2 if seen.wishes else 60.0)
        return len(seen.wishes) > 1

    instance = Instance(store, Module(store.engine, CALLING), [host(store, until(is_enough))])
    assert main_of(instance, store) == 1111
    assert main_of(instance, store) == 1111


def test_a_module_may_end_while_it_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = worker_that(batches._PROGRAM, monkeypatch)
    own = engine()
    store = Store(own)
    module = Module(own, CALLING)
    assert own._tier is not None
    instance = Instance(store, module, [host(store, until(lambda number: len(seen.wishes) > 0))])
    assert main_of(instance, store) == 1111
    del instance, module
    store.close()
    limit = time.monotonic() + LONGEST_SECONDS
    while own._tier._compiling.is_busy and time.monotonic() < limit:
        time.sleep(0.01)
    assert not own._tier._compiling.is_busy
    other = Store(own)
    again = Instance(other, Module(own, CALLING), [host(other, lambda number: 1)])
    assert main_of(again, other) == 1111


def seen(own: Engine, module: int, function: int, offset: int) -> bool:
    """A guest was seen at a cell; whether that is news to who looks."""
    assert own._tier is not None
    own._tier._state.sampled_module = usize(module)
    own._tier._state.sampled = u64(function << 32 | offset)
    return own._tier._take_sample()


FALLING = """(module
  (func (export "main") (result i32) (local $i i32) (local.set $i (i32.const 3))
    (loop $l (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1))))) (local.get $i))
  (func (export "other")))"""


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
    tier._compiling._worker = worker
    monkeypatch.setattr(TieredModule, reading, read_late)
    monkeypatch.setattr(tier._compiling, "go_on", lambda: True)
    if is_last:
        known.loose, known.is_loose, known.is_old = {1: None}, True, False
        tier._go_back(1.0)
    else:
        known.counts[1] = 1
        tier._choose()
    assert held == [True] * max(len(held), 1)
    assert tier._modules == {}


def test_what_a_process_has_died_of_is_divided() -> None:
    """Loops, too, which are of other functions than those that are compiled whole."""
    own = tiered_engine()
    module = Module(own, FALLING)
    loop = Loop(0, 40, 32, 1, 0, 4, [0], [], 0)
    work = compiling.Work(module_of(own, module), [1, 2], [loop], 1000)
    assert [(half.hot, half.loops) for half in work.halves()] == [([1], []), ([2], [loop])]
    assert [(half.hot, half.loops) for half in work.halves()[1].halves()] == [([2], []), ([], [loop])]
    assert work.halves()[0].halves() == []


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
    assert len(own._tier._modules) == 3
    del modules[1]
    assert set(own._tier._modules) == {module._address for module in modules}
    modules.append(Module(own, FALLING))
    assert set(own._tier._modules) == {module._address for module in modules}
    modules.clear()
    assert own._tier._modules == {}


def test_native_code_goes_on_in_so_many_loops_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one of a function in which guests were seen most, and others if they are seen in these all the same."""
    own = tiered_engine()
    store = Store(own)
    module = Module(own, f"(module (func (export \"main\") (result i32){'(loop)' * 4} (i32.const 0)))")
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


def test_a_damaged_batch_is_not_used(knowing: None, tmp_path: Path) -> None:
    store = Store(engine())
    enough = until(lambda number: number == 2222 and is_kept(store))
    instance = Instance(store, Module(store.engine, CALLING), [host(store, enough)])
    assert main_of(instance, store) == 2222
    contents = {kept: kept.read_bytes() for kept in (tmp_path / "cache" / "batch").iterdir()}
    assert contents
    for damage in (lambda whole: whole[:-1] + bytes([whole[-1] ^ 1]), lambda whole: whole[:100], lambda whole: b""):
        for kept, whole in contents.items():
            kept.write_bytes(damage(whole))
        other = Store(engine())
        again = Instance(other, Module(other.engine, CALLING), [host(other, lambda number: 1)])
        assert main_of(again, other) == 1111


def test_a_place_in_another_module_is_none() -> None:
    """Two guests that pause at once may leave the module of one and the place of the other."""
    vectors = "(local" + " v128" * 40_000 + ")"  # too many for the interpreter
    module = Module(tiered_engine(), f"(module (func {vectors} (loop)) (func (loop)))")
    tier = module._engine._tier
    assert tier is not None
    known = tier._modules[module._address]

    def is_news(function: int) -> bool:
        tier._state.sampled_module = usize(module._address)
        tier._state.sampled = u64(function << 32 | 32)
        return tier._take_sample()

    assert [is_news(function) for function in (2, 100_000, 0xFFFF_FFFF)] == [False] * 3
    assert [is_news(function) for function in (0, 1)] == [True] * 2
    hot, loops = known.choose(1000)
    assert (hot, [loop.function for loop in loops]) == ([], [1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is nothing like it")
def test_a_process_may_be_divided_while_it_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both go on; the one that is new compiles for itself."""
    seen = worker_that(batches._PROGRAM, monkeypatch)
    store = Store(engine())
    instance = Instance(store, Module(store.engine, CALLING), [host(store, until(lambda number: len(seen.wishes) > 0))])
    assert main_of(instance, store) == 1111
    child = os.fork()
    if child == 0:
        seen.wishes.clear()
        os._exit(42 if main_of(instance, store) == 1111 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
    assert main_of(instance, store) == 1111


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
    assert known.last(1000) == []
    assert seen(own, module._address, *place)
    _, loops = known.choose(1000)
    known.install(own._address, code_of(known, Wish([], [loop.place for loop in loops], [], 0)), loops)
    known.install(own._address, code_of(known, Wish([1], [], [0], 1000)), [])
    assert known.last(1000) == [0, 1]
    assert known.last(1000) == []
    known.install(own._address, code_of(known, Wish([0, 1], [], [], 1000, is_last=True)), [], is_last=True)
    assert not known.loose
    assert main_of(instance, store) == 7
    assert [mapped(made).functions.keys() for _, made in known.shelf.all()] == [{0, 1}]
    assert len(list((tmp_path / "cache" / "batch").iterdir())) == 1


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
    known.take_kept(own._address)
    is_over, count = threading.Event(), 0
    instance = Instance(store, module, [host(store, lambda number: int(is_over.is_set()))])
    guest = threading.Thread(target=main_of, args=(instance, store))
    guest.start()
    assert own._tier is not None
    state = own._tier._state
    found: set[int] = set()
    limit = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < limit and (count < 20 or found != {work, main}):
        known._native.interrupt_interpreted(store._embedding.address)
        if int(state.sampled):
            found.add(int(state.sampled) >> 32)
            count += 1
            state.sampled = u64(0)
        time.sleep(0.001)
    is_over.set()
    guest.join()
    assert found == {work, main}


@pytest.mark.parametrize("setting", ["profiled", "checked"])
def test_who_counts_or_checks_interprets(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The builds that do so need not be there for that."""
    config = Config()
    config.strategy = "tiered"
    native = _load.load(False, None)
    monkeypatch.setattr("fusee.api.engine.use_whole_engine", lambda: None)
    monkeypatch.setattr("fusee.api.engine._load.load", lambda checked, target: native)
    setattr(config, setting, True)
    assert Engine(config)._tier is None
