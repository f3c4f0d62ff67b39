"""Runs random modules under Fusee and under wasmtime, and says where they differ.

`python -m tests.fuzz.compare GENERATOR FIRST COUNT [--checked] [--target TRIPLE] [--keep FOLDER]` does so in one
process. The seed at hand is on the standard error output every hundred modules, and in the file `seed` of FOLDER:
a crash names its cause. What differs is written to FOLDER.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import wasmtime

import fusee
from fusee.api._start import use_whole_engine
from tests.fuzz.observe import GENERATORS, observe


def oracle() -> wasmtime.Engine:
    """wasmtime with everything on that Fusee executes."""
    config = wasmtime.Config()
    for feature in ("memory64", "tail_call", "multi_memory", "function_references"):
        setattr(config, f"wasm_{feature}", True)
    config.wasm_relaxed_simd_deterministic = True
    config.cranelift_opt_level = "none"
    return wasmtime.Engine(config)


def difference(engine: fusee.Engine, other: wasmtime.Engine, wasm: bytes, together: bool) -> list[tuple[str, str]]:
    """What the two saw differently."""
    seen = observe(fusee, engine, wasm, together=together)
    expected = observe(wasmtime, other, wasm, together=together)
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
        wasm = GENERATORS[given.generator](seed)
        if wasm is None:
            continue
        try:
            differences: list[Any] = difference(engine, other, wasm, given.generator != "smith")
        except Exception as error:
            differences = [f"{type(error).__name__}: {error}"]
        if differences:
            findings += 1
            (given.keep / f"{given.generator}-{seed}.wasm").write_bytes(wasm)
            print(f"seed {seed}: {differences[:2]}", flush=True)
        if (seed + 1) % 100 == 0:
            print(f"up to {seed}, {findings} findings, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
