#!/usr/bin/env bash
# wasmtime-py's `Table.get` gives None for an index that is out of bounds, and something else for a null reference.
#
# Version:   wasmtime 50.0.1 (PyPI).
# Behaviour: its docstring says None for both. A null element comes as a `Val` object instead, and so does every external
#            value that is false in Python: 0, "", [] and False are hidden in a `Val`, all others come as they are. So
#            `table.get(store, i) is None` finds the end of the table and never an empty element, and code that stored
#            objects and numbers works until one of them is 0. `Table.set` raises for the same index; a function that
#            returns the same references gives None and 0.
#            The same slip was mended in `Global.value` in 2023.
# Seen:      null: table Val, function NoneType; 0: table Val, function int; 5: table int, function int;
#            out of bounds: table NoneType
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasmtime==50.0.1
cat > elements.py <<'PYTHON'
from wasmtime import Engine, Instance, Module, Store

TEXT = """(module
  (table $t (export "table") 4 externref)
  (func (export "element") (param i32) (result externref) (table.get $t (local.get 0))))"""

store = Store(Engine())
exports = Instance(store, Module(store.engine, TEXT), []).exports(store)
table, element = exports["table"], exports["element"]
for index, value in enumerate((0, "", 5), 1):
    table.set(store, index, value)
for index, name in enumerate(("null", "0", "empty text", "5")):
    print(f"{name}: table {type(table.get(store, index)).__name__}, function {type(element(store, index)).__name__}")
print(f"out of bounds: table {type(table.get(store, 4)).__name__}")
PYTHON
venv/bin/python elements.py | tee seen
diff seen - <<'SEEN'
null: table Val, function NoneType
0: table Val, function int
empty text: table Val, function str
5: table int, function int
out of bounds: table NoneType
SEEN
echo "as described"
