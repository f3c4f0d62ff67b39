#!/usr/bin/env bash
# wasmtime-py gives None, which stands for null, for an externref that is not null but one of the guest's own objects.
#
# Version:   wasmtime 50.0.1 (PyPI).
# Behaviour: `extern.convert_any` makes an externref of any reference of the guest's: null of null, and of nothing else
#            (reference instructions of the specification). wasmtime-py shows externref as the Python object that it was made of, and None for null.
#            A converted structure or i31 was made of none, and comes out as None too, with no error: the guest says that
#            it is not null, and what Python passes back is.
# Seen:      "null: is_null 1, Python None, passed back 1"; "i31: is_null 0, Python None, passed back 1", struct likewise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasmtime==50.0.1

cat > pass.py <<'PY'
from wasmtime import Config, Engine, Instance, Module, Store

config = Config()
config.wasm_gc = config.wasm_function_references = True
engine = Engine(config)
store = Store(engine)
module = Module(engine, """(module
  (type $s (struct (field i32)))
  (func (export "null") (result externref) (ref.null extern))
  (func (export "i31") (result externref) (extern.convert_any (ref.i31 (i32.const 7))))
  (func (export "struct") (result externref) (extern.convert_any (struct.new $s (i32.const 7))))
  (func (export "null_inside") (result i32) (ref.is_null (ref.null extern)))
  (func (export "i31_inside") (result i32) (ref.is_null (extern.convert_any (ref.i31 (i32.const 7)))))
  (func (export "struct_inside") (result i32) (ref.is_null (extern.convert_any (struct.new $s (i32.const 7)))))
  (func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0))))""")
exports = Instance(store, module, []).exports(store)
for name in ("null", "i31", "struct"):
    seen = exports[name](store)
    print(f"{name}: is_null {exports[name + '_inside'](store)}, Python {seen}, passed back {exports['is_null'](store, seen)}")
PY
venv/bin/python pass.py | tee seen
diff seen - <<'SEEN'
null: is_null 1, Python None, passed back 1
i31: is_null 0, Python None, passed back 1
struct: is_null 0, Python None, passed back 1
SEEN
echo "as described"
