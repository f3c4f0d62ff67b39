#!/usr/bin/env bash
# wasm-opt -O takes two imports of one name for two different things: what is set by the one is not seen by the other.
#
# Versions:  binaryen 132.0.0 (npm: wasm-opt), wasmtime 50.0.1 (PyPI).
# Behaviour: a module may import the same thing more than once; tools that join modules can make such modules, and an
#            embedder may give one global for two names. WebAssembly says that they are the same then. wasm-opt
#            moves and removes accesses to globals as if they were not: it reads a global after it was set, has forgotten
#            that it was set under its other name, and takes out the handler of an exception whose tag has two names. No
#            option says that imports may be the same, and no documentation that they may not, as far as we found.
# Seen:      old value 0 -> 7, new value 7 -> 5, tag caught 1 -> 0
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

OWNER = """(module
  (global (export "global") (mut i32) (i32.const 0))
  (tag (export "tag")))"""
PROGRAM = """(module
  (import "owner" "global" (global $g (mut i32)))
  (import "owner" "global" (global $h (mut i32)))
  (import "owner" "tag" (tag $a))
  (import "owner" "tag" (tag $b))
  (func (export "old value") (result i32)
    (local $old i32)
    (local.set $old (global.get $h))
    (global.set $g (i32.const 7))
    (local.get $old))
  (func (export "new value") (result i32)
    (global.set $h (i32.const 5))
    (global.set $g (i32.const 7))
    (global.get $h))
  (func (export "tag caught") (result i32)
    (block $caught
      (block $other
        (try_table (catch $a $caught) (catch_all $other) (throw $b))
        (unreachable))
      (return (i32.const 0)))
    (i32.const 1)))"""


def run(program: bytes) -> list[int]:
    config = wasmtime.Config()
    config.wasm_exceptions = True
    store = wasmtime.Store(wasmtime.Engine(config))
    linker = wasmtime.Linker(store.engine)
    linker.define_instance(store, "owner", wasmtime.Instance(store, wasmtime.Module(store.engine, OWNER), []))
    exports = linker.instantiate(store, wasmtime.Module(store.engine, program)).exports(store)
    return [exports[name](store) for name in NAMES]


NAMES = ("old value", "new value", "tag caught")
with open("before.wasm", "wb") as file:
    file.write(wasmtime.wat2wasm(PROGRAM))
FEATURES = ("--enable-exception-handling", "--enable-reference-types", "--enable-mutable-globals")
subprocess.run(["node_modules/.bin/wasm-opt", *FEATURES, "-O", "before.wasm", "-o", "after.wasm"], check=True)
before, after = (run(open(f"{name}.wasm", "rb").read()) for name in ("before", "after"))
for name, old, new in zip(NAMES, before, after):
    print(f"{name}: {old} -> {new}")
PY
venv/bin/python compare.py | tee seen
diff seen - <<'SEEN'
old value: 0 -> 7
new value: 7 -> 5
tag caught: 1 -> 0
SEEN
echo "as described"
