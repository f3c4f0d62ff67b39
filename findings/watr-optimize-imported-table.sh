#!/usr/bin/env bash
# watr's optimizer removes an imported table that the module only writes to, and keeps the segment which does.
#
# Versions:  watr 5.0.0 (npm), Node.js 20.
# Behaviour: a module may fill another one's table: it imports it and has an active element segment, and need not name it
#            anywhere else. That is how code which is loaded later puts its functions into a shared table. `optimize` takes
#            such a table for unused and drops the import. The segment stays, so that the module is no longer valid; an
#            imported memory with a data segment is kept.
# Seen:      compile(text): the function is called through the table. compile(optimize(text)): V8 refuses the module,
#            "out of bounds table index 0".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-save --prefix . watr@5.0.0

cat > all.mjs <<'JS'
import { compile } from 'watr'
import optimize from 'watr/optimize'
const imports = { host: { table: new WebAssembly.Table({ initial: 4, element: 'anyfunc' }), memory: new WebAssembly.Memory({ initial: 1 }) } }
const start = bytes => new WebAssembly.Instance(new WebAssembly.Module(bytes), imports)
const table = `(module (import "host" "table" (table 4 funcref)) (func $seven (result i32) (i32.const 7)) (elem (i32.const 2) $seven))`
const memory = `(module (import "host" "memory" (memory 1)) (data (i32.const 2) "a"))`
start(compile(table))
console.log(imports.host.table.get(2)())
start(compile(optimize(memory)))
console.log(new Uint8Array(imports.host.memory.buffer)[2])
try { start(compile(optimize(table))); console.log('started') } catch (error) { console.log(`${error.name}: ${error.message}`) }
JS
node all.mjs > seen
cat seen
[ "$(sed -n 1p seen)" = 7 ]
[ "$(sed -n 2p seen)" = 97 ]
grep -q '^CompileError: .*out of bounds table index 0' seen
echo "as described"
