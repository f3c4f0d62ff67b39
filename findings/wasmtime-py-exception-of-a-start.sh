#!/usr/bin/env bash
# wasmtime-py: what an import raises while a component is instantiated is lost there, and raised by the next call that fails.
#
# Version:   wasmtime 50.0.1 (PyPI).
# Behaviour: an exception of a host function is kept until its guest has come back, and raised by `Func.__call__`.
#            `component.Linker.instantiate` does not look for it: it raises a `WasmtimeError` that says "python exception" and
#            no more. The exception stays kept, and the next call that fails, of any function of any store, raises it in the
#            place of its own error: here a division by zero comes out as the `LookupError` of another component.
# Seen:      instantiate: WasmtimeError python exception
#            divide: LookupError no configuration
#            divide: WasmtimeError integer divide by zero
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasmtime==50.0.1
cat > start.py <<'PYTHON'
from wasmtime import Engine, Store
from wasmtime.component import Component, Linker

STARTS = """(component (import "f" (func $f)) (core func $f' (canon lower (func $f)))
  (core module $m (import "" "f" (func $f)) (start $f))
  (core instance (instantiate $m (with "" (instance (export "f" (func $f')))))))"""
DIVIDES = """(component
  (core module $m (func (export "divide") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0))))
  (core instance $i (instantiate $m))
  (func (export "divide") (param "by" u32) (result u32) (canon lift (core func $i "divide"))))"""


def configure(store):
    raise LookupError("no configuration")


def divide():
    store = Store(Engine())
    made = Linker(store.engine).instantiate(store, Component(store.engine, DIVIDES))
    made.get_func(store, "divide")(store, 0)


def start():
    store = Store(Engine())
    linker = Linker(store.engine)
    with linker.root() as root:
        root.add_func("f", configure)
    linker.instantiate(store, Component(store.engine, STARTS))


for name, act in (("instantiate", start), ("divide", divide), ("divide", divide)):
    try:
        act()
    except Exception as error:
        print(f"{name}: {type(error).__name__} {str(error).strip().rpartition('wasm trap: ')[2]}")
PYTHON
venv/bin/python start.py | tee seen
diff seen - <<'SEEN'
instantiate: WasmtimeError python exception
divide: LookupError no configuration
divide: WasmtimeError integer divide by zero
SEEN
echo "as described"
