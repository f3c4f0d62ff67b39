"""Mutates modules, and looks whether the engine survives what comes of it: decoder, validator, translator, handlers.

`python -m tests.fuzz.mutate FIRST COUNT [--seconds N] [--ordinary] [--keep FOLDER]` does so in the checked build. A
module that is accepted is translated whole, and if it has no imports it runs, on little fuel. wasmtime must accept and
refuse the same modules. The seed at hand is in the file `seed` of FOLDER; findings are written there.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fusee
from fusee.api.text import wat2wasm
from fusee.disasm.listing import own_functions, translate_function
from fusee.kernel.faults import Fault
from tests.fuzz.programs import make_program
from tests.fuzz.stress import make_stress
from tests.golden.listing import SOURCES
from tests.hostile.encoding import unsigned
from tests.hostile.samples import SAMPLES
from tests.hostile.test_hostile import oracle

FUEL = 3000
MOST_MEMORY_BYTES = 1 << 20
MOST_ELEMENTS = 1000
INTERESTING = b"\0\1\2\3\4\5\x0b\x0d\x0e\x10\x20\x40\x41\x70\x7c\x7e\x7f\x80\xff"
NUMBERS = (0, 1, 2, 127, 128, 1000, 1001, 50_000, 65_535, 2**31 - 1, 2**31, 2**32 - 1)


def origins() -> list[bytes]:
    """What is mutated."""
    texts = [bytes(wat2wasm(source.read_text())) for source in SOURCES]
    return [*SAMPLES.values(), *texts, *map(make_program, range(20)), *map(make_stress, range(60))]


def replace_byte(choice: random.Random, wasm: bytes, at: int) -> bytes:
    value = choice.choice(INTERESTING) if choice.random() < 0.5 else choice.randrange(256)
    return wasm[:at] + bytes([value]) + wasm[at + 1 :]


def flip_bit(choice: random.Random, wasm: bytes, at: int) -> bytes:
    return wasm[:at] + bytes([wasm[at] ^ 1 << choice.randrange(8)]) + wasm[at + 1 :]


def insert(choice: random.Random, wasm: bytes, at: int) -> bytes:
    return wasm[:at] + bytes([choice.choice(INTERESTING)]) + wasm[at:]


def remove(choice: random.Random, wasm: bytes, at: int) -> bytes:
    return wasm[:at] + wasm[at + choice.randint(1, 4) :]


def repeat(choice: random.Random, wasm: bytes, at: int) -> bytes:
    piece = wasm[at : at + choice.randint(1, 12)]
    return wasm[:at] + piece * choice.choice([2, 2, 3, 100]) + wasm[at:]


def swap(choice: random.Random, wasm: bytes, at: int) -> bytes:
    """Exchange two neighbouring pieces of one length, so that sizes stay right."""
    length = choice.randint(1, 6)
    first, second = wasm[at : at + length], wasm[at + length : at + 2 * length]
    return wasm[:at] + second + first + wasm[at + 2 * length :]


def copy(choice: random.Random, wasm: bytes, at: int) -> bytes:
    """Write a piece from elsewhere over what is here."""
    start = choice.randrange(len(wasm))
    piece = wasm[start : start + choice.randint(1, 12)]
    return wasm[:at] + piece + wasm[at + len(piece) :]


def number(choice: random.Random, wasm: bytes, at: int) -> bytes:
    return wasm[:at] + unsigned(choice.choice(NUMBERS)) + wasm[at + 1 :]


# Most leave sizes as they are, for otherwise the decoder sees nothing else.
MUTATIONS: list[Callable[[random.Random, bytes, int], bytes]] = [
    *[replace_byte, flip_bit, swap, copy] * 4, number, insert, remove, repeat,
]  # fmt: skip


def mutated(seed: int, sources: list[bytes]) -> bytes:
    """A module changed in a few places; the same seed always gives the same."""
    choice = random.Random(seed)
    wasm = choice.choice(sources)
    for _ in range(choice.choice([1, 1, 1, 2, 3, 8])):
        if len(wasm) < 10:
            break
        wasm = choice.choice(MUTATIONS)(choice, wasm, choice.randrange(8, len(wasm)))
    return wasm


class Target:
    """An engine, and the oracle."""

    def __init__(self, checked: bool) -> None:
        config = fusee.Config()
        config.checked, config.consume_fuel = checked, True
        config.wasm_legacy_exceptions = config.wasm_compact_imports = False  # which the oracle does not have
        self.engine = fusee.Engine(config)
        self.accepts = oracle()

    def attempt(self, wasm: bytes) -> str:
        """`accepted`, `refused` or, if something is wrong, what that is."""
        try:
            module = fusee.Module(self.engine, wasm)
        except fusee.UnsupportedError:
            return "refused"
        except fusee.FuseeError as error:
            if self.accepts(wasm) and not isinstance(error, fusee.LimitError):
                return f"wasmtime accepts what is refused: {error}"
            return "refused"
        if not self.accepts(wasm):
            return "wasmtime refuses what is accepted"
        self.translate(module)
        self.run(module)
        return "accepted"

    def translate(self, module: fusee.Module) -> None:
        """Translate all functions."""
        for index in own_functions(module):
            try:
                translate_function(module, index)
            except (fusee.LimitError, fusee.UnsupportedError):
                continue

    def run(self, module: fusee.Module) -> None:
        """Call what is exported."""
        if module.imports:
            return
        store = fusee.Store(self.engine)
        store.set_fuel(FUEL)
        store.set_limits(memory_size=MOST_MEMORY_BYTES, table_elements=MOST_ELEMENTS)
        try:
            exports = fusee.Instance(store, module, []).exports(store)
        except fusee.FuseeError:
            return
        for name in exports:
            function = exports[name]
            if isinstance(function, fusee.Func):
                arguments: list[Any] = [{"i": 1, "f": 1.5}.get(str(kind)[0]) for kind in function.type(store).params]
                try:
                    store.set_fuel(FUEL)
                    function(store, *arguments)
                except (fusee.FuseeError, TypeError):
                    continue


def main() -> int:
    """Try a range of seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--ordinary", action="store_true", help="not the checked build")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    given = parser.parse_args()
    given.keep.mkdir(parents=True, exist_ok=True)
    target, sources = Target(not given.ordinary), origins()
    start, outcomes, findings = time.monotonic(), {"accepted": 0, "refused": 0}, 0
    for seed in range(given.first, given.first + given.count):
        if time.monotonic() - start > given.seconds:
            break
        (given.keep / "seed").write_text(str(seed))
        wasm = mutated(seed, sources)
        try:
            outcome = target.attempt(wasm)
        except (Fault, Exception) as error:
            outcome = f"{type(error).__name__}: {error}"
        if outcome in outcomes:
            outcomes[outcome] += 1
        else:
            findings += 1
            (given.keep / f"mutation-{seed}.wasm").write_bytes(wasm)
            print(f"seed {seed}: {outcome}", flush=True)
        if (seed + 1) % 1000 == 0:
            print(f"up to {seed}: {outcomes}, {findings} findings", file=sys.stderr, flush=True)
    print(f"{outcomes}, {findings} findings in {time.monotonic() - start:.0f} s")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
