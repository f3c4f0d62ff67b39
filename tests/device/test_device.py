"""The interface on a device: calls in both directions, memory, traps; and what is said when its code fails."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fusee import Engine, Func, FuncType, Instance, Memory, Module, Store, Trap, ValType
from fusee.cli.main import run_command
from fusee.emulator import DeviceFault
from fusee.emulator.crash import format_number, format_registers
from fusee.engine.state.runtime import Memory as MemoryState
from fusee.kernel.layout import layout
from tests.device.conftest import BARE, WATCH

EXAMPLE = Path(__file__).parents[2] / "examples" / "watch.wasm"

Instantiate = Callable[[str], tuple[Store, Instance]]

NESTED = """(module
  (import "" "step" (func $step (param i32 i64 f64) (result i64)))
  (func (export "down") (param i32) (result i64)
    (call $step (local.get 0) (i64.const -5) (f64.const 0.5))))"""

FRAMES = """(module $clock
  (memory (export "memory") 1)
  (func $inner (param i32) (result i32) (i32.load (local.get 0)))
  (func $outer (export "read") (param i32) (result i32) (i32.add (i32.const 1) (call $inner (local.get 0)))))"""


def call(store: Store, instance: Instance, name: str, *arguments: object) -> object:
    function = instance.exports(store)[name]
    assert isinstance(function, Func)
    return function(store, *arguments)


def test_host_functions_call_back_into_the_guest(engine: Engine) -> None:
    store = Store(engine)

    def step(depth: int, number: int, fraction: float) -> int:
        assert (number, fraction) == (-5, 0.5)
        return depth if depth == 0 else int(str(call(store, instance, "down", depth - 1))) + depth

    kind = FuncType([ValType.i32(), ValType.i64(), ValType.f64()], [ValType.i64()])
    instance = Instance(store, Module(engine, NESTED), [Func(store, kind, step)])
    assert call(store, instance, "down", 68) == sum(range(69))  # deeper than Unicorn itself nests


def test_an_exception_passes_through_device_code(engine: Engine) -> None:
    store = Store(engine)

    def fail(*arguments: object) -> int:
        raise LookupError("from the host")

    kind = FuncType([ValType.i32(), ValType.i64(), ValType.f64()], [ValType.i64()])
    instance = Instance(store, Module(engine, NESTED), [Func(store, kind, fail)])
    with pytest.raises(LookupError, match="from the host"):
        call(store, instance, "down", 1)


def test_memory_is_shared_without_a_copy(instantiate: Instantiate) -> None:
    store, instance = instantiate(FRAMES)
    memory = instance.exports(store)["memory"]
    assert isinstance(memory, Memory)
    memory.buffer(store)[8:12] = b"\x29\0\0\0"
    assert call(store, instance, "read", 8) == 42


def test_a_trap_has_the_backtrace_that_it_has_here(instantiate: Instantiate) -> None:
    store, instance = instantiate(FRAMES)
    here = Store()
    there = Instance(here, Module(here.engine, FRAMES), [])
    with pytest.raises(Trap) as on_device:
        call(store, instance, "read", -1)
    with pytest.raises(Trap) as on_host:
        call(here, there, "read", -1)
    assert str(on_device.value) == str(on_host.value)
    assert [frame.func_name for frame in on_device.value.frames] == ["inner", "outer"]


REGISTERS = {WATCH: r"\bx20 [0-9a-f]{16}\b", BARE: r"\ba1 [0-9a-f]{8}\b"}
"""The interpreter's program counter, as wide as registers are, which pointers need not be."""


def test_a_fault_is_reported(target: str, instantiate: Instantiate) -> None:
    store, instance = instantiate(FRAMES)
    memory = instance.exports(store)["memory"]
    assert isinstance(memory, Memory)
    space = store._native.space
    space.write(memory._address + layout(MemoryState, space.target).fields["base"].offset, bytes(4))
    with pytest.raises(DeviceFault) as caught:
        call(store, instance, "read", 64)
    report = str(caught.value)
    assert re.search(r"at [0-9a-f]{8}$", report.splitlines()[0])  # pointers: 32 bits
    assert re.search(REGISTERS[target], report)
    assert re.search(r"0: [0-9a-f]{8} engine\.\S+.* \+ 0x[0-9a-f]+ at \S+\.py:[1-9]", report)  # a kernel's source
    assert "wasm backtrace:" in report
    assert "clock!inner" in caught.value.wasm[0]
    assert "clock!outer" in caught.value.wasm[1]


def test_registers_are_printed_whole_whatever_the_width_of_pointers() -> None:
    value = 0x1234_5678_9ABC_DEF0
    assert format_registers({"x0": value}, 8) == ["  x0 123456789abcdef0"]
    assert format_number(value, 4) == "9abcdef0"


@pytest.mark.parametrize("arguments", [["--time", "10:09:36"], ["--time", "25:00"]])
def test_the_example_prints_what_it_prints_here(
    target: str, arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    outcomes = []
    for options in ([], ["--target", target]):
        status = run_command(["run", *options, str(EXAMPLE), *arguments])
        outcomes.append((status, *capfd.readouterr()))
    assert outcomes[0] == outcomes[1]


def test_nothing_is_said_where_the_process_ends(tmp_path: Path) -> None:
    """Not by the libraries either, of what would be taken apart."""
    program = tmp_path / "clock.wat"
    program.write_text(FRAMES)
    command = [sys.executable, "-m", "fusee", "run", "--target", WATCH, "--invoke", "read", str(program), "8"]
    done = subprocess.run(command, capture_output=True, timeout=300, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_instructions_are_counted_alike_each_time(
    target: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "clock.wat"
    program.write_text(FRAMES)
    reports = []
    for _ in range(2):
        assert run_command(["run", "--target", target, "--count", "--invoke", "read", str(program), "8"]) == 0
        reports.append([line.split(maxsplit=1) for line in capfd.readouterr().err.splitlines()])
    assert reports[0][2:] == reports[1][2:]
    assert {name for _, name in reports[0][2:]} == {"inner", "outer"}
    numbers = [int(number.replace(",", "")) for number, _ in reports[0]]
    assert numbers[0] == sum(numbers[1:])
