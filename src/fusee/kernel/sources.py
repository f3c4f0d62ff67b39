"""Which source files a program is made of, and whether they have changed."""

from __future__ import annotations

import ast
import hashlib
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import ModuleType

_COMPILER = Path(__file__).parent
_LIBRARIES = tuple({path for name, path in sysconfig.get_paths().items() if name.endswith(("lib", "stdlib"))})


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
    """The files of these modules and of all that they import, directly or not; libraries excepted."""
    packages = {name.partition(".")[0] for name in modules}
    found: set[str] = set()
    pending, seen = list(modules), set(modules)
    while pending:
        module = sys.modules.get(pending.pop())
        file = getattr(module, "__file__", None)
        if module is None or not file or not file.endswith(".py"):
            continue
        if module.__name__.partition(".")[0] not in packages and file.startswith(_LIBRARIES):
            continue
        found.add(file)
        imported = _imported(module, file) - seen
        seen |= imported
        pending += imported
    return found


def _imported(module: ModuleType, file: str) -> set[str]:
    """The names in a file's import statements that may be modules."""
    names: set[str] = set()
    package = module.__package__ or ""
    for node in ast.walk(ast.parse(Path(file).read_bytes())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            origin = ".".join(filter(None, (above, node.module)))
            names.add(origin)
            names.update(f"{origin}.{alias.name}" for alias in node.names)
    return names
