"""A cache for a test; and the suite, whose place is the same as for `tests/wast`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fusee import Engine
from fusee.tier import compiling
from tests.native.parts import Part, natively
from tests.native.tiering import KnowingWorker


@pytest.fixture
def suite() -> Path:
    """The folder of the WebAssembly test suite."""
    place = Path(os.environ.get("WASM_TESTSUITE") or Path(__file__).parents[3] / "shared" / "testsuite")
    if not (place / "i32.wast").is_file():
        pytest.skip(f"the WebAssembly test suite is not in {place}: set WASM_TESTSUITE to its place")
    return place


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is in the usual one, and loaded once per process."""
    Engine()
    monkeypatch.setenv("FUSEE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def knowing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "Worker", KnowingWorker)


@pytest.fixture(params=["all", "second", "half:1", "half:2"])
def part(request: pytest.FixtureRequest) -> Iterator[Part]:
    """With native code of a part of all functions."""
    with natively(request.param) as chosen:
        yield chosen
