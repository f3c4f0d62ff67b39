"""Which modules have been run here, and whether there is native code of them: known before their bytes are hashed.

That takes a while, and so does it to find out what else names native code (`key.py`). Here a module is told by its
length and its beginning, since being wrong costs speed only.
"""

import zlib
from typing import Final

from fusee.kernel.cache import Cache, fingerprint

LONG_BYTES: Final = 1 << 20  # of a module, whose digest takes longer than to begin a thread that makes it
_KIND = "run"  # of entries of the cache
_SEEN_BYTES = 1 << 16  # of a module
_NATIVE = b"native"


def note_run(binary: bytes) -> bool:
    """Note that a module has been run; whether this is the first time, and the cache can be written."""
    cache, key = Cache(), _key(binary)
    return not cache.has(_KIND, key) and cache.write(_KIND, key, b"")


def note_native(binary: bytes) -> None:
    """Note that the cache has native code of a module."""
    Cache().write(_KIND, _key(binary), _NATIVE)


def may_have_native(binary: bytes) -> bool:
    """Whether it is worth while to look for native code."""
    cache, key = Cache(), _key(binary)
    if cache.read(_KIND, key) != _NATIVE:
        return False
    cache.mark_used(_KIND, key)
    return True


def _key(binary: bytes) -> str:
    return fingerprint(f"{len(binary)} {zlib.crc32(memoryview(binary)[:_SEEN_BYTES])}")
