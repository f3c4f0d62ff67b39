"""Batches of native code, asked for in a process whose guests run.

Nothing here compiles or needs what does; that is a process of its own, bounded in time and memory. It takes as long to
be ready as a short program runs, so it is started first of all, and what only those need who ask it is imported later.
"""

import contextlib
import os
import time
from typing import BinaryIO, Final, cast

from fusee.kernel import another
from fusee.native.orphan import Orphan

_NICE: Final = 10  # behind everything else, but not so that it never ends on a machine with much to do
_PROGRAM: Final = (  # it takes nobody's time while it loads what it needs, through which nothing is gained by looking
    f"from fusee.kernel.another import at_large, leave_folder, step_back; step_back({_NICE}); import sys"
    "; at_large(sys.argv[1]); leave_folder(); import gc; gc.disable(); from fusee.native.serving import main"
    "; gc.freeze(); gc.enable(); main()"
)
_SECONDS: Final = 90.0  # that a batch may take
_MOST_BYTES: Final = 64 << 20  # that it may become
_SIZE_BYTES: Final = 8


class Worker:
    """A process that compiles batches, one after the other. Raises `OSError` if there cannot be one."""

    def __init__(self) -> None:
        self.is_ready = False  # whether it has loaded what it needs
        self.batches = 0  # that it was asked for
        self._answer = bytearray()
        self._file = _nameless()  # as long as the process: the module, and behind it what is wished for
        self._binary: bytes | None = None  # of the module that is in it
        self._modules = 0  # that have been in it
        try:
            self._process = Orphan(_PROGRAM, another.processors(), file=self._file.fileno())
        except BaseException:
            self._file.close()
            raise
        another.move_apart(self._process.process)
        self._limit = time.monotonic() + _SECONDS

    def ask(self, binary: bytes, wish: bytes) -> None:
        """Have it compile a batch, once the one before is there. `wish` is a `native.batch.Wish`. Raises `OSError`."""
        if binary is not self._binary:
            self._write(0, binary)
            self._binary = binary
            self._modules += 1
        self._write(len(binary), wish)
        os.write(self._process.requests.fileno(), request(len(binary), len(wish), self._modules))
        self.batches += 1
        self._answer.clear()
        self._limit = time.monotonic() + _SECONDS

    def _write(self, start: int, contents: bytes) -> None:
        """What is in the file from there on. Raises `OSError`; then nobody knows what is."""
        try:
            file, left = self._file.fileno(), memoryview(contents)
            os.ftruncate(file, start)
            while left:  # the process that reads has the same position in it, so none is used
                written = os.pwrite(file, left, start)
                start, left = start + written, left[written:]
        except BaseException:
            self._binary = None
            raise

    def poll(self) -> bytes | None:
        """The batch, or before the first one a sign that it is ready; None: not yet.

        Raises `OSError` if nothing comes any more, because it has died or takes too long.
        """
        self._process.settle()
        file = self._process.answers.fileno()
        while another.is_readable(file, 0):
            part = os.read(file, 1 << 20)
            self._answer += part
            size = int.from_bytes(self._answer[:_SIZE_BYTES], "little")
            if not part or len(self._answer) > _MOST_BYTES:
                raise BrokenPipeError
            if len(self._answer) >= _SIZE_BYTES and len(self._answer) == _SIZE_BYTES + size:
                self.is_ready = True
                return bytes(self._answer[_SIZE_BYTES:])
        if time.monotonic() < self._limit:
            return None
        raise TimeoutError

    def listen(self, seconds: float) -> bool:
        """Wait until it says something; whether it does. Raises `OSError` where pipes cannot be waited for."""
        return another.is_readable(self._process.answers.fileno(), seconds)

    def end(self, is_waited_for: bool = True) -> None:
        """End the process, if it has not ended. Who is in a hurry does not wait until it has."""
        self._process.end(is_waited_for)
        self._close()

    def forget(self) -> None:
        """Leave it alone: it is the child of another process, from which this one was divided."""
        self._process.forget()
        self._close()

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()


def _nameless() -> BinaryIO:
    """A file without a name, in memory where the system has such."""
    with contextlib.suppress(AttributeError, OSError):
        return open(os.memfd_create("fusee"), "w+b")
    import tempfile  # which takes as long to load as all else

    return cast(BinaryIO, tempfile.TemporaryFile())


def request(size: int, wish_size: int, module: int) -> bytes:
    """What a process is told when there is something to compile in the file that it shares.

    That is the size of the module, which is read once; of the wish behind it; and how many modules have been in the
    file: one of another number is another one.
    """
    return b"".join(number.to_bytes(_SIZE_BYTES, "little") for number in (size, wish_size, module))


def asked_for(told: bytes) -> tuple[int, int, int]:
    """What was given to `request`."""
    size, wish_size, module = (
        int.from_bytes(told[start : start + _SIZE_BYTES], "little") for start in range(0, REQUEST_BYTES, _SIZE_BYTES)
    )
    return size, wish_size, module


REQUEST_BYTES: Final = 3 * _SIZE_BYTES


def answer(made: bytes) -> bytes:
    """What it says when it has compiled that."""
    return len(made).to_bytes(_SIZE_BYTES, "little") + made
