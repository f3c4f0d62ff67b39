"""What the calls of random modules cost in fuel, under Fusee and under wasmtime.

`python -m tests.fuzz.fuel GENERATOR FIRST COUNT [--checked] [--small] [--target TRIPLE]` compares the two and names
the seeds that differ. With `--list` Fusee's numbers are printed, to be compared with another build's.
"""

import argparse
import json
import sys
from types import ModuleType
from typing import Any

from tests.fuzz.observe import ARGUMENTS, CALLS_EACH, GENERATORS

FUEL = 1 << 40


def costs(implementation: ModuleType, engine: Any, wasm: bytes) -> list[tuple[int, bool]]:
    """For each call of an exported function what it has cost, and whether it has returned."""
    module = implementation.Module(engine, wasm)
    names = sorted(export.name for export in module.exports if isinstance(export.type, implementation.FuncType))
    seen = []
    for name in names:
        store = implementation.Store(engine)
        store.set_fuel(FUEL)
        try:
            function = implementation.Instance(store, module, []).exports(store)[name]
        except implementation.Trap:
            break
        for turn in range(CALLS_EACH):
            arguments = [ARGUMENTS.get(str(kind), [None] * CALLS_EACH)[turn] for kind in function.type(store).params]
            store.set_fuel(FUEL)
            try:
                function(store, *arguments)
                seen.append((FUEL - store.get_fuel(), True))
            except implementation.Trap:
                seen.append((FUEL - store.get_fuel(), False))
    return seen


def differences(seen: list[tuple[int, bool]], expected: list[tuple[int, bool]]) -> list[Any]:
    """Where they differ: Fusee has paid for more when a call traps, for all that would have followed in a line."""
    if len(seen) != len(expected):
        return [(len(seen), len(expected))]
    return [(a, b) for a, b in zip(seen, expected, strict=True) if a != b and (a[1] or b[1])]


def metered(implementation: ModuleType) -> Any:
    """A configuration with fuel, and all that both engines execute."""
    config = implementation.Config()
    config.consume_fuel = True
    for feature in ("memory64", "tail_call", "multi_memory", "extended_const", "function_references"):
        setattr(config, f"wasm_{feature}", True)
    return config


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("generator", choices=GENERATORS)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--checked", action="store_true")
    parser.add_argument("--small", action="store_true", help="the engine that a first program starts on")
    parser.add_argument("--target")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


def main() -> int:
    """Compare or list a range of seeds."""
    given = arguments()
    if given.small:
        from fusee.engine.isa.selection import START, choose

        choose(START)
    import fusee

    config = metered(fusee)
    config.checked, config.target = given.checked, given.target
    engine = fusee.Engine(config)
    other = None if given.list else oracle()
    findings = 0
    for seed in range(given.first, given.first + given.count):
        wasm = GENERATORS[given.generator](seed)
        if wasm is None:
            continue
        seen = costs(fusee, engine, wasm)
        if given.list:
            print(json.dumps([seed, seen]), flush=True)
        elif different := differences(seen, costs(sys.modules["wasmtime"], other, wasm)):
            findings += 1
            print(f"seed {seed}: {different[:3]}", flush=True)
    return 1 if findings else 0


def oracle() -> Any:
    """wasmtime, which counts as Fusee does."""
    import wasmtime

    config = metered(wasmtime)
    config.wasm_relaxed_simd_deterministic = True
    config.cranelift_opt_level = "none"
    return wasmtime.Engine(config)


if __name__ == "__main__":
    sys.exit(main())
