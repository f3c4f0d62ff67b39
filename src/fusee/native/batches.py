"""Batches of native code in a process whose guests run: asked for, and kept on disk.

Nothing here compiles or needs what does; that is a process of its own, bounded in time and memory.
"""

import contextlib
import json
import os
import time
from typing import Final

from fusee.kernel import another
from fusee.kernel.cache import Cache, digest
from fusee.kernel.host import processor_count
from fusee.native.key import functions_key, key_of
from fusee.native.pipes import is_readable

_PROGRAM: Final = "from fusee.native.small import begin; begin(); from fusee.native.batch import main; main()"
_SECONDS: Final = 90.0  # that a batch may take
_MOST_BYTES: Final = 64 << 20  # that it may become
_NICE: Final = 10  # behind everything else, but not so that it never ends on a machine with much to do
_LAST: Final = 19  # where there is one processor, on which the guest runs


class Job:
    """A process that compiles a batch. `wish` is a `native.batch.Wish`. Raises `OSError` if there cannot be one."""

    def __init__(self, binary: bytes, wish: bytes) -> None:
        import subprocess
        import tempfile

        self._limit = time.monotonic() + _SECONDS
        self._answer = bytearray()
        with tempfile.TemporaryFile() as file:
            file.write(len(wish).to_bytes(8, "little") + len(binary).to_bytes(8, "little") + wish + binary)
            file.seek(0)
            number, nice = file.fileno(), _NICE if processor_count() > 1 else _LAST
            self._process = subprocess.Popen(
                another.command(_PROGRAM, str(number), str(nice)), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=another.environment(),
                pass_fds=[number], start_new_session=True,
            )  # fmt: skip

    def poll(self) -> bytes | None:
        """The batch; empty if there is none, because the process has died or takes too long; None: not yet."""
        assert self._process.stdout is not None
        file = self._process.stdout.fileno()
        while is_readable(file, 0):
            part = os.read(file, 1 << 20)
            self._answer += part
            if not part or len(self._answer) > _MOST_BYTES:
                return self._end()
        if time.monotonic() < self._limit:
            return None
        self.end()
        return b""

    def _end(self) -> bytes:
        self.end()
        size = int.from_bytes(self._answer[:8], "little")
        return bytes(self._answer[8:]) if size == len(self._answer) - 8 else b""

    def end(self) -> None:
        """End the process, if it has not ended."""
        self._process.kill()
        self._process.wait()
        self.forget()

    def forget(self) -> None:
        """Leave it alone: it is the child of another process, from which this one was divided."""
        for file in (self._process.stdin, self._process.stdout):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()
        self._process.returncode = self._process.returncode or 0


class Shelf:
    """The batches of a module that are in the cache; none if this process cannot open even one more file."""

    def __init__(self, binary: bytes, is_metered: bool) -> None:
        self._binary = binary
        self._cache = Cache()
        self._is_metered = is_metered
        self._key = ""
        with contextlib.suppress(OSError):
            self._key = key_of(binary, "batches", is_metered)
        self._keys: list[str] = []

    def all(self) -> list[bytes]:
        """Those that are there and not damaged; or the code of all functions, if it was compiled ahead."""
        if not self._key:
            return []
        whole = self._cache.read("native", functions_key(self._binary, None, self._is_metered))
        if whole is not None:
            return [whole]
        found = []
        with contextlib.suppress(ValueError):
            for key in json.loads(self._cache.read("tier", self._key) or b"[]"):
                made = self._cache.read("batch", key)
                if made is not None:
                    self._keys.append(key)
                    self._cache.mark_used("batch", key)
                    found.append(made)
        if found:
            self._cache.mark_used("tier", self._key)
        return found

    def add(self, made: bytes) -> None:
        """Keep one more."""
        key = digest(self._key, made)
        if self._key and self._cache.write("batch", key, made):
            self._keys.append(key)
            self._cache.write("tier", self._key, json.dumps(self._keys).encode())
