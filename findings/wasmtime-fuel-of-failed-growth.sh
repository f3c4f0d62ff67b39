#!/usr/bin/env bash
# In wasmtime, growth that fails costs fuel if what it asked for is a constant of at most 128, and none otherwise.
#
# Version:   wasmtime 50.0.1 (PyPI).
# Behaviour: `memory.grow` pays one unit of fuel for each page, `table.grow` for each element. If there can be no such growth,
#            since the type's maximum is below it, -1 comes back and nothing has grown. That is free if the number comes from a
#            local, or is a constant of 129 or more; a constant of at most 128 has been paid for all the same. So two
#            programs that execute the same instructions with the same operands and results have different fuel left, and
#            an optimizer that makes a local's value a constant changes what a program costs.
# Seen:      local: grown by 100: 104, failed for 100: 4; constant: grown by 100: 104, failed for 100: 104
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wasmtime==50.0.1
cat > growth.py <<'PYTHON'
from wasmtime import Config, Engine, Instance, Module, Store

GROWTH = {
    "memory": "(module (memory 1 {}) (func (export \"grow\") (param i32) (result i32) {} {} memory.grow))",
    "table": "(module (table 1 {} externref) (func (export \"grow\") (param i32) (result i32) ref.null extern {} {} table.grow))",
}


def cost(kind, most, count, is_constant):
    """Both push two values, of which one is dropped, so that they execute as many instructions."""
    value, other = f"(i32.const {count})", "(local.get 0)"
    pushed = (f"{other} drop", value) if is_constant else (f"{value} drop", other)
    config = Config()
    config.consume_fuel = True
    store = Store(Engine(config))
    store.set_fuel(1_000_000)
    grow = Instance(store, Module(store.engine, GROWTH[kind].format(most, *pushed)), []).exports(store)["grow"]
    before = store.get_fuel()
    result = grow(store, count)
    return f"{'failed for' if result == -1 else 'grown by'} {count}: {before - store.get_fuel()}"


for kind in GROWTH:
    for is_constant in (False, True):
        costs = [cost(kind, 300, 100, is_constant), *(cost(kind, 3, count, is_constant) for count in (100, 128, 129))]
        print(kind, "constant" if is_constant else "local", ", ".join(costs), sep=": ")
PYTHON
venv/bin/python growth.py | tee seen
diff seen - <<'SEEN'
memory: local: grown by 100: 104, failed for 100: 4, failed for 128: 4, failed for 129: 4
memory: constant: grown by 100: 104, failed for 100: 104, failed for 128: 132, failed for 129: 4
table: local: grown by 100: 105, failed for 100: 5, failed for 128: 5, failed for 129: 5
table: constant: grown by 100: 105, failed for 100: 105, failed for 128: 133, failed for 129: 5
SEEN
echo "as described"
