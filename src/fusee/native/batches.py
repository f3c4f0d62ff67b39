"""Batches of native code, asked for in a process whose guests run.

Nothing here compiles or needs what does; that is a process of its own, bounded in time and memory. It takes as long to
be ready as a short program runs, so it is started first of all, and what only those need who ask it is imported later.
"""

import os
import time
from typing import Final

from fusee.kernel import another
from fusee.kernel.orphan import Orphan, begin

_SECONDS: Final = 90.0  # that a batch may take
_MOST_BYTES: Final = 64 << 20  # that it may become
_SIZE_BYTES: Final = 8


class Worker:
    """A process that compiles batches, one after the other: one that has begun, or a new one.

    Raises `OSError` if there cannot be one.
    """

    def __init__(self, process: Orphan | None = None) -> None:
        self.is_ready = False  # whether it has loaded what it needs
        self.batches = 0  # that it was asked for
        self._answer = bytearray()
        self._process = process or begin()
        self._binary: bytes | None = None  # of the module that is in the file which both have
        self._modules = 0  # that have been in it
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
            file, left = self._process.file.fileno(), memoryview(contents)
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

    def forget(self) -> None:
        """Leave it alone: it is the child of another process, from which this one was divided."""
        self._process.forget()


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
