"""Batches of native code in a process whose guests run: asked for, and kept on disk.

Nothing here compiles or needs what does; that is a process of its own, bounded in time and memory.
"""

import contextlib
import json
import os
import time
from collections.abc import Collection
from typing import BinaryIO, Final, NamedTuple, cast

from fusee.kernel import another
from fusee.kernel.cache import Cache, digest
from fusee.kernel.processors import processor_count
from fusee.native.code import Place, held_in
from fusee.native.key import functions_key, key_of
from fusee.native.pipes import is_readable

# What is loaded stays: nothing is gained by looking through it.
_PROGRAM: Final = "import gc; gc.disable(); from fusee.native.batch import main; gc.freeze(); gc.enable(); main()"
_SECONDS: Final = 90.0  # that a batch may take
_MOST_BYTES: Final = 64 << 20  # that it may become
_NICE: Final = 10  # behind everything else, but not so that it never ends on a machine with much to do
_SIZE_BYTES: Final = 8
_LAST: Final = 19  # where there is one processor, on which the guest runs


class Worker:
    """A process that compiles batches, one after the other. Raises `OSError` if there cannot be one."""

    def __init__(self) -> None:
        import subprocess

        self.is_ready = False  # whether it has loaded what it needs
        self.batches = 0  # that it was asked for
        self._answer = bytearray()
        self._file = _nameless()  # as long as the process: the module, and behind it what is wished for
        self._binary: bytes | None = None  # of the module that is in it
        self._modules = 0  # that have been in it
        nice = _NICE if processor_count() > 1 else _LAST
        try:
            with another.passed(self._file.fileno()) as number:
                self._process = subprocess.Popen(
                    another.command(_PROGRAM, str(number), str(nice)), stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=another.environment(),
                    pass_fds=[number], start_new_session=True,
                )  # fmt: skip
        except BaseException:
            self._file.close()
            raise
        self._limit = time.monotonic() + _SECONDS

    def ask(self, binary: bytes, wish: bytes) -> None:
        """Have it compile a batch, once the one before is there. `wish` is a `native.batch.Wish`. Raises `OSError`."""
        assert self._process.stdin is not None
        if binary is not self._binary:
            self._write(0, binary)
            self._binary = binary
            self._modules += 1
        self._write(len(binary), wish)
        os.write(self._process.stdin.fileno(), Request(len(binary), len(wish), self._modules).to_bytes())
        self.batches += 1
        self._answer.clear()
        self._limit = time.monotonic() + _SECONDS

    def _write(self, start: int, contents: bytes) -> None:
        """What is in the file from there on. Raises `OSError`; then nobody knows what is."""
        try:
            self._file.seek(start)
            self._file.truncate()
            self._file.write(contents)
            self._file.flush()
        except BaseException:
            self._binary = None
            raise

    def poll(self) -> bytes | None:
        """The batch, or before the first one a sign that it is ready; None: not yet.

        Raises `OSError` if nothing comes any more, because it has died or takes too long.
        """
        assert self._process.stdout is not None
        file = self._process.stdout.fileno()
        while is_readable(file, 0):
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
        assert self._process.stdout is not None
        return is_readable(self._process.stdout.fileno(), seconds)

    def end(self) -> None:
        """End the process, if it has not ended."""
        self._process.kill()
        self._process.wait()
        self.forget()

    def forget(self) -> None:
        """Leave it alone: it is the child of another process, from which this one was divided."""
        for file in (self._process.stdin, self._process.stdout, self._file):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()
        self._process.returncode = self._process.returncode or 0


def _nameless() -> BinaryIO:
    """A file without a name, in memory where the system has such."""
    with contextlib.suppress(AttributeError, OSError):
        return open(os.memfd_create("fusee"), "w+b")
    import tempfile  # which takes as long to load as all else

    return cast(BinaryIO, tempfile.TemporaryFile())


class Request(NamedTuple):
    """What a process is told when there is something to compile in the file that it shares."""

    size: int  # of the module, which is read once
    wish_size: int  # behind it
    module: int  # how many have been in the file: of another number it is another one

    def to_bytes(self) -> bytes:
        return b"".join(number.to_bytes(_SIZE_BYTES, "little") for number in self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Request":
        starts = range(0, REQUEST_BYTES, _SIZE_BYTES)
        return cls(*(int.from_bytes(data[start : start + _SIZE_BYTES], "little") for start in starts))


REQUEST_BYTES: Final = _SIZE_BYTES * len(Request._fields)


def answer(made: bytes) -> bytes:
    """What it says when it has compiled that."""
    return len(made).to_bytes(_SIZE_BYTES, "little") + made


class Shelf:
    """The batches of a module that are in the cache; none if this process cannot open even one more file."""

    def __init__(self, binary: bytes, is_metered: bool) -> None:
        self.binary = binary
        self._cache = Cache()
        self._is_metered = is_metered
        self._module = self._key = ""
        with contextlib.suppress(OSError):
            self._module = digest(binary)
            self._key = key_of(self._module, "batches", is_metered)
        self._held: dict[str, frozenset[int | Place]] = {}  # by key: the functions and loops that are in a batch

    def all(self) -> list[tuple[str, bytes]]:
        """Those that are there and not damaged, by key; or the code of all functions, if it was compiled ahead."""
        if not self._key:
            return []
        whole = functions_key(self._module, None, self._is_metered)
        made = self._cache.read("native", whole)
        if made is not None:
            return [(whole, made)]
        found = []
        for key in self._listed():
            made = self._cache.read("batch", key)
            if made is not None:
                self._cache.mark_used("batch", key)
                found.append((key, made))
        if found:
            self._cache.mark_used("tier", self._key)
        return found

    def _listed(self) -> list[str]:
        """The keys of those that are in the cache, the oldest first."""
        with contextlib.suppress(ValueError):
            return [str(key) for key in json.loads(self._cache.read("tier", self._key) or b"[]")]
        return []

    def note_run(self) -> bool:
        """Note that the module has been run; whether this is the first time, and the cache can be written."""
        if not self._key or self._cache.has("tier", self._key):
            return False
        if self._cache.has("native", functions_key(self._module, None, self._is_metered)):
            return False
        return self._cache.write("tier", self._key, b"[]")

    def _agree(self) -> None:
        """Take over what other processes, which run the same module, have added since, and what they have taken away.

        Else whoever adds one last would drop theirs, whose files nobody would know of any more.
        """
        known, self._held = self._held, {}
        for key in self._listed():
            made = None if key in known else self._cache.read("batch", key)
            if key in known:
                self._held[key] = known[key]
            elif made is not None:
                self.hold(key, *held_in(made))

    def _covered(self) -> list[str]:
        """Those of which all is in newer ones. Nobody goes on in a loop of what is native where it begins."""
        covered, seen = [], set[int | Place]()
        native = {item for held in self._held.values() for item in held if isinstance(item, int)}
        for key, held in reversed(self._held.items()):
            if all(item in seen or (isinstance(item, Place) and item.function in native) for item in held):
                covered.append(key)
            seen |= held
        return covered

    def hold(self, key: str, functions: Collection[int], loops: Collection[Place] = ()) -> None:
        """Say what is in one of them, which is newer than those that were named before."""
        self._held.pop(key, None)
        self._held[key] = frozenset((*functions, *loops))

    def add(self, made: bytes, functions: Collection[int], loops: Collection[Place] = ()) -> None:
        """Keep one more, with these functions and loops, and not any longer those that have no others."""
        key = digest(self._key, made)
        if not (functions or loops) or not self._key or not self._cache.write("batch", key, made):
            return
        self._agree()
        self.hold(key, functions, loops)
        covered = self._covered()
        for old in covered:
            del self._held[old]
        self._cache.write("tier", self._key, json.dumps(list(self._held)).encode())
        for old in covered:
            self._cache.delete("batch", old)
