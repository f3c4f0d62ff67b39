"""What random modules pay, natively and interpreted: `python -m tests.native.fuel GENERATOR FIRST COUNT [--part PART]`.

Every function is called with plenty of fuel, and then with less than it needs. What it returns, where it traps, what it
leaves and what is left of its fuel are the same. The generators are those of `tests.fuzz`.
"""

import argparse
import sys
from typing import Any

import fusee
from tests.fuzz.fuel import metered
from tests.fuzz.observe import ARGUMENTS, GENERATORS, describe_object, describe_trap, describe_value
from tests.native.parts import natively

PLENTY = 1 << 40
_SHARES = (0.9, 0.5, 0.1)  # of what a call has taken


def metered_engine(target: str | None = None) -> fusee.Engine:
    config: fusee.Config = metered(fusee)
    config.target = target
    return fusee.Engine(config)


def paid(engine: fusee.Engine, wasm: bytes) -> list[str]:
    """A line for each call: its outcome, the fuel that it leaves, and the state of what is exported."""
    module = fusee.Module(engine, wasm)
    names = sorted(export.name for export in module.exports if isinstance(export.type, fusee.FuncType))
    seen = []
    for turn, name in enumerate(names):
        line, cost = _one_call(engine, module, name, turn, PLENTY)
        seen.append(line)
        for less in {cost - 1, *(int(cost * share) for share in _SHARES)} if cost > 1 else ():
            seen.append(_one_call(engine, module, name, turn, less)[0])
    return seen


def _one_call(engine: fusee.Engine, module: fusee.Module, name: str, turn: int, fuel: int) -> tuple[str, int]:
    store = fusee.Store(engine)
    store.set_fuel(PLENTY)
    try:
        exports = fusee.Instance(store, module, []).exports(store)
    except fusee.Trap as trap:
        return f"instantiation: {describe_trap(trap)}", 0
    store.set_fuel(fuel)
    outcome = _outcome(store, exports[name], turn)
    left = store.get_fuel()
    others = [exports[other] for other in sorted(exports) if not isinstance(exports[other], fusee.Func)]
    state = [describe_object(fusee, store, other) for other in others]
    return f"{name} with {fuel}: {outcome}, leaves {left}, {state}", fuel - left


def _outcome(store: fusee.Store, function: Any, turn: int) -> str:
    arguments = [ARGUMENTS.get(str(kind), [None] * 3)[turn % 3] for kind in function.type(store).params]
    try:
        results = function(store, *arguments)
    except fusee.Trap as trap:
        places = [(frame.func_index, frame.module_offset) for frame in trap.frames]
        return f"{describe_trap(trap)} at {places[:20]}"
    listed = results if isinstance(results, list | tuple) else [results]
    return " ".join(describe_value(value) for value in listed)


def differences(wasm: bytes, part: str, target: str | None = None) -> tuple[list[tuple[str, str]], int]:
    """Where native code pays differently, and how many functions had some. The depth of recursions may differ."""
    expected = paid(metered_engine(target), wasm)
    with natively(part) as chosen:
        seen = paid(metered_engine(target), wasm)
    assert len(seen) == len(expected)
    pairs = zip(seen, expected, strict=True)
    return [pair for pair in pairs if pair[0] != pair[1] and "STACK" not in "".join(pair)], chosen.native


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("generator", choices=GENERATORS)
    arguments.add_argument("first", type=int)
    arguments.add_argument("count", type=int)
    arguments.add_argument("--part", default="")
    arguments.add_argument("--target")
    given = arguments.parse_args()
    failures = native = 0
    for seed in range(given.first, given.first + given.count):
        print(f"seed {seed}", end="\r", file=sys.stderr)
        wasm = GENERATORS[given.generator](seed)
        part = given.part or ("all", "second", f"half:{seed}")[seed % 3]
        if wasm is None:
            continue
        found, count = differences(wasm, part, given.target)
        native += count
        if found:
            failures += 1
            print(f"{given.generator} {seed} ({part}): {found[:2]}", flush=True)
    print(f"{failures} of {given.count} differ; {native} functions were native")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
