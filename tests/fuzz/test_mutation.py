"""Mutated modules are accepted or refused as under wasmtime, and nothing breaks: `tests.fuzz.mutate` in small."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
COUNT = 500
WATCHDOG_SECONDS = 600


@pytest.mark.parametrize("build", ["ordinary", "checked"])
def test_mutated_modules(build: str, tmp_path: Path) -> None:
    pytest.importorskip("wasmtime", reason="the oracle: pip install wasmtime")
    command = [sys.executable, "-m", "tests.fuzz.mutate", "0", str(COUNT), "--keep", str(tmp_path)]
    command += ["--ordinary"] if build == "ordinary" else []
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WATCHDOG_SECONDS)
    assert result.returncode == 0, f"seed {(tmp_path / 'seed').read_text()}: {result.stdout}{result.stderr[-2000:]}"
    assert ", 0 findings" in result.stdout
