"""Where the official test suite is, if it is on this machine."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SUITE = Path(os.environ.get("WASM_TESTSUITE") or ROOT.parent / "shared" / "testsuite")


@pytest.fixture(scope="session")
def suite() -> Path:
    """The folder of the WebAssembly test suite."""
    if not (SUITE / "i32.wast").is_file():
        pytest.skip(f"the WebAssembly test suite is not in {SUITE}: set WASM_TESTSUITE to its place")
    return SUITE
