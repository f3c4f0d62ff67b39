"""Random modules whose loops go on in native code: `python -m tests.native.loops GENERATOR FIRST COUNT`.

Every function begins interpreted; the first loop that it comes to takes its frame along. Expected is what the
interpreter has done with the same module before. With `--leaving` native code leaves that loop in every turn, as it
does for newer code, and goes on in it.
"""

import argparse
import sys
from typing import Any

import pytest

import fusee
from fusee.engine.state.module import Module as ModuleState
from fusee.kernel.lang import u32
from fusee.kernel.memory import view
from fusee.native import batch
from fusee.native.batch import Wish, compile_batch
from fusee.native.code import mapped
from fusee.native.resume import LoopCompiler
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


class LeavingCompiler(LoopCompiler):
    """Of what leaves its loop whenever it comes to it, but where it has just begun."""

    def poll(self) -> None:
        super().poll()
        if self.offset == self.place.loop:
            count = self.value("load i32, ptr %resume")
            self.emit(f"store i32 {self.value(f'add i32 {count}, 1')}, ptr %resume")
            self.leave_if(self.value(f"trunc i32 {count} to i1"))


class WithModule:
    """Fusee, with a module that is there already."""

    def __init__(self, module: fusee.Module) -> None:
        self._module = module

    def Module(self, engine: fusee.Engine, wasm: bytes) -> fusee.Module:  # noqa: N802
        return self._module

    def __getattr__(self, name: str) -> Any:
        return getattr(fusee, name)


def difference(wasm: bytes, compiler: type[LoopCompiler] = LoopCompiler) -> tuple[list[tuple[str, str]], int]:
    """Where native loops behave differently; and how many there are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "LoopCompiler", compiler)
        return _difference(wasm)


def _difference(wasm: bytes) -> tuple[list[tuple[str, str]], int]:
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
    arguments.add_argument("--leaving", action="store_true")
    given = arguments.parse_args()
    failures = resumed = 0
    for seed in range(given.first, given.first + given.count):
        print(f"seed {seed}", end="\r", file=sys.stderr)
        wasm = GENERATORS[given.generator](seed)
        if wasm is None:
            continue
        found, loops = difference(wasm, LeavingCompiler if given.leaving else LoopCompiler)
        resumed += loops
        if found:
            failures += 1
            print(f"{given.generator} {seed}: {found[:3]}")
    print(f"{failures} of {given.count} differ; {resumed} loops went on natively")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
