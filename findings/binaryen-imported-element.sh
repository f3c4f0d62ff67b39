#!/usr/bin/env bash
# wasm-opt -O replaces a call that works by `unreachable`, if the function comes into the table by an imported global.
#
# Versions:  binaryen 132.0.0 (npm: wasm-opt), wasmtime 50.0.1 (PyPI).
# Behaviour: an element of a table may be given by `global.get` of an imported global, so that the function is known when
#            the module is linked. The module below has no other function of the type that it calls. Of that wasm-opt
#            concludes that there is nothing to call, and the call is `unreachable` in the optimized module; no warning.
#            If the module has a function of that type in a table, too, the call stays as it was.
#            Such elements are in WebAssembly since 2.0 (reference types).
# Seen:      no other function: before 42, after wasm trap: wasm `unreachable` instruction executed
#            another function: before 42, after 42
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasmtime==50.0.1
npm install --silent --no-audit --no-fund --no-save --prefix . binaryen@132.0.0

cat > compare.py <<'PY'
import subprocess

import wasmtime

LIBRARY = """(module
  (func $answer (result i32) (i32.const 42))
  (global (export "answer") funcref (ref.func $answer)))"""
PROGRAM = """(module
  (import "library" "answer" (global $answer funcref))
  (type $number (func (result i32)))
  (table 2 funcref)
  (elem (i32.const 0) funcref (global.get $answer) OTHER)
  (func $other (type $number) (i32.const 7))
  (func (export "run") (result i32) (call_indirect (type $number) (i32.const 0))))"""


def run(program: bytes) -> str:
    store = wasmtime.Store(wasmtime.Engine())
    linker = wasmtime.Linker(store.engine)
    linker.define_instance(store, "library", wasmtime.Instance(store, wasmtime.Module(store.engine, LIBRARY), []))
    run = linker.instantiate(store, wasmtime.Module(store.engine, program)).exports(store)["run"]
    try:
        return str(run(store))
    except wasmtime.Trap as trap:
        return trap.message.strip().splitlines()[-1].strip()


for name, other in (("no other function", "(ref.null func)"), ("another function", "(ref.func $other)")):
    with open("before.wasm", "wb") as file:
        file.write(wasmtime.wat2wasm(PROGRAM.replace("OTHER", other)))
    subprocess.run(["node_modules/.bin/wasm-opt", "-all", "-O", "before.wasm", "-o", "after.wasm"], check=True)
    print(f"{name}: before {run(open('before.wasm', 'rb').read())}, after {run(open('after.wasm', 'rb').read())}")
PY
venv/bin/python compare.py | tee seen
diff seen - <<'SEEN'
no other function: before 42, after wasm trap: wasm `unreachable` instruction executed
another function: before 42, after 42
SEEN
echo "as described"
