"""What the process that compiles batches is given, and what it keeps."""

import os
import time
from collections.abc import Iterator

import pytest

from fusee.api.text import wat2wasm
from fusee.native.batch import Wish
from fusee.native.batches import Worker, request
from fusee.native.code import mapped

ONE = bytes(wat2wasm('(module (func (export "f")) (func (call 0)))'))
OTHER = bytes(wat2wasm("(module (func (result i32) (i32.const 5)) (func) (func))"))
LONGEST_SECONDS = 120.0
WISH = Wish([1], [], [0], 1000).to_bytes()


class Noting(Worker):
    """Notes from where on it has written to the file that the process shares."""

    def __init__(self) -> None:
        self.starts: list[int] = []
        super().__init__()

    def _write(self, start: int, contents: bytes) -> None:
        self.starts.append(start)
        super()._write(start, contents)


@pytest.fixture
def worker() -> Iterator[Noting]:
    made = Noting()
    try:
        assert answer_of(made) == b""
        yield made
    finally:
        made.end()


def answer_of(worker: Worker) -> bytes:
    """What it says next. Raises `OSError` if it has ended."""
    limit = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < limit:
        worker.listen(1.0)
        if (made := worker.poll()) is not None:
            return made
    raise TimeoutError


def functions_of(worker: Worker, binary: bytes, wish: bytes = WISH) -> set[int]:
    worker.ask(binary, wish)
    return set(mapped(answer_of(worker)).functions)


def test_a_module_is_written_once(worker: Noting) -> None:
    """Until there is another one."""
    assert functions_of(worker, ONE) == {1}
    assert functions_of(worker, ONE, Wish([0, 1], [], [], 1000).to_bytes()) == {0, 1}
    assert functions_of(worker, OTHER, Wish([2, 0], [], [], 1000).to_bytes()) == {0, 2}
    assert functions_of(worker, ONE) == {1}
    assert worker.starts == [0, len(ONE), len(ONE), 0, len(OTHER), 0, len(ONE)]


def test_nobody_depends_on_where_the_other_one_is_in_the_file(worker: Noting) -> None:
    """They share that, too."""
    file = worker._process.file.fileno()
    os.lseek(file, 3, os.SEEK_SET)
    assert functions_of(worker, ONE) == {1}
    assert os.lseek(file, 0, os.SEEK_CUR) == 3


@pytest.mark.parametrize("is_known", [False, True])
def test_a_file_that_is_cut_off_is_refused(worker: Noting, is_known: bool) -> None:
    """The process ends, and what was wished for stays interpreted."""
    if is_known:
        assert functions_of(worker, ONE) == {1}
    worker._process.file.truncate(len(ONE) - 1)
    worker._process.requests.write(request(len(ONE), len(WISH), worker._modules or 1))
    with pytest.raises(BrokenPipeError):
        answer_of(worker)


@pytest.mark.parametrize("binary", [ONE[:-4], b"\0asm\x01\0\0\0\x0a\x7f"])
def test_what_is_no_module_is_refused(worker: Noting, binary: bytes) -> None:
    worker.ask(binary, WISH)
    with pytest.raises(BrokenPipeError):
        answer_of(worker)


def test_a_module_that_could_not_be_written_is_written_again(
    worker: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """And not just what is wished for behind it."""

    def fail(self: Noting, start: int, contents: bytes) -> None:
        raise OSError("no space is left")

    with monkeypatch.context() as patched:
        patched.setattr(Noting, "_write", fail)
        with pytest.raises(OSError, match="no space"):
            worker.ask(ONE, WISH)
    assert functions_of(worker, ONE) == {1}
