"""Native code of a module's functions on devices: the same answers and traps, from fewer instructions."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fusee import Config, Engine, Func, Instance, Module, Store, Trap
from fusee.api.text import wat2wasm
from fusee.emulator.build import DeviceProgram
from fusee.emulator.count import InstructionCount
from fusee.emulator.device import Device
from fusee.kernel.calling import Entry
from fusee.kernel.target import Target
from tests.device.conftest import WATCH
from tests.device.embedding import COMPILED, HERE, INCLUDE, unpack, zig
from tests.device.guests import as_c
from tests.page import Page

GUEST = """
(module
  (import "env" "add_one" (func $add_one (param i32) (result i32)))
  (memory 1)
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add
        (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "fall") (param i32) (result i32) (i32.load (local.get 0)))
  (func $deep (export "deep") (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))
  (func (export "twice") (param i32) (result i32) (call $add_one (call $add_one (local.get 0))))
  (func (export "turn") (param i32) (result i32)
    (drop (memory.grow (i32.const 1)))
    (loop $again (br $again))
    (unreachable))
  (func $again (export "again") (param i32) (result i32)
    (drop (memory.grow (i32.const 1)))
    (loop (result i32) (i32.add (call $again (local.get 0)) (call $again (local.get 0))))))
"""
FIB, FALL, DEEP, TWICE, TURN, AGAIN = range(6)
FIB_15 = 610
PAST = 1 << 16
RUN = Entry("run", ("u32", "u32", "u32", "u32"), ("i32",), False)
DEADLINE = Entry("may_have_deadline", ("u32",), ("i32",), False)
LEFT = Entry("fuel_left", (), ("u32",), False)
PLENTY = 100_000_000
MINUS_ONE = (1 << 32) - 1
STOPPED = (1 << 32) - 1_000_000  # as natives.c says it


def test_a_device_runs_native_code() -> None:
    """By the API, which compiles and loads what a linker does elsewhere."""
    config = Config()
    config.target, config.strategy = WATCH, "native"
    store = Store(Engine(config))
    native: Any = store.engine._native
    count = InstructionCount(native.device)
    add_one = Func(store, Module(Engine(), wat2wasm(GUEST)).imports[0].type, lambda n: n + 1)  # type: ignore[arg-type]
    exports = Instance(store, Module(store.engine, GUEST), [add_one]).exports(store)
    fib, fall, deep, twice = (exports[name] for name in ("fib", "fall", "deep", "twice"))
    assert isinstance(fib, Func) and isinstance(fall, Func) and isinstance(deep, Func) and isinstance(twice, Func)
    before = count.total
    assert fib(store, 15) == FIB_15
    assert 20_000 < count.total - before < 60_000  # 101,608 when it is interpreted
    assert twice(store, 40) == 42
    with pytest.raises(Trap, match="out of bounds memory access") as caught:
        fall(store, PAST)
    assert [frame.func_index for frame in caught.value.frames] == [2]
    with pytest.raises(Trap, match="call stack exhausted"):
        deep(store, 0)
    assert fib(store, 15) == FIB_15


def app(folder: Path, *more: str) -> Device:
    """An app with a library that has native code of the module `OWN`, and not of `CHANGED`."""
    pytest.importorskip("ziglang")
    own = wat2wasm(GUEST)
    changed = bytes(own) + b"\0\4\3own"  # a custom section more
    (folder / "guest.wasm").write_bytes(own)
    (folder / "natives.h").write_text(as_c("OWN", own) + as_c("CHANGED", changed))
    command = [sys.executable, "-m", "fusee", "build", "--target", WATCH, "--optimize", "size", "--report"]
    command += ["--html", str(folder / "report.html")]
    command += ["--native", str(folder / "guest.wasm"), "-o", str(folder), *more]
    done = subprocess.run(command, check=True, capture_output=True, timeout=600, text=True)
    assert "guest.wasm: 6 of 6 functions native" in done.stdout
    assert Page((folder / "report.html").read_text()).words.count("native") == 6
    options = [*COMPILED[WATCH], "-std=c11", "-O1", "-ffreestanding", "-fno-builtin", "-fno-sanitize=all"]
    options += ["-I", str(INCLUDE), "-I", str(folder)]
    objects = unpack(folder / "libfusee.a", folder / "library")
    for part in ("natives", "bare"):
        zig("cc", *options, "-c", str(HERE / f"{part}.c"), "-o", str(folder / f"{part}.o"))
        objects[f"{part}.c"] = (folder / f"{part}.o").read_bytes()
    return Device(DeviceProgram(Target.parse(WATCH), objects, {entry.symbol: entry for entry in (RUN, LEFT, DEADLINE)}))


@pytest.mark.slow
def test_an_app_with_native_code(tmp_path: Path) -> None:
    device = app(tmp_path)
    run, count = device.function("run"), InstructionCount(device)

    def counted(*arguments: int) -> tuple[int, int]:
        before = count.total
        return run(*arguments), count.total - before

    answers = [counted(which, metered, FIB, 15) for which, metered in ((0, 0), (1, 0), (0, PLENTY))]
    assert [answer for answer, _ in answers] == [FIB_15] * 3
    native, changed, metered = (instructions for _, instructions in answers)
    assert native + 40_000 < min(changed, metered)  # both are interpreted
    for function, argument in ((FALL, PAST), (FALL, 8), (TWICE, 40)):
        results = {run(which, 0, function, argument) for which in (0, 1)}
        assert len(results) == 1
    assert run(0, 0, TWICE, 40) == 42
    assert run(0, 0, DEEP, 0) == run(1, 0, DEEP, 0)
    assert run(1, 0, TURN, 0) == STOPPED
    assert [device.function("may_have_deadline")(which) for which in (0, 1)] == [0, 1]  # native code would not notice


@pytest.mark.slow
def test_an_app_whose_native_code_looks(tmp_path: Path) -> None:
    device = app(tmp_path, "--native-interruptible")
    run, count = device.function("run"), InstructionCount(device)
    for function in (TURN, AGAIN):  # which are interrupted when they grow, and have no end otherwise
        assert [run(which, 0, function, 0) for which in (0, 1)] == [STOPPED] * 2
    before = count.total
    assert run(0, 0, FIB, 15) == FIB_15
    native = count.total - before
    assert run(1, 0, FIB, 15) == FIB_15 and native + 40_000 < count.total - before - native
    assert [device.function("may_have_deadline")(which) for which in (0, 1)] == [1, 1]


@pytest.mark.slow
def test_an_app_whose_native_code_pays(tmp_path: Path) -> None:
    """What interpreted code pays, and where: too little is a trap at the same place, and leaves the same."""
    device = app(tmp_path, "--native-metered")
    run, left, count = device.function("run"), device.function("fuel_left"), InstructionCount(device)

    def paid(which: int, fuel: int, function: int, argument: int) -> tuple[int, int]:
        return run(which, fuel, function, argument), left()

    result, rest = paid(1, PLENTY, FIB, 10)
    cost = PLENTY - rest
    assert result == 55 and 1_000 < cost < 10_000
    outcomes = []
    for fuel in (PLENTY, cost, cost - 1, cost // 2, cost // 7, 1):
        before = count.total
        outcomes.append(paid(0, fuel, FIB, 10))
        native = count.total - before
        assert outcomes[-1] == paid(1, fuel, FIB, 10)
        assert native < count.total - before - native or fuel < cost // 2
    assert outcomes[:2] == [(55, rest), (55, 0)]
    assert all(1 << 31 < result < MINUS_ONE for result, _ in outcomes[2:]), "minus the offset of a trap"
    for function, argument in ((FALL, PAST), (TWICE, 40)):
        assert paid(0, PLENTY, function, argument) == paid(1, PLENTY, function, argument)
    assert run(0, 0, FIB, 15) == FIB_15  # an engine that is not metered interprets it
