"""Random modules whose loops go on in native code: `python -m tests.native.loops GENERATOR FIRST COUNT`.

Every function begins interpreted; the first loop that it comes to takes its frame along. Expected is what the
interpreter has done with the same module before.
"""

import argparse
import sys
from typing import Any

import fusee
from fusee.engine.state.module import Module as ModuleState
from fusee.kernel.lang import u32
from fusee.kernel.memory import view
from fusee.native.batch import Wish, compile_batch
from fusee.native.code import mapped
from fusee.native.sections import read_module
from fusee.tier.loops import Loop, find_loops, loop_cells
from fusee.tier.module import TieredModule
from tests.fuzz.observe import GENERATORS, observe


def tiered_engine(config: fusee.Config | None = None) -> fusee.Engine:
    """An engine of which nobody watches the guests."""
    config = config or fusee.Config()
    config.strategy = "tiered"
    engine = fusee.Engine(config)
    assert engine._tier is not None
    engine._tier.state.is_asleep = u32(0)
    return engine


def module_of(engine: fusee.Engine, module: fusee.Module) -> TieredModule:
    assert engine._tier is not None
    return engine._tier.watcher._modules[module._address]


def translated_loops(tiered: TieredModule) -> list[tuple[int, int]]:
    """Functions and the offsets of their loops' first cells, of those that have been called."""
    state = view(ModuleState, tiered.address)
    defined = range(int(state.imported_func_count), int(state.func_count))
    return [(index, cell) for index in defined for cell in loop_cells(tiered.address, index)]


def resume_all(engine: fusee.Engine, module: fusee.Module) -> list[Loop]:
    """Have all loops that a guest has translated go on in native code; those that can."""
    tiered = module_of(engine, module)
    loops = find_loops(tiered._native, tiered.address, translated_loops(tiered), tiered.is_metered)
    places = [loop.place for loop in loops]
    code = mapped(compile_batch(read_module(tiered.binary), Wish([], places, [], 0, tiered.is_metered)))
    tiered.install(engine._address, code, loops)
    return [loop for loop in loops if loop.place in code.loops]


class WithModule:
    """Fusee, with a module that is there already."""

    def __init__(self, module: fusee.Module) -> None:
        self._module = module

    def Module(self, engine: fusee.Engine, wasm: bytes) -> fusee.Module:  # noqa: N802
        return self._module

    def __getattr__(self, name: str) -> Any:
        return getattr(fusee, name)


def difference(wasm: bytes) -> tuple[list[tuple[str, str]], int]:
    """Where native loops behave differently; and how many there are."""
    engine = tiered_engine()
    module = fusee.Module(engine, wasm)
    implementation: Any = WithModule(module)
    expected = observe(implementation, engine, wasm)
    resumed = resume_all(engine, module)
    seen = observe(implementation, engine, wasm)
    assert len(seen) == len(expected)
    return [pair for pair in zip(seen, expected, strict=True) if pair[0] != pair[1]], len(resumed)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("generator", choices=GENERATORS)
    arguments.add_argument("first", type=int)
    arguments.add_argument("count", type=int)
    given = arguments.parse_args()
    failures = resumed = 0
    for seed in range(given.first, given.first + given.count):
        print(f"seed {seed}", end="\r", file=sys.stderr)
        wasm = GENERATORS[given.generator](seed)
        if wasm is None:
            continue
        found, loops = difference(wasm)
        resumed += loops
        if found:
            failures += 1
            print(f"{given.generator} {seed}: {found[:3]}")
    print(f"{failures} of {given.count} differ; {resumed} loops went on natively")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
