"""Whether a program in the cache is still the one of its sources is mostly answered without reading these."""

import os
from pathlib import Path

import pytest

from fusee.kernel import sources
from fusee.kernel.cache import fingerprint


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sources, "_YOUNG_NANOSECONDS", -1_000_000_000)  # no file is young
    path = tmp_path / "source.py"
    path.write_text("VALUE = 1")
    sources.file_digest.cache_clear()
    return path


def noted(file: Path) -> dict[str, sources.Note]:
    notes: dict[str, sources.Note] = {str(file): [sources.file_digest(str(file)), None]}
    assert sources.refresh(notes)
    return notes


def test_a_file_with_its_stamp_is_not_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = noted(file)
    monkeypatch.setattr(sources, "file_digest", lambda name: pytest.fail(f"{name} was read"))
    assert sources.unchanged(notes)
    assert not sources.refresh(notes)


def test_a_file_of_the_same_size_and_age_is_read(file: Path) -> None:
    notes, before = noted(file), file.stat()
    other = file.with_name("other.py")
    other.write_text("VALUE = 2")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(other, file)
    sources.file_digest.cache_clear()
    assert not sources.unchanged(notes)


def test_a_file_that_was_only_touched_gets_a_new_stamp(file: Path) -> None:
    notes = noted(file)
    os.utime(file, ns=(1, 1))
    sources.file_digest.cache_clear()
    assert sources.unchanged(notes)
    assert sources.refresh(notes)
    assert not sources.refresh(notes)


def test_a_young_file_gets_no_stamp(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clock may be too coarse to tell the next change."""
    monkeypatch.setattr(sources, "_YOUNG_NANOSECONDS", 3600 * 1_000_000_000)
    notes: dict[str, sources.Note] = {str(file): [sources.file_digest(str(file)), None]}
    assert not sources.refresh(notes)
    assert notes[str(file)][1] is None


def test_a_file_that_was_written_to_after_it_was_read_gets_no_stamp(file: Path) -> None:
    """A process may have read it long before, and has its code as it was then."""
    notes: dict[str, sources.Note] = {str(file): [sources.file_digest(str(file)), None]}
    file.write_text("VALUE = 2, for the next process")
    assert not sources.refresh(notes)
    assert not sources.are_stamped(notes)
    sources.file_digest.cache_clear()
    assert not sources.unchanged(notes)


def test_a_file_that_is_gone(file: Path) -> None:
    notes = noted(file)
    file.unlink()
    sources.file_digest.cache_clear()
    assert not sources.unchanged(notes)


def test_fingerprints() -> None:
    """Where a part ends counts, and what is at its end."""
    texts = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("abc\0",), ("", "abc"), ()]
    assert len({fingerprint(*parts) for parts in texts}) == len(texts)


def test_a_folder_whose_name_is_no_text_has_a_fingerprint() -> None:
    folders = [os.fsdecode(b"/opt/\xff"), os.fsdecode(b"/opt/\xfe"), "/opt/ÿ"]
    assert len({fingerprint(folder) for folder in folders}) == len(folders)
