"""Tests are of the whole engine: it is compiled before the first one that needs it."""

import subprocess
import sys
from pathlib import Path

import pytest

_WITHOUT = ("kernel", "spec", "test_house.py")  # what needs no engine


@pytest.fixture(scope="session", autouse=True)
def whole_engine(request: pytest.FixtureRequest) -> None:
    """Otherwise a process that a test starts might begin on the small one (`fusee.api._start`)."""
    here = Path(__file__).parent
    if {item.path.relative_to(here).parts[0] for item in request.session.items} - set(_WITHOUT):
        subprocess.run([sys.executable, "-m", "fusee", "prepare"], check=True)
