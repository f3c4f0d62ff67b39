#!/usr/bin/env bash
# Binaryen computes one of the relaxed vector instructions while it optimizes, and not as the machine does: in one run the
# same instruction has two results for the same operands.
#
# Versions:  binaryen 132.0.0 (npm: wasm-opt), wasmtime 50.0.1 (PyPI), on x86-64.
# Behaviour: `i16x8.relaxed_dot_i8x16_i7x16_s` multiplies signed bytes by numbers of seven bits. Where one of these has its
#            top bit set, the result is the implementation's choice: the bytes may count as signed or as unsigned. Which,
#            the specification leaves open, but wants it to be the same throughout a run. On x86-64 one instruction does
#            it with the bytes unsigned, and so Wasmtime has 510 for 1·255 + 1·255. With constants for operands, wasm-opt -O
#            puts -2 in the instruction's place, whatever machine the module is for; where operands come from outside, the
#            instruction stays. A program that tests once which of the two it has, with constants, is told the wrong one.
#            The other relaxed instructions that were tried (swizzle, trunc, madd, min, q15mulr) wasm-opt leaves alone.
# Seen:      before: constants 510, parameters 510    after: constants -2, parameters 510
#            left in the optimized module: 1 relaxed_dot of 2, 5 of 5 others
set -euo pipefail
[ "$(uname -m)" = x86_64 ] || { echo "on other machines both may be the same"; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasmtime==50.0.1
npm install --silent --no-audit --no-fund --no-save --prefix . binaryen@132.0.0

cat > make.py <<'PY'
import wasmtime

ONES = "(v128.const i8x16 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1)"
WIDE = "(v128.const i8x16 -1 -1 1 1 1 1 1 1 1 1 1 1 1 1 1 1)"
FLOATS = "(v128.const f32x4 nan 0x1.000002p0 -0 1)"
OTHERS = {
    "swizzle": f"i8x16.relaxed_swizzle {ONES} {WIDE}",
    "trunc": f"i32x4.relaxed_trunc_f32x4_s {FLOATS}",
    "madd": f"f32x4.relaxed_madd {FLOATS} {FLOATS} {FLOATS}",
    "min": f"f32x4.relaxed_min {FLOATS} {FLOATS}",
    "q15mulr": f"i16x8.relaxed_q15mulr_s {WIDE} {WIDE}",
}
DOT = "i16x8.extract_lane_s 0 (i16x8.relaxed_dot_i8x16_i7x16_s"
text = f"""(module
  (func (export "constants") (result i32) ({DOT} {ONES} {WIDE})))
  (func $dot (param v128 v128) (result i32) ({DOT} (local.get 0) (local.get 1))))
  (func (export "parameters") (param i32) (result i32)
    (call $dot (i8x16.splat (local.get 0)) (i8x16.replace_lane 0 (i8x16.replace_lane 1 (i8x16.splat (local.get 0))
      (i32.sub (i32.const 0) (local.get 0))) (i32.sub (i32.const 0) (local.get 0)))))
  {"".join(f'(func (export "{name}") (result v128) ({body}))' for name, body in OTHERS.items())})"""
open("before.wasm", "wb").write(wasmtime.wat2wasm(text))
PY
cat > run.py <<'PY'
import sys

import wasmtime

for name in ("before", "after"):
    store = wasmtime.Store(wasmtime.Engine())
    exports = wasmtime.Instance(store, wasmtime.Module.from_file(store.engine, f"{name}.wasm"), []).exports(store)
    print(f"{name}: constants {exports['constants'](store)}, parameters {exports['parameters'](store, 1)}")
PY
venv/bin/python make.py
node_modules/.bin/wasm-opt -all -O before.wasm -o after.wasm
{
    venv/bin/python run.py
    node_modules/.bin/wasm-opt -all --print after.wasm > after.wat
    echo "left after: $(grep -c 'relaxed_dot' after.wat) relaxed_dot, $(grep -cE 'relaxed_(swizzle|trunc|madd|min|q15mulr)' after.wat) others"
} | tee seen
diff seen - <<'SEEN'
before: constants 510, parameters 510
after: constants -2, parameters 510
left after: 1 relaxed_dot, 5 others
SEEN
echo "as described"
