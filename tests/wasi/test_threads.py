"""Programs that make threads (wasi-threads): what they share, and what ends them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fusee import Config, Engine, ExitTrap, Linker, Module, Store, Trap, TrapCode, WasiConfig
from fusee.wasi import WasiContext, fd  # noqa: F401  # whose functions are in the table once it is loaded
from fusee.wasi.errno import Errno
from fusee.wasi.functions import FUNCTIONS
from fusee.wasi.memory import GuestMemory
from fusee.wasi.threads import MOST_THREADS, ThreadedProgram

PROGRAM = """(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "env" "memory" (memory 1 2 shared))
  (export "memory" (memory 0))
  (func $done (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const -1))))
  (func $wait_for (param $count i32) (local $now i32)
    (loop $again
      (br_if 1 (i32.ge_u (local.tee $now (i32.atomic.load (i32.const 0))) (local.get $count)))
      (drop (memory.atomic.wait32 (i32.const 0) (local.get $now) (i64.const -1)))
      (br $again)))
  (func (export "wasi_thread_start") (param $number i32) (param $argument i32)
    {thread})
  (func (export "_start") {main}))"""


def program(main: str, thread: str, config: Config | None = None) -> tuple[Callable[[], Any], Store]:
    engine = Engine(config)
    linker, store = Linker(engine), Store(engine)
    linker.define_wasi()
    store.set_wasi(WasiConfig())
    module = Module(engine, PROGRAM.format(main=main, thread=thread))
    threads = ThreadedProgram(linker, store, module)

    def start() -> Any:
        function: Any = linker.instantiate(store, module).exports(store)["_start"]
        return function(store)

    return lambda: threads.run(start), store


SPAWN = "(drop (call $spawn (i32.const {})))"
FOREVER = "(call $wait_for (i32.const 1000))"
SPIN = "(loop (br 0))"


def test_threads_share_the_memory() -> None:
    """Each writes its argument where its number says."""
    run, _ = program(
        " ".join(SPAWN.format(argument) for argument in (50, 60, 70))
        + "(call $wait_for (i32.const 3)) (call $exit (i32.add (i32.load8_u (i32.const 1025)) (i32.add"
        " (i32.load8_u (i32.const 1026)) (i32.sub (i32.load8_u (i32.const 1027)) (i32.const 100)))))",
        "(i32.store8 offset=1024 (local.get $number) (local.get $argument)) (call $done)",
    )
    with pytest.raises(ExitTrap) as caught:
        run()
    assert caught.value.code == 80


@pytest.mark.parametrize("main", [FOREVER, SPIN])
def test_a_trap_in_one_thread_ends_all(main: str) -> None:
    run, _ = program(
        SPAWN.format(1) + SPAWN.format(0) + main, "(if (local.get $argument) (then (loop (br 0)))) unreachable"
    )
    with pytest.raises(Trap) as caught:
        run()
    assert caught.value.trap_code == TrapCode.UNREACHABLE


def test_an_exit_in_one_thread_ends_all() -> None:
    run, _ = program(SPAWN.format(1) + FOREVER, "(call $exit (i32.const 17))")
    with pytest.raises(ExitTrap) as caught:
        run()
    assert caught.value.code == 17


@pytest.mark.parametrize("thread", [FOREVER, SPIN])
def test_the_end_of_the_main_thread_ends_all(thread: str) -> None:
    begun = time.monotonic()
    run, _ = program(SPAWN.format(1) + SPAWN.format(2), thread)
    assert run() is None
    assert time.monotonic() - begun < 30


def test_threads_have_bounds() -> None:
    """All that there may be at once, and then none."""
    each = f"(local $left i32) (local.set $left (i32.const {MOST_THREADS + 1})) (loop $next"
    run, _ = program(
        each + " (if (i32.lt_s (call $spawn (i32.const 0)) (i32.const 0)) (then (call $exit (local.get $left))))"
        " (local.set $left (i32.sub (local.get $left) (i32.const 1))) (br $next))",
        FOREVER,
    )
    with pytest.raises(ExitTrap) as caught:
        run()
    assert caught.value.code == 1


def test_a_module_without_a_start_for_threads() -> None:
    engine = Engine()
    linker, store = Linker(engine), Store(engine)
    text = """(module (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
      (func (export "f") (result i32) (call $spawn (i32.const 0))))"""
    module = Module(engine, text)
    threads = ThreadedProgram(linker, store, module)
    f: Any = linker.instantiate(store, module).exports(store)["f"]
    assert threads.run(lambda: f(store)) < 0


def test_a_deadline_ends_all() -> None:
    config = Config()
    config.epoch_interruption = True
    run, store = program(SPAWN.format(0) + FOREVER, SPIN, config)
    store.set_epoch_deadline(0)
    with pytest.raises(Trap) as caught:
        run()
    assert caught.value.trap_code == TrapCode.INTERRUPT


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "threads.wat"
    path.write_text(PROGRAM.format(main=SPAWN.format(5) + FOREVER, thread="(call $exit (local.get $argument))"))
    command = [sys.executable, "-m", "fusee", "run"]
    assert subprocess.run([*command, "-S", "threads", path], timeout=60).returncode == 5
    refused = subprocess.run([*command, path], capture_output=True, text=True, timeout=60)
    assert (refused.returncode, "unknown import: `wasi::thread-spawn`" in refused.stderr) == (1, True)


def test_descriptors_end_when_nobody_uses_them(tmp_path: Path) -> None:
    """A thread that reads from a file while another closes it does not read from the host's next file."""
    path = tmp_path / "data"
    path.write_bytes(b"x")
    config = WasiConfig()
    config.stdin_file = str(path)
    context = config._consume(WasiContext)
    context.is_shared = True
    stdin: Any = context.descriptors[0]
    host = stdin.fd
    with context.call():
        with context.call():
            assert FUNCTIONS["fd_close"].call(context, GuestMemory(memoryview(bytearray(1))), 0) == 0
            assert FUNCTIONS["fd_close"].call(context, GuestMemory(memoryview(bytearray(1))), 0) == Errno.BADF
        os.fstat(host)
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(host)
