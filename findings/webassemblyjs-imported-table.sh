#!/usr/bin/env bash
# The reader of WebAssembly in webpack refuses a module that exports a table it imports, and reads one instruction as two.
#
# Version:   @webassemblyjs/wasm-parser 1.14.1 (npm), which webpack 5 reads modules with.
# Behaviour: functions, memories and globals may be imported and exported again, as WebAssembly 1.0 says. A table may not:
#            "unknown table 0", which webpack shows as "Module parse failed". Using the imported table is fine.
#            A module with `(global externref (ref.null extern))` is read, and wrongly: the byte for `extern` after
#            `ref.null` is taken for the next instruction, `i32.rem_s` (for `func` it is `i32.rem_u`).
#            The options are those of webpack, which skips code and data, so that only the module's outside is read.
#            Every engine takes these modules; Node's own `WebAssembly.validate` is asked here.
# Seen:      function, memory, global read; table CompileError unknown table 0; ref.null extern as ref.null, i32.rem_s, end
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-save --prefix . @webassemblyjs/wasm-parser@1.14.1
cat > read.cjs <<'JS'
const { decode } = require("@webassemblyjs/wasm-parser");

const OPTIONS = { ignoreDataSection: true, ignoreCodeSection: true, ignoreCustomNameSection: true };
const HEAD = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
// A module that imports "a" "b" and exports it as "c": its type section, what is imported, and the kind of the export.
const again = (types, kind, described) =>
  [...HEAD, ...types, 2, 6 + described.length, 1, 1, 0x61, 1, 0x62, kind, ...described, 7, 5, 1, 1, 0x63, kind, 0];
const read = (bytes) => {
  const data = Uint8Array.from(bytes);
  if (!WebAssembly.validate(data)) throw new Error("the module is not valid");
  return decode(data.buffer, OPTIONS).body[0].fields;
};

const outside = {
  function: again([1, 4, 1, 0x60, 0, 0], 0, [0]),
  table: again([], 1, [0x70, 0, 1]),
  memory: again([], 2, [0, 1]),
  global: again([], 3, [0x7f, 0]),
};
for (const [name, bytes] of Object.entries(outside)) {
  try {
    const kinds = read(bytes).map((field) => field.type).filter((type) => type.startsWith("Module"));
    console.log(name, kinds.join(" "));
  } catch (error) {
    console.log(name, error.constructor.name, error.message);
  }
}
const [global] = read([...HEAD, 6, 6, 1, 0x6f, 0, 0xd0, 0x6f, 0x0b]).filter((field) => field.type === "Global");
console.log("ref.null extern", global.init.map((one) => (one.object ? `${one.object}.${one.id}` : one.id)).join(" "));
JS
node read.cjs | tee seen
diff seen - <<'SEEN'
function ModuleImport ModuleExport
table CompileError unknown table 0
memory ModuleImport ModuleExport
global ModuleImport ModuleExport
ref.null extern ref.null i32.rem_s end
SEEN
echo "as described"
