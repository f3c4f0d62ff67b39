"""What names native code on disk: found out without loading the compiler."""

import hashlib
import json
import os
from collections.abc import Collection
from functools import cache
from typing import Final

import fusee
from fusee.kernel.cache import digest
from fusee.kernel.host import compiler_version, processor

_FORMAT: Final = "1"  # of an entry of the cache
_PARTS: Final = ("native", "engine", "kernel", "spec")  # what code depends on


def functions_key(binary: bytes, wanted: Collection[int] | None, is_metered: bool) -> str:
    """What names native code of certain functions, compiled together; of all that can have it if `wanted` is None."""
    return key_of(binary, "all" if wanted is None else json.dumps(sorted(wanted)), is_metered)


def key_of(binary: bytes, what: str, is_metered: bool) -> str:
    """What names native code of a module for this processor: of which functions says `what`."""
    with open(compiler_version(), "rb") as file:
        compiler = file.read()
    return digest(_FORMAT, sources_digest(), compiler, processor(), binary, what, str(is_metered))


@cache
def sources_digest() -> str:
    """What the code depends on beside the module: the engine's meanings and layouts, and the compiler."""
    known = hashlib.sha256()
    for part in _PARTS:
        for folder, _, names in sorted(os.walk(os.path.join(os.path.dirname(fusee.__file__), part))):
            for name in sorted(name for name in names if name.endswith(".py")):
                with open(os.path.join(folder, name), "rb") as file:
                    known.update(file.read())
    return known.hexdigest()
