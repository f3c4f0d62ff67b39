"""Batches of native code that are kept on disk, by module."""

import contextlib
import time
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Final

from fusee.kernel.cache import Cache, digest, is_key
from fusee.kernel.image import Contents
from fusee.kernel.runs import LONG_BYTES, note_native
from fusee.native.code import Kept, Place, held_in, unpacked
from fusee.native.key import functions_key, key_of

_WAIT_SECONDS: Final = 1.0  # that who adds a batch waits for another process that does
_LOOK_SECONDS: Final = 0.005


class Shelf:
    """The batches of a module that are in the cache; none if this process cannot open even one more file."""

    def __init__(self, binary: bytes, is_metered: bool) -> None:
        self.binary = binary
        self._cache = Cache()
        self.is_metered = is_metered
        self._held: dict[str, frozenset[int | Place]] = {}  # by key: the functions and loops that are in a batch

    @cached_property
    def _module(self) -> str:
        if len(self.binary) < LONG_BYTES:
            return digest(self.binary)
        from fusee.native.digests import module_digest

        return module_digest(self.binary)

    @cached_property
    def _key(self) -> str:
        """What names the list of batches, empty if no file can be opened. It takes 3 ms to find it out."""
        with contextlib.suppress(OSError):
            return key_of(self._module, "batches", self.is_metered)
        return ""

    def all(self) -> list[tuple[str, Kept]]:
        """Those that are there and not damaged, by key; or the code of all functions, if it was compiled ahead.

        It takes 2 ms to find that there are none, which `kernel.runs.native_mark` knows sooner.
        """
        if not self._key:
            return []
        whole = functions_key(self._module, None, self.is_metered)
        made = self._cache.decoded("native", whole, unpacked)
        if made is not None:
            return [(whole, made)]
        found = []
        for key in self._listed():
            made = self._cache.decoded("batch", key, unpacked)
            if made is not None:
                self._cache.mark_used("batch", key)
                found.append((key, made))
        if found:
            self._cache.mark_used("tier", self._key)
        return found

    def _listed(self) -> list[str]:
        """The keys of those that are in the cache, the oldest first."""
        return self._cache.decoded("tier", self._key, _keys) or []

    def _agree(self) -> None:
        """Take over what other processes, which run the same module, have added since, and what they have taken away.

        Else whoever adds one last would drop theirs, whose files nobody would know of any more. Where there are no
        locks, that happens to two that add one at the same moment: the next run compiles one of them again.
        """
        known, self._held = self._held, {}
        for key in self._listed():
            held = None if key in known else self._cache.decoded("batch", key, held_in)
            if key in known:
                self._held[key] = known[key]
            elif held is not None:
                self.hold(key, *held)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """While the list is changed. Who has waited too long for another process goes on without."""
        end = time.monotonic() + _WAIT_SECONDS
        while (held := self._cache.claim(self._key)) is None and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
        with held or contextlib.nullcontext():
            yield

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

    def add(self, made: Contents, functions: Collection[int], loops: Collection[Place] = ()) -> None:
        """Keep one more, with these functions and loops, and not any longer those that have no others."""
        if not (functions or loops) or not self._key:
            return
        contents = bytes(made)
        key = digest(self._key, contents)
        if not self._cache.write("batch", key, contents):
            return
        note_native(self.binary)
        with self._alone():
            self._agree()
            self.hold(key, functions, loops)
            covered = self._covered()
            for old in covered:
                del self._held[old]
            self._cache.write("tier", self._key, "\n".join(self._held).encode("ascii"))
            for old in covered:
                self._cache.delete("batch", old)


def _keys(contents: memoryview) -> list[str]:
    """A list of keys, which become names of files. Raises `ValueError` for anything else."""
    keys = str(contents, "ascii").split()
    if not all(map(is_key, keys)):
        raise ValueError("not a list of keys")
    return keys
