"""The command lines of what checks many seeds, and of what takes minutes: a wrong one begins nothing."""

import pytest

from tests.fuzz.seeds import first_and_count
from tests.guard.__main__ import is_to_record


def test_seeds() -> None:
    assert first_and_count("a description", ["7", "100"]) == (7, 100)


@pytest.mark.parametrize("arguments", [[], ["7"], ["7", "many"], ["7", "1", "2"]])
def test_wrong_seeds_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        first_and_count("a description", arguments)
    assert "FIRST COUNT" in capsys.readouterr().err


def test_the_guard_records_only_if_asked() -> None:
    assert [is_to_record([]), is_to_record(["--record"])] == [False, True]
    with pytest.raises(SystemExit, match="2"):
        is_to_record(["--recrod"])
