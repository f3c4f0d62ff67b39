"""Native code stops where a deadline or the handler of a signal says so."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from fusee import Config, Engine, Store, Trap, TrapCode
from fusee.api.text import wat2wasm
from fusee.kernel import machine
from fusee.kernel.target import Target
from fusee.native import unit
from fusee.native.compile import Compiler, Options, plan
from tests.native.parts import instance_of, natively

ENDLESS = """(module (memory (export "memory") 1)
  (func (export "loop") (loop (i32.store (i32.const 0) (i32.const 1)) (br 0))))"""


def test_a_deadline_stops_a_loop() -> None:
    with natively("all"):
        config = Config()
        config.epoch_interruption = True
        engine = Engine(config)
        store = Store(engine)
        store.set_epoch_deadline(1)
        _, exports = instance_of(ENDLESS, store=store)
    timer = threading.Timer(0.2, engine.increment_epoch)
    timer.start()
    with pytest.raises(Trap) as caught:
        exports["loop"](store)
    timer.join()
    assert caught.value.trap_code is TrapCode.INTERRUPT


def test_a_signal_handler_runs_in_a_loop() -> None:
    """What it raises ends the guest, as it ends interpreted code."""

    def handler(number: int, frame: object) -> None:
        raise KeyError(number)

    with natively("all"):
        store, exports = instance_of(ENDLESS)
    with after(0.2, handler), pytest.raises(KeyError):
        exports["loop"](store)
    assert exports["memory"].read(store, 0, 1) == b"\x01"


LONGER = """(module (memory (export "memory") 1 3)
  (func (export "grown") (result i32) (local i32)
    (loop (result i32)
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br_if 0 (i32.eqz (i32.load (i32.const 0))))
      (i32.load (i32.load (i32.const 0)))))
  (func (export "nested") (local i32)
    (loop
      (local.set 0 (i32.const 3))
      (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (br 0))))"""


@contextmanager
def after(seconds: float, handler: Callable[[int, object], None]) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_short_loop_sees_what_a_pause_has_changed() -> None:
    """Its memory is longer afterwards, and may be somewhere else."""
    with natively("all"):
        store, exports = instance_of(LONGER)
    memory = exports["memory"]

    def handler(number: int, frame: object) -> None:
        memory.grow(store, 1)
        memory.write(store, b"\x07", 0x1FFFC)
        memory.write(store, (0x1FFFC).to_bytes(4, "little"), 0)

    with after(0.2, handler):
        assert exports["grown"](store) == 7


def test_a_loop_around_short_ones_ends() -> None:
    """Though none of them turns often enough to look by itself."""

    def handler(number: int, frame: object) -> None:
        raise KeyError(number)

    with natively("all"):
        store, exports = instance_of(LONGER)
    with after(0.2, handler), pytest.raises(KeyError):
        exports["nested"](store)


TREE = """(module (memory 1)
  (func $walk (export "walk") (param i32) (local i32)
    (local.set 1 (i32.load (i32.const 0)))
    {around}
    (loop $more
      (br_if 1 (i32.eqz (local.get 0)))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (call $walk (local.get 0))
      (br $more)))
  (func (export "start") (call $walk (i32.const {depth}))))"""


@pytest.mark.parametrize(("around", "looks"), [("", 1), ("(nop)", 1), ("(call $walk (i32.const 0))", 2)])
def test_a_function_whose_calls_are_in_a_loop_looks_there(around: str, looks: int) -> None:
    """And not before that as well; what calls before it comes to a loop looks where it begins."""
    text = Compiler(plan(bytes(wat2wasm(TREE.format(around=around, depth=3)))), Options(Target.host())).text(0)
    walk = text[text.index('@"native.f0"(ptr %ctx, ptr %sp') :].partition("\n}")[0]
    assert walk.count("load atomic volatile i32, ptr %wish") == looks


def test_recursion_out_of_a_loop_ends() -> None:
    """2 to the power of 50 calls, of which each turns a few times."""

    def handler(number: int, frame: object) -> None:
        raise KeyError(number)

    with natively("all"):
        store, exports = instance_of(TREE.format(around="", depth=50))
    exports["walk"](store, 10)
    with after(0.2, handler), pytest.raises(KeyError):
        exports["start"](store)


WAITING = """(module (memory (export "memory") 1)
  (func (export "run") (param externref externref) (result externref externref)
    (local.get 0) (local.get 1)
    (local.set 0 (ref.null extern)) (local.set 1 (ref.null extern))
    (loop (param externref) (result externref)
      (br_if 0 (i32.eqz (i32.load (i32.const 0)))))))"""


def test_operands_of_a_short_loop_are_kept() -> None:
    """Those below it and its parameters, which nothing else refers to, when there is a collection meanwhile."""
    with natively("all"):
        store, exports = instance_of(WAITING)

    def handler(number: int, frame: object) -> None:
        store.gc()
        exports["memory"].write(store, b"\x01", 0)

    with after(0.2, handler):
        assert exports["run"](store, ["below"], ["parameter"]) == [["below"], ["parameter"]]


_GROWING = {
    "i64": (
        "(i64.add (local.get {0}) (i64.const {1}))",
        "(i64.ne (local.get {0}) (i64.mul (local.get $turns) (i64.const {1})))",
    ),
    "f64": (
        "(f64.add (local.get {0}) (f64.const {1}))",
        "(f64.ne (local.get {0}) (f64.mul (f64.convert_i64_u (local.get $turns)) (f64.const {1})))",
    ),
    "v128": (
        "(i64x2.add (local.get {0}) (v128.const i64x2 {1} {1}))",
        "(v128.any_true (i64x2.ne (local.get {0}) (i64x2.splat (i64.mul (local.get $turns) (i64.const {1})))))",
    ),
}
"""By type: what a local grows by its number with, and whether it is not what it shall be after `$turns`."""


def paused_ten_times(store: Store, exports: Any) -> Any:
    """What a guest's `run` gives that goes on until its memory begins with 1."""
    pauses = []

    def handler(number: int, frame: object) -> None:
        pauses.append(number)
        if len(pauses) == 10:
            exports["memory"].write(store, b"\x01", 0)

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        result = exports["run"](store)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(pauses) >= 10
    return result


def test_pauses_change_no_value() -> None:
    """Of more values than there are registers, in a loop that goes on until it has been paused ten times."""
    locals_ = [(f"${kind}{number}", number, kind) for kind in _GROWING for number in range(1, 21)]
    declared = " ".join(f"(local {name} {kind})" for name, _, kind in locals_)
    steps = "\n".join(f"(local.set {name} {_GROWING[kind][0].format(name, number)})" for name, number, kind in locals_)
    tests = "\n".join(f"(i32.or {_GROWING[kind][1].format(name, number)})" for name, number, kind in locals_)
    text = f"""(module (memory (export "memory") 1)
      (func (export "run") (result i32) (local $turns i64) {declared}
        (loop (local.set $turns (i64.add (local.get $turns) (i64.const 1))) {steps}
          (br_if 0 (i32.eqz (i32.load (i32.const 0)))))
        (i32.const 0) {tests}))"""
    with natively("all"):
        store, exports = instance_of(text)
    assert paused_ten_times(store, exports) == 0


WIDE = f"""(module (memory (export "memory") 1) (func (export "run") (local $at i32)
  (loop
    {" ".join(f"(i64.store offset={offset} (local.get $at) (i64.const -1))" for offset in range(64, 96, 8))}
    (local.set $at (i32.and (i32.add (local.get $at) (i32.const 32)) (i32.const 0x3FE0)))
    (br_if 0 (i32.eqz (i32.load (i32.const 0)))))))"""
"""LLVM makes one of the four stores: where the processor has registers of 32 bytes, one of these has what is stored."""


def test_pauses_keep_the_widest_registers() -> None:
    with natively("all"):
        store, exports = instance_of(WIDE)
    paused_ten_times(store, exports)
    assert bytes(exports["memory"].read(store, 64, 0x4000)) == b"\xff" * (0x4000 - 64)


@pytest.mark.parametrize("processor", ["haswell", "znver4", "skylake-avx512"])
def test_what_pauses_clears_no_register(processor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By LLVM's convention it has stored and loaded registers of 32 bytes; those it returns with as they were."""
    for module in (machine, unit):
        monkeypatch.setattr(module, "host_processor", lambda: (processor, ""))
    compiler = Compiler(plan(bytes(wat2wasm(WIDE))), Options(Target.parse("x86_64-unknown-linux-gnu")))
    lines = compiler.machine.assembly(compiler.text(0)).splitlines()
    code = [line.split()[0] for line in lines[lines.index("pause:") + 1 :] if line.strip()]
    code = code[: code.index("retq")]
    assert code.count("vmovups") == 2 * 16
    assert "vzeroupper" not in code
