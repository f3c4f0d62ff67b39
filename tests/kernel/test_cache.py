"""The cache: what is in it may be anything."""

import errno
import os
import threading
from contextlib import nullcontext
from pathlib import Path

import pytest

from fusee.kernel.cache import Cache, _take, digest, is_key
from fusee.kernel.image import Image
from tests.kernel.misread import wrong_contents
from tests.kernel.test_build import SMALL, built, triangle

fcntl = pytest.importorskip("fcntl")


@pytest.mark.parametrize("kind", ["programs", "images", "objects"])
def test_wrong_contents_are_made_again(kind: str, tmp_path: Path) -> None:
    """With a right checksum. A start looks for programs and images, a build for objects, told by their beginning."""
    cache = Cache(tmp_path)
    built(SMALL, tmp_path)
    places = {path.stem: path.read_bytes()[4:] for path in (tmp_path / kind).iterdir()}
    for place, contents in places.items():
        for wrong in wrong_contents(contents, begins_right=kind != "objects"):
            if kind == "objects":
                for program in (tmp_path / "programs").iterdir():
                    program.unlink()
            assert cache.write(kind, place, wrong)
            library, steps = built(SMALL, tmp_path)
            assert steps and library.function(triangle)(100) == 5050
            assert cache.read(kind, place) != wrong


@pytest.mark.parametrize(
    ("executable", "runs", "imports", "symbols"),
    [
        (0, [], {}, {}),
        (4097, [], {}, {}),
        (-1, [], {}, {}),
        (4096, [(4090, 1)], {}, {}),
        (4096, [(-8, 1)], {}, {}),
        (4096, [(0, 1 << 40)], {}, {}),
        (4096, [], {"sin": 4089}, {}),
        (4096, [], {"sin": -1}, {}),
        (4096, [], {}, {"f": 4097}),
        (4096, [], {}, {"f": -1}),
    ],
)  # fmt: skip
def test_images_say_nothing_of_what_is_not_in_them(
    executable: int, runs: list[tuple[int, int]], imports: dict[str, int], symbols: dict[str, int]
) -> None:
    image = Image(bytes(4096), executable, runs, imports, symbols)
    with pytest.raises(ValueError, match="image"):
        Image.from_bytes(image.to_bytes())
    assert Image.from_bytes(Image(bytes(4096), 4096, [(0, 512)], {"sin": 8}, {"f": 0}).to_bytes()).symbols == {"f": 0}


def test_what_cannot_be_decoded_is_deleted(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("kind", "key", b"12")
    assert cache.decoded("kind", "key", lambda contents: int(bytes(contents))) == 12
    cache.write("kind", "key", b"twelve")
    assert cache.decoded("kind", "key", lambda contents: int(bytes(contents))) is None
    assert not os.path.exists(cache.path("kind", "key"))


@pytest.mark.parametrize("error", [MemoryError, TimeoutError, RecursionError, type("Late", (Exception,), {})])
def test_what_is_not_the_contents_fault_does_not_delete_them(error: type[Exception], tmp_path: Path) -> None:
    """Such as what the handler of a signal raises that comes meanwhile, which is nothing to be kept quiet about."""

    def interrupted(contents: memoryview) -> None:
        raise error

    cache = Cache(tmp_path)
    cache.write("kind", "key", b"12")
    with nullcontext() if error is RecursionError else pytest.raises(error):
        assert cache.decoded("kind", "key", interrupted) is None
    assert cache.read("kind", "key") == b"12"


def test_what_is_empty_is_stored_once(tmp_path: Path) -> None:
    """By the first who does, also into a folder that is not there; and never where none can be made."""
    cache = Cache(tmp_path / "cache")
    assert cache.read("kind", "key") is None
    assert [cache.create("kind", "key") for _ in range(3)] == [True, False, False]
    assert cache.read("kind", "key") == b""
    cache.write("kind", "full", b"contents")
    assert not cache.create("kind", "full")
    assert cache.read("kind", "full") == b"contents"
    (tmp_path / "file").touch()
    assert not Cache(tmp_path / "file").create("kind", "key")


def test_keys() -> None:
    assert is_key(digest("a"))
    for text in ("", "a" * 39, "A" * 40, "../" + "a" * 37, "\0" * 40):
        assert not is_key(text)


@pytest.mark.parametrize("told", [b"text", b"1 x", b"\xff\0", b"1 2 3 4 5", b"9" * 40])
def test_whoever_has_a_lock_may_have_written_anything(told: bytes, tmp_path: Path) -> None:
    cache, steps = Cache(tmp_path), list[tuple[int, ...]]()
    waits = threading.Event()
    held = cache._open_lock("key")
    assert held is not None and _take(held)
    held.write(told)

    def build() -> None:
        with cache.building("key", lambda *told: steps.append(told), waits.set):
            pass

    thread = threading.Thread(target=build)
    with held:
        thread.start()
        thread.join(0.2)  # it looks once at least
    thread.join()
    assert not waits.is_set()  # nobody was ended
    assert all(len(step) == 2 for step in steps)


def test_a_full_disk_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How far a build is cannot be told to others then."""

    def lacking(*given: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", lacking)
    monkeypatch.setattr(os, "write", lacking)
    steps = list[tuple[int, ...]]()
    with Cache(tmp_path).building("key", lambda *told: steps.append(told)) as tell:
        assert tell is not None
        tell(1, 2)
    assert steps == [(1, 2)]
    assert not Cache(tmp_path).create("kind", "key")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL])
def test_a_folder_without_locks_is_no_error(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does anybody wait: two processes may do the same work."""

    def lacking(*given: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", lacking)
    cache = Cache(tmp_path)
    with cache.building("key"):
        assert cache.can_build("key")
    claim = cache.claim("key")
    assert claim is not None
    claim.close()
