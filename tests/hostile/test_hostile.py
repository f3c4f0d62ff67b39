"""Whatever bytes come: accepted or a typed error that says where; never a crash, a hang or memory without end.

Every group runs in a child process, once in the ordinary build of the engine and once in the checked one.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.giants import ACCEPTED, EITHER, GIANTS, REJECTED, UNAFFORDABLE
from tests.hostile.integers import malformed_numbers
from tests.hostile.probe import mutations, truncations
from tests.hostile.samples import SAMPLES

ROOT = Path(__file__).parent.parent.parent
# A watchdog against hangs, not a measurement: machines that run tests are slow and busy.
WATCHDOG_SECONDS = 300
MOST_EXTRA_BYTES = 64 << 20
# An accepted module keeps what it declares: a type declared in two bytes is a structure of some hundred, and the
# checked build has a byte for eight bytes of memory.
MOST_KEPT_BYTES = {"ordinary": 256 << 20, "checked": 768 << 20}

builds = pytest.mark.parametrize("build", ["ordinary", "checked"])


def probe(group: str, build: str) -> dict[str, dict[str, Any]]:
    """What became of each case of a group."""
    command = [sys.executable, "-m", "tests.hostile.probe", group, *(["--checked"] if build == "checked" else [])]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WATCHDOG_SECONDS)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    last = lines[-2:] if lines else "start-up"
    assert result.returncode == 0, f"status {result.returncode} at {last}: {result.stderr[-2000:]}"
    return {announced["name"]: outcome for announced, outcome in zip(lines[::2], lines[1::2], strict=True)}


def complaints(group: str, build: str, expected: dict[str, str], *, place: bool = True) -> list[str]:
    """The cases of a group that went otherwise than they should."""
    wrong, outcomes = [], probe(group, build)
    for name, wanted in expected.items():
        outcome = outcomes[name]
        if wanted not in (EITHER, outcome["verdict"]):
            wrong.append(f"{name}: {outcome}")
        elif place and outcome["verdict"] == REJECTED and outcome["offset"] is None:
            wrong.append(f"{name}: no offset: {outcome}")
        elif outcome["extra_bytes"] > (MOST_KEPT_BYTES[build] if outcome["verdict"] == ACCEPTED else MOST_EXTRA_BYTES):
            wrong.append(f"{name}: {outcome['extra_bytes'] >> 20} MB: {outcome}")
    return wrong


@builds
def test_giants(build: str) -> None:
    assert complaints("giants", build, {name: wanted for name, (_, wanted) in GIANTS.items()}) == []


@builds
def test_malformed_integers(build: str) -> None:
    assert complaints("integers", build, {name: REJECTED for name, _ in malformed_numbers()}) == []


@builds
def test_what_nobody_can_afford(build: str) -> None:
    expected = {name: wanted for name, (_, wanted) in UNAFFORDABLE.items()}
    assert complaints("unaffordable", build, expected, place=False) == []


def oracle() -> Any:
    """wasmtime's validator with the features that Fusee has switched on."""
    wasmtime = pytest.importorskip("wasmtime", reason="the oracle: pip install wasmtime")
    config = wasmtime.Config()
    for feature in ("gc", "exceptions", "memory64", "function_references", "multi_memory"):
        setattr(config, f"wasm_{feature}", True)
    config.shared_memory = True
    engine = wasmtime.Engine(config)

    def accepts(wasm: bytes) -> bool:
        try:
            wasmtime.Module.validate(engine, wasm)
        except wasmtime.WasmtimeError:
            return False
        return True

    return accepts


def disagreements(variants: Iterable[bytes], verdicts: str) -> list[str]:
    """The modules that only one of the two validators accepts."""
    accepts = oracle()
    return [
        f"{'accepted' if digit == '1' else 'rejected'}: {wasm.hex()}"
        for wasm, digit in zip(variants, verdicts, strict=True)
        if accepts(wasm) != (digit == "1")
    ]


@builds
def test_every_truncation(build: str) -> None:
    outcomes = probe("truncations", build)
    for name, wasm in SAMPLES.items():
        assert disagreements(truncations(wasm), outcomes[name]["verdicts"]) == []
        assert outcomes[name]["without_offset"] == 0


@pytest.mark.slow
@builds
def test_every_mutation_of_a_byte(build: str) -> None:
    outcomes = probe("mutations", build)
    for name, wasm in SAMPLES.items():
        assert disagreements(mutations(wasm), outcomes[name]["verdicts"]) == []
        assert outcomes[name]["without_offset"] == 0


def test_the_samples_are_valid() -> None:
    accepts = oracle()
    assert [name for name, wasm in SAMPLES.items() if not accepts(wasm)] == []


def test_expectations_are_of_three_kinds() -> None:
    assert {wanted for _, wanted in (GIANTS | UNAFFORDABLE).values()} == {ACCEPTED, REJECTED, EITHER}
