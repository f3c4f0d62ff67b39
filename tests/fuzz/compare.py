"""Runs random modules under Fusee and under wasmtime, and says where they differ.

`python -m tests.fuzz.compare GENERATOR FIRST COUNT [--checked] [--target TRIPLE] [--stress N] [--keep FOLDER]` does
so in one process. The seed at hand is on the standard error output every hundred modules, and in the file `seed` of
FOLDER: a crash names its cause. What differs is written to FOLDER. With `--stress` a collection happens at every N-th
allocation of a size.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import wasmtime

import fusee
from fusee.api._start import use_whole_engine
from tests.fuzz.assemble import Legacy
from tests.fuzz.objects import is_mixed, program
from tests.fuzz.observe import GENERATORS, observe


def oracle() -> wasmtime.Engine:
    """wasmtime with everything on that Fusee executes."""
    config = wasmtime.Config()
    for feature in ("memory64", "tail_call", "multi_memory", "function_references", "threads"):
        setattr(config, f"wasm_{feature}", True)
    config.wasm_relaxed_simd_deterministic = True
    config.shared_memory = True
    config.cranelift_opt_level = "none"
    config.cranelift_flag_set("regalloc_algorithm", "single_pass")  # compiling is most of what a seed costs
    return wasmtime.Engine(config)


def variants(generator: str, seed: int) -> list[bytes]:
    """The module, and others that behave as it does: the older form of exceptions, which wasmtime does not know."""
    wasm = GENERATORS[generator](seed)
    if wasm is None:
        return []
    return [wasm, program(seed, Legacy)] if generator == "objects" and not is_mixed(seed) else [wasm]


def difference(engine: fusee.Engine, modules: list[bytes], expected: list[str], **how: Any) -> list[tuple[str, str]]:
    """What Fusee sees differently, with one of the modules."""
    for wasm in modules:
        found = different(observe(fusee, engine, wasm, **how), expected)
        if found:
            return found
    return []


def different(seen: list[str], expected: list[str]) -> list[tuple[str, str]]:
    if len(seen) != len(expected):
        return [(f"{len(seen)} observations", f"{len(expected)}")]
    return [pair for pair in zip(seen, expected, strict=True) if pair[0] != pair[1]]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("generator", choices=GENERATORS)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--checked", action="store_true")
    parser.add_argument("--target")
    parser.add_argument("--stress", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    return parser.parse_args()


def main() -> int:
    """Compare a range of seeds."""
    given = arguments()
    use_whole_engine()
    given.keep.mkdir(parents=True, exist_ok=True)
    config = fusee.Config()
    config.checked, config.target = given.checked, given.target
    engine, other = fusee.Engine(config), oracle()
    findings, start = 0, time.monotonic()
    for seed in range(given.first, given.first + given.count):
        (given.keep / "seed").write_text(str(seed))
        modules = variants(given.generator, seed)
        if not modules:
            continue
        together = given.generator != "smith"
        try:
            expected = observe(wasmtime, other, modules[0], together=together)
            differences: list[Any] = difference(engine, modules, expected, together=together, stress=given.stress)
        except Exception as error:
            differences = [f"{type(error).__name__}: {error}"]
        if differences:
            findings += 1
            (given.keep / f"{given.generator}-{seed}.wasm").write_bytes(modules[0])
            print(f"seed {seed}: {differences[:2]}", flush=True)
        if (seed + 1) % 100 == 0:
            print(f"up to {seed}, {findings} findings, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
