#!/usr/bin/env bash
# wasmtime-py's garbage collector frees no cycle, not even an object that holds itself, and a full heap is no trap.
#
# Version:   wasmtime 50.0.1 (PyPI) with the settings it has by itself; its Config has no setting for the collector.
# Behaviour: a loop that makes structs and keeps none runs for ever in 64 MiB. If each struct points to itself before it
#            is dropped, which makes garbage of it all the same, the heap fills up. What is raised then is a
#            WasmtimeError without a trap code: a program that catches `Trap` around its guest does not see it.
# Seen:      "single 10000000 fine", "ring WasmtimeError GC heap out of memory: no capacity for allocation of 40 bytes".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasmtime==50.0.1
cat > cycles.py <<'PYTHON'
import wasmtime

TEXT = """(module
  (type $node (struct (field $next (mut (ref null $node))) (field (mut i64))))
  (func (export "make") (param $count i32) (local $old (ref null $node)) (local $new (ref null $node))
    (loop $again
      (local.set $new (struct.new_default $node))
      (struct.set $node $next (local.get $new) (local.get %s))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $again (local.get $count)))))"""

config = wasmtime.Config()
config.wasm_gc = config.wasm_function_references = True
engine = wasmtime.Engine(config)
for name, target in (("single", "$old"), ("ring", "$new")):
    store = wasmtime.Store(engine)
    store.set_limits(memory_size=64 << 20)
    make = wasmtime.Instance(store, wasmtime.Module(engine, TEXT % target), []).exports(store)["make"]
    try:
        make(store, 10_000_000)
        print(name, 10_000_000, "fine")
    except wasmtime.Trap:
        print(name, "a trap")
    except wasmtime.WasmtimeError as error:
        print(name, type(error).__name__, str(error).strip().splitlines()[-1].strip())
PYTHON
venv/bin/python cycles.py | tee seen
diff seen - <<'SEEN'
single 10000000 fine
ring WasmtimeError GC heap out of memory: no capacity for allocation of 40 bytes
SEEN
echo "as described"
