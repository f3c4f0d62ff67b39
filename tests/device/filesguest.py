"""A guest on a device that has a sandbox, with a secret beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.device.guestcalls import Relay

CLOCK = "clocks/monotonic-clock"
SECRETS = ["../secret", "a/../../secret", "/etc/passwd", "/", "..", "a/../..", "./../secret", "a/b/../../../inside/x"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sandbox with a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    inside = tmp_path / "inside"
    (inside / "a/b").mkdir(parents=True)
    (inside / "file").write_text("hello")
    return inside


@pytest.fixture
def guest(root: Path) -> Iterator[Relay]:
    """It gives everything back."""
    made = Relay(root)
    yield made
    assert made.close() == 0
