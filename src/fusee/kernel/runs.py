"""Which modules have been run here, and whether there is native code of them: known before their bytes are hashed.

That takes a while, and so does it to find out what else names native code (`key.py`): more than a program gains by it
that ends at once, so that it is noted, too, whether the last run did. Here a module is told by its length and its
beginning, since being wrong costs speed only.
"""

import zlib
from typing import Final

from fusee.kernel.cache import Cache, fingerprint

LONG_BYTES: Final = 1 << 20  # of a module, whose digest takes longer than to begin a thread that makes it
_KIND = "run"  # of entries of the cache
_SEEN_BYTES = 1 << 16  # of a module

NATIVE: Final = b"native"
BRIEF: Final = b"brief"  # there is native code, but the last run was over before that could have been of use


def note_run(binary: bytes) -> bool:
    """Note that a module has been run; whether this is the first time, and the cache can be written."""
    return Cache().create(_KIND, _key(binary))


def note_native(binary: bytes, mark: bytes = NATIVE) -> None:
    """Note that the cache has native code of a module; with `BRIEF`, that a run with it was over at once."""
    Cache().write(_KIND, _key(binary), mark)


def native_mark(binary: bytes) -> bytes:
    """`NATIVE` or `BRIEF` if there may be native code of a module, else nothing."""
    cache, key = Cache(), _key(binary)
    mark = cache.read(_KIND, key)
    if mark not in (NATIVE, BRIEF):
        return b""
    cache.mark_used(_KIND, key)
    return mark


def _key(binary: bytes) -> str:
    return fingerprint(f"{len(binary)} {zlib.crc32(memoryview(binary)[:_SEEN_BYTES])}")
