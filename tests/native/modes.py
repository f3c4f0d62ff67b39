"""What modules do that reach for the ends of memories, in each way to execute them:
`python -m tests.native.modes FIRST COUNT [--mode MODE]`.

Every function is called some times on one instance, metered with plenty of fuel and with less than it needs, too.
Results, traps and their places, memories, globals and the fuel that is left are what they are interpreted.
"""

import argparse
import ctypes
import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final
from unittest import mock

import fusee
from fusee.native import batch
from fusee.native.batch import Wish, compile_batch
from fusee.native.code import mapped
from fusee.native.resume import LoopCompiler
from fusee.native.sections import read_module
from fusee.tier.loops import find_loops
from tests.fuzz.observe import describe_trap
from tests.native.loops import LeavingCompiler, module_of, tiered_engine, translated_loops
from tests.native.parts import natively
from tests.native.reaching import make_reaching
from tests.native.reaching_ends import END_CALLS

PLENTY: Final = 1 << 40
_SHARES: Final = (0.97, 0.5, 0.1)  # of the fuel that a call has taken
CALLS: Final = ((0, 8, 5), (-100, 0x7FFF_FFFF, -1), (65_400, 11, 1 << 32), (-8, 4, 65_528))


def config_of(is_metered: bool) -> fusee.Config:
    config = fusee.Config()
    config.wasm_threads = config.wasm_custom_page_sizes = config.wasm_memory64 = True
    config.consume_fuel = is_metered
    return config


class Seen:
    """An instance of a module, and a line for each call."""

    def __init__(self, engine: fusee.Engine, module: fusee.Module, is_metered: bool) -> None:
        self.engine, self.module = engine, module
        self.store = fusee.Store(engine)
        self.lines: list[str] = []
        self.is_metered = is_metered
        self._memories: dict[str, Any] = {}
        if self.is_metered:
            self.store.set_fuel(PLENTY)
        kind = fusee.FuncType([fusee.ValType.i32()], [fusee.ValType.i32()])
        given = [fusee.Func(self.store, kind, self._host), *(self._memory(one) for one in module.imports[1:])]
        self._exports: Any = fusee.Instance(self.store, module, given).exports(self.store)
        for name in self._exports:
            if name.startswith("memory"):
                self._memories[name] = self._exports[name]

    def _memory(self, wanted: Any) -> Any:
        if wanted.name in self._memories:
            return self._memories[wanted.name]
        is_shared = wanted.type.is_shared
        made = fusee.SharedMemory(self.engine, wanted.type) if is_shared else fusee.Memory(self.store, wanted.type)
        self._memories[wanted.name] = made
        return made

    def _store(self, memory: Any) -> tuple[Any, ...]:
        return () if isinstance(memory, fusee.SharedMemory) else (self.store,)

    def _host(self, number: int) -> int:
        """Grows a memory now and then."""
        memory = self._memories["memory0"]
        if number & 3 == 2 and memory.data_len(*self._store(memory)) < 400_000:
            with suppress(fusee.WasmtimeError):
                memory.grow(*self._store(memory), 1)
        return number + 4 & 0x7FFF_FFFF

    def call_all(self) -> None:
        for name in sorted(self._exports):
            if name[0] in "fe":
                for arguments in CALLS if name[0] == "f" else END_CALLS:
                    self._call_metered(name, arguments) if self.is_metered else self._call(name, arguments, PLENTY)

    def _call_metered(self, name: str, arguments: tuple[int, ...]) -> None:
        cost = self._call(name, arguments, PLENTY)
        for share in _SHARES:
            self._call(name, arguments, int(cost * share))

    def _call(self, name: str, arguments: tuple[int, ...], fuel: int) -> int:
        if self.is_metered:
            self.store.set_fuel(fuel)
        try:
            outcome = str(self._exports[name](self.store, *arguments))
        except fusee.Trap as trap:
            outcome = f"{describe_trap(trap)} at {[(frame.func_index, frame.module_offset) for frame in trap.frames]}"
        except fusee.WasmtimeError as error:
            outcome = f"error {error}"
        left = self.store.get_fuel() if self.is_metered else 0
        state = [self._contents(self._memories[memory]) for memory in sorted(self._memories)]
        state += [str(self._exports[other].value(self.store)) for other in ("g", "w")]
        self.lines.append(f"{name}{arguments} with {fuel}: {outcome}, leaves {left}, {state}")
        return fuel - left

    def _contents(self, memory: Any) -> str:
        size = memory.data_len(*self._store(memory))
        start = ctypes.addressof(memory.data_ptr(*self._store(memory)).contents) if size else 0
        return f"{size} {hashlib.sha256(ctypes.string_at(start, size)).hexdigest()[:16]}"


def seen(engine: fusee.Engine, module: fusee.Module, is_metered: bool) -> list[str]:
    try:
        found = Seen(engine, module, is_metered)
    except fusee.Trap as trap:
        return [f"instantiation: {describe_trap(trap)}"]
    found.call_all()
    return found.lines


def interpreted(wasm: bytes, is_metered: bool) -> list[str]:
    config = config_of(is_metered)
    config.strategy = "interpreter"
    engine = fusee.Engine(config)
    return seen(engine, fusee.Module(engine, wasm), is_metered)


def part(name: str) -> Callable[[bytes, bool], list[str]]:
    """With a part of the functions native."""

    def run(wasm: bytes, is_metered: bool) -> list[str]:
        with natively(name):
            engine = fusee.Engine(config_of(is_metered))
            return seen(engine, fusee.Module(engine, wasm), is_metered)

    return run


@contextmanager
def _compiling(compiler: type[LoopCompiler], is_hasty: bool) -> Iterator[None]:
    with (
        mock.patch.object(batch, "LoopCompiler", compiler),
        mock.patch.object(batch, "FULL_LINES", 0 if is_hasty else batch.FULL_LINES),
    ):
        yield


def resumed(
    compiler: type[LoopCompiler] = LoopCompiler, is_hasty: bool = False, is_last: bool = False,
    has_functions: bool = False,
) -> Callable[[bytes, bool], list[str]]:  # fmt: skip
    """Interpreted up to the first loop, which goes on natively; with `has_functions` what is called is native, too."""

    def run(wasm: bytes, is_metered: bool) -> list[str]:
        engine = tiered_engine(config_of(is_metered))
        module = fusee.Module(engine, wasm)
        seen(engine, module, is_metered)
        tiered = module_of(engine, module)
        loops = find_loops(tiered._native, tiered.address, translated_loops(tiered), is_metered)
        hot = [index for index in tiered.own if index % 2] if has_functions else []
        with _compiling(compiler, is_hasty):
            wish = Wish(hot, [loop.place for loop in loops], [], 1 << 20 if hot else 0, is_metered, is_last)
            code = mapped(compile_batch(read_module(tiered.binary), wish))
        tiered.install(engine._address, code, loops)
        return seen(engine, module, is_metered)

    return run


MODES: Final[dict[str, Callable[[bytes, bool], list[str]]]] = {
    "all": part("all"),
    "second": part("second"),
    "half": part("half:3"),
    "loops": resumed(),
    "leaving": resumed(LeavingCompiler),
    "hasty": resumed(is_hasty=True),
    "hasty leaving": resumed(LeavingCompiler, is_hasty=True),
    "batch": resumed(has_functions=True, is_last=True),
    "hasty batch": resumed(is_hasty=True, has_functions=True),
}


def differences(wasm: bytes, mode: str, is_metered: bool, expected: list[str]) -> list[tuple[str, str]]:
    found = MODES[mode](wasm, is_metered)
    assert len(found) == len(expected)
    return [pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]]


def chosen(seed: int, mode: str | None = None) -> list[tuple[str, bool]]:
    """The modes that a seed is tried in, and whether they are metered."""
    if mode is not None:
        return [(mode, False), (mode, True)]
    return [("all", False), (list(MODES)[seed % len(MODES)], seed // len(MODES) % 2 == 1)]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("first", type=int)
    arguments.add_argument("count", type=int)
    arguments.add_argument("--mode", choices=MODES)
    given = arguments.parse_args()
    failures = compared = 0
    for seed in range(given.first, given.first + given.count):
        print(f"seed {seed}", end="\r", file=sys.stderr)
        wasm, expected = make_reaching(seed), dict[bool, list[str]]()
        for mode, is_metered in chosen(seed, given.mode):
            if is_metered not in expected:
                expected[is_metered] = interpreted(wasm, is_metered)
            compared += len(expected[is_metered])
            if found := differences(wasm, mode, is_metered, expected[is_metered]):
                failures += 1
                print(f"{seed} {mode} metered {is_metered}: {len(found)} calls {found[:1]}", flush=True)
    print(f"{failures} of {given.count} differ; {compared} calls were compared")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
