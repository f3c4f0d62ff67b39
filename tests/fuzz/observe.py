"""Calls everything that a module exports and writes down what can be seen: results, traps, globals, memories.

`python -m tests.fuzz.observe GENERATOR FIRST COUNT [--checked]` does so under Fusee, a JSON line a seed.
"""

import hashlib
import json
import struct
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from fusee.kernel.lang import u32
from tests.fuzz.atomics import make_atomics
from tests.fuzz.branches import make_branches
from tests.fuzz.objects import make_objects
from tests.fuzz.programs import make_program
from tests.fuzz.smith import make_module
from tests.fuzz.stress import make_stress
from tests.fuzz.vectors import make_vectors

GENERATORS: dict[str, Callable[[int], bytes | None]] = {
    "smith": make_module,
    "programs": make_program,
    "stress": make_stress,
    "vectors": make_vectors,
    "objects": make_objects,
    "branches": make_branches,
    "atomics": make_atomics,
}
CALLS_EACH = 3
ARGUMENTS: dict[str, list[Any]] = {
    "i32": [0, -1, 0x1234],
    "i64": [1, -(2**63), 0xFFFF_FFFF],
    "f32": [0.0, -1.5, float("inf")],
    "f64": [-0.0, 1e300, float("-inf")],
}


def observe(
    implementation: ModuleType, engine: Any, wasm: bytes, *, together: bool = False, stress: int = 0
) -> list[str]:
    """One line for each thing seen; both implementations must give the same.

    Every function gets an instance of its own, unless `together`: `smith`'s loop budget is used up in it. With `stress`
    Fusee collects at every allocation of so many of a size.
    """
    module = implementation.Module(engine, wasm)
    names = sorted(export.name for export in module.exports if isinstance(export.type, implementation.FuncType))
    seen: list[str] = []
    exports = None
    for name in names:
        if exports is None or not together:
            store = implementation.Store(engine)
            if stress:
                store._state.heap.stress = u32(stress)
            try:
                exports = implementation.Instance(store, module, []).exports(store)
            except implementation.Trap as trap:
                return [f"instantiation: {describe_trap(trap)}"]
        seen += [f"{name!r} {call(implementation, store, exports[name], turn)}" for turn in range(CALLS_EACH)]
        if together and name != names[-1]:
            continue
        for other in sorted(exports):
            if not isinstance(exports[other], implementation.Func):
                seen.append(f"{name!r} leaves {other!r} {describe_object(implementation, store, exports[other])}")
    return seen


def call(implementation: ModuleType, store: Any, function: Any, turn: int) -> str:
    """Call a function; references among its arguments are null."""
    arguments = [ARGUMENTS.get(str(kind), [None] * CALLS_EACH)[turn] for kind in function.type(store).params]
    try:
        results = function(store, *arguments)
    except implementation.Trap as trap:
        return describe_trap(trap)
    listed = results if isinstance(results, list | tuple) else [results]
    return " ".join(describe_value(value) for value in listed)


def describe_trap(trap: Any) -> str:
    """The reason; wasmtime does not tell a call behind the table's end from another access there."""
    name = trap.trap_code.name if trap.trap_code is not None else trap.message
    return f"trap {'TABLE_OUT_OF_BOUNDS' if name == 'UNDEFINED_ELEMENT' else name}"


def describe_value(value: Any) -> str:
    """Numbers exactly; of references only whether they are null (wasmtime gives those of globals in a `Val`)."""
    value = getattr(value, "value", value)
    if isinstance(value, float):
        return "nan" if value != value else struct.pack("<d", value).hex()
    return str(value) if isinstance(value, int) or value is None else "reference"


def describe_object(implementation: ModuleType, store: Any, found: Any) -> str:
    """A memory's contents, a table's size or a global's value."""
    if isinstance(found, implementation.Memory):
        return hashlib.sha256(bytes(found.read(store, 0, found.data_len(store)))).hexdigest()
    if isinstance(found, implementation.Table):
        return f"size {found.size(store)}"
    return describe_value(found.value(store))


def main() -> None:
    """Observe a range of seeds under Fusee."""
    import fusee

    config = fusee.Config()
    config.checked = "--checked" in sys.argv
    engine = fusee.Engine(config)
    generate, first, count = GENERATORS[sys.argv[1]], int(sys.argv[2]), int(sys.argv[3])
    for seed in range(first, first + count):
        wasm = generate(seed)
        print(json.dumps({"seed": seed}), flush=True)
        print(json.dumps(None if wasm is None else observe(fusee, engine, wasm)), flush=True)


if __name__ == "__main__":
    main()
