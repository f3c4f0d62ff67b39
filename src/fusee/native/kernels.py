"""The engine's kernels as generated code has them inlined: their text, by name.

What text a kernel has depends on the engine's sources and on the processor only, so it is kept in the cache: to make it
takes what kernels are made of (`native.lowering`), which would be half of what a process loads that compiles.
"""

import marshal
import os
from functools import cache
from typing import Any, Final

from fusee.kernel.cache import MISREAD, Cache, expected, fingerprint
from fusee.kernel.sources import Note, are_stamped, checked_notes, read_now, refresh, source_notes, unchanged
from fusee.kernel.target import Target
from fusee.native.templates import Template

Key = tuple[Any, ...]
"""What names a kernel: a kind (`lowering._KINDS`), and what tells those of that kind apart, numbers and texts."""

_KIND: Final = "kernels"  # of entries of the cache
_FORMAT: Final = "1"
_LOWERING: Final = "fusee.native.lowering"
_MOST_KEPT: Final = 4096  # shuffles may be any


@cache
def kernels_for(target: Target, instructions: frozenset[str]) -> "Kernels":
    """Those that this process has for a target, and a processor that has certain instructions beyond it."""
    return Kernels(target, instructions)


class Kernels:
    """The texts of kernels, each made when it is first asked for, or by an earlier process."""

    def __init__(self, target: Target, instructions: frozenset[str]) -> None:
        self._target, self._instructions = target, instructions
        folder = os.path.dirname(os.path.abspath(__file__))
        self._key = fingerprint(_FORMAT, folder, target.triple, *sorted(instructions))
        self._made: dict[tuple[Key, bool], Template] = {}
        self._new = 0  # how many the cache has not
        self._notes: dict[str, Note] = {}  # of the files that kept ones are made of
        self._kept: dict[tuple[Key, bool], bytes] = self._read()
        self._lowering: Any = None

    def template(self, key: Key, is_volatile: bool) -> Template:
        """The text of a kernel; `is_volatile`: what it loads and stores others may change."""
        found = self._made.get((key, is_volatile))
        if found is None:
            found = self._made[key, is_volatile] = self._found(key, is_volatile) or self._lowered(key, is_volatile)
        return found

    def _found(self, key: Key, is_volatile: bool) -> Template | None:
        """The same if it was kept: each is decoded when it is asked for, which most never are."""
        kept = self._kept.get((key, is_volatile))
        if kept is None:
            return None
        try:
            return Template.from_kept(marshal.loads(kept))
        except MISREAD:  # as for `Cache.decoded`; all are made anew
            Cache().delete(_KIND, self._key)
            self._kept = {}
            return None

    def _lowered(self, key: Key, is_volatile: bool) -> Template:
        if self._lowering is None:
            from fusee.native.lowering import Lowering  # with all that it loads

            self._lowering = Lowering(self._target, self._instructions)
            read_now([_LOWERING])
        self._new += 1
        made: Template = self._lowering.template(key, is_volatile)
        return made

    def _read(self) -> dict[tuple[Key, bool], bytes]:
        """What the cache has, if it was made of the sources that there are."""
        found = Cache().decoded(_KIND, self._key, _decoded)
        if found is None:
            return {}
        notes, kept = found
        if not are_stamped(notes):
            if not unchanged(notes):
                return {}
            self._new += refresh(notes)
        self._notes = notes
        Cache().mark_used(_KIND, self._key)
        return kept

    def keep(self) -> None:
        """Have the cache keep those that it has not; and if it has none, all usual ones."""
        if self._kept and (not self._new or len(self._kept) > _MOST_KEPT):
            return
        if not self._kept:
            from fusee.native.lowering import usual

            for key in usual():
                self.template(key, False)
        self._new = 0
        for name, made in self._made.items():
            self._kept.setdefault(name, marshal.dumps(made.kept()))
        self._notes = self._notes or source_notes([_LOWERING])
        Cache().write(_KIND, self._key, marshal.dumps((self._notes, self._kept)))


def _decoded(contents: memoryview) -> tuple[dict[str, Note], dict[tuple[Key, bool], bytes]]:
    """What was kept. Raises what Python raises for anything else."""
    notes, kept = marshal.loads(contents)
    for made in expected(kept, dict).values():
        expected(made, bytes)
    return checked_notes(notes), kept
