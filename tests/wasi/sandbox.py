"""A program of WASI 0.2 that has a sandbox, with a secret beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fusee.component.values import Record, Variant
from tests.wasi.program import Program

FOLLOW = {"symlink-follow"}
NO_CHANGE, NOW = Variant("no-change"), Variant("now")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A sandbox with a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    inside = tmp_path / "inside"
    (inside / "a/b").mkdir(parents=True)
    (inside / "file").write_text("hello")
    (inside / "a/b/deep").write_text("deep")
    return inside


@pytest.fixture
def program(root: Path) -> Iterator[Program]:
    """A program that has the sandbox."""
    made = Program(root)
    with made.context:
        yield made


def read_only(root: Path) -> Program:
    return Program(configure=lambda config: config.preopen_dir(str(root), "/data", False))


def at(seconds: int, nanoseconds: int = 0) -> Variant:
    return Variant("timestamp", Record(seconds=seconds, nanoseconds=nanoseconds))
