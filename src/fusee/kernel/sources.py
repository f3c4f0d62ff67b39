"""Which source files a program is made of, and whether they have changed."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import ModuleType

_COMPILER = Path(__file__).parent


def source_digests(modules: Iterable[str]) -> dict[str, str]:
    """The digest of every file that these modules can have taken a static value from, and of the compiler's."""
    files = {str(path) for path in _COMPILER.rglob("*.py")}
    files.update(_reachable_files(set(modules)))
    return {file: file_digest(file) for file in sorted(files)}


def unchanged(digests: dict[str, str]) -> bool:
    """Whether all files still have the contents that they had."""
    return all(file_digest(file) == known for file, known in digests.items())


@cache
def file_digest(file: str) -> str:
    """A file's digest; read once per process, since what was imported does not change either."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return ""


def _reachable_files(modules: set[str]) -> set[str]:
    """The files of these modules and of the modules of the same packages that they refer to."""
    packages = {name.partition(".")[0] for name in modules}
    found: set[str] = set()
    pending = list(modules)
    seen = set(modules)
    while pending:
        module = sys.modules.get(pending.pop())
        if module is None:
            continue
        file = getattr(module, "__file__", None)
        if file:
            found.add(file)
        for name in _mentioned(module):
            if name not in seen and name.partition(".")[0] in packages:
                seen.add(name)
                pending.append(name)
    return found


def _mentioned(module: ModuleType) -> set[str]:
    """The modules of the things in a module's namespace."""
    names: set[str] = set()
    for value in vars(module).values():
        name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(name, str):
            names.add(name)
    return names
