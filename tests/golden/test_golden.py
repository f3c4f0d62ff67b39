"""The bytecode of small functions is what it was; `python -m tests.golden.listing` if it should have changed."""

from pathlib import Path

import pytest

from tests.golden.listing import FOLDER, SOURCES, list_source


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_bytecode(source: Path) -> None:
    assert list_source(source) == source.with_suffix(".txt").read_text()


def test_every_listing_has_a_source() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in SOURCES}
