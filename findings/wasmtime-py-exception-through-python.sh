#!/usr/bin/env bash
# A WebAssembly exception that passes through a Python function cannot be caught by wasmtime-py's guests any more.
#
# Version:   wasmtime 50.0.1 (PyPI).
# Behaviour: one guest throws, another has `try_table` around the call. If the import is the first guest's function, the
#            exception is caught. If it is a Python function that does nothing but call that function, neither `catch` nor
#            `catch_all` sees it: Python gets a `Trap`, and a trap is what it becomes in the outer guest. (JavaScript
#            passes exceptions on, as does the Rust interface by `ThrownException`.)
#            Nothing tells this Trap from another but the text "thrown Wasm exception": `trap_code` is None, although
#            `TrapCode` has a member for it, UNCAUGHT_EXCEPTION, and the tag and the values are not to be had: Python
#            has `Tag` and `TagType`, and no class for exceptions. `Config.wasm_exceptions` mentions none of that.
# Seen:      direct: catch 7, catch-all 1    through Python: Trap None "thrown Wasm exception", twice
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasmtime==50.0.1
cat > exceptions.py <<'PYTHON'
from wasmtime import Config, Engine, Func, FuncType, Instance, Module, Store, Trap

THROWER = '(module (tag $t (export "tag") (param i32)) (func (export "throw") (throw $t (i32.const 7))))'
CATCHER = """(module
  (import "" "tag" (tag $t (param i32)))
  (import "" "throw" (func $throw))
  (func (export "catch") (result i32)
    (block $caught (result i32) (try_table (catch $t $caught) (call $throw)) (i32.const 0)))
  (func (export "catch-all") (result i32)
    (block $caught (try_table (catch_all $caught) (call $throw)) (return (i32.const 0)))
    (i32.const 1)))"""

config = Config()
config.wasm_exceptions = config.wasm_gc = config.wasm_function_references = True
store = Store(Engine(config))
thrower = Instance(store, Module(store.engine, THROWER), []).exports(store)


def through():
    thrower["throw"](store)


catcher = Module(store.engine, CATCHER)
for how, throw in (("direct", thrower["throw"]), ("through Python", Func(store, FuncType([], []), through))):
    exports = Instance(store, catcher, [thrower["tag"], throw]).exports(store)
    for name in ("catch", "catch-all"):
        try:
            print(how, name, exports[name](store))
        except Trap as trap:
            print(how, name, "Trap", trap.trap_code, str(trap).strip().splitlines()[-1].strip())
PYTHON
venv/bin/python exceptions.py | tee seen
diff seen - <<'SEEN'
direct catch 7
direct catch-all 1
through Python catch Trap None thrown Wasm exception
through Python catch-all Trap None thrown Wasm exception
SEEN
echo "as described"
