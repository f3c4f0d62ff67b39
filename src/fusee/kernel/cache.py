"""The compile cache: files that any number of processes may read and write at once.

A file is written under a temporary name and renamed, so that nobody sees half of one; it starts
with a checksum of the rest, so that a damaged one counts as missing and is made again. So does what is whole,
but nothing that could be there (`Cache.decoded`).
"""

from __future__ import annotations

import contextlib
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from fusee.kernel import background

if TYPE_CHECKING:
    from fusee.kernel.program import Progress

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # not a POSIX system: two processes may do the same work
    fcntl = None

_Decoded = TypeVar("_Decoded")

MISREAD = (ArithmeticError, AttributeError, EOFError, LookupError, TypeError, ValueError, struct.error)
"""What decoders raise for what they do not expect. Others, as handlers of signals raise them, come from elsewhere."""

_CHECKSUM_BYTES = 4
_FORMAT = "crc32"  # of a file, and the ending of its name: other versions of this package keep theirs beside it
_KEY_DIGITS = 40  # hexadecimal ones
_PRIME = 2**160 - 47
_KEEP_SECONDS = 30 * 24 * 3600
_LOOK_SECONDS = 0.05
_LONG = 1 << 19  # of what is hashed, in bytes
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_RANDOM_BYTES = 8  # in a temporary name, as `tempfile` has them, which takes longer to load than to write a file


def default_folder() -> str:
    """`$FUSEE_CACHE`, or `fusee` in the user's cache folder."""
    chosen = os.environ.get("FUSEE_CACHE")
    if chosen:
        return chosen
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return os.path.join(base or os.path.join(os.path.expanduser("~"), ".cache"), "fusee")


def digest(*parts: str | bytes) -> str:
    """A key made of these parts."""
    if sum(map(len, parts)) > _LONG:
        from hashlib import sha256  # by OpenSSL, which is quicker as soon as it is loaded
    else:
        from fusee.kernel.hashing import sha256
    found = sha256()
    for piece in _pieces(parts):
        found.update(piece)  # not joined: a module may be long
    return found.hexdigest()[:_KEY_DIGITS]


def is_key(text: str) -> bool:
    """Whether `digest` can have given it."""
    return len(text) == _KEY_DIGITS and not text.strip("0123456789abcdef")


def fingerprint(*parts: str | bytes) -> str:
    """A key for what nobody forges, made of short parts: their bytes as one number, modulo a prime."""
    return f"{int.from_bytes(b''.join(_pieces(parts)) + bytes([1]), 'little') % _PRIME:040x}"


def _pieces(parts: Iterable[str | bytes]) -> Iterator[bytes]:
    """Each with its length before it."""
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode(errors="surrogateescape")
        yield len(data).to_bytes(8, "little")
        yield data


def _checksum(contents: bytes | memoryview) -> bytes:
    """Tells files that were damaged by accident."""
    return zlib.crc32(contents).to_bytes(_CHECKSUM_BYTES, "little")


def _take(file: BinaryIO) -> bool:
    """Lock a file, if nobody has; the lock ends with the process, whatever becomes of it."""
    assert fcntl is not None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # any other is of a folder without such locks: two processes may do the same work
        return not isinstance(error, BlockingIOError)
    return True


def _wait_for(
    file: BinaryIO, signed: BinaryIO, progress: Progress | None, taken_over: Callable[[], None] | None
) -> None:
    """Lock a file, showing meanwhile how far it is who has it; or end that, if it is work in the background.

    Nobody may raise the priority of a process again that has stepped back, without being privileged.
    """
    ended = 0
    while not _take(file):
        group = 0 if background.is_here() else background.signer(signed)
        if group not in (0, ended):
            if background.end(group) and taken_over is not None:
                taken_over()
            ended = group
        told = _told(os.pread(file.fileno(), 40, 0))
        if progress is not None and len(told) > 1:
            progress(*told[:2])
        time.sleep(_LOOK_SECONDS)


def expected(value: object, kind: type[_Decoded]) -> _Decoded:
    """What was decoded. Raises `TypeError` unless it is of that kind."""
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, not {type(value).__name__}")
    return value


def _told(contents: bytes) -> list[int]:
    """What somebody who has a lock tells others; nothing if that is not what `Cache.building` writes."""
    with contextlib.suppress(ValueError):
        return [int(part) for part in contents.split()]
    return []


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class Cache:
    """Files by key. Where the folder cannot be written, everything is simply missing."""

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = os.fspath(folder or default_folder())

    def path(self, kind: str, key: str) -> str:
        """Where this version keeps what is stored under a key."""
        return os.path.join(self.folder, kind, f"{key}.{_FORMAT}")

    def read(self, kind: str, key: str) -> bytes | None:
        """The contents stored under a key, or None if there are none or they are damaged."""
        contents = self.view(kind, key)
        return None if contents is None else bytes(contents)

    def view(self, kind: str, key: str) -> memoryview | None:
        """`read`, without a copy of contents that are large."""
        path = self.path(kind, key)
        try:
            with open(path, "rb", buffering=0) as file:
                data = memoryview(file.readall())
        except OSError:
            return None
        contents = data[_CHECKSUM_BYTES:]
        if _checksum(contents) != data[:_CHECKSUM_BYTES]:
            self.delete(kind, key)
            return None
        return contents

    def decoded(self, kind: str, key: str, decode: Callable[[memoryview], _Decoded]) -> _Decoded | None:
        """`view`, decoded; None, too, if `decode` raises `MISREAD`: then it is deleted, or it would be found again.

        That is where somebody has written other bytes with a right checksum. Who can do so can have code executed here
        anyway: what is decoded is checked so that nothing fails, not so that nobody is deceived.
        """
        contents = self.view(kind, key)
        if contents is None:
            return None
        try:
            return decode(contents)
        except MISREAD:
            self.delete(kind, key)
            return None
        except RecursionError:  # of what is nested deeply, or where there are many calls already
            return None

    def write(self, kind: str, key: str, contents: bytes) -> bool:
        """Store contents under a key, if the folder can be written; whether it could."""
        path = self.path(kind, key)
        with contextlib.suppress(OSError):
            folder = os.path.dirname(path)
            os.makedirs(folder, exist_ok=True)
            temporary = os.path.join(folder, f".writing-{os.getpid()}-{os.urandom(_RANDOM_BYTES).hex()}")
            try:
                with open(temporary, "xb", opener=_private) as file:
                    file.write(_checksum(contents) + contents)
                os.replace(temporary, path)
            except OSError:
                os.unlink(temporary)
                raise
            return True
        return False

    def create(self, kind: str, key: str) -> bool:
        """Store empty contents under a key that has none; whether it had none, and the folder can be written.

        This takes a third of the time of `write`: who sees the file before its checksum is there finds none.
        """
        path = self.path(kind, key)
        with contextlib.suppress(OSError):
            try:
                file = _private(path, _NEW)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                file = _private(path, _NEW)
            try:
                os.write(file, _checksum(b""))
            finally:
                os.close(file)
            return True
        return False

    def delete(self, kind: str, key: str) -> None:
        """Forget what is stored under a key."""
        with contextlib.suppress(OSError):
            os.unlink(self.path(kind, key))

    @contextlib.contextmanager
    def building(
        self, key: str, progress: Progress | None = None, taken_over: Callable[[], None] | None = None
    ) -> Iterator[Progress | None]:
        """Held by whoever builds `key`, so that others wait for the result instead of making it as well.

        Nobody waits behind everything else: who builds it in the background is ended, unless this is done there as
        well, and `taken_over` is called. What is made of it is kept, and this process goes on from there.
        Gives what is to be told of the build's progress, which is shown to those who wait, too.
        """
        file = self._open_lock(key)
        signed = self._open_lock(f"{key}.builder")
        if file is None or signed is None:
            yield progress
            return

        def tell(done: int, total: int) -> None:
            with contextlib.suppress(OSError):  # there is no room any more: nobody else is shown it
                os.pwrite(file.fileno(), b"%12d %12d" % (done, total), 0)
            if progress is not None:
                progress(done, total)

        with file, signed:
            _wait_for(file, signed, progress, taken_over)
            os.ftruncate(file.fileno(), 0)
            background.sign(signed)  # what is done in the background can be taken over from now on
            yield tell

    def can_build(self, key: str) -> bool:
        """Whether the result could be kept, and nobody is building it."""
        file = self._open_lock(key)
        if file is None:
            return False
        with file:
            is_free = _take(file)
            if is_free:
                os.ftruncate(file.fileno(), 0)
            return is_free

    def claim(self, key: str) -> BinaryIO | None:
        """What says that `key` is going to be built, to whoever asks for the same; None if that is so, or cannot be.

        It holds as long as the file is open here, or in a process that has inherited it: one that was started to build
        takes its time until it does.
        """
        file = self._open_lock(f"{key}.claim") if self.can_build(key) else None
        if file is not None and not _take(file):
            file.close()
            return None
        return file

    def _open_lock(self, key: str) -> BinaryIO | None:
        """The file that a builder locks, and where it says how far it is; None where there are no locks."""
        if fcntl is None:
            return None
        with contextlib.suppress(OSError):
            path = self.path("locks", key)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
        return None

    def mark_used(self, kind: str, key: str) -> None:
        """Keep `prune` away from a file."""
        with contextlib.suppress(OSError):
            os.utime(self.path(kind, key))

    def prune(self) -> None:
        """Delete what nobody has used for a month."""
        from pathlib import Path

        limit = time.time() - _KEEP_SECONDS
        with contextlib.suppress(OSError):
            for path in Path(self.folder).glob("*/*"):
                with contextlib.suppress(OSError):
                    if path.stat().st_mtime < limit:
                        path.unlink()
