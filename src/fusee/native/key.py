"""What names native code on disk: found out without loading the compiler."""

import marshal
import os
from collections.abc import Collection
from functools import cache
from typing import Any, Final

import fusee
from fusee.kernel.cache import Cache, digest, expected, fingerprint
from fusee.kernel.host import compiler_version, processor
from fusee.kernel.sources import Note, file_digest, refresh, were_stamped

_FORMAT: Final = "4"  # of an entry of the cache
_KIND: Final = "sources"  # of entries of the cache, with digests of files
_PARTS: Final = ("native", "engine", "kernel", "spec")  # what code depends on
_NOT: Final = os.path.join("engine", "capi")  # what is for devices only, and leaves code alone


def functions_key(module: str, wanted: Collection[int] | None, is_metered: bool) -> str:
    """What names native code of certain functions, compiled together; of all that can have it if `wanted` is None."""
    return key_of(module, "all" if wanted is None else " ".join(map(str, sorted(wanted))), is_metered)


def key_of(module: str, what: str, is_metered: bool) -> str:
    """What names native code of a module for this processor: the module's digest, and `what` says of which functions.

    Raises `OSError`.
    """
    return digest(_FORMAT, sources_digest(), processor(), module, what, str(is_metered))


@cache
def sources_digest() -> str:
    """What the code depends on beside the module: the engine's meanings and layouts, and the compiler.

    Hundreds of files, which are not read if the cache has their digest and nobody has written to them since. Of most
    that is known since the engine was loaded. Raises `OSError`.
    """
    kept, folder = Cache(), os.path.dirname(os.path.abspath(fusee.__file__))
    key = fingerprint(_FORMAT, folder)
    found = kept.decoded(_KIND, key, _known)
    if found is not None:
        known, stamps = found
        if were_stamped(stamps):
            kept.mark_used(_KIND, key)
            return known
    notes: dict[str, Note] = {file: [file_digest(file), None] for file in _sources(folder)}
    if not all(content for content, _ in notes.values()):
        raise OSError("the sources cannot be read")  # now, perhaps
    known = digest(*(content for content, _ in notes.values()))
    refresh(notes)
    if all(stamp is not None for _, stamp in notes.values()):
        kept.write(_KIND, key, marshal.dumps((known, {file: stamp for file, (_, stamp) in notes.items()})))
    return known


def _known(contents: memoryview) -> tuple[str, dict[str, Any]]:
    """What was kept: a digest, and the stamps of which files. Raises what Python raises for anything else."""
    known, stamps = marshal.loads(contents)
    "".join(stamps)  # `TypeError` if these are no names
    return expected(known, str), expected(stamps, dict)


def _sources(folder: str) -> list[str]:
    """The files of the parts that code depends on, in an order that does not depend on the folder; and LLVM's."""
    walks = (walk for part in _PARTS for walk in sorted(os.walk(os.path.join(folder, part))))
    other = os.path.join(folder, _NOT)
    own = [
        os.path.join(place, name)
        for place, _, names in walks if not place.startswith(other)
        for name in sorted(names) if name.endswith(".py")
    ]  # fmt: skip
    return [*own, compiler_version()]
