"""Random modules behave under Fusee as they do under wasmtime.

To look for more, give another range: `FUSEE_FUZZ=FIRST:COUNT pytest tests/fuzz`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.observe import GENERATORS, observe

ROOT = Path(__file__).parent.parent.parent
WATCHDOG_SECONDS = 900


def seeds() -> tuple[int, int]:
    first, _, count = os.environ.get("FUSEE_FUZZ", "0:150").partition(":")
    return int(first), int(count)


def under_fusee(generator: str, first: int, count: int, build: str) -> dict[int, list[str] | None]:
    """What is seen in a process of its own, so that a crash names its seed."""
    command = [sys.executable, "-m", "tests.fuzz.observe", generator, str(first), str(count)]
    command += ["--checked"] if build == "checked" else []
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WATCHDOG_SECONDS)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    last = lines[-1:] if lines else "start-up"
    assert result.returncode == 0, f"status {result.returncode} at {last}: {result.stderr[-2000:]}"
    return {announced["seed"]: seen for announced, seen in zip(lines[::2], lines[1::2], strict=True)}


@pytest.mark.slow
@pytest.mark.parametrize("build", ["ordinary", "checked"])
@pytest.mark.parametrize("generator", [name for name in GENERATORS if name != "objects"])  # see `test_objects`
def test_random_modules_behave_as_under_wasmtime(generator: str, build: str) -> None:
    wasmtime = pytest.importorskip("wasmtime", reason="the oracle: pip install wasmtime")
    from tests.fuzz.compare import oracle

    engine = oracle()
    different = {}
    for seed, seen in under_fusee(generator, *seeds(), build).items():
        wasm = GENERATORS[generator](seed)
        if wasm is not None and seen is not None:
            expected = observe(wasmtime, engine, wasm)
            if seen != expected:
                different[seed] = [pair for pair in zip(seen, expected, strict=False) if pair[0] != pair[1]][:3]
    assert different == {}
