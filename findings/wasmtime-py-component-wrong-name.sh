#!/usr/bin/env bash
# An argument that wasmtime-py refuses can be the last that a component gets: after a wrong name of an enum's case or of a
# flag, none of the instance's functions can be called any more.
#
# Version:   wasmtime 50.0.1 (PyPI).
# Behaviour: of most types, Python checks an argument before anything happens: an int for a string is a TypeError, and the
#            next call works. The names in an `enum` and in `flags` are checked later, by the C API, when the call has
#            begun. What is raised is just as plain, a WasmtimeError that quotes the name, and no guest code has run; but
#            the call counts as one that trapped, and a component whose function trapped is never entered again. A server
#            that answers "unknown colour" and goes on serves nothing from then on. Make a new instance after every
#            WasmtimeError, or compare names with the type's before the call.
#            That a trap ends an instance is in the Component Model; that an argument does is not in wasmtime-py's
#            documentation.
# Seen:      string TypeError expected string type, then 7
#            enum WasmtimeError enum variant name `blue` is not valid, then wasm trap: cannot enter component instance
#            flags WasmtimeError unknown flag: `blue`, then wasm trap: cannot enter component instance
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasmtime==50.0.1
cat > names.py <<'PYTHON'
from wasmtime import Engine, Store, WasmtimeError, component

WAT = """
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "seven") (result i32) (i32.const 7))
    (func (export "take") (param i32))
    (func (export "take-text") (param i32 i32)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (type $colour' (enum "red" "green")) (export $colour "colour" (type $colour'))
  (type $colours' (flags "red" "green")) (export $colours "colours" (type $colours'))
  (func (export "seven") (result u32) (canon lift (core func $i "seven")))
  (func (export "enum") (param "it" $colour) (canon lift (core func $i "take")))
  (func (export "flags") (param "them" $colours) (canon lift (core func $i "take")))
  (func (export "string") (param "text" string)
    (canon lift (core func $i "take-text") (memory $memory) (realloc (core func $i "realloc")))))
"""
engine = Engine()
linker, unit = component.Linker(engine), component.Component(engine, WAT)
for name, right, wrong in (("string", "red", 7), ("enum", "red", "blue"), ("flags", {"red"}, {"blue"})):
    store = Store(engine)
    instance = linker.instantiate(store, unit)
    function, seven = instance.get_func(store, name), instance.get_func(store, "seven")
    function(store, right)
    try:
        function(store, wrong)
    except (TypeError, WasmtimeError) as error:
        refusal = f"{type(error).__name__} {error}"
    try:
        after = seven(store)
    except WasmtimeError as error:
        after = error
    print(f"{name} {refusal.strip()}, then {after}".strip())
PYTHON
venv/bin/python names.py | tee seen
diff seen - <<'SEEN'
string TypeError expected string type, then 7
enum WasmtimeError enum variant name `blue` is not valid, then wasm trap: cannot enter component instance
flags WasmtimeError unknown flag: `blue`, then wasm trap: cannot enter component instance
SEEN
echo "as described"
