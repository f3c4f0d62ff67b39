"""What stands in for Emscripten's JavaScript, with small modules in text, in both packages."""

import time
from collections.abc import Callable

import pytest

from fusee import wat2wasm
from fusee.bench.embedding import open_engine
from fusee.bench.real.emscripten import ENOENT, ENOSYS, Emscripten
from fusee.bench.real.guest import Aborted

Load = Callable[[str], Emscripten]


@pytest.fixture(params=["fusee", "host"])
def load(request: pytest.FixtureRequest) -> Load:
    """Instantiates and starts a module whose fields are given."""
    if request.param != "fusee":
        pytest.importorskip("wasmtime", reason="a second package: pip install wasmtime")
    package, engine = open_engine(request.param)

    def make(fields: str) -> Emscripten:
        return Emscripten(package, engine, bytes(wat2wasm(f"(module {fields})")))

    return make


def test_it_is_started_as_the_javascript_does(load: Load) -> None:
    program = load("""
        (memory (export "memory") 1)
        (global $base (mut i32) (i32.const 0))
        (global $size (mut i32) (i32.const 0))
        (global $built (mut i32) (i32.const 0))
        (func (export "emscripten_stack_init") (global.set $base (i32.const 4096)))
        (func (export "emscripten_stack_get_base") (result i32) (global.get $base))
        (func (export "emscripten_stack_get_end") (result i32) (i32.const 1024))
        (func (export "__set_stack_limits") (param $base i32) (param $end i32)
          (global.set $size (i32.sub (local.get $base) (local.get $end))))
        (func (export "__wasm_call_ctors") (global.set $built (global.get $size)))
        (func (export "built") (result i32) (global.get $built))""")
    assert program.call("built") == 4096 - 1024


def test_what_has_nothing_to_start_is_only_loaded(load: Load) -> None:
    program = load('(memory (export "memory") 1)')
    with pytest.raises(Aborted, match="does not export sqlite3_open"):
        program.call("sqlite3_open", 1, 2)
    with pytest.raises(Aborted, match="does not export memory"):
        load("")


RESIZE = """
    (import "env" "emscripten_resize_heap" (func $resize (param i32) (result i32)))
    (import "env" "emscripten_get_heap_max" (func $most (result i32)))
    (memory (export "memory") {limits})
    (func (export "resize") (param i32) (result i32) (call $resize (local.get 0)))
    (func (export "most") (result i32) (call $most))
    (func (export "pages") (result i32) memory.size)"""


def test_memory_grows_by_a_fifth_at_least_and_to_its_maximum(load: Load) -> None:
    program = load(RESIZE.format(limits="10 20"))
    assert program.call("most") == 20 << 16
    assert (program.call("resize", (10 << 16) + 1), program.call("pages")) == (1, 12)
    assert (program.call("resize", 19 << 16), program.call("pages")) == (1, 19)
    assert (program.call("resize", 20 << 16), program.call("pages")) == (1, 20)
    assert (program.call("resize", (20 << 16) + 1), program.call("pages")) == (0, 20)
    assert (program.call("resize", -1), program.call("pages")) == (0, 20)


def test_the_largest_memory_can_be_told_in_32_bits(load: Load) -> None:
    for limits, most in (("1", (1 << 32) - (1 << 16)), ("1 32768", 1 << 31), ("1 65536", (1 << 32) - (1 << 16))):
        assert load(RESIZE.format(limits=limits)).call("most") % (1 << 32) == most


def test_who_gives_up_ends_the_call_with_the_reason(load: Load) -> None:
    program = load("""
        (import "env" "__assert_fail" (func $fail (param i32 i32 i32 i32)))
        (import "env" "__handle_stack_overflow" (func $overflow (param i32)))
        (import "env" "_abort_js" (func $abort))
        (memory (export "memory") 1)
        (data (i32.const 16) "n > 0\\00btree.c\\00insert\\00")
        (func (export "fail") (call $fail (i32.const 16) (i32.const 22) (i32.const 7) (i32.const 30)))
        (func (export "fail_anywhere") (call $fail (i32.const 16) (i32.const 0) (i32.const 0) (i32.const 0)))
        (func (export "overflow") (call $overflow (i32.const -16)))
        (func (export "abort") (call $abort))""")
    said = {
        "fail": r"assertion failed: n > 0, at btree\.c:7, in insert$",
        "fail_anywhere": "assertion failed: n > 0, at an unknown place$",
        "overflow": "stack overflowed: 0xfffffff0",
        "abort": r"called abort\(\)",
    }
    for name, message in said.items():
        with pytest.raises(Aborted, match=message):
            program.call(name)


def test_there_are_no_files(load: Load) -> None:
    program = load("""
        (import "env" "__syscall_openat" (func $open (param i32 i32 i32 i32) (result i32)))
        (import "env" "__syscall_fcntl64" (func $control (param i32 i32 i32) (result i32)))
        (import "env" "_mmap_js" (func $map (param i32 i32 i32 i32 i64 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "open") (result i32) (call $open (i32.const -100) (i32.const 8) (i32.const 0) (i32.const 0)))
        (func (export "control") (result i32) (call $control (i32.const 3) (i32.const 3) (i32.const 0)))
        (func (export "map") (result i32)
          (call $map (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 3) (i64.const 0) (i32.const 8)
            (i32.const 8)))""")
    assert program.call("open") == -ENOENT
    assert program.call("control") == -ENOSYS
    assert program.call("map") == -ENOSYS


def test_time_goes_on(load: Load) -> None:
    program = load("""
        (import "env" "emscripten_date_now" (func $date (result f64)))
        (import "env" "emscripten_get_now" (func $now (result f64)))
        (memory (export "memory") 1)
        (func (export "date") (result f64) (call $date))
        (func (export "now") (result f64) (call $now))""")
    assert program.call("date") == pytest.approx(time.time() * 1e3, abs=60_000)
    assert program.call("now") <= program.call("now")


def test_an_import_that_nobody_knows_is_a_trap_when_it_is_called(load: Load) -> None:
    program = load("""
        (import "env" "emscripten_run_script" (func $run (param i32)))
        (memory (export "memory") 1)
        (func (export "run") (call $run (i32.const 8)))
        (func (export "three") (result i32) (i32.const 3))""")
    assert program.call("three") == 3
    with pytest.raises(Exception, match="unknown import"):
        program.call("run")


def test_what_is_written_comes_out(load: Load, capfd: pytest.CaptureFixture[str]) -> None:
    program = load("""
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\\10\\00\\00\\00\\05\\00\\00\\00")
        (data (i32.const 16) "tick\\n")
        (func (export "write") (param i32) (result i32)
          (call $write (local.get 0) (i32.const 0) (i32.const 1) (i32.const 32)))""")
    assert (program.call("write", 1), program.call("write", 2)) == (0, 0)
    assert capfd.readouterr() == ("tick\n", "tick\n")


def test_bytes_go_in_and_text_comes_out(load: Load) -> None:
    program = load("""
        (memory (export "memory") 1)
        (data (i32.const 65533) "end")
        (func (export "malloc") (param i32) (result i32)
          (select (i32.const 1024) (i32.const 0) (i32.lt_u (local.get 0) (i32.const 1000))))""")
    long = "é" * 300
    assert program.text(program.allocate(long.encode() + b"\0rest")) == long
    assert program.text(65533) == "end", "memory ends before the string does"
    with pytest.raises(Aborted, match="no memory for 1000 bytes"):
        program.allocate(bytes(1000))
