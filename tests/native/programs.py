"""Random modules natively and interpreted: `python -m tests.native.programs GENERATOR FIRST COUNT [--part PART]`.

The generators are those of `tests.fuzz`. The seed at hand is on the standard error output: a crash names its cause.
"""

import argparse
import sys

import fusee
from tests.fuzz.observe import GENERATORS, observe
from tests.native.parts import Part, natively


def observed(wasm: bytes, part: str) -> tuple[list[str], Part]:
    """What can be seen of a module with a part of its functions native."""
    with natively(part) as chosen:
        return observe(fusee, fusee.Engine(), wasm), chosen


def difference(wasm: bytes, part: str) -> tuple[list[tuple[str, str]], Part]:
    """Where native code behaves differently."""
    expected, _ = observed(wasm, "none")  # an engine of which nothing is said may compile what is hot
    seen, chosen = observed(wasm, part)
    if len(seen) != len(expected):
        return [(f"{len(seen)} observations", f"{len(expected)}")], chosen
    return [pair for pair in zip(seen, expected, strict=True) if pair[0] != pair[1]], chosen


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("generator", choices=GENERATORS)
    arguments.add_argument("first", type=int)
    arguments.add_argument("count", type=int)
    arguments.add_argument("--part", default="")
    given = arguments.parse_args()
    failures = native = 0
    for seed in range(given.first, given.first + given.count):
        print(f"seed {seed}", end="\r", file=sys.stderr)
        wasm = GENERATORS[given.generator](seed)
        if wasm is None:
            continue
        found, chosen = difference(wasm, given.part or ("all", f"half:{seed}")[seed % 2])
        native += chosen.native
        if found:
            failures += 1
            print(f"{given.generator} {seed} ({chosen.name}): {found[:3]}")
    print(f"{failures} of {given.count} differ; {native} functions were native")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
