#!/usr/bin/env bash
# A file that is opened for appending is appended to only once in browser_wasi_shim: a second descriptor overwrites what the
# first has written.
#
# Versions:  @bjorn3/browser_wasi_shim 0.4.2 (npm); for comparison wasmtime 50.0.1 (PyPI).
# Behaviour: `fdflags::append` says that data is always appended to the file's end. The shim moves the offset to the end when
#            the file is opened, and forgets the flag. So two descriptors of a log, or one that has been moved by
#            `fd_seek` (as `ftell` and `rewind` do to read what was written), write over what is there. No error.
#            Its README does not mention it.
# Seen:      two descriptors: "log: second", under wasmtime "log: first second"
#            after fd_seek:   "again irst", under wasmtime "log: first again"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasmtime==50.0.1
echo '{"type": "module"}' > package.json
npm install --silent --no-audit --no-fund --no-save @bjorn3/browser_wasi_shim@0.4.2

cat > log.wat <<'WAT'
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "log.txt first second again ")
  (func $check (param $error i32)
    (if (local.get $error) (then (unreachable))))
  (func $open (result i32)  ;; for writing, at the end
    (call $check (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 7) (i32.const 0)
      (i64.const 0x64) (i64.const 0x64) (i32.const 1) (i32.const 64)))
    (i32.load (i32.const 64)))
  (func $write (param $file i32) (param $from i32) (param $size i32)
    (i32.store (i32.const 72) (local.get $from))
    (i32.store (i32.const 76) (local.get $size))
    (call $check (call $fd_write (local.get $file) (i32.const 72) (i32.const 1) (i32.const 80))))
  (func (export "two")
    (local $one i32) (local $other i32)
    (local.set $one (call $open))
    (local.set $other (call $open))
    (call $write (local.get $one) (i32.const 8) (i32.const 6))
    (call $write (local.get $other) (i32.const 14) (i32.const 7)))
  (func (export "seek")
    (local $file i32)
    (local.set $file (call $open))
    (call $write (local.get $file) (i32.const 8) (i32.const 6))
    (call $check (call $fd_seek (local.get $file) (i64.const 0) (i32.const 0) (i32.const 88)))
    (call $write (local.get $file) (i32.const 21) (i32.const 6)))
  (func (export "_start")))
WAT
cat > shim.js <<'JS'
import { readFileSync } from "node:fs";
import { File, OpenFile, PreopenDirectory, WASI } from "@bjorn3/browser_wasi_shim";

console.debug = () => {};
const module = await WebAssembly.compile(readFileSync("log.wasm"));
for (const name of ["two", "seek"]) {
  const log = new File(new TextEncoder().encode("log: "));
  const streams = [0, 1, 2].map(() => new OpenFile(new File([])));
  const shim = new WASI([], [], [...streams, new PreopenDirectory(".", new Map([["log.txt", log]]))], { debug: false });
  const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: shim.wasiImport });
  shim.start(instance);
  instance.exports[name]();
  console.log(`shim ${name}: "${new TextDecoder().decode(log.data).trim()}"`);
}
JS
cat > real.py <<'PY'
import pathlib

import wasmtime

pathlib.Path("log.wasm").write_bytes(wasmtime.wat2wasm(pathlib.Path("log.wat").read_text()))
log = pathlib.Path("files/log.txt")
log.parent.mkdir()
for name in ("two", "seek"):
    log.write_text("log: ")
    store = wasmtime.Store(wasmtime.Engine())
    wasi = wasmtime.WasiConfig()
    wasi.preopen_dir("files", ".")
    store.set_wasi(wasi)
    linker = wasmtime.Linker(store.engine)
    linker.define_wasi()
    module = wasmtime.Module.from_file(store.engine, "log.wasm")
    linker.instantiate(store, module).exports(store)[name](store)
    print(f'wasmtime {name}: "{log.read_text().strip()}"')
PY
{ venv/bin/python real.py; node shim.js; } | tee seen
diff seen - <<'SEEN'
wasmtime two: "log: first second"
wasmtime seek: "log: first again"
shim two: "log: second"
shim seek: "again irst"
SEEN
echo "as described"
