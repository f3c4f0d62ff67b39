"""The examples print what they say they print."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))


def promised_output(script: Path) -> str:
    """The lines after `Prints:` in a script's docstring."""
    docstring = script.read_text().split('"""')[1]
    return textwrap.dedent(docstring.partition("Prints:\n")[2])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_example_prints_what_it_promises(script: Path) -> None:
    result = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
    assert (result.stdout, result.stderr) == (promised_output(script), "")


def test_the_watch_runs_from_the_command_line() -> None:
    command = [sys.executable, "-m", "fusee", "run", str(EXAMPLES / "watch.wasm"), "--time", "10:09:36"]
    result = subprocess.run(command, capture_output=True, timeout=300)
    assert result.returncode == 0
    lines = result.stdout.decode().splitlines()
    assert len(lines) == 36
    assert all(line.count("▀") == 72 for line in lines)
