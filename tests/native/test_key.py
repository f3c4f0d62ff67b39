"""What names native code: whether Fusee's sources have changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import fusee
from fusee.kernel import sources
from fusee.native import key

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where Fusee seems to be; a file counts as old at once."""
    folder = tmp_path / "fusee"
    own = "native/a.py", "engine/isa/b.py", "kernel/c.py", "spec/d.py"
    for name in (*own, "spec/e.txt", "cli/f.py", "engine/capi/g.py"):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(name)
    monkeypatch.setattr(fusee, "__file__", str(folder / "__init__.py"))
    monkeypatch.setattr(sources, "_YOUNG_NANOSECONDS", -(10**12))
    yield folder
    forget()


def forget() -> None:
    """As in another process."""
    key.sources_digest.cache_clear()
    sources.file_digest.cache_clear()
    sources._seen.clear()


def digest() -> str:
    forget()
    return key.sources_digest()


def test_the_sources_have_a_digest(installed: Path) -> None:
    first = digest()
    (installed / "cli/f.py").write_text("changed")
    (installed / "spec/e.txt").write_text("changed")
    (installed / "engine/capi/g.py").write_text("changed")  # what native code does not know
    assert digest() == first
    for name in ("native/a.py", "engine/isa/b.py", "kernel/c.py", "spec/d.py"):
        before = digest()
        (installed / name).write_text("changed")
        assert digest() != before


def test_what_is_in_the_cache_is_not_read_again(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def reading(file: str) -> str:
        read.append(file)
        return sources.file_digest(file)

    monkeypatch.setattr(key, "file_digest", reading)
    first = digest()
    assert len(read) == 5
    assert digest() == first
    assert len(read) == 5
    (installed / "spec/d.py").write_text("spec/d.py")  # the same, but written
    assert digest() == first
    assert len(read) == 10


def test_a_file_that_is_young_is_read_each_time(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may change once more within what its time can tell."""
    monkeypatch.setattr(sources, "_YOUNG_NANOSECONDS", 10**15)
    before = digest()
    (installed / "spec/d.py").write_text("changed")
    assert digest() != before


def test_the_folder_makes_no_difference(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = digest()
    other = tmp_path / "elsewhere"
    installed.rename(other)
    monkeypatch.setattr(fusee, "__file__", str(other / "__init__.py"))
    assert digest() == first


def test_with_a_file_that_cannot_be_read_nothing_is_named(installed: Path) -> None:
    """Or what has no digest would have the same name, whatever is in it."""
    (installed / "spec/d.py").unlink()
    (installed / "spec/d.py").symlink_to("nowhere")
    with pytest.raises(OSError, match="cannot be read"):
        digest()
